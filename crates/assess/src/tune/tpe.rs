//! The next point: drawn evenly, or where good points are dense and others are not.
//!
//! Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio & Kégl 2011): past trials are
//! parted by their values into good ones and others, each part gives a density, and of points
//! drawn from the good density the one with the largest ratio of both is tried next, which has
//! the largest expected improvement. With two objectives the good ones are those of the first
//! non-domination ranks (Ozaki, Tanigaki, Watanabe, Nomura & Onishi 2022).

use tripline_core::Rng;

use super::front;
use super::parzen::ParzenEstimator;
use super::space::Space;
use super::trial::{Direction, Outcome, Trial};

/// How the next point is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampler {
    /// Evenly over the space.
    Random,
    /// By the densities of good and other points.
    Tpe(Tpe),
}

/// The settings of the Parzen estimators; the defaults are those of Optuna 5.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tpe {
    /// Trials drawn evenly before the estimators are trusted.
    pub startup_trials: usize,
    /// Points drawn from the good density, of which one is tried.
    pub candidates: usize,
    /// How many points the prior weighs.
    pub prior_weight: f64,
    /// Whether parameters are estimated jointly; none is jointly for one objective alone, since
    /// kernels of few good points on a front are too narrow where all must agree.
    pub joint: Option<bool>,
}

impl Default for Tpe {
    fn default() -> Self {
        Self { startup_trials: 10, candidates: 24, prior_weight: 1.0, joint: None }
    }
}

impl Sampler {
    /// The point of trial `number`, from the trials before it in order of number. Trials that are
    /// running count as bad, so that trials side by side stay apart (constant liar: Ginsbourger,
    /// Le Riche & Carraro 2010).
    pub fn suggest(
        &self,
        space: &Space,
        directions: &[Direction],
        trials: &[Trial],
        seed: u64,
        number: u64,
    ) -> Vec<f64> {
        let mut rng = Rng::for_part(seed, number);
        match self {
            Self::Tpe(tpe) if finished(trials) >= tpe.startup_trials => {
                tpe.suggest(space, directions, trials, &mut rng)
            }
            _ => space.draw(&mut rng),
        }
    }
}

impl Tpe {
    fn suggest(
        &self,
        space: &Space,
        directions: &[Direction],
        trials: &[Trial],
        rng: &mut Rng,
    ) -> Vec<f64> {
        let (good, others) = part(trials, directions, good_count(finished(trials), directions));
        let all: Vec<usize> = (0..space.dimensions().len()).collect();
        if self.joint.unwrap_or(directions.len() == 1) {
            return self.choose(space, &all, &good, &others, directions, rng);
        }
        all.iter()
            .flat_map(|&one| self.choose(space, &[one], &good, &others, directions, rng))
            .collect()
    }

    fn choose(
        &self,
        space: &Space,
        which: &[usize],
        good: &[&[f64]],
        others: &[&[f64]],
        directions: &[Direction],
        rng: &mut Rng,
    ) -> Vec<f64> {
        let (good, others) = self.densities(space, which, good, others, directions);
        let mut best = (good.draw(rng), f64::NEG_INFINITY);
        best.1 = good.ln_density(&best.0) - others.ln_density(&best.0);
        for _ in 1..self.candidates {
            let point = good.draw(rng);
            let ratio = good.ln_density(&point) - others.ln_density(&point);
            if ratio > best.1 {
                best = (point, ratio);
            }
        }
        best.0
    }

    fn densities<'a>(
        &self,
        space: &'a Space,
        which: &[usize],
        good: &[&[f64]],
        others: &[&[f64]],
        directions: &[Direction],
    ) -> (ParzenEstimator<'a>, ParzenEstimator<'a>) {
        // On a front all points are equally good, however old.
        let fading = directions.len() == 1;
        (
            ParzenEstimator::new(space, which, good, self.prior_weight, fading),
            ParzenEstimator::new(space, which, others, self.prior_weight, true),
        )
    }

    /// ln of the ratio of the good density to the other at a point of the whole space: the larger,
    /// the larger the expected improvement.
    pub fn ln_ratio(
        &self,
        space: &Space,
        directions: &[Direction],
        trials: &[Trial],
        point: &[f64],
    ) -> f64 {
        let (good, others) = part(trials, directions, good_count(finished(trials), directions));
        let all: Vec<usize> = (0..space.dimensions().len()).collect();
        let (good, others) = self.densities(space, &all, &good, &others, directions);
        good.ln_density(point) - others.ln_density(point)
    }
}

/// Trials from which something was learnt.
fn finished(trials: &[Trial]) -> usize {
    let known = |trial: &&Trial| matches!(trial.outcome, Outcome::Complete(_) | Outcome::Pruned);
    trials.iter().filter(known).count()
}

/// How many trials count as good: a tenth, of one objective at most 25.
fn good_count(finished: usize, directions: &[Direction]) -> usize {
    let tenth = (0.1 * finished as f64).ceil() as usize;
    if directions.len() == 1 { tenth.min(25) } else { tenth }
}

/// Points of the good trials and of the others, each in order of number. Complete trials are good
/// by their value; if there are too few, pruned ones that went furthest follow.
fn part<'a>(
    trials: &'a [Trial],
    directions: &[Direction],
    wanted: usize,
) -> (Vec<&'a [f64]>, Vec<&'a [f64]>) {
    let complete: Vec<usize> =
        (0..trials.len()).filter(|&at| trials[at].values().is_some()).collect();
    let mut good = vec![false; trials.len()];
    for at in best_complete(trials, &complete, directions, wanted) {
        good[at] = true;
    }
    let missing = wanted.saturating_sub(complete.len());
    let mut pruned: Vec<usize> =
        (0..trials.len()).filter(|&at| trials[at].outcome == Outcome::Pruned).collect();
    let last = |at: usize| match (trials[at].reported.last(), directions.first()) {
        (Some(&value), Some(way)) => way.loss(value),
        _ => 0.0,
    };
    pruned.sort_by(|&a, &b| {
        let (own, other) = (&trials[a].reported, &trials[b].reported);
        other.len().cmp(&own.len()).then(last(a).total_cmp(&last(b)))
    });
    pruned.into_iter().take(missing).for_each(|at| good[at] = true);
    let points = |wanted: bool| {
        (0..trials.len())
            .filter(|&at| !matches!(trials[at].outcome, Outcome::Failed(_)))
            .filter(|&at| good[at] == wanted)
            .map(|at| &trials[at].point[..])
            .collect()
    };
    (points(true), points(false))
}

/// Positions of the best complete trials, at most `wanted`.
pub(super) fn best_complete(
    trials: &[Trial],
    complete: &[usize],
    directions: &[Direction],
    wanted: usize,
) -> Vec<usize> {
    let losses = |at: usize| trials[at].losses(directions).unwrap_or_default();
    if directions.len() == 1 {
        let mut order = complete.to_vec();
        order.sort_by(|&a, &b| losses(a)[0].total_cmp(&losses(b)[0]));
        order.truncate(wanted);
        return order;
    }
    let points: Vec<[f64; 2]> = complete
        .iter()
        .map(|&at| {
            let losses = losses(at);
            [losses[0], losses[1]]
        })
        .collect();
    let chosen = front::best(&points, wanted);
    complete.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(&at, _)| at).collect()
}
