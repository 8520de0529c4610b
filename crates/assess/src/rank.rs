//! Models ranked over several data sets (Demšar 2006, section 3.2: average ranks).
//!
//! On each data set the best model has rank 1; equal values share the mean of their places, and a
//! model that could not be judged stands behind all others. A model's rank is the mean over data
//! sets, each counting once. Its interval comes from the paired bootstrap of each data set:
//! replicate `b` ranks all models on the same drawn rows, so the interval tells how the order
//! depends on the rows judged, not on training again or on which data sets were at hand. Friedman's
//! test and its critical differences take data sets as the sample; with the two or three at hand
//! they would say nothing, so they are not given.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::bootstrap::{Interval, percentile};
use crate::evaluate::Evaluation;
use crate::metrics::{MetricCard, MetricError, resolve};

/// One data set with its models, judged on the same rows.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Name of the data set.
    pub name: &'a str,
    /// One for each model that could be trained.
    pub evaluations: &'a [Evaluation],
}

/// Models in the order of their mean rank.
#[derive(Debug, Clone, Serialize)]
pub struct Ranking {
    /// Id of the metric that ranks.
    pub metric: &'static str,
    /// Names of the data sets.
    pub data: Vec<String>,
    /// Best first; equal mean ranks in the order of ids.
    pub models: Vec<RankedModel>,
}

/// One model's place.
#[derive(Debug, Clone, Serialize)]
pub struct RankedModel {
    /// Its id.
    pub model: String,
    /// Mean over data sets of its rank; 1 is best.
    pub mean_rank: f64,
    /// Where that mean lies for other rows of the same kind.
    pub interval: Option<Interval>,
    /// Share of replicates in which no model had a lower mean rank; ties are shared out.
    pub share_first: Option<f64>,
    /// What it reached on each data set; none where it could not be trained or judged.
    pub places: Vec<Option<Place>>,
    /// Seconds of training, summed over data sets and splits.
    pub fit_seconds: f64,
    /// Seconds of scoring, summed likewise.
    pub score_seconds: f64,
}

/// One model on one data set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Place {
    /// The metric's value, the mean over splits.
    pub value: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Its rank there.
    pub rank: f64,
}

/// Ranks by a metric of the test parts; errors for an unknown metric.
pub fn rank(data: &[Judged<'_>], metric: &str) -> Result<Ranking, MetricError> {
    let card = resolve(metric)?;
    let ids: Vec<&str> = data
        .iter()
        .flat_map(|set| set.evaluations.iter().map(|evaluation| evaluation.model.as_str()))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut models: Vec<RankedModel> = ids
        .iter()
        .map(|id| RankedModel {
            model: (*id).to_owned(),
            mean_rank: 0.0,
            interval: None,
            share_first: None,
            places: Vec::new(),
            fit_seconds: 0.0,
            score_seconds: 0.0,
        })
        .collect();
    for set in data {
        let there: Vec<Option<&Evaluation>> = ids
            .iter()
            .map(|id| set.evaluations.iter().find(|evaluation| evaluation.model == *id))
            .collect();
        let values: Vec<f64> = there.iter().map(|evaluation| value(*evaluation, card)).collect();
        let ranks = ranks(&values, card.higher_is_better);
        for (((model, evaluation), value), rank) in
            models.iter_mut().zip(&there).zip(values).zip(ranks)
        {
            model.mean_rank += rank / data.len() as f64;
            let interval =
                evaluation.and_then(|e| e.parts.test.as_ref()?.metric(card.id)?.interval);
            model.places.push(value.is_finite().then_some(Place { value, interval, rank }));
            if let Some(evaluation) = evaluation {
                model.fit_seconds += evaluation.timing.fit_seconds;
                model.score_seconds += evaluation.timing.score_seconds;
            }
        }
    }
    if let Some((replicates, level)) = replicates(data, &ids, card) {
        let firsts = firsts(&replicates);
        for (at, model) in models.iter_mut().enumerate() {
            model.interval = percentile(replicates.iter().map(|ranks| ranks[at]), level);
            model.share_first = Some(firsts[at]);
        }
    }
    models.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank).then_with(|| a.model.cmp(&b.model)));
    let names = data.iter().map(|set| set.name.to_owned()).collect();
    Ok(Ranking { metric: card.id, data: names, models })
}

fn value(evaluation: Option<&Evaluation>, card: &MetricCard) -> f64 {
    evaluation.and_then(|e| e.parts.test.as_ref()?.value(card.id)).unwrap_or(f64::NAN)
}

/// Rank of each value, 1 for the best; equal values share, values that are no numbers come last.
fn ranks(values: &[f64], higher_is_better: bool) -> Vec<f64> {
    let key = |value: f64| match (value.is_nan(), higher_is_better) {
        (true, _) => f64::INFINITY,
        (false, true) => -value,
        (false, false) => value,
    };
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| key(values[a]).total_cmp(&key(values[b])));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        // `total_cmp` tells 0 from −0, which are one value.
        let same = |at: &&usize| key(values[**at]) == key(values[order[start]]);
        let end = start + order[start..].iter().take_while(same).count();
        let shared = (start + 1 + end) as f64 / 2.0;
        order[start..end].iter().for_each(|&at| ranks[at] = shared);
        start = end;
    }
    ranks
}

/// Mean ranks of all models in each replicate, with the level of the intervals; none if a data set
/// was judged without replicates, or its models on other rows.
fn replicates(
    data: &[Judged<'_>],
    ids: &[&str],
    card: &MetricCard,
) -> Option<(Vec<Vec<f64>>, f64)> {
    let mut sums: Vec<Vec<f64>> = Vec::new();
    let mut level = None;
    for set in data {
        let first = set.evaluations.first()?.replicates.as_ref()?;
        level = Some(first.level());
        let columns: Vec<Option<Vec<f64>>> = ids
            .iter()
            .map(|id| {
                let Some(evaluation) = set.evaluations.iter().find(|e| e.model == *id) else {
                    return Some(Vec::new());
                };
                let own = evaluation.replicates.as_ref()?;
                own.is_paired_with(first).then(|| own.values(card.id))
            })
            .collect();
        let columns: Vec<Vec<f64>> = columns.into_iter().collect::<Option<_>>()?;
        let count = first.len();
        if sums.is_empty() {
            sums = vec![vec![0.0; ids.len()]; count];
        }
        if count == 0 || sums.len() != count {
            return None;
        }
        for (replicate, sum) in sums.iter_mut().enumerate() {
            let values: Vec<f64> = columns
                .iter()
                .map(|column| column.get(replicate).copied().unwrap_or(f64::NAN))
                .collect();
            for (total, rank) in sum.iter_mut().zip(ranks(&values, card.higher_is_better)) {
                *total += rank / data.len() as f64;
            }
        }
    }
    Some((sums, level?))
}

/// For each model the share of replicates in which it has the lowest mean rank.
fn firsts(replicates: &[Vec<f64>]) -> Vec<f64> {
    let mut shares = vec![0.0; replicates.first().map_or(0, Vec::len)];
    for ranks in replicates {
        let lowest = ranks.iter().copied().fold(f64::INFINITY, f64::min);
        let ties = ranks.iter().filter(|&&rank| rank == lowest).count() as f64;
        for (share, &rank) in shares.iter_mut().zip(ranks) {
            *share += if rank == lowest { 1.0 / ties / replicates.len() as f64 } else { 0.0 };
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    // By hand: 0.9 twice takes places 1 and 2.
    #[test]
    fn ties_share_the_mean_of_their_places() {
        assert_eq!(ranks(&[0.9, 0.8, 0.9, 0.1], true), [1.5, 3.0, 1.5, 4.0]);
        assert_eq!(ranks(&[0.9, 0.8, 0.9, 0.1], false), [3.5, 2.0, 3.5, 1.0]);
        assert_eq!(ranks(&[0.0, -0.0, 1.0], true), [2.5, 2.5, 1.0]);
    }

    #[test]
    fn a_model_without_value_stands_last() {
        assert_eq!(ranks(&[f64::NAN, 0.2, f64::NAN, 0.3], true), [3.5, 2.0, 3.5, 1.0]);
    }

    #[test]
    fn first_places_are_shared_out() {
        let shares = firsts(&[vec![1.0, 2.0, 3.0], vec![1.5, 1.5, 3.0]]);
        assert_eq!(shares, [0.75, 0.25, 0.0]);
    }
}
