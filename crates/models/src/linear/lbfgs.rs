//! The least value of a smooth convex function by limited-memory BFGS (Liu & Nocedal 1989).

use super::vector::{add_scaled, dot};

/// Pairs of steps with changes of gradient that are kept; Liu & Nocedal find no gain beyond ten.
const MEMORY: usize = 10;

/// Points tried along one direction.
const MAX_TRIALS: usize = 40;

/// Share of the promised descent that a step must bring (Armijo).
const DESCENT: f64 = 1e-4;

/// Share of the slope that may be left after a step (Wolfe).
const SLOPE: f64 = 0.9;

/// Rounding of a value, relative; below it, slopes alone tell whether a step was good.
const ROUNDING: f64 = 1e-14;

/// When to stop.
pub(super) struct Limits {
    pub(super) max_iter: usize,
    /// Largest component of the gradient at the end.
    pub(super) tol: f64,
}

/// Where the search ended.
pub(super) struct Minimum {
    pub(super) x: Vec<f64>,
    /// Value of the function there.
    pub(super) value: f64,
    /// Whether the gradient is below the tolerance.
    #[cfg_attr(not(test), expect(dead_code, reason = "told to tests alone"))]
    pub(super) converged: bool,
}

/// One point: where, how high, how steep.
struct Point {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// Searches from `x`. `evaluate` gives the value and fills the gradient; `go_on` is asked before
/// each step with the number of steps done; if it says no, the result is `None`.
pub(super) fn minimise(
    x: Vec<f64>,
    evaluate: impl Fn(&[f64], &mut [f64]) -> f64,
    go_on: impl Fn(usize) -> bool,
    limits: &Limits,
) -> Option<Minimum> {
    let at = |x: Vec<f64>| {
        let mut gradient = vec![0.0; x.len()];
        let value = evaluate(&x, &mut gradient);
        Point { x, value, gradient }
    };
    let mut point = at(x);
    let mut pairs: Vec<Pair> = Vec::with_capacity(MEMORY);
    for step in 0..limits.max_iter {
        if !go_on(step) {
            return None;
        }
        if largest(&point.gradient) <= limits.tol || !point.value.is_finite() {
            break;
        }
        let mut direction = direction(&point.gradient, &pairs);
        let mut slope = dot(&direction, &point.gradient);
        if slope >= 0.0 || !slope.is_finite() {
            // What was remembered misleads: start again downhill.
            pairs.clear();
            direction = point.gradient.iter().map(|g| -g).collect();
            slope = -dot(&point.gradient, &point.gradient);
        }
        let first = if pairs.is_empty() {
            // Without memory the direction has no scale: start with a step of length 1.
            (1.0 / dot(&point.gradient, &point.gradient).sqrt()).min(1.0)
        } else {
            1.0
        };
        let Some(next) = search(&at, &point, &direction, slope, first) else {
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
            continue;
        };
        let moved: Vec<f64> = next.x.iter().zip(&point.x).map(|(a, b)| a - b).collect();
        let change: Vec<f64> =
            next.gradient.iter().zip(&point.gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&moved, &change);
        if curvature > f64::EPSILON * dot(&change, &change) {
            if pairs.len() == MEMORY {
                pairs.remove(0);
            }
            pairs.push(Pair { moved, change, curvature });
        }
        point = next;
    }
    let converged = largest(&point.gradient) <= limits.tol;
    Some(Minimum { x: point.x, value: point.value, converged })
}

struct Pair {
    moved: Vec<f64>,
    change: Vec<f64>,
    /// moved · change, above 0.
    curvature: f64,
}

/// −H · gradient by the two loops of Liu & Nocedal 1989, section 2.
fn direction(gradient: &[f64], pairs: &[Pair]) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = vec![0.0; pairs.len()];
    for (share, pair) in shares.iter_mut().zip(pairs).rev() {
        *share = dot(&pair.moved, &direction) / pair.curvature;
        add_scaled(&mut direction, -*share, &pair.change);
    }
    if let Some(last) = pairs.last() {
        let scale = last.curvature / dot(&last.change, &last.change);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for (share, pair) in shares.iter().zip(pairs) {
        let back = dot(&pair.change, &direction) / pair.curvature;
        add_scaled(&mut direction, share - back, &pair.moved);
    }
    direction
}

/// A point along a direction that meets the weak Wolfe conditions, by doubling then halving
/// (Burke, Lewis & Overton 2005); close to the minimum, the approximate ones of Hager & Zhang 2005.
fn search(
    at: &impl Fn(Vec<f64>) -> Point,
    from: &Point,
    direction: &[f64],
    slope: f64,
    first: f64,
) -> Option<Point> {
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut length = first;
    for _ in 0..MAX_TRIALS {
        let mut x = from.x.clone();
        add_scaled(&mut x, length, direction);
        let next = at(x);
        let now = dot(direction, &next.gradient);
        let descends = next.value <= from.value + DESCENT * length * slope;
        let level = next.value <= from.value + ROUNDING * from.value.abs()
            && now <= (2.0 * DESCENT - 1.0) * slope;
        if !next.value.is_finite() || !now.is_finite() || !(descends || level) {
            high = length;
        } else if now < SLOPE * slope {
            low = length;
        } else {
            return Some(next);
        }
        length = if high.is_finite() { low + (high - low) / 2.0 } else { 2.0 * low };
    }
    None
}

fn largest(gradient: &[f64]) -> f64 {
    gradient.iter().fold(0.0, |largest, g| if g.abs() > largest { g.abs() } else { largest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_valley_is_followed_to_its_end() {
        // Σ cᵢ (xᵢ − i)² with curvatures from 1 to 1e6.
        let curvature = |i: usize| [1.0, 1e2, 1e4, 1e6][i % 4];
        let evaluate = |x: &[f64], gradient: &mut [f64]| {
            let mut value = 0.0;
            for (i, &x) in x.iter().enumerate() {
                let gap = x - i as f64;
                value += curvature(i) * gap * gap;
                gradient[i] = 2.0 * curvature(i) * gap;
            }
            value
        };
        let limits = Limits { max_iter: 500, tol: 1e-9 };
        let minimum = minimise(vec![0.0; 12], evaluate, |_| true, &limits).unwrap();
        assert!(minimum.converged);
        assert!(minimum.value < 1e-15);
        for (i, x) in minimum.x.iter().enumerate() {
            assert!((x - i as f64).abs() < 1e-9, "{i}: {x}");
        }
    }

    #[test]
    fn a_search_told_to_stop_stops() {
        let limits = Limits { max_iter: 500, tol: 1e-9 };
        let evaluate = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = 2.0 * x[0];
            x[0] * x[0]
        };
        assert!(minimise(vec![1.0], evaluate, |step| step < 1, &limits).is_none());
    }
}
