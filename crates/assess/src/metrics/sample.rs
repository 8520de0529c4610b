//! One scored part, prepared so that any reweighting of its rows is counted in one pass.

use super::alerts::BaseRate;
use super::card::{METRICS, Tally};
use super::confusion::Confusion;
use super::curve::Curve;
use super::probability::{equal_mass_bins, log_loss};
use super::ranking::{MetricError, Ranking};

/// What a part is judged by; all slices are by row.
#[derive(Debug, Clone, Copy)]
pub struct SampleInput<'a> {
    /// Raw scores, higher is more suspicious.
    pub scores: &'a [f64],
    /// Probabilities of an attack, where there are any.
    pub probability: Option<&'a [f64]>,
    /// Whether each row is an attack.
    pub attacks: &'a [bool],
    /// Weights; none is 1 each.
    pub weights: Option<&'a [f64]>,
    /// A row alerts when its score is at least this.
    pub threshold: f64,
    /// The site that alerts a day are told for.
    pub base_rate: BaseRate,
    /// Seconds that scoring took a row, where measured.
    pub seconds_per_row: Option<f64>,
    /// Bins of the calibration error.
    pub bins: usize,
}

/// A part, sorted once.
#[derive(Debug, Clone)]
pub struct Sample {
    ranking: Ranking,
    /// Number of distinct scores that alert.
    alerting: usize,
    /// By sorted position; empty without probabilities.
    losses: Vec<Loss>,
    bins: usize,
    base_rate: BaseRate,
    seconds_per_row: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Loss {
    squared: f64,
    log: f64,
    /// Probability less label.
    excess: f64,
    bin: u32,
}

impl Sample {
    /// Checks, then sorts.
    pub fn new(input: &SampleInput<'_>) -> Result<Self, MetricError> {
        let ranking = Ranking::new(input.scores, input.attacks, input.weights)?;
        if input.threshold.is_nan() {
            return Err(MetricError::NotANumber { what: "threshold", row: 0 });
        }
        let alerting = ranking.scores.partition_point(|&score| score >= input.threshold);
        let mut losses = Vec::new();
        if let Some(probability) = input.probability {
            check_probability(probability, input.scores.len())?;
            let bin_of = equal_mass_bins(probability, input.weights, input.bins);
            losses = ranking
                .order
                .iter()
                .map(|&row| {
                    let (p, attack) = (probability[row as usize], input.attacks[row as usize]);
                    let excess = p - f64::from(u8::from(attack));
                    let bin = bin_of[row as usize];
                    Loss { squared: excess * excess, log: log_loss(p, attack), excess, bin }
                })
                .collect();
        }
        Ok(Self {
            ranking,
            alerting,
            losses,
            bins: input.bins.max(1),
            base_rate: input.base_rate,
            seconds_per_row: input.seconds_per_row,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ranking.len()
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.ranking.is_empty()
    }

    /// The rows as they are.
    pub fn tally(&self) -> Tally {
        let mut tally = self.scratch();
        self.count(None, &mut tally);
        tally
    }

    /// The value of each metric of [`METRICS`] on the rows as they are.
    pub fn values(&self) -> Vec<Option<f64>> {
        let tally = self.tally();
        METRICS.iter().map(|card| (card.compute)(&tally)).collect()
    }

    /// A tally to be filled by [`Sample::recount`].
    pub(crate) fn scratch(&self) -> Tally {
        Tally {
            curve: Curve::empty(&self.ranking.scores, self.ranking.benign_rows),
            confusion: Confusion::default(),
            brier: None,
            log_loss: None,
            calibration_error: None,
            base_rate: self.base_rate,
            seconds_per_row: self.seconds_per_row,
        }
    }

    /// Fills `tally` with each row taken `times[row]` times.
    pub(crate) fn recount(&self, times: &[u32], tally: &mut Tally) {
        self.count(Some(times), tally);
    }

    fn count(&self, times: Option<&[u32]>, tally: &mut Tally) {
        let order = &self.ranking.order;
        let times_at =
            |position: usize| times.map_or(1.0, |times| f64::from(times[order[position] as usize]));
        self.ranking.count(times_at, &mut tally.curve);
        let curve = &tally.curve;
        let (tp, fp) = match self.alerting {
            0 => (0.0, 0.0),
            alerting => (curve.tp[alerting - 1], curve.fp[alerting - 1]),
        };
        tally.confusion = Confusion { tp, fp, tn: curve.benign() - fp, r#fn: curve.attacks() - tp };
        if self.losses.is_empty() {
            return;
        }
        let (mut squared, mut log, mut whole) = (0.0, 0.0, 0.0);
        let mut excess = vec![0.0; self.bins];
        for (position, loss) in self.losses.iter().enumerate() {
            let mut weight = times_at(position);
            if let Some(weights) = &self.ranking.weight {
                weight *= weights[position];
            }
            squared += weight * loss.squared;
            log += weight * loss.log;
            excess[loss.bin as usize] += weight * loss.excess;
            whole += weight;
        }
        if whole > 0.0 {
            tally.brier = Some(squared / whole);
            tally.log_loss = Some(log / whole);
            tally.calibration_error =
                Some(excess.iter().map(|excess| excess.abs()).sum::<f64>() / whole);
        }
    }
}

fn check_probability(probability: &[f64], expected: usize) -> Result<(), MetricError> {
    if probability.len() != expected {
        let got = probability.len();
        return Err(MetricError::Length { what: "probabilities", expected, got });
    }
    if let Some(row) = probability.iter().position(|p| p.is_nan()) {
        return Err(MetricError::NotANumber { what: "probability", row });
    }
    match probability.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(row) => Err(MetricError::Probability { row }),
        None => Ok(()),
    }
}
