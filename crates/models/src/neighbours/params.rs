//! Parameters that detectors by neighbours share.

use tripline_core::{FitContext, FitError, ParamSpec, ParamValue, Params, Range};

use super::distance::Metric;
use super::index::Settings;

pub(super) const METRIC: ParamSpec = ParamSpec {
    name: "metric",
    doc: "How far rows are apart: root of the sum of squares, sum of absolute values, largest \
          absolute value of the differences.",
    default: ParamValue::Static("euclidean"),
    range: Range::Choice(Metric::NAMES),
    search: Some(Range::Choice(&["euclidean", "manhattan"])),
};

/// Exact search takes time with the square of the rows where columns do not depend on each other:
/// 20,000 rows of 40 such columns take a fifth of a second of processor time, so these take above one.
pub(super) const EXACT_ROWS: ParamSpec = ParamSpec {
    name: "exact_rows",
    doc: "Most distinct rows whose neighbours are found exactly; above it a graph finds nearly all \
          of them (HNSW, Malkov & Yashunin 2018).",
    default: ParamValue::Int(50_000),
    range: Range::Int { min: 0, max: 1 << 32, log: false },
    search: None,
};

/// Metric with the bound of the exact search.
pub(super) fn settings(params: &Params) -> Settings {
    Settings {
        metric: Metric::from_name(params.text("metric")).unwrap_or(Metric::Euclidean),
        exact_rows: params.count("exact_rows"),
    }
}

/// The number of neighbours.
pub(super) const fn n_neighbors(default: i64) -> ParamSpec {
    ParamSpec {
        name: "n_neighbors",
        doc: "Rows that count as neighbours; at most all other rows.",
        default: ParamValue::Int(default),
        range: Range::Int { min: 1, max: 100_000, log: true },
        search: Some(Range::Int { min: 3, max: 200, log: true }),
    }
}

/// What to know of a number of neighbours that so many rows have.
pub(super) fn notes(wanted: usize, rows: usize) -> Vec<String> {
    let all = wanted + 1 >= rows;
    let note = || {
        format!(
            "all other rows learnt, {wanted}, count as neighbours: scores tell the distance to the \
             whole; fit to more than {rows} rows, or with a smaller `n_neighbors`"
        )
    };
    all.then(note).into_iter().collect()
}

/// At most all other rows; an error if there are none.
pub(super) fn neighbours(
    wanted: usize,
    rows: usize,
    context: &FitContext<'_>,
) -> Result<usize, FitError> {
    if rows < 2 {
        return Err(FitError::TooFewRows { needed: 2, got: rows });
    }
    if !context.progress.go_on() {
        return Err(FitError::Cancelled);
    }
    Ok(wanted.min(rows - 1))
}
