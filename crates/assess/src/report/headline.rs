//! Which model is named first, by which figure.

use super::{Report, judged};
use crate::bootstrap::Difference;
use crate::evaluate::Evaluation;
use crate::metrics::METRICS;
use crate::threshold::ThresholdRule;

/// Models in the order of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The metric's id.
    pub metric: &'static str,
    /// Positions of the models, the highest value first, models without value last.
    pub models: Vec<usize>,
    /// How the first stands above the second, where both were judged on the same rows.
    pub difference: Option<Difference>,
}

/// Orders models by the figure that the threshold rule is about.
///
/// A false-positive budget asks for detection at that rate: the registered rate nearest to it, if
/// every model has one; else the area under the ROC curve. Best F1 asks for F1.
pub fn order_of(threshold: ThresholdRule, evaluations: &[&Evaluation]) -> Order {
    let metric = metric(threshold, evaluations);
    let value = |position: usize| {
        judged(evaluations[position])
            .and_then(|part| part.value(metric))
            .filter(|value| value.is_finite())
    };
    let higher = METRICS.iter().find(|card| card.id == metric).is_none_or(|c| c.higher_is_better);
    let mut models: Vec<usize> = (0..evaluations.len()).collect();
    models.sort_by(|&a, &b| match (value(a), value(b)) {
        (Some(a), Some(b)) if higher => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => std::cmp::Ordering::Equal,
    });
    let difference = match models.as_slice() {
        [first, second, ..] if value(*second).is_some() => {
            evaluations[*first].difference(evaluations[*second], metric).ok()
        }
        _ => None,
    };
    Order { metric, models, difference }
}

/// The order of a report's models.
pub(super) fn order(report: &Report<'_>) -> Order {
    let evaluations: Vec<&Evaluation> =
        report.models.iter().map(|model| model.evaluation).collect();
    order_of(report.threshold, &evaluations)
}

fn metric(rule: ThresholdRule, evaluations: &[&Evaluation]) -> &'static str {
    let all_have = |id: &str| {
        evaluations.iter().all(|evaluation| {
            judged(evaluation).and_then(|part| part.value(id)).is_some_and(f64::is_finite)
        })
    };
    let wanted = match rule {
        // The borders lie at the geometric middle of two rates.
        ThresholdRule::Fpr(rate) if rate >= 10.0_f64.powi(-2) / 3.163 => "tpr_at_fpr_1e-2",
        ThresholdRule::Fpr(rate) if rate >= 10.0_f64.powi(-3) / 3.163 => "tpr_at_fpr_1e-3",
        ThresholdRule::Fpr(_) => "tpr_at_fpr_1e-4",
        ThresholdRule::BestF1 => "f1",
        ThresholdRule::Fixed(_) => "roc_auc",
    };
    if all_have(wanted) { wanted } else { "roc_auc" }
}
