//! Fewer points that draw the same picture.

use tripline_core::Rng;

/// The curve through positions on the page, with points left out that the eye does not miss.
///
/// First each column of a quarter unit keeps its first, lowest, highest, last point, so that no
/// spike is lost; then Ramer (1972) with Douglas and Peucker (1973) at a tolerance of 0.15 units.
pub(crate) fn curve(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut columns: Vec<(f64, f64)> = Vec::new();
    let mut start = 0;
    while start < points.len() {
        let column = (points[start].0 * 4.0).floor();
        let end = points[start..]
            .iter()
            .position(|point| (point.0 * 4.0).floor() != column)
            .map_or(points.len(), |offset| start + offset);
        let group = &points[start..end];
        let (mut low, mut high) = (0, 0);
        for (i, point) in group.iter().enumerate() {
            if point.1 < group[low].1 {
                low = i;
            }
            if point.1 > group[high].1 {
                high = i;
            }
        }
        let mut kept = [0, low, high, group.len() - 1];
        kept.sort_unstable();
        for (i, &position) in kept.iter().enumerate() {
            if i == 0 || kept[i - 1] != position {
                columns.push(group[position]);
            }
        }
        start = end;
    }
    simplify(&columns, 0.15)
}

/// `limit` of `len` positions in ascending order, drawn with a fixed seed; all if they are fewer.
pub(crate) fn sample(len: usize, limit: usize) -> Vec<usize> {
    if len <= limit {
        return (0..len).collect();
    }
    let mut kept = Rng::new(0).sample(len, limit);
    kept.sort_unstable();
    kept
}

fn simplify(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let mut keep = vec![false; points.len()];
    keep[0] = true;
    keep[points.len() - 1] = true;
    let mut open = vec![(0, points.len() - 1)];
    while let Some((first, last)) = open.pop() {
        let (mut worst, mut at) = (tolerance, None);
        for i in first + 1..last {
            let distance = distance(points[i], points[first], points[last]);
            if distance > worst {
                (worst, at) = (distance, Some(i));
            }
        }
        if let Some(at) = at {
            keep[at] = true;
            open.push((first, at));
            open.push((at, last));
        }
    }
    points.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(point, _)| *point).collect()
}

/// Distance of a point from a segment.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let along = if length > 0.0 { ((px * dx + py * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (px - along * dx, py - along * dy);
    (ex * ex + ey * ey).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_shape() {
        let points: Vec<(f64, f64)> = (0..100_000)
            .map(|i| {
                let x = f64::from(i) / 100_000.0 * 336.0;
                (x, 240.0 - 240.0 * (x / 336.0).sqrt())
            })
            .collect();
        let thinned = curve(&points);
        assert!(thinned.len() < 200, "{}", thinned.len());
        for point in points.iter().step_by(97) {
            let near = thinned
                .windows(2)
                .map(|pair| distance(*point, pair[0], pair[1]))
                .fold(f64::INFINITY, f64::min);
            assert!(near < 0.8, "{point:?} is {near} away");
        }
    }

    #[test]
    fn a_spike_is_kept() {
        let mut points: Vec<(f64, f64)> = (0..1000).map(|i| (f64::from(i) * 0.01, 5.0)).collect();
        points[512].1 = 1.0;
        assert!(curve(&points).iter().any(|point| point.1 == 1.0));
        assert_eq!(curve(&[]), []);
        assert_eq!(curve(&[(1.0, 1.0)]), [(1.0, 1.0)]);
    }
}
