//! Points of two objectives: who dominates whom.

/// The non-domination rank of each point (Deb et al. 2002): 0 on the Pareto front, 1 on the front
/// that is left without those, and so on. Less is better; equal points share a rank.
pub fn non_domination_ranks(losses: &[[f64; 2]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.sort_by(|&a, &b| lexicographic(&losses[a], &losses[b]));
    let mut ranks = vec![0; losses.len()];
    // For each front the point added last: in this order it has the least second loss.
    let mut fronts: Vec<[f64; 2]> = Vec::new();
    for at in order {
        let point = losses[at];
        let dominated = |last: &[f64; 2]| *last != point && last[1] <= point[1];
        // A front dominates a point if its last one does, and then so do all before it.
        let rank = fronts.partition_point(dominated);
        match fronts.get_mut(rank) {
            Some(last) => *last = point,
            None => fronts.push(point),
        }
        ranks[at] = rank;
    }
    ranks
}

/// Positions of the points that no other dominates, in the order given.
pub fn pareto_front(losses: &[[f64; 2]]) -> Vec<usize> {
    let ranks = non_domination_ranks(losses);
    (0..losses.len()).filter(|&at| ranks[at] == 0).collect()
}

/// Whether each point belongs to the best `wanted`: whole fronts, then of the next front those
/// that cover the largest area (Ozaki et al. 2022, Sec. 3.2).
pub(super) fn best(losses: &[[f64; 2]], wanted: usize) -> Vec<bool> {
    let wanted = wanted.min(losses.len());
    let ranks = non_domination_ranks(losses);
    let mut chosen = vec![false; losses.len()];
    let mut count = 0;
    for rank in 0.. {
        let front: Vec<usize> = (0..losses.len()).filter(|&at| ranks[at] == rank).collect();
        if front.is_empty() || count == wanted {
            break;
        }
        let taken = if count + front.len() <= wanted {
            front
        } else {
            let points: Vec<[f64; 2]> = front.iter().map(|&at| losses[at]).collect();
            largest_area(&points, wanted - count).into_iter().map(|at| front[at]).collect()
        };
        count += taken.len();
        taken.into_iter().for_each(|at| chosen[at] = true);
    }
    chosen
}

/// Positions of `size` points of one front that cover a large area up to the reference point: the
/// greedy choice (Guerreiro, Fonseca & Paquete 2016), which is within 1 − 1/e of the largest.
fn largest_area(front: &[[f64; 2]], size: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..front.len()).collect();
    order.sort_by(|&a, &b| lexicographic(&front[a], &front[b]));
    let mut distinct = order.clone();
    distinct.dedup_by(|a, b| front[*a] == front[*b]);
    if distinct.len() < size {
        // Repeated points fill up what distinct ones leave.
        let mut rest: Vec<usize> = order.into_iter().filter(|at| !distinct.contains(at)).collect();
        rest.sort_unstable();
        distinct.extend(rest.into_iter().take(size - distinct.len()));
        return distinct;
    }
    let reference = reference(front);
    // Each point's box reaches to the corner that chosen neighbours leave it.
    let mut boxes: Vec<(usize, [f64; 2])> =
        distinct.into_iter().map(|at| (at, reference)).collect();
    let mut chosen = Vec::with_capacity(size);
    while chosen.len() < size {
        let mut most = (0, f64::NEG_INFINITY);
        for (place, (at, corner)) in boxes.iter().enumerate() {
            let area = (corner[0] - front[*at][0]) * (corner[1] - front[*at][1]);
            if area > most.1 {
                most = (place, area);
            }
        }
        let (at, _) = boxes.remove(most.0);
        for (place, (_, corner)) in boxes.iter_mut().enumerate() {
            let side = usize::from(place >= most.0);
            corner[side] = corner[side].min(front[at][side]);
        }
        chosen.push(at);
    }
    chosen
}

/// A tenth beyond the worst of each loss.
fn reference(front: &[[f64; 2]]) -> [f64; 2] {
    std::array::from_fn(|side| {
        let worst = front.iter().map(|point| point[side]).fold(f64::NEG_INFINITY, f64::max);
        let beyond = f64::max(1.1 * worst, 0.9 * worst);
        if beyond == 0.0 { 1e-12 } else { beyond }
    })
}

fn lexicographic(a: &[f64; 2], b: &[f64; 2]) -> std::cmp::Ordering {
    a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
}
