//! How much each parameter matters for being among the best trials.
//!
//! PED-ANOVA (Watanabe, Bansal & Hutter 2023, arXiv:2304.10255): the Pearson divergence of the
//! best tenth of the trials from all of them, parameter by parameter; densities are Parzen
//! estimates on a grid with bandwidths by Scott's rule.

use tripline_core::math;

use super::domain::Domain;
use super::normal;
use super::space::Space;
use super::tpe::best_complete;
use super::trial::{Direction, Trial};

/// The share of the trials that counts as best.
const BEST: f64 = 0.1;
/// Places that a range of numbers is cut into.
const GRID: usize = 50;

/// Each dimension's share of what matters, in the order of the space; the shares sum to 1, or are
/// all 0 where nothing can be told apart. Only complete trials count.
pub fn importance(space: &Space, directions: &[Direction], trials: &[Trial]) -> Vec<f64> {
    let complete: Vec<usize> =
        (0..trials.len()).filter(|&at| trials[at].values().is_some()).collect();
    let nothing = vec![0.0; space.dimensions().len()];
    if complete.len() < 2 {
        return nothing;
    }
    let wanted = (BEST * complete.len() as f64).ceil() as usize;
    let mut best = best_complete(trials, &complete, directions, wanted);
    if let [direction] = directions
        && let Some(&last) = best.last()
    {
        // Trials as good as the last of the best belong to them.
        let loss = |at: usize| trials[at].losses(&[*direction]).map_or(f64::INFINITY, |l| l[0]);
        let cut = loss(last);
        best = complete.iter().copied().filter(|&at| loss(at) <= cut).collect();
    }
    let divergences: Vec<f64> = space
        .dimensions()
        .iter()
        .enumerate()
        .map(|(at, dimension)| {
            let values = |which: &[usize]| -> Vec<f64> {
                which.iter().map(|&trial| trials[trial].point[at]).collect()
            };
            divergence(&dimension.domain, &values(&best), &values(&complete))
        })
        .collect();
    let total: f64 = divergences.iter().sum();
    if !(total > 0.0 && total.is_finite()) {
        return nothing;
    }
    divergences.iter().map(|divergence| divergence / total).collect()
}

/// Pearson divergence of the density of `best` from that of `all`.
fn divergence(domain: &Domain, best: &[f64], all: &[f64]) -> f64 {
    if domain.is_single() {
        return 0.0;
    }
    let (best, all) = (density(domain, best), density(domain, all));
    best.iter()
        .zip(&all)
        .map(|(best, all)| (best + 1e-12, all + 1e-12))
        .map(|(best, all)| {
            let ratio = best / all - 1.0;
            all * ratio * ratio
        })
        .sum()
}

/// The probability of each place of the grid.
fn density(domain: &Domain, values: &[f64]) -> Vec<f64> {
    let counts = counts(domain, values);
    let seen: Vec<usize> = (0..counts.len()).filter(|&place| counts[place] > 0).collect();
    let total = values.len();
    // The prior weighs one trial.
    let whole = (total + 1) as f64;
    let mut density = vec![0.0; counts.len()];
    if let Domain::Choice(_) = domain {
        let smoothing = 1.0 / (seen.len() + 1) as f64;
        let sum = 1.0 + smoothing * counts.len() as f64;
        for &place in &seen {
            let weight = counts[place] as f64 / whole;
            density.iter_mut().for_each(|p| *p += weight * smoothing / sum);
            density[place] += weight / sum;
        }
        let prior = 1.0 / whole / counts.len() as f64;
        density.iter_mut().for_each(|p| *p += prior);
        return density;
    }
    let width = scott(&seen, &counts, total);
    let last = (counts.len() - 1) as f64;
    for &place in &seen {
        add_normal(&mut density, counts[place] as f64 / whole, place as f64, width);
    }
    add_normal(&mut density, 1.0 / whole, 0.5 * last, last + 1.0);
    density
}

/// Adds a normal distribution's mass at each place, cut to the grid.
fn add_normal(density: &mut [f64], weight: f64, centre: f64, width: f64) {
    let edge = |place: f64| (place - 0.5 - centre) / width;
    let whole = normal::ln_mass(edge(0.0), edge(density.len() as f64));
    for (place, p) in density.iter_mut().enumerate() {
        let place = place as f64;
        *p += weight * math::exp(normal::ln_mass(edge(place), edge(place + 1.0)) - whole);
    }
}

/// Bandwidth by Scott 1992 with the interquartile range; a place is the least that is resolved.
fn scott(seen: &[usize], counts: &[usize], total: usize) -> f64 {
    let n = total as f64;
    let weighted = |f: &dyn Fn(f64) -> f64| -> f64 {
        seen.iter().map(|&place| f(place as f64) * counts[place] as f64).sum()
    };
    let mean = weighted(&|place| place) / n;
    let variance = weighted(&|place| (place - mean) * (place - mean)) / (n - 1.0).max(1.0);
    let mut sum = 0;
    let cumulative: Vec<usize> = seen
        .iter()
        .map(|&place| {
            sum += counts[place];
            sum
        })
        .collect();
    let first = cumulative.partition_point(|&sum| sum < total / 4);
    let third = cumulative.partition_point(|&sum| sum <= total * 3 / 4).min(seen.len() - 1);
    let range = (seen[third] - seen[first]) as f64;
    let width = 1.059 * f64::min(range / 1.34, variance.sqrt()) * math::pow(n, -0.2);
    // 1.64 deviations on either side, 90 % of the mass, then lie within the place.
    width.max(0.5 / 1.64)
}

/// Trials in each place of the grid.
fn counts(domain: &Domain, values: &[f64]) -> Vec<usize> {
    let (low, high, places) = match *domain {
        Domain::Choice(ref choices) => {
            let mut counts = vec![0; choices.len()];
            values.iter().for_each(|&value| counts[value as usize] += 1);
            return counts;
        }
        Domain::Float { low, high, .. } => (low, high, GRID),
        Domain::Int { low, high, log } => {
            let size = (high - low + 1) as f64;
            let places = if log { (math::ln(size) / math::ln(2.0)).ceil() + 1.0 } else { size };
            (low as f64, high as f64, places.min(GRID as f64) as usize)
        }
    };
    let scale = |value: f64| if domain.is_log() { math::ln(value) } else { value };
    let step = (scale(high) - scale(low)) / (places - 1) as f64;
    let mut counts = vec![0; places];
    for &value in values {
        let place = ((scale(value) - scale(low)) / step - 0.5).ceil();
        counts[place.clamp(0.0, (places - 1) as f64) as usize] += 1;
    }
    counts
}
