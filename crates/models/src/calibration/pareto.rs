//! The generalised Pareto distribution (Pickands 1975), fitted by maximum likelihood.

use tripline_core::math;

/// The least shape that is fitted: below it the estimates are no longer normal however many rows
/// there are, and the likelihood has no upper bound (Smith 1985).
pub(super) const LEAST_SHAPE: f64 = -0.5;

/// 1 + θ = e^−36 is where 1 − e^s loses its last digits.
const LEAST_S: f64 = -36.0;

/// Points of the coarse search. The profile may have two maxima; a finer grid changed none of the
/// fits of `bench/oracles/tail.py`.
const GRID: usize = 32;

/// P(Y > y) = (1 + shape · y / scale)^(−1 / shape), e^(−y / scale) for shape 0; y ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneralizedPareto {
    /// Above 0, in the unit of the excesses.
    pub scale: f64,
    /// Above 0: heavy tail; below 0: an end at −scale / shape.
    pub shape: f64,
}

impl GeneralizedPareto {
    /// The maximum of the likelihood over shapes of at least −0.5, by a search over the one
    /// parameter of the profile (Grimshaw 1993). Excesses are above 0; `weights` are above 0, as
    /// many as there are excesses.
    ///
    /// None if there are fewer than two excesses, all are equal, or their range is too wide for
    /// numbers.
    pub fn fit(excesses: &[f64], weights: &[f64]) -> Option<Self> {
        let largest = excesses.iter().fold(0.0_f64, |a, &b| a.max(b));
        let least = excesses.iter().fold(f64::INFINITY, |a, &b| a.min(b));
        if excesses.len() < 2 || !largest.is_finite() || least <= 0.0 || least == largest {
            return None;
        }
        let unit: Vec<f64> = excesses.iter().map(|excess| excess / largest).collect();
        let total: f64 = weights.iter().sum();
        let mean = weighted(&unit, weights, |t| t) / total;
        // θ = shape / scale = e^s − 1 in units of the largest excess, so θ > −1 for every s.
        let shape_at = |s: f64| {
            let theta = math::exp_m1(s);
            weighted(&unit, weights, |t| math::ln_1p(theta * t)) / total
        };
        let negative = |s: f64| {
            let (theta, shape) = (math::exp_m1(s), shape_at(s));
            let scale = if theta == 0.0 { mean } else { shape / theta };
            math::ln(scale) + shape + 1.0
        };
        // Beyond this the shape passes 10 even if half of the excesses were at the mean.
        let high = (math::ln(1.0 / mean) + 20.0).min(600.0);
        let s = search(&negative, least_s(&shape_at), high);
        let (theta, shape) = (math::exp_m1(s), shape_at(s));
        let scale = if theta == 0.0 { mean } else { shape / theta };
        // With the shape held at its least value only the scale is left, −shape / θ.
        let held = |s: f64| {
            let theta = math::exp_m1(s);
            let logs = weighted(&unit, weights, |t| math::ln_1p(theta * t)) / total;
            math::ln(LEAST_SHAPE / theta) + (1.0 + 1.0 / LEAST_SHAPE) * logs
        };
        let edge = search(&held, LEAST_S, -1e-3);
        let (scale, shape) = if held(edge) < negative(s) || shape < LEAST_SHAPE {
            (LEAST_SHAPE / math::exp_m1(edge), LEAST_SHAPE)
        } else {
            (scale, shape)
        };
        let scale = scale * largest;
        let valid = scale.is_finite() && scale > 0.0 && shape.is_finite();
        valid.then_some(Self { scale, shape })
    }

    /// ln P(Y > y); −∞ beyond the end.
    pub fn log_survival(&self, excess: f64) -> f64 {
        let z = excess / self.scale;
        if z.is_infinite() {
            return f64::NEG_INFINITY;
        }
        if self.shape == 0.0 {
            return -z;
        }
        let inner = self.shape * z;
        if inner <= -1.0 { f64::NEG_INFINITY } else { -math::ln_1p(inner) / self.shape }
    }

    /// P(Y > y).
    pub fn survival(&self, excess: f64) -> f64 {
        math::exp(self.log_survival(excess)).min(1.0)
    }

    /// The excess that is passed with this chance, above 0 and at most 1.
    pub fn excess(&self, chance: f64) -> f64 {
        let log = -math::ln(chance);
        if self.shape == 0.0 {
            return self.scale * log;
        }
        self.scale * math::exp_m1(self.shape * log) / self.shape
    }

    /// Sum of weight · ln density.
    pub fn log_likelihood(&self, excesses: &[f64], weights: &[f64]) -> f64 {
        let log_scale = math::ln(self.scale);
        weighted(excesses, weights, |y| (1.0 + self.shape) * self.log_survival(y) - log_scale)
    }
}

fn weighted(values: &[f64], weights: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    values.iter().zip(weights).map(|(&value, weight)| weight * of(value)).sum()
}

/// The s at which the shape, which rises with s, is the least that is fitted.
fn least_s(shape_at: &impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (LEAST_S, 0.0);
    if shape_at(low) >= LEAST_SHAPE {
        return low;
    }
    for _ in 0..60 {
        let middle = low + (high - low) / 2.0;
        if shape_at(middle) < LEAST_SHAPE {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Where a function is least between `low` and `high`: a grid, then [`minimum`] around its best
/// point.
fn search(function: &impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let step = (high - low) / GRID as f64;
    let at = |point: f64| (low + step * point).clamp(low, high);
    let mut best = (0.0, f64::INFINITY);
    for point in 0..=GRID {
        let value = function(at(point as f64));
        if value < best.1 {
            best = (point as f64, value);
        }
    }
    minimum(function, at(best.0 - 1.0), at(best.0), at(best.0 + 1.0))
}

/// Where a function is least between `low` and `high`, with a start between them: parabolas where
/// they help, the golden section elsewhere (Brent 1973, chapter 5).
fn minimum(function: &impl Fn(f64) -> f64, low: f64, start: f64, high: f64) -> f64 {
    const GOLDEN: f64 = 0.381_966_011_250_105_1;
    let (mut low, mut high) = (low, high);
    let (mut x, mut w, mut v) = (start, start, start);
    let mut fx = function(x);
    let (mut fw, mut fv) = (fx, fx);
    let (mut step, mut before): (f64, f64) = (0.0, 0.0);
    for _ in 0..100 {
        let middle = low + (high - low) / 2.0;
        // A minimum is known to the root of a number's precision and no better.
        let tolerance = 1e-9 * (1.0 + x.abs());
        if (x - middle).abs() <= 2.0 * tolerance - (high - low) / 2.0 {
            break;
        }
        let mut golden = true;
        if before.abs() > tolerance {
            let r = (x - w) * (fx - fv);
            let q = (x - v) * (fx - fw);
            let p = (x - v) * q - (x - w) * r;
            let q = 2.0 * (q - r);
            let (p, q) = if q > 0.0 { (-p, q) } else { (p, -q) };
            if p.abs() < (0.5 * q * before).abs() && p > q * (low - x) && p < q * (high - x) {
                (before, step) = (step, p / q);
                golden = false;
            }
        }
        if golden {
            before = if x < middle { high - x } else { low - x };
            step = GOLDEN * before;
        }
        let u = if step.abs() >= tolerance { x + step } else { x + tolerance.copysign(step) };
        let u = u.clamp(low, high);
        let fu = function(u);
        if fu <= fx {
            if u < x {
                high = x
            } else {
                low = x
            }
            (v, fv, w, fw, x, fx) = (w, fw, x, fx, u, fu);
        } else {
            if u < x {
                low = u
            } else {
                high = u
            }
            if fu <= fw || w == x {
                (v, fv, w, fw) = (w, fw, u, fu);
            } else if fu <= fv || v == x || v == w {
                (v, fv) = (u, fu);
            }
        }
    }
    x
}
