//! Which rows a tree is grown on, which columns it may use.

use tripline_core::Rng;

/// A share of the columns in `allowed`, at least one.
pub(crate) fn columns(allowed: &[bool], share: f64, rng: &mut Rng) -> Vec<bool> {
    let open: Vec<usize> = (0..allowed.len()).filter(|&column| allowed[column]).collect();
    let wanted = ((open.len() as f64 * share).round() as usize).max(1);
    let mut chosen = vec![false; allowed.len()];
    for at in rng.sample(open.len(), wanted) {
        chosen[open[at]] = true;
    }
    chosen
}

/// A share of the entries 0..`len` without replacement, in order.
pub(crate) fn bagging(len: usize, share: f64, rng: &mut Rng) -> Vec<u32> {
    let mut wanted = ((len as f64 * share).round() as usize).clamp(1, len.max(1));
    let mut chosen = Vec::with_capacity(wanted);
    // Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S).
    for entry in 0..len {
        if rng.below((len - entry) as u64) < wanted as u64 {
            chosen.push(entry as u32);
            wanted -= 1;
        }
    }
    chosen
}

/// Gradient-based one-side sampling (Ke et al. 2017, algorithm 2): the `top` share of entries by
/// `size`, with a share `other` of the rest at random, which count (1 − top) / other times.
///
/// Gives entries in order, with the factor of each.
pub(crate) fn goss(size: &[f64], top: f64, other: f64, rng: &mut Rng) -> (Vec<u32>, Vec<f64>) {
    let count = |share: f64| ((size.len() as f64 * share) as usize).max(1).min(size.len());
    let mut order: Vec<u32> = (0..size.len() as u32).collect();
    let by_size = |a: &u32, b: &u32| size[*b as usize].total_cmp(&size[*a as usize]).then(a.cmp(b));
    let tops = count(top);
    if tops < order.len() {
        order.select_nth_unstable_by(tops, by_size);
    }
    let rest = size.len() - tops;
    let factor = (1.0 - top) / other;
    let mut chosen: Vec<(u32, f64)> = order[..tops].iter().map(|&entry| (entry, 1.0)).collect();
    let mut small = order[tops..].to_vec();
    // The selection leaves these in an order of its own.
    small.sort_unstable();
    let others = rng.sample(rest, count(other));
    chosen.extend(others.into_iter().map(|at| (small[at], factor)));
    chosen.sort_unstable_by_key(|&(entry, _)| entry);
    chosen.into_iter().unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bagging_draws_the_share() {
        let chosen = bagging(1000, 0.3, &mut Rng::new(1));
        assert_eq!(chosen.len(), 300);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn goss_keeps_the_large_with_the_total_weight() {
        let size: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
        let (rows, factors) = goss(&size, 0.2, 0.1, &mut Rng::new(1));
        assert_eq!(rows.len(), 300);
        assert!((800..1000).all(|row| rows.contains(&row)));
        assert!((factors.iter().sum::<f64>() - 1000.0).abs() < 1e-9);
    }
}
