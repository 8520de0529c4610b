//! Figures of several folds as one.

use super::part::{EvaluateOptions, MetricValue, MetricValues, PartMetrics, intervals};
use crate::bootstrap::{Interval, Replicates};
use crate::metrics::{Alerts, ClassMetrics, Confusion, FamilyDetection, METRICS};

/// One part as it is; several as means with values, sums of counts.
pub(super) fn over_folds(
    folds: &[&PartMetrics],
    replicates: Option<&Replicates>,
    options: &EvaluateOptions,
) -> Option<PartMetrics> {
    let first = *folds.first()?;
    if folds.len() == 1 {
        return Some(first.clone());
    }
    let values: Vec<MetricValue> =
        (0..METRICS.len()).map(|position| mean_value(folds, position, replicates)).collect();
    let confusion = folds.iter().fold(Confusion::default(), |sum, fold| sum.plus(&fold.confusion));
    let classes: Vec<&ClassMetrics> = folds.iter().filter_map(|f| f.classes.as_ref()).collect();
    Some(PartMetrics {
        rows: folds.iter().map(|fold| fold.rows).sum(),
        benign: folds.iter().map(|fold| fold.benign).sum(),
        attacks: folds.iter().map(|fold| fold.attacks).sum(),
        thresholds: folds.iter().flat_map(|fold| fold.thresholds.iter().copied()).collect(),
        resampled: replicates.and(first.resampled),
        intervals: intervals(&values),
        metrics: MetricValues(values),
        confusion,
        alerts: Alerts::at(&confusion, options.base_rate),
        families: sum_families(folds),
        calibration: Vec::new(),
        classes: ClassMetrics::sum(&classes),
    })
}

fn mean_value(
    folds: &[&PartMetrics],
    position: usize,
    replicates: Option<&Replicates>,
) -> MetricValue {
    let each: Vec<Option<f64>> = folds.iter().map(|fold| fold.metrics.0[position].value).collect();
    let there: Vec<f64> = each.iter().copied().flatten().collect();
    let value =
        if there.is_empty() { None } else { Some(there.iter().sum::<f64>() / there.len() as f64) };
    let first = &folds[0].metrics.0[position];
    let interval = replicates.and_then(|all| all.interval(position)).filter(|_| {
        value.is_some() && folds.iter().any(|f| f.metrics.0[position].interval.is_some())
    });
    let interval = interval.map(|interval| widened(interval, folds, position));
    let missing = if value.is_none() { first.missing } else { None };
    MetricValue { id: first.id, value, interval, folds: each, missing }
}

/// An interval without width is no certainty: from the lowest to the highest end of the folds'
/// own, which have a width.
fn widened(interval: Interval, folds: &[&PartMetrics], position: usize) -> Interval {
    if interval.low < interval.high {
        return interval;
    }
    let own = folds.iter().filter_map(|fold| fold.metrics.0[position].interval);
    own.fold(interval, |all, one| Interval {
        low: all.low.min(one.low),
        high: all.high.max(one.high),
        level: all.level,
    })
}

fn sum_families(folds: &[&PartMetrics]) -> Vec<FamilyDetection> {
    let mut all: Vec<FamilyDetection> = Vec::new();
    for family in folds.iter().flat_map(|fold| &fold.families) {
        match all.iter_mut().find(|known| known.family == family.family) {
            Some(known) => known.add(family),
            None => all.push(family.clone()),
        }
    }
    all
}

/// The mean over splits, falling; ties by name.
pub(super) fn mean_importance(splits: &[Vec<(String, f64)>]) -> Option<Vec<(String, f64)>> {
    let first = splits.first()?;
    let mut mean: Vec<(String, f64)> = first.iter().map(|(name, _)| (name.clone(), 0.0)).collect();
    for (name, value) in splits.iter().flatten() {
        match mean.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += value,
            None => mean.push((name.clone(), *value)),
        }
    }
    mean.iter_mut().for_each(|(_, sum)| *sum /= splits.len() as f64);
    mean.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Some(mean)
}
