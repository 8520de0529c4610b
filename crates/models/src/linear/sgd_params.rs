//! The parameters of the SGD classifier, which have scikit-learn's names with their meaning.

use tripline_core::{ParamError, ParamSpec, ParamValue, Params, Range};

use super::descent::{Descent, Schedule};
use super::loss::Loss;
use super::targets::{CLASS_WEIGHT, FIT_INTERCEPT};

pub(super) const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "loss",
        doc: "`log_loss` is logistic regression, `hinge` a support vector machine, \
              `modified_huber` a smooth one that outliers move little.",
        default: ParamValue::Static("log_loss"),
        range: Range::Choice(Loss::NAMES),
        search: Some(Range::Choice(Loss::NAMES)),
    },
    ParamSpec {
        name: "penalty",
        doc: "What holds weights back: squares, absolute values (which make many of them 0), both.",
        default: ParamValue::Static("l2"),
        range: Range::Choice(&["l2", "l1", "elasticnet", "none"]),
        search: Some(Range::Choice(&["l2", "l1", "elasticnet"])),
    },
    ParamSpec {
        name: "alpha",
        doc: "Strength of the penalty; the `optimal` schedule takes its steps from it too.",
        default: ParamValue::Float(1e-4),
        range: Range::Float { min: 1e-12, max: 1e6, log: true },
        search: Some(Range::Float { min: 1e-7, max: 1e-1, log: true }),
    },
    ParamSpec {
        name: "l1_ratio",
        doc: "Share of absolute values in the `elasticnet` penalty.",
        default: ParamValue::Float(0.15),
        range: Range::Float { min: 0.0, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.0, max: 1.0, log: false }),
    },
    ParamSpec {
        name: "learning_rate",
        doc: "How steps shorten: not at all, as 1/(alpha (t₀ + t)), as eta0/t^power_t, or by 5 \
              whenever the loss no longer falls.",
        default: ParamValue::Static("optimal"),
        range: Range::Choice(&["constant", "optimal", "invscaling", "adaptive"]),
        search: None,
    },
    ParamSpec {
        name: "eta0",
        doc: "First step of every schedule but `optimal`.",
        default: ParamValue::Float(0.01),
        range: Range::Float { min: 1e-12, max: 1e6, log: true },
        search: Some(Range::Float { min: 1e-4, max: 1.0, log: true }),
    },
    ParamSpec {
        name: "power_t",
        doc: "Exponent of `invscaling`.",
        default: ParamValue::Float(0.5),
        range: Range::Float { min: 0.0, max: 10.0, log: false },
        search: None,
    },
    ParamSpec {
        name: "average",
        doc: "Use the mean of the weights over all steps, which is steadier than the last ones.",
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: Some(Range::Bool),
    },
    ParamSpec {
        name: "shuffle",
        doc: "Put the rows into another order in each epoch.",
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: None,
    },
    ParamSpec {
        name: "max_iter",
        doc: "Most epochs.",
        default: ParamValue::Int(1000),
        range: Range::Int { min: 1, max: 1_000_000, log: true },
        search: None,
    },
    ParamSpec {
        name: "tol",
        doc: "Least fall of the mean loss that counts as a gain; 0 or less runs on as long as \
              there is any, −1 to `max_iter`.",
        default: ParamValue::Float(1e-3),
        range: Range::Float { min: -1.0, max: 1e6, log: false },
        search: None,
    },
    ParamSpec {
        name: "n_iter_no_change",
        doc: "Epochs without gain before the end.",
        default: ParamValue::Int(5),
        range: Range::Int { min: 1, max: 1_000_000, log: true },
        search: None,
    },
    ParamSpec {
        name: "early_stopping",
        doc: "Watch the loss of the validation part where there is one, keep the best epoch.",
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: None,
    },
    FIT_INTERCEPT,
    CLASS_WEIGHT,
];

/// What parameters say of descent.
pub(super) fn descent(params: &Params) -> Result<Descent, ParamError> {
    let schedule = match params.text("learning_rate") {
        "constant" => Schedule::Constant,
        "invscaling" => Schedule::InverseScaling,
        "adaptive" => Schedule::Adaptive,
        _ => Schedule::Optimal,
    };
    let l1_ratio = match params.text("penalty") {
        "none" => None,
        "l1" => Some(1.0),
        "elasticnet" => Some(params.float("l1_ratio")),
        _ => Some(0.0),
    };
    let tol = Some(params.float("tol")).filter(|&tol| tol > -1.0);
    if schedule == Schedule::Adaptive && tol.is_none() {
        let reason = "`adaptive` shortens its steps by `tol`, which -1 switches off".to_owned();
        return Err(ParamError::Conflict { name: "learning_rate".to_owned(), reason });
    }
    Ok(Descent {
        loss: Loss::from_name(params.text("loss")),
        alpha: params.float("alpha"),
        l1_ratio,
        schedule,
        eta0: params.float("eta0"),
        power_t: params.float("power_t"),
        average: params.bool("average"),
        intercept: params.bool("fit_intercept"),
        shuffle: params.bool("shuffle"),
        max_iter: params.count("max_iter"),
        tol,
        patience: params.count("n_iter_no_change"),
    })
}
