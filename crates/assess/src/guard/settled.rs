//! Columns of which single values settle the class.
//!
//! A test bed leaves such marks: in UNSW-NB15 every flow with `sttl` = 31 is benign, because the
//! attack generator's machines stood a different number of hops away. An AUC hides them, since
//! they say nothing of the other rows.

use std::collections::HashMap;

use serde::Serialize;
use tripline_core::{Category, Column, Rows};

use super::finding::{Finding, Severity, percent};
use super::power::Bench;

/// A value that settles the class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettledValue {
    /// The value as text.
    pub value: String,
    /// Whether its rows are attacks.
    pub attack: bool,
    /// Distinct rows that have it.
    pub rows: usize,
    /// Share of them that are of that side.
    pub purity: f64,
}

/// A column with such values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettledColumn {
    /// Its name.
    pub column: String,
    /// Share of the distinct rows that have such a value, on the half that did not choose them.
    pub coverage: f64,
    /// Share of those rows that are as the value says, on the same half.
    pub purity: f64,
    /// Number of such values.
    pub count: usize,
    /// Those of most rows.
    pub values: Vec<SettledValue>,
    #[serde(skip)]
    rows: Vec<bool>,
}

/// A value settles the class when so many of its rows are of one side.
const PURITY: f64 = 0.99;

/// Rows that a value needs in the fitted half; with 50, a purity of 0.99 allows no exception.
const LEAST_ROWS: u32 = 50;

/// A column is told when its settling values cover so many rows.
const LEAST_COVERAGE: f64 = 0.1;

/// Covering so many rows by few values is a warning: a mark of the place where flows were made.
/// Many values, such as the sizes of a protocol's fixed messages, are the way of networks.
const WARNING_COVERAGE: f64 = 0.2;

/// Up to so many values are few.
const FEW_VALUES: usize = 5;

/// Columns whose settled rows overlap by so much (intersection over union) mark the same thing.
const SAME_ROWS: f64 = 0.9;

pub(super) fn settled(rows: &Rows, position: usize, bench: &Bench) -> Option<SettledColumn> {
    let column = &rows.columns()[position];
    let keys: Vec<u64> = bench.rows.iter().map(|&row| key(column, row as usize)).collect();
    // For each value: benign, attacks that fit; benign, attacks that judge.
    let mut counts: HashMap<u64, [u32; 4]> = HashMap::new();
    for (at, &key) in keys.iter().enumerate() {
        let slot = usize::from(bench.attack[at]) + if bench.fits[at] { 0 } else { 2 };
        counts.entry(key).or_default()[slot] += 1;
    }
    counts.retain(|_, [benign, attacks, ..]| {
        let whole = *benign + *attacks;
        whole >= LEAST_ROWS && f64::from(*benign.max(attacks)) >= PURITY * f64::from(whole)
    });
    let (mut covered, mut right) = (0u64, 0u64);
    for [fit_benign, fit_attacks, benign, attacks] in counts.values() {
        covered += u64::from(benign + attacks);
        right += u64::from(if fit_attacks > fit_benign { *attacks } else { *benign });
    }
    let judged = bench.fits.iter().filter(|fits| !**fits).count();
    let coverage = covered as f64 / judged.max(1) as f64;
    let purity = right as f64 / covered.max(1) as f64;
    // Slack below the purity asked of the fitted half: the judging half has chance of its own.
    if coverage < LEAST_COVERAGE || purity < PURITY - 0.01 {
        return None;
    }
    let mut chosen: Vec<(u64, [u32; 4])> = counts.into_iter().collect();
    let total = |counts: &[u32; 4]| counts.iter().sum::<u32>();
    chosen.sort_unstable_by(|a, b| total(&b.1).cmp(&total(&a.1)).then(a.0.cmp(&b.0)));
    let mut known: Vec<u64> = chosen.iter().map(|(key, _)| *key).collect();
    known.sort_unstable();
    const SHOWN: usize = 5;
    let values = chosen
        .iter()
        .take(SHOWN)
        .map(|(key, counts)| {
            let attack = counts[1] > counts[0];
            let side = if attack { counts[1] + counts[3] } else { counts[0] + counts[2] };
            SettledValue {
                value: text(column, *key),
                attack,
                rows: total(counts) as usize,
                purity: f64::from(side) / f64::from(total(counts)),
            }
        })
        .collect();
    Some(SettledColumn {
        column: rows.schema().fields()[position].name.clone(),
        coverage,
        purity,
        count: chosen.len(),
        values,
        rows: keys.iter().map(|key| known.binary_search(key).is_ok()).collect(),
    })
}

/// Columns that settle the same rows, together; strongest first.
pub(super) fn clusters(mut columns: Vec<SettledColumn>) -> Vec<Vec<SettledColumn>> {
    columns.sort_by(|a, b| b.coverage.total_cmp(&a.coverage).then_with(|| a.column.cmp(&b.column)));
    let mut clusters: Vec<Vec<SettledColumn>> = Vec::new();
    for column in columns {
        match clusters
            .iter_mut()
            .find(|cluster| overlap(&cluster[0].rows, &column.rows) >= SAME_ROWS)
        {
            Some(cluster) => cluster.push(column),
            None => clusters.push(vec![column]),
        }
    }
    clusters
}

pub(super) fn finding(cluster: &[SettledColumn], together: Option<f64>) -> Finding {
    let strongest = &cluster[0];
    let marked = strongest.coverage >= WARNING_COVERAGE && strongest.count <= FEW_VALUES;
    let severity = if marked { Severity::Warning } else { Severity::Info };
    let names: Vec<String> = cluster.iter().map(|column| format!("`{}`", column.column)).collect();
    let title = if cluster.len() == 1 {
        format!("Single values of {} settle the class", names[0])
    } else {
        format!("Single values of {} settle the class of the same rows", names.join(", "))
    };
    let mut detail = format!(
        "They decide {} of the distinct rows, {} of these rightly on rows that did not choose the values.",
        percent(strongest.coverage),
        percent(strongest.purity)
    );
    for column in cluster {
        let shown = column.values.iter().take(2).map(|value| {
            let side = if value.attack { "attack" } else { "benign" };
            format!("{} is {side} in {} of {} rows", value.value, percent(value.purity), value.rows)
        });
        detail.push_str(&format!(" `{}`: {}", column.column, shown.collect::<Vec<_>>().join("; ")));
        if column.count > 2 {
            detail.push_str(&format!("; {} more values", column.count - 2));
        }
        detail.push('.');
    }
    if let Some(auc) = together {
        detail.push_str(&format!(" Together they give a ROC AUC of {auc:.4}."));
    }
    Finding::new(
        "values-settle-class",
        severity,
        title,
        detail,
        "ask whether your own network would show these values for the same reason; if not, train without these columns, then compare",
    )
    .columns(cluster.iter().map(|column| column.column.clone()))
    .number("coverage", strongest.coverage)
    .number("purity", strongest.purity)
    .number("values", strongest.count as f64)
}

fn overlap(a: &[bool], b: &[bool]) -> f64 {
    let both = a.iter().zip(b).filter(|(a, b)| **a && **b).count();
    let either = a.iter().zip(b).filter(|(a, b)| **a || **b).count();
    both as f64 / either.max(1) as f64
}

fn key(column: &Column, row: usize) -> u64 {
    match column {
        Column::Numeric(values) if values[row].is_nan() => f64::NAN.to_bits(),
        Column::Numeric(values) => (values[row] + 0.0).to_bits(),
        Column::Category(category) => u64::from(category.codes[row]),
    }
}

fn text(column: &Column, key: u64) -> String {
    match column {
        Column::Numeric(_) => match f64::from_bits(key) {
            value if value.is_nan() => "missing".to_owned(),
            value => format!("{value}"),
        },
        Column::Category(_) if key == u64::from(Category::MISSING) => "missing".to_owned(),
        Column::Category(category) => {
            category.values.get(key as usize).cloned().unwrap_or_default()
        }
    }
}
