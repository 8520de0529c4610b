//! The figures of one part: training, validation or test rows.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::trainer::Scored;
use crate::bootstrap::{Bootstrap, BootstrapError, Interval, Replicates, wilson};
use crate::metrics::{
    Alerts, BaseRate, CalibrationBin, ClassMetrics, Confusion, FamilyDetection, METRICS,
    MetricCard, MetricError, Sample, SampleInput, Tally, calibration_curve, families,
};

/// How parts are judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EvaluateOptions {
    /// The site that alerts a day are told for.
    pub base_rate: BaseRate,
    /// Intervals of test parts.
    pub bootstrap: Bootstrap,
    /// Seed of training; fold `i` trains with `seed + i`.
    pub seed: u64,
    /// Bins of the calibration curve.
    pub bins: usize,
    /// Whether training rows are scored too.
    pub train_metrics: bool,
    /// Whether intervals draw whole groups of equal rows, which are one piece of evidence, where
    /// a part has such; else they draw rows.
    pub group_duplicates: bool,
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        Self {
            base_rate: BaseRate::default(),
            bootstrap: Bootstrap::default(),
            seed: 0,
            // Guo et al. 2017 use 15 bins.
            bins: 15,
            train_metrics: true,
            group_duplicates: true,
        }
    }
}

/// One metric on a part.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricValue {
    /// Id in the register.
    pub id: &'static str,
    /// The value, or the mean over folds.
    pub value: Option<f64>,
    /// Where it could lie for other rows of the same kind.
    pub interval: Option<Interval>,
    /// The value of each fold; empty for one part.
    pub folds: Vec<Option<f64>>,
    /// Why there is no value.
    pub missing: Option<&'static str>,
}

/// All metrics on a part, in the order of the register.
///
/// Serialised as a map from id to number, or to `{"mean": …, "values": […]}` over folds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricValues(pub Vec<MetricValue>);

/// What is known of one part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartMetrics {
    /// Rows of it.
    pub rows: usize,
    /// Benign rows of it.
    pub benign: usize,
    /// Attacks of it.
    pub attacks: usize,
    /// Alert from this raw score on; one for each fold.
    pub thresholds: Vec<f64>,
    /// Every metric; over folds the mean with the values.
    #[serde(flatten)]
    pub metrics: MetricValues,
    /// What intervals draw: `rows`, or `groups of equal rows`; none without intervals.
    pub resampled: Option<&'static str>,
    /// Intervals of the metrics that have one, by id.
    #[serde(serialize_with = "by_id")]
    pub intervals: Vec<(&'static str, Interval)>,
    /// Outcomes, summed over folds.
    pub confusion: Confusion,
    /// Alerts a day at the base rate, from the summed outcomes.
    pub alerts: Alerts,
    /// Detection of each attack family, summed over folds.
    pub families: Vec<FamilyDetection>,
    /// The reliability diagram, of the rows of all folds.
    pub calibration: Vec<CalibrationBin>,
    /// Where classes are told apart.
    pub classes: Option<ClassMetrics>,
}

impl PartMetrics {
    /// The metric of that id.
    pub fn metric(&self, id: &str) -> Option<&MetricValue> {
        self.metrics.0.iter().find(|metric| metric.id == id)
    }

    /// The value of the metric of that id.
    pub fn value(&self, id: &str) -> Option<f64> {
        self.metric(id).and_then(|metric| metric.value)
    }
}

impl Serialize for MetricValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Folds<'a> {
            mean: Option<f64>,
            values: &'a [Option<f64>],
        }
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for metric in &self.0 {
            if metric.folds.is_empty() {
                map.serialize_entry(metric.id, &metric.value)?;
            } else {
                let folds = Folds { mean: metric.value, values: &metric.folds };
                map.serialize_entry(metric.id, &folds)?;
            }
        }
        map.end()
    }
}

fn by_id<S: Serializer>(
    intervals: &[(&'static str, Interval)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(intervals.iter().map(|(id, interval)| (id, interval)))
}

/// Judges scored rows at a raw-score threshold that was chosen elsewhere; intervals by bootstrap.
pub fn metrics_of(
    scored: &Scored,
    threshold: f64,
    options: &EvaluateOptions,
) -> Result<PartMetrics, MetricError> {
    let part = judge(scored, threshold, options, true)?;
    Ok(part.metrics)
}

/// A part's figures with its replicates.
pub(super) struct Judged {
    pub(super) metrics: PartMetrics,
    pub(super) replicates: Option<Replicates>,
}

pub(super) fn judge(
    scored: &Scored,
    threshold: f64,
    options: &EvaluateOptions,
    resample: bool,
) -> Result<Judged, MetricError> {
    let rows = scored.raw.len();
    let attacks = scored.labels.attacks();
    let weights = scored.weights.as_deref();
    let probability = if scored.probability.is_empty() && rows > 0 {
        None
    } else {
        Some(&scored.probability[..])
    };
    if let Some(time) = &scored.time
        && time.len() != rows
    {
        return Err(MetricError::Length { what: "times", expected: rows, got: time.len() });
    }
    let sample = Sample::new(&SampleInput {
        scores: &scored.raw,
        probability,
        attacks: &attacks,
        weights,
        threshold,
        base_rate: options.base_rate,
        seconds_per_row: scored.seconds.filter(|_| rows > 0).map(|seconds| seconds / rows as f64),
        bins: options.bins,
    })?;
    let replicates = if resample && options.bootstrap.replicates > 0 && rows > 0 {
        Some(replicates(&sample, &attacks, scored, options)?)
    } else {
        None
    };
    let tally = sample.tally();
    let values: Vec<MetricValue> = METRICS
        .iter()
        .enumerate()
        .map(|(position, card)| {
            let value = (card.compute)(&tally);
            let interval = replicates.as_ref().and_then(|all| all.interval(position));
            // A measured time does not depend on which rows were drawn.
            let interval = interval.filter(|_| value.is_some() && card.id != "detection_time_ms");
            let interval = interval.map(|interval| widened(interval, card, &tally, scored));
            let missing = if value.is_none() { Some(card.needs) } else { None };
            MetricValue { id: card.id, value, interval, folds: Vec::new(), missing }
        })
        .collect();
    let alerts: Vec<bool> = scored.raw.iter().map(|&score| score >= threshold).collect();
    let classes = match &scored.classes {
        Some(classes) => ClassMetrics::new(classes, &scored.labels)?,
        None => None,
    };
    let benign = attacks.iter().filter(|attack| !**attack).count();
    let metrics = PartMetrics {
        rows,
        benign,
        attacks: rows - benign,
        thresholds: vec![threshold],
        resampled: replicates.as_ref().map(|_| match &scored.groups {
            Some(_) if options.group_duplicates => "groups of equal rows",
            _ => "rows",
        }),
        intervals: intervals(&values),
        metrics: MetricValues(values),
        confusion: tally.confusion,
        alerts: Alerts::at(&tally.confusion, options.base_rate),
        families: families(&alerts, &scored.labels, scored.time.as_ref().map(|t| &t[..])),
        calibration: probability
            .map(|p| calibration_curve(p, &attacks, weights, options.bins))
            .unwrap_or_default(),
        classes,
    };
    Ok(Judged { metrics, replicates })
}

fn replicates(
    sample: &Sample,
    attacks: &[bool],
    scored: &Scored,
    options: &EvaluateOptions,
) -> Result<Replicates, MetricError> {
    let drawn = match &scored.groups {
        Some(groups) if options.group_duplicates => {
            Replicates::groups(sample, attacks, groups, options.bootstrap)
        }
        _ => Replicates::rows(sample, attacks, options.bootstrap),
    };
    drawn.map_err(|error| match error {
        BootstrapError::Metric(error) => error,
        BootstrapError::Length { what, expected, got } => {
            MetricError::Length { what, expected, got }
        }
        // Nothing is compared here.
        BootstrapError::NotPaired => {
            MetricError::Length { what: "replicates", expected: sample.len(), got: 0 }
        }
    })
}

/// Resampling a share of 0 or 1 gives that again and again, which is no certainty: such an
/// interval is replaced by Wilson's, by groups where rows repeat.
fn widened(interval: Interval, card: &MetricCard, tally: &Tally, scored: &Scored) -> Interval {
    let (Some(whole), Some(value)) = (card.whole, (card.compute)(tally)) else { return interval };
    if interval.low < interval.high || scored.weights.is_some() {
        return interval;
    }
    // As many independent pieces as the part has distinct rows for its rows.
    let distinct = scored.groups.as_ref().map_or(1.0, |groups| {
        let count = groups.iter().max().map_or(0, |&last| last as usize + 1);
        count.min(groups.len()) as f64 / groups.len().max(1) as f64
    });
    let whole = whole(tally) * distinct;
    wilson(value * whole, whole)
}

pub(super) fn intervals(values: &[MetricValue]) -> Vec<(&'static str, Interval)> {
    values.iter().filter_map(|metric| Some((metric.id, metric.interval?))).collect()
}
