//! What columns are worth over many rows.

use serde::Serialize;
use tripline_core::{Category, Column, Rows};

use super::fold::Folded;
use super::reasons::unit;
use crate::plot::{Bar, SwarmPoint, SwarmRow};

/// What columns are worth over many rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GlobalExplanation {
    /// Rows explained.
    pub rows: usize,
    /// The score without any column.
    pub base: f64,
    /// The unit of base, effects.
    pub unit: &'static str,
    /// All columns, largest mean absolute effect first.
    pub features: Vec<GlobalFeature>,
}

/// What one column is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GlobalFeature {
    /// The column.
    pub feature: String,
    /// Its position among the attributed columns.
    pub position: usize,
    /// Mean of the absolute effects.
    pub mean_absolute: f64,
    /// Its share of the sum over all columns, from 0 to 1.
    pub share: f64,
    /// Mean effect: positive if it raises scores on the whole.
    pub mean: f64,
    /// Largest absolute effect on one row.
    pub largest: f64,
}

/// Means over all rows of the folded attributions.
pub fn global(folded: &Folded) -> GlobalExplanation {
    let attributions = &folded.attributions;
    let rows = attributions.outputs.len();
    let mean_absolute = attributions.mean_absolute();
    let total: f64 = mean_absolute.iter().sum();
    let mut features: Vec<GlobalFeature> = attributions
        .features
        .iter()
        .enumerate()
        .map(|(position, feature)| {
            let values = || (0..rows).map(|row| attributions.row(row)[position]);
            GlobalFeature {
                feature: feature.clone(),
                position,
                mean_absolute: mean_absolute[position],
                share: if total > 0.0 { mean_absolute[position] / total } else { 0.0 },
                mean: values().sum::<f64>() / rows.max(1) as f64,
                largest: values().fold(0.0, |largest, value| largest.max(value.abs())),
            }
        })
        .collect();
    features.sort_by(|a, b| {
        b.mean_absolute.total_cmp(&a.mean_absolute).then_with(|| a.feature.cmp(&b.feature))
    });
    GlobalExplanation { rows, base: attributions.base, unit: unit(attributions.link), features }
}

impl GlobalExplanation {
    /// Bars of the mean absolute effects.
    pub fn bars(&self) -> Vec<Bar> {
        self.features
            .iter()
            .map(|feature| Bar {
                name: feature.feature.clone(),
                value: feature.mean_absolute,
                interval: None,
                note: String::new(),
            })
            .collect()
    }

    /// Clouds of the `limit` most important columns; values are looked up in `data`, then in
    /// `prepared`, by name.
    pub fn swarm(
        &self,
        folded: &Folded,
        data: &Rows,
        prepared: Option<&Rows>,
        limit: usize,
    ) -> Vec<SwarmRow> {
        let attributions = &folded.attributions;
        let rows = attributions.outputs.len();
        self.features
            .iter()
            .take(limit)
            .map(|feature| {
                let column = data
                    .column(&feature.feature)
                    .or_else(|| prepared.and_then(|rows| rows.column(&feature.feature)));
                let levels = column.map(levels).unwrap_or_default();
                let points = (0..rows)
                    .map(|row| SwarmPoint {
                        value: attributions.row(row)[feature.position],
                        level: levels.get(row).copied().flatten(),
                    })
                    .collect();
                SwarmRow { name: feature.feature.clone(), points }
            })
            .collect()
    }
}

/// Where each value lies among the column's, from 0 to 1: the mean rank of equal values, so that
/// a long tail does not leave all other rows in one colour.
///
/// `None` for what is missing. Categories have no order; two of them are told apart as 0 with 1,
/// more are `None`.
pub fn levels(column: &Column) -> Vec<Option<f64>> {
    match column {
        Column::Numeric(values) => ranks(values),
        Column::Category(category) => two_categories(category),
    }
}

fn ranks(values: &[f64]) -> Vec<Option<f64>> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan()).collect();
    order.sort_by(|&a, &b| (values[a] + 0.0).total_cmp(&(values[b] + 0.0)).then(a.cmp(&b)));
    let mut levels = vec![None; values.len()];
    let last = order.len().saturating_sub(1).max(1) as f64;
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        let end = order[start..]
            .iter()
            .position(|&row| values[row] != value)
            .map_or(order.len(), |offset| start + offset);
        let level =
            if end - start == order.len() { 0.5 } else { (start + end - 1) as f64 / 2.0 / last };
        for &row in &order[start..end] {
            levels[row] = Some(level);
        }
        start = end;
    }
    // Mean ranks of large groups of equal values press the ends together: spread them again.
    let (low, high) = levels
        .iter()
        .flatten()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &level| (a.min(level), b.max(level)));
    if high > low {
        for level in levels.iter_mut().flatten() {
            *level = (*level - low) / (high - low);
        }
    }
    levels
}

fn two_categories(category: &Category) -> Vec<Option<f64>> {
    let mut present: Vec<u32> =
        category.codes.iter().copied().filter(|&code| code != Category::MISSING).collect();
    present.sort_unstable();
    present.dedup();
    category
        .codes
        .iter()
        .map(|code| match present.as_slice() {
            [first, second] if code == first || code == second => {
                Some(if code == second { 1.0 } else { 0.0 })
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_levels() {
        let column = Column::numeric(vec![0.0, 5.0, f64::NAN, -0.0, 1e9]);
        assert_eq!(levels(&column), [Some(0.0), Some(0.6), None, Some(0.0), Some(1.0)]);
        assert_eq!(levels(&Column::numeric(vec![2.0, 2.0])), [Some(0.5), Some(0.5)]);
        assert_eq!(levels(&Column::numeric(vec![])), []);
        let two = Column::category(&[Some("a"), None, Some("b")]);
        assert_eq!(levels(&two), [Some(0.0), None, Some(1.0)]);
    }
}
