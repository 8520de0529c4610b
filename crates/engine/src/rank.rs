//! Rank: several models over several data sets.

use tripline_assess::evaluate::Evaluation;
use tripline_assess::metrics::resolve;
use tripline_assess::rank::{self, Judged, Ranking};
use tripline_core::{Dataset, Progress};

use crate::compare::{Comparison, compare};
use crate::error::EngineError;
use crate::judging::Clearance;
use crate::settings::{JudgingSettings, TrainingSettings};

/// Models in order, with what stands behind it.
#[derive(Debug)]
pub struct Ranked {
    /// The order.
    pub ranking: Ranking,
    /// One for each data set, in the order given.
    pub sets: Vec<RankedSet>,
}

/// One data set.
#[derive(Debug)]
pub struct RankedSet {
    /// The file's name.
    pub name: String,
    /// What the guard said, with the protocol.
    pub clearance: Clearance,
    /// Figures of each model that could be trained, in the order asked for.
    pub evaluations: Vec<Evaluation>,
    /// Models that could not be trained on these data, with the reason.
    pub failures: Vec<(String, EngineError)>,
}

/// Judges each model of `ids` on each data set by itself, then ranks them by a metric. A model that
/// fails on a data set stands last there.
pub fn rank(
    ids: &[String],
    data: &[Dataset],
    metric: &str,
    settings: &TrainingSettings,
    judging: &JudgingSettings,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Ranked, EngineError> {
    // A wrong name is told before anything is trained.
    resolve(metric)?;
    let mut sets = Vec::with_capacity(data.len());
    for set in data {
        let comparison = compare(ids, set, None, settings, judging, seed, progress)?;
        let Comparison { clearance, mut evaluations, failures, .. } = comparison;
        // Scores of all rows are for plots that a ranking has not.
        evaluations.iter_mut().for_each(|evaluation| evaluation.pooled = Default::default());
        sets.push(RankedSet { name: set.source.name.clone(), clearance, evaluations, failures });
    }
    let judged: Vec<Judged<'_>> =
        sets.iter().map(|set| Judged { name: &set.name, evaluations: &set.evaluations }).collect();
    let ranking = rank::rank(&judged, metric)?;
    Ok(Ranked { ranking, sets })
}
