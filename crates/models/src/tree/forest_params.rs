//! The parameters that random forest shares with extra trees.

use tripline_core::{ParamError, ParamSpec, ParamValue, Params, Range};

use super::class_split::Criterion;
use super::class_tree::ClassTreePlan;

pub(super) const N_ESTIMATORS: ParamSpec = ParamSpec {
    name: "n_estimators",
    doc: "Number of trees.",
    default: ParamValue::Int(100),
    range: Range::Int { min: 1, max: 100_000, log: true },
    search: Some(Range::Int { min: 50, max: 400, log: true }),
};

pub(super) const CRITERION: ParamSpec = ParamSpec {
    name: "criterion",
    doc: "Impurity that a split takes away: `gini` or `entropy`.",
    default: ParamValue::Static("gini"),
    range: Range::Choice(&["gini", "entropy"]),
    search: Some(Range::Choice(&["gini", "entropy"])),
};

pub(super) const MAX_DEPTH: ParamSpec = ParamSpec {
    name: "max_depth",
    doc: "Most splits on a path; -1 is no limit.",
    default: ParamValue::Int(-1),
    range: Range::Int { min: -1, max: 100_000, log: false },
    search: None,
};

pub(super) const MIN_SAMPLES_SPLIT: ParamSpec = ParamSpec {
    name: "min_samples_split",
    doc: "Least rows of a node that is split.",
    default: ParamValue::Int(2),
    range: Range::Int { min: 2, max: 1_000_000_000, log: true },
    search: None,
};

pub(super) const MIN_SAMPLES_LEAF: ParamSpec = ParamSpec {
    name: "min_samples_leaf",
    doc: "Least rows of a leaf.",
    default: ParamValue::Int(1),
    range: Range::Int { min: 1, max: 1_000_000_000, log: true },
    search: Some(Range::Int { min: 1, max: 20, log: true }),
};

pub(super) const MAX_FEATURES: ParamSpec = ParamSpec {
    name: "max_features",
    doc: "Columns that a node looks at, beside those constant in it: `sqrt`, `log2`, `all`, a \
          number, or a share such as 0.3.",
    default: ParamValue::Static("sqrt"),
    range: Range::Text,
    search: Some(Range::Choice(&["sqrt", "0.1", "0.2", "0.3", "0.5"])),
};

pub(super) const CLASS_WEIGHT: ParamSpec = ParamSpec {
    name: "class_weight",
    doc: "`none`, or `balanced`: each class has the same total weight.",
    default: ParamValue::Static("none"),
    range: Range::Choice(&["none", "balanced"]),
    search: Some(Range::Choice(&["none", "balanced"])),
};

pub(super) const BOOTSTRAP_DOC: &str = "Grow each tree on rows drawn with replacement.";

pub(super) const MAX_SAMPLES: ParamSpec = ParamSpec {
    name: "max_samples",
    doc: "Rows that each tree draws, as a share of all.",
    default: ParamValue::Float(1.0),
    range: Range::Float { min: 1e-6, max: 1.0, log: false },
    search: None,
};

pub(super) const OOB_SCORE: ParamSpec = ParamSpec {
    name: "oob_score",
    doc: "Also judge each row by the trees that did not draw it, by ROC AUC.",
    default: ParamValue::Bool(false),
    range: Range::Bool,
    search: None,
};

/// How many columns a node looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum MaxFeatures {
    Sqrt,
    Log2,
    All,
    Count(usize),
    Share(f64),
}

impl MaxFeatures {
    pub(super) fn parse(text: &str) -> Result<Self, ParamError> {
        let valid = match text {
            "sqrt" => Some(Self::Sqrt),
            "log2" => Some(Self::Log2),
            "all" => Some(Self::All),
            _ => match (text.parse::<usize>(), text.parse::<f64>()) {
                (Ok(count), _) if count > 0 => Some(Self::Count(count)),
                (Err(_), Ok(share)) if share > 0.0 && share <= 1.0 => Some(Self::Share(share)),
                _ => None,
            },
        };
        valid.ok_or_else(|| ParamError::Value {
            name: MAX_FEATURES.name.to_owned(),
            expected: "`sqrt`, `log2`, `all`, a number of columns from 1, or a share up to 1.0"
                .to_owned(),
            got: text.to_owned(),
        })
    }

    pub(super) fn of(self, columns: usize) -> usize {
        let wanted = match self {
            Self::Sqrt => columns.isqrt(),
            Self::Log2 => columns.max(1).ilog2() as usize,
            Self::All => columns,
            Self::Count(count) => count,
            Self::Share(share) => (columns as f64 * share) as usize,
        };
        wanted.clamp(1, columns.max(1))
    }
}

/// The plan of a tree; `max_features` is still to be set.
pub(super) fn tree_plan(params: &Params, random: bool) -> ClassTreePlan {
    ClassTreePlan {
        criterion: match params.text("criterion") {
            "entropy" => Criterion::Entropy,
            _ => Criterion::Gini,
        },
        max_depth: usize::try_from(params.int("max_depth")).unwrap_or(usize::MAX),
        min_samples_split: params.count("min_samples_split") as u64,
        min_samples_leaf: u32::try_from(params.int("min_samples_leaf")).unwrap_or(u32::MAX),
        max_features: 1,
        random,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_features_is_a_rule_a_number_or_a_share() {
        let of = |text| MaxFeatures::parse(text).map(|rule| rule.of(42));
        assert_eq!(of("sqrt"), Ok(6));
        assert_eq!(of("log2"), Ok(5));
        assert_eq!(of("all"), Ok(42));
        assert_eq!(of("100"), Ok(42));
        assert_eq!(of("0.5"), Ok(21));
        assert!(of("0").is_err() && of("1.5").is_err() && of("some").is_err());
    }
}
