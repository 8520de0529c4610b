//! What linear models learn from labels: an output for each class, a weight for each row.

use std::sync::Arc;

use tripline_core::{FitContext, FitError, Labels, ParamSpec, ParamValue, Range, Task};

/// The output that each row is to have, with its weight.
pub(super) struct Targets {
    /// Class names; two for attack from benign.
    pub(super) classes: Arc<Vec<String>>,
    /// Code of each row in `classes`.
    pub(super) codes: Vec<u32>,
    /// Sample weight of each row.
    pub(super) weights: Vec<f64>,
    /// Sum of `weights`.
    pub(super) total: f64,
    /// Weight of each class.
    pub(super) class_weights: Vec<f64>,
}

/// Whether rare classes count more.
pub(super) const CLASS_WEIGHT: ParamSpec = ParamSpec {
    name: "class_weight",
    doc: "`balanced` weighs each class by n / (classes · rows of the class).",
    default: ParamValue::Static("none"),
    range: Range::Choice(&["none", "balanced"]),
    search: Some(Range::Choice(&["none", "balanced"])),
};

/// Whether there is a constant.
pub(super) const FIT_INTERCEPT: ParamSpec = ParamSpec {
    name: "fit_intercept",
    doc: "Add a constant, which no penalty holds back.",
    default: ParamValue::Bool(true),
    range: Range::Bool,
    search: None,
};

impl Targets {
    /// From the labels with weights of a fit, checked.
    pub(super) fn new(
        context: &FitContext<'_>,
        rows: usize,
        balanced: bool,
    ) -> Result<Self, FitError> {
        let labels = context.supervised(rows)?;
        if rows < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: rows });
        }
        let weights = context.weights.map_or_else(|| vec![1.0; rows], <[f64]>::to_vec);
        let total = weights.iter().sum();
        let (classes, codes) = coded(labels, context.task);
        let mut of_class = vec![0.0; classes.len()];
        for (&code, weight) in codes.iter().zip(&weights) {
            of_class[code as usize] += weight;
        }
        if of_class.iter().filter(|&&weight| weight > 0.0).count() < 2 {
            let class = codes.first().map_or(0, |&code| code as usize);
            return Err(FitError::OneClass { class: classes[class].clone() });
        }
        let class_weights = of_class
            .iter()
            .map(|&weight| {
                if balanced && weight > 0.0 { total / (classes.len() as f64 * weight) } else { 1.0 }
            })
            .collect();
        Ok(Self { classes, codes, weights, total, class_weights })
    }
}

/// Class names with the code of each row, as a task tells them apart.
pub(super) fn coded(labels: &Labels, task: Task) -> (Arc<Vec<String>>, Vec<u32>) {
    match task {
        Task::Multiclass => (labels.classes().clone(), labels.codes().to_vec()),
        Task::Binary => {
            let codes = labels.codes().iter().map(|&code| code.min(1)).collect();
            (Arc::new(vec![labels.classes()[0].clone(), "attack".to_owned()]), codes)
        }
    }
}
