//! What every threshold would give.

use serde::Serialize;

/// For each distinct score, falling: the weight of the attacks, of the benign rows, that score at
/// least that.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Distinct scores, falling.
    pub scores: Vec<f64>,
    /// Weight of attacks scoring at least `scores[i]`.
    pub tp: Vec<f64>,
    /// Weight of benign rows scoring at least `scores[i]`.
    pub fp: Vec<f64>,
    /// Number of benign rows, which bounds how small a false-positive rate can be told.
    pub benign_rows: usize,
}

/// A point of the receiver operating characteristic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// Alert from this score on; infinite at the start of the curve.
    pub threshold: f64,
    /// Share of benign rows that alert.
    pub fpr: f64,
    /// Share of attacks that alert.
    pub tpr: f64,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrPoint {
    /// Alert from this score on.
    pub threshold: f64,
    /// Share of attacks that alert.
    pub recall: f64,
    /// Share of alerts that are attacks.
    pub precision: f64,
}

impl Curve {
    pub(crate) fn empty(scores: &[f64], benign_rows: usize) -> Self {
        Self {
            scores: scores.to_vec(),
            tp: vec![0.0; scores.len()],
            fp: vec![0.0; scores.len()],
            benign_rows,
        }
    }

    pub(crate) fn accumulate(&mut self) {
        let (mut attacks, mut benign) = (0.0, 0.0);
        for (tp, fp) in self.tp.iter_mut().zip(&mut self.fp) {
            attacks += *tp;
            benign += *fp;
            (*tp, *fp) = (attacks, benign);
        }
    }

    /// Weight of all attacks.
    pub fn attacks(&self) -> f64 {
        self.tp.last().copied().unwrap_or(0.0)
    }

    /// Weight of all benign rows.
    pub fn benign(&self) -> f64 {
        self.fp.last().copied().unwrap_or(0.0)
    }

    /// Area under the receiver operating characteristic, by trapezoids: a tie counts half (Hanley
    /// & McNeil 1982). None unless both sides have weight.
    pub fn roc_auc(&self) -> Option<f64> {
        let whole = self.both_sides()?;
        let (mut area, mut tp_before, mut fp_before) = (0.0, 0.0, 0.0);
        for (&tp, &fp) in self.tp.iter().zip(&self.fp) {
            area += (fp - fp_before) * (tp + tp_before);
            (tp_before, fp_before) = (tp, fp);
        }
        Some(area / 2.0 / whole)
    }

    /// Average precision: Σ (recall_i − recall_{i−1}) · precision_i, without interpolation, as
    /// scikit-learn's `average_precision_score`. None without an attack.
    pub fn average_precision(&self) -> Option<f64> {
        let attacks = self.attacks();
        if attacks <= 0.0 {
            return None;
        }
        let (mut sum, mut before) = (0.0, 0.0);
        for (&tp, &fp) in self.tp.iter().zip(&self.fp) {
            if tp > before {
                sum += (tp - before) * (tp / (tp + fp));
                before = tp;
            }
        }
        Some(sum / attacks)
    }

    /// The largest share of attacks that a threshold can alert on while at most `fpr` of the
    /// benign rows alert; no interpolation between thresholds.
    ///
    /// None unless both sides have weight, or with fewer than 1 / `fpr` benign rows, where one
    /// false alarm already exceeds the rate.
    pub fn tpr_at_fpr(&self, fpr: f64) -> Option<f64> {
        self.both_sides()?;
        if self.benign_rows < benign_rows_needed(fpr) {
            return None;
        }
        // Room for the rounding of `fpr` itself: 1e-3 · 1000 must admit one whole row.
        let allowed = fpr * self.benign() * (1.0 + 1e-12);
        let last = self.fp.partition_point(|&fp| fp <= allowed);
        let tp = if last == 0 { 0.0 } else { self.tp[last - 1] };
        Some(tp / self.attacks())
    }

    /// Area under the receiver operating characteristic left of `fpr`, rescaled so that chance is
    /// 0.5, as scikit-learn's `roc_auc_score(max_fpr=…)` (McClish 1989, eq. 5).
    pub fn partial_auc(&self, fpr: f64) -> Option<f64> {
        self.both_sides()?;
        let (attacks, benign) = (self.attacks(), self.benign());
        let (mut area, mut tpr_before, mut fpr_before) = (0.0, 0.0, 0.0);
        for (&tp, &fp) in self.tp.iter().zip(&self.fp) {
            let (tpr, at) = (tp / attacks, fp / benign);
            if at >= fpr {
                let share =
                    if at > fpr_before { (fpr - fpr_before) / (at - fpr_before) } else { 0.0 };
                let end = tpr_before + share * (tpr - tpr_before);
                area += (fpr - fpr_before) * (end + tpr_before) / 2.0;
                break;
            }
            area += (at - fpr_before) * (tpr + tpr_before) / 2.0;
            (tpr_before, fpr_before) = (tpr, at);
        }
        let least = fpr * fpr / 2.0;
        Some(0.5 * (1.0 + (area - least) / (fpr - least)))
    }

    /// The receiver operating characteristic from (0, 0) to (1, 1); corners only, since points
    /// between two on one straight line say nothing. Empty unless both sides have weight.
    pub fn roc(&self) -> Vec<RocPoint> {
        if self.both_sides().is_none() {
            return Vec::new();
        }
        let (attacks, benign) = (self.attacks(), self.benign());
        let mut points = vec![RocPoint { threshold: f64::INFINITY, fpr: 0.0, tpr: 0.0 }];
        for (i, &threshold) in self.scores.iter().enumerate() {
            let (tp, fp) = (self.tp[i], self.fp[i]);
            let (tp_before, fp_before) =
                if i == 0 { (0.0, 0.0) } else { (self.tp[i - 1], self.fp[i - 1]) };
            let straight = self.tp.get(i + 1).is_some_and(|&tp_after| {
                let fp_after = self.fp[i + 1];
                (tp - tp_before) * (fp_after - fp) == (tp_after - tp) * (fp - fp_before)
            });
            if !straight {
                points.push(RocPoint { threshold, fpr: fp / benign, tpr: tp / attacks });
            }
        }
        points
    }

    /// The precision-recall curve in order of rising recall, one point for each distinct score.
    /// Empty without an attack.
    pub fn pr(&self) -> Vec<PrPoint> {
        let attacks = self.attacks();
        if attacks <= 0.0 {
            return Vec::new();
        }
        let points = self.scores.iter().zip(self.tp.iter().zip(&self.fp));
        points
            .filter(|(_, (tp, fp))| **tp + **fp > 0.0)
            .map(|(&threshold, (&tp, &fp))| PrPoint {
                threshold,
                recall: tp / attacks,
                precision: tp / (tp + fp),
            })
            .collect()
    }

    fn both_sides(&self) -> Option<f64> {
        let whole = self.attacks() * self.benign();
        if whole > 0.0 { Some(whole) } else { None }
    }
}

/// The least number of benign rows on which a false-positive rate can be told.
pub(crate) fn benign_rows_needed(fpr: f64) -> usize {
    (1.0 / fpr - 1e-6).ceil() as usize
}
