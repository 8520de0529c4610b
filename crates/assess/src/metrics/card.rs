//! The register of metrics.

use super::alerts::{Alerts, BaseRate};
use super::confusion::Confusion;
use super::curve::Curve;
use super::ranking::MetricError;

/// What metrics are computed from: one part with one weighting of its rows.
#[derive(Debug, Clone)]
pub struct Tally {
    /// What every threshold would give.
    pub curve: Curve,
    /// Outcomes at the part's threshold.
    pub confusion: Confusion,
    /// Mean squared distance of probability to label.
    pub brier: Option<f64>,
    /// Mean −ln of the probability given to what the row is.
    pub log_loss: Option<f64>,
    /// Expected calibration error.
    pub calibration_error: Option<f64>,
    /// The site that alerts a day are told for.
    pub base_rate: BaseRate,
    /// Seconds that scoring took a row.
    pub seconds_per_row: Option<f64>,
}

/// One metric: all that tables, reports, the command line know of it.
pub struct MetricCard {
    /// Stable name, as it stands in machine-readable output.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// One sentence: meaning, unit.
    pub doc: &'static str,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// What must be there for the metric to have a value.
    pub needs: &'static str,
    /// Other names that [`resolve`] understands.
    pub aliases: &'static [&'static str],
    /// The value; none where what it needs is not there.
    pub compute: fn(&Tally) -> Option<f64>,
    /// For a share of rows, the weight of all rows that it is a share of; else none.
    pub whole: Option<fn(&Tally) -> f64>,
}

impl std::fmt::Debug for MetricCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetricCard").field("id", &self.id).finish_non_exhaustive()
    }
}

const BOTH: &str = "needs benign rows beside attacks";
const ATTACKS: &str = "needs attacks";
const BENIGN: &str = "needs benign rows";
const ROWS: &str = "needs rows";
const PROBABILITY: &str = "needs probabilities";

/// All metrics, in the order in which tables show them.
pub const METRICS: &[MetricCard] = &[
    MetricCard {
        id: "roc_auc",
        name: "ROC AUC",
        doc: "Chance that an attack scores above a benign row, a tie counting half.",
        higher_is_better: true,
        needs: BOTH,
        aliases: &["auc_roc", "auc", "auroc", "roc"],
        compute: |tally| tally.curve.roc_auc(),
        whole: None,
    },
    MetricCard {
        id: "pr_auc",
        name: "PR AUC",
        doc: "Average precision over recall; its floor is the share of attacks in the part.",
        higher_is_better: true,
        needs: ATTACKS,
        aliases: &["auc_pr", "auprc", "average_precision", "ap"],
        compute: |tally| tally.curve.average_precision(),
        whole: None,
    },
    MetricCard {
        id: "tpr_at_fpr_1e-2",
        name: "TPR at FPR 1e-2",
        doc: "Largest share of attacks found while at most 1 % of the benign rows alert.",
        higher_is_better: true,
        needs: "needs attacks, at least 100 benign rows",
        aliases: &["tpr_at_fpr_0.01", "tpr@fpr=1e-2", "tpr_at_1e-2"],
        compute: |tally| tally.curve.tpr_at_fpr(1e-2),
        whole: Some(|tally| tally.confusion.attacks()),
    },
    MetricCard {
        id: "tpr_at_fpr_1e-3",
        name: "TPR at FPR 1e-3",
        doc: "Largest share of attacks found while at most 0.1 % of the benign rows alert.",
        higher_is_better: true,
        needs: "needs attacks, at least 1000 benign rows",
        aliases: &["tpr_at_fpr_0.001", "tpr@fpr=1e-3", "tpr_at_1e-3"],
        compute: |tally| tally.curve.tpr_at_fpr(1e-3),
        whole: Some(|tally| tally.confusion.attacks()),
    },
    MetricCard {
        id: "tpr_at_fpr_1e-4",
        name: "TPR at FPR 1e-4",
        doc: "Largest share of attacks found while at most 0.01 % of the benign rows alert.",
        higher_is_better: true,
        needs: "needs attacks, at least 10000 benign rows",
        aliases: &["tpr_at_fpr_0.0001", "tpr@fpr=1e-4", "tpr_at_1e-4"],
        compute: |tally| tally.curve.tpr_at_fpr(1e-4),
        whole: Some(|tally| tally.confusion.attacks()),
    },
    MetricCard {
        id: "partial_auc",
        name: "Partial ROC AUC (FPR ≤ 1e-2)",
        doc: "Area left of a false-positive rate of 1 %, rescaled so that chance is 0.5.",
        higher_is_better: true,
        needs: BOTH,
        aliases: &["pauc", "partial_roc_auc"],
        compute: |tally| tally.curve.partial_auc(1e-2),
        whole: None,
    },
    MetricCard {
        id: "accuracy",
        name: "Accuracy",
        doc: "Share of right decisions at the threshold.",
        higher_is_better: true,
        needs: ROWS,
        aliases: &["acc", "test_accuracy"],
        compute: |tally| tally.confusion.accuracy(),
        whole: Some(|tally| tally.confusion.attacks() + tally.confusion.benign()),
    },
    MetricCard {
        id: "balanced_accuracy",
        name: "Balanced accuracy",
        doc: "Mean of the detection rate with the share of benign rows left quiet.",
        higher_is_better: true,
        needs: BOTH,
        aliases: &[],
        compute: |tally| tally.confusion.balanced_accuracy(),
        whole: None,
    },
    MetricCard {
        id: "precision",
        name: "Precision",
        doc: "Share of alerts that are attacks, at the part's own share of attacks.",
        higher_is_better: true,
        needs: ROWS,
        aliases: &["ppv", "positive_predictive_value"],
        compute: |tally| tally.confusion.precision(),
        whole: Some(|tally| tally.confusion.tp + tally.confusion.fp),
    },
    MetricCard {
        id: "recall",
        name: "Recall",
        doc: "Share of attacks that alert: the detection rate.",
        higher_is_better: true,
        needs: ATTACKS,
        aliases: &["detection_rate", "tpr", "sensitivity", "true_positive_rate"],
        compute: |tally| tally.confusion.recall(),
        whole: Some(|tally| tally.confusion.attacks()),
    },
    MetricCard {
        id: "f1",
        name: "F1",
        doc: "Harmonic mean of precision with recall.",
        higher_is_better: true,
        needs: ATTACKS,
        aliases: &["f1_score", "f_score", "f-score", "f-measure"],
        compute: |tally| tally.confusion.f1(),
        whole: None,
    },
    MetricCard {
        id: "mcc",
        name: "MCC",
        doc: "Matthews correlation of decisions with labels, from −1 to 1.",
        higher_is_better: true,
        needs: ROWS,
        aliases: &["matthews_corrcoef", "matthews_correlation"],
        compute: |tally| tally.confusion.mcc(),
        whole: None,
    },
    MetricCard {
        id: "fpr",
        name: "False-positive rate",
        doc: "Share of benign rows that alert.",
        higher_is_better: false,
        needs: BENIGN,
        aliases: &["false_positive_rate", "false_alarm_rate", "far"],
        compute: |tally| tally.confusion.fpr(),
        whole: Some(|tally| tally.confusion.benign()),
    },
    MetricCard {
        id: "fnr",
        name: "False-negative rate",
        doc: "Share of attacks that do not alert.",
        higher_is_better: false,
        needs: ATTACKS,
        aliases: &["false_negative_rate", "miss_rate"],
        compute: |tally| tally.confusion.fnr(),
        whole: Some(|tally| tally.confusion.attacks()),
    },
    MetricCard {
        id: "brier",
        name: "Brier score",
        doc: "Mean squared distance of the probability to the label.",
        higher_is_better: false,
        needs: PROBABILITY,
        aliases: &["brier_score", "brier_score_loss"],
        compute: |tally| tally.brier,
        whole: None,
    },
    MetricCard {
        id: "log_loss",
        name: "Log loss",
        doc: "Mean −ln of the probability given to what the row is, in nats.",
        higher_is_better: false,
        needs: PROBABILITY,
        aliases: &["cross_entropy", "logloss"],
        compute: |tally| tally.log_loss,
        whole: None,
    },
    MetricCard {
        id: "ece",
        name: "Calibration error",
        doc: "Mean distance of predicted to observed share of attacks, over bins of equal mass.",
        higher_is_better: false,
        needs: PROBABILITY,
        aliases: &["expected_calibration_error", "calibration_error"],
        compute: |tally| tally.calibration_error,
        whole: None,
    },
    MetricCard {
        id: "alerts_per_day",
        name: "Alerts a day",
        doc: "Alerts a day at the stated base rate, true ones included.",
        higher_is_better: false,
        needs: BOTH,
        aliases: &["alerts"],
        compute: |tally| Alerts::at(&tally.confusion, tally.base_rate).per_day,
        whole: None,
    },
    MetricCard {
        id: "precision_at_base_rate",
        name: "Precision at base rate",
        doc: "Share of alerts that are attacks at the stated base rate.",
        higher_is_better: true,
        needs: BOTH,
        aliases: &["base_rate_precision"],
        compute: |tally| Alerts::at(&tally.confusion, tally.base_rate).precision,
        whole: None,
    },
    MetricCard {
        id: "detection_time_ms",
        name: "Detection time",
        doc: "Milliseconds of scoring a row, in batch, as measured on this machine.",
        higher_is_better: false,
        needs: "needs a measured scoring time",
        aliases: &["avg_detection_time", "detection_time", "average_detection_time", "latency_ms"],
        compute: |tally| tally.seconds_per_row.map(|seconds| seconds * 1e3),
        whole: None,
    },
];

/// The metric of that id, name or alias, in any case, with spaces for underscores.
pub fn resolve(name: &str) -> Result<&'static MetricCard, MetricError> {
    let wanted = canonical(name);
    METRICS
        .iter()
        .find(|card| {
            canonical(card.id) == wanted
                || canonical(card.name) == wanted
                || card.aliases.iter().any(|alias| canonical(alias) == wanted)
        })
        .ok_or_else(|| MetricError::Unknown {
            name: name.to_owned(),
            known: METRICS.iter().map(|card| card.id).collect::<Vec<_>>().join(", "),
        })
}

fn canonical(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_one_metric() {
        let mut seen: Vec<(String, &str)> = Vec::new();
        for card in METRICS {
            for name in card.aliases.iter().chain([&card.id, &card.name]) {
                let name = canonical(name);
                let clash = seen.iter().find(|(known, id)| *known == name && *id != card.id);
                assert!(clash.is_none(), "`{name}` is {} as well as {clash:?}", card.id);
                assert_eq!(resolve(&name).unwrap().id, card.id);
                seen.push((name, card.id));
            }
        }
        assert_eq!(resolve("ROC AUC").unwrap().id, "roc_auc");
        assert_eq!(resolve("avg_detection_time").unwrap().id, "detection_time_ms");
        let error = resolve("roc_auk").unwrap_err().to_string();
        assert!(error.starts_with("unknown metric `roc_auk`, known are: roc_auc, pr_auc"));
    }
}
