//! A Parzen estimator over all parameters jointly: one kernel for each point, one for the prior.
//!
//! A kernel is a product over parameters: a normal distribution cut to the domain for numbers
//! (its mass over a step for whole ones), a smoothed distribution over choices. Bandwidths are
//! the larger gap to the neighbours, clipped from below by the domain over the number of kernels
//! (Bergstra, Bardenet, Bengio & Kégl 2011, with the "magic clipping" of Hyperopt); Falkner, Klein
//! & Hutter 2018 for the joint estimate, Watanabe 2023 (arXiv:2304.11127) for the whole.

use tripline_core::{Rng, math};

use super::domain::Domain;
use super::normal;
use super::space::Space;

/// Points from here back to the last one weigh 1, older ones less.
const RECENT: usize = 25;

/// A density over a space.
#[derive(Debug, Clone)]
pub struct ParzenEstimator<'a> {
    domains: Vec<&'a Domain>,
    /// ln of each kernel's weight.
    ln_weights: Vec<f64>,
    /// Running sums of the weights, for drawing.
    cumulative: Vec<f64>,
    kernels: Vec<Kernels>,
}

/// The kernels of one parameter.
#[derive(Debug, Clone)]
enum Kernels {
    /// Nothing to choose.
    Single(f64),
    /// Centres with bandwidths on the scale of [`Domain::bounds`].
    Normal { centres: Vec<f64>, widths: Vec<f64>, ln_mass: Vec<f64> },
    /// For each kernel the probability of each choice.
    Choice(Vec<Vec<f64>>),
}

impl<'a> ParzenEstimator<'a> {
    /// An estimator of `points`, oldest first, over the dimensions of `space` numbered in `which`;
    /// points hold a coordinate for every dimension of the space.
    ///
    /// `fading` lets points older than the last 25 weigh less. The prior weighs `prior_weight`
    /// points.
    pub fn new(
        space: &'a Space,
        which: &[usize],
        points: &[&[f64]],
        prior_weight: f64,
        fading: bool,
    ) -> Self {
        let mut weights = if fading { fade(points.len()) } else { vec![1.0; points.len()] };
        weights.push(if points.is_empty() { 1.0 } else { prior_weight });
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let cumulative = weights
            .iter()
            .map(|weight| {
                sum += weight / total;
                sum
            })
            .collect();
        let domains: Vec<&Domain> =
            which.iter().map(|&dimension| &space.dimensions()[dimension].domain).collect();
        let kernels = which
            .iter()
            .zip(&domains)
            .map(|(&dimension, domain)| {
                let at: Vec<f64> = points.iter().map(|point| point[dimension]).collect();
                Kernels::new(domain, &at, prior_weight)
            })
            .collect();
        let ln_weights = weights.iter().map(|weight| math::ln(weight / total)).collect();
        Self { domains, ln_weights, cumulative, kernels }
    }

    /// A point drawn from the density; a coordinate for each of its dimensions.
    pub fn draw(&self, rng: &mut Rng) -> Vec<f64> {
        let share = rng.unit();
        let kernel = self.cumulative.partition_point(|&sum| sum <= share);
        let kernel = kernel.min(self.ln_weights.len() - 1);
        self.domains
            .iter()
            .zip(&self.kernels)
            .map(|(domain, kernels)| kernels.draw(domain, kernel, rng))
            .collect()
    }

    /// ln of the density at a point, or of the probability where all parameters have steps.
    pub fn ln_density(&self, point: &[f64]) -> f64 {
        let mut terms = self.ln_weights.clone();
        for ((domain, kernels), &at) in self.domains.iter().zip(&self.kernels).zip(point) {
            kernels.add_ln_density(domain, at, &mut terms);
        }
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return largest;
        }
        math::ln(terms.iter().map(|term| math::exp(term - largest)).sum()) + largest
    }
}

/// Weights of so many points, oldest first: the last 25 weigh 1, those before fall evenly to 1/n.
fn fade(points: usize) -> Vec<f64> {
    let old = points.saturating_sub(RECENT);
    let least = 1.0 / points.max(1) as f64;
    let step = if old > 1 { (1.0 - least) / (old - 1) as f64 } else { 0.0 };
    (0..points).map(|i| if i < old { least + step * i as f64 } else { 1.0 }).collect()
}

impl Kernels {
    fn new(domain: &Domain, points: &[f64], prior_weight: f64) -> Self {
        if domain.is_single() {
            return Self::Single(match domain {
                Domain::Int { low, .. } => *low as f64,
                Domain::Float { low, .. } => *low,
                Domain::Choice(_) => 0.0,
            });
        }
        match domain {
            Domain::Choice(choices) => {
                Self::Choice(choice_kernels(choices.len(), points, prior_weight))
            }
            _ => {
                let (low, high) = domain.bounds();
                let mut centres: Vec<f64> = points.iter().map(|&at| domain.forth(at)).collect();
                let mut widths = bandwidths(&centres, low, high);
                centres.push(0.5 * (low + high));
                widths.push(high - low);
                let ln_mass = centres
                    .iter()
                    .zip(&widths)
                    .map(|(centre, width)| {
                        normal::ln_mass((low - centre) / width, (high - centre) / width)
                    })
                    .collect();
                Self::Normal { centres, widths, ln_mass }
            }
        }
    }

    fn draw(&self, domain: &Domain, kernel: usize, rng: &mut Rng) -> f64 {
        match self {
            Self::Single(value) => *value,
            Self::Choice(weights) => {
                let share = rng.unit();
                let mut sum = 0.0;
                let last = weights[kernel].len() - 1;
                let drawn = weights[kernel].iter().position(|weight| {
                    sum += weight;
                    sum > share
                });
                drawn.unwrap_or(last) as f64
            }
            Self::Normal { centres, widths, .. } => {
                let (low, high) = domain.bounds();
                let (centre, width) = (centres[kernel], widths[kernel]);
                let at =
                    normal::quantile(rng.unit(), (low - centre) / width, (high - centre) / width);
                domain.back((centre + width * at).clamp(low, high))
            }
        }
    }

    fn add_ln_density(&self, domain: &Domain, at: f64, terms: &mut [f64]) {
        match self {
            Self::Single(_) => {}
            Self::Choice(weights) => {
                for (term, weights) in terms.iter_mut().zip(weights) {
                    *term += math::ln(weights[at as usize]);
                }
            }
            Self::Normal { centres, widths, ln_mass } => {
                let whole = matches!(domain, Domain::Int { .. });
                // A whole number stands for the interval that is rounded to it.
                let (from, to) = if whole {
                    (domain.forth(at - 0.5), domain.forth(at + 0.5))
                } else {
                    (domain.forth(at), domain.forth(at))
                };
                for (term, ((centre, width), ln_mass)) in
                    terms.iter_mut().zip(centres.iter().zip(widths).zip(ln_mass))
                {
                    let (a, b) = ((from - centre) / width, (to - centre) / width);
                    *term += if whole {
                        normal::ln_mass(a, b) - ln_mass
                    } else {
                        normal::ln_density(a) - math::ln(*width) - ln_mass
                    };
                }
            }
        }
    }
}

/// The distance to the further of a point's neighbours among the points; an end of the domain is
/// a neighbour only where there is no other. At least the domain over one more than the kernels,
/// or over 100.
fn bandwidths(centres: &[f64], low: f64, high: f64) -> Vec<f64> {
    let points = centres.len();
    let mut order: Vec<usize> = (0..points).collect();
    order.sort_by(|&a, &b| centres[a].total_cmp(&centres[b]));
    let sorted: Vec<f64> = order.iter().map(|&at| centres[at]).collect();
    let least = (high - low) / (2.0 + points as f64).min(100.0);
    let mut widths = vec![0.0; points];
    for (place, &at) in order.iter().enumerate() {
        let before = (place > 0).then(|| sorted[place] - sorted[place - 1]);
        let after = (place + 1 < points).then(|| sorted[place + 1] - sorted[place]);
        let gap = match (before, after) {
            (Some(before), Some(after)) => f64::max(before, after),
            (Some(gap), None) | (None, Some(gap)) => gap,
            (None, None) => f64::max(sorted[place] - low, high - sorted[place]),
        };
        widths[at] = gap.clamp(least, high - low);
    }
    widths
}

/// Each point's choice with the prior spread over all; the last kernel is the prior alone.
fn choice_kernels(choices: usize, points: &[f64], prior_weight: f64) -> Vec<Vec<f64>> {
    let smoothing = prior_weight / (points.len() + 1) as f64;
    let total = 1.0 + smoothing * choices as f64;
    let mut kernels: Vec<Vec<f64>> = points
        .iter()
        .map(|&at| {
            let mut weights = vec![smoothing / total; choices];
            weights[at as usize] += 1.0 / total;
            weights
        })
        .collect();
    kernels.push(vec![1.0 / choices as f64; choices]);
    kernels
}
