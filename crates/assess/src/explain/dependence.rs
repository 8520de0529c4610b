//! A column's effect over its own values, with the column that its spread goes along with.

use serde::Serialize;
use tripline_core::{Category, Column, Rows};

use super::fold::Folded;
use super::global::levels;
use super::reasons::unit;
use crate::plot::{self, DependencePoint, DependenceX, Figure};

/// Categories drawn apart; the rest stand together, as their names would not fit the axis.
const CATEGORIES: usize = 10;

/// Least share of an effect's variance beside what its own column's value tells; below it the
/// points form a line and a colour would say nothing.
const LEAST_SPREAD: f64 = 1e-3;

/// A column's effect over its own values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dependence {
    /// The column.
    pub feature: String,
    /// The unit of the effects.
    pub unit: &'static str,
    /// Names of categories that `x` points to; none for numbers.
    pub categories: Option<Vec<String>>,
    /// The row's value: a number or a position in `categories`; `NaN` is missing.
    pub x: Vec<f64>,
    /// What the column adds to the row's score.
    pub effect: Vec<f64>,
    /// The column that the spread goes along with most.
    pub other: Option<String>,
    /// Where its values lie among themselves, from 0 to 1.
    pub level: Vec<Option<f64>>,
}

impl Dependence {
    /// Drawn.
    pub fn figure(&self) -> Figure {
        let points: Vec<DependencePoint> = self
            .x
            .iter()
            .zip(&self.effect)
            .zip(&self.level)
            .map(|((&x, &effect), &level)| DependencePoint { x, effect, level })
            .collect();
        let x = match &self.categories {
            None => DependenceX::Numeric,
            Some(names) => DependenceX::Category(names.clone()),
        };
        plot::dependence(&self.feature, &x, &points, self.other.as_deref(), self.unit)
    }
}

/// The dependence of the attributed column at `position`; `None` if its values are in neither
/// `data` nor `prepared`, or there are fewer rows than attributions.
pub fn dependence(
    folded: &Folded,
    position: usize,
    data: &Rows,
    prepared: Option<&Rows>,
) -> Option<Dependence> {
    let attributions = &folded.attributions;
    let rows = attributions.outputs.len();
    let find = |name: &str| {
        data.column(name)
            .or_else(|| prepared.and_then(|rows| rows.column(name)))
            .filter(|column| column.len() == rows)
    };
    let feature = attributions.features.get(position)?;
    let column = find(feature)?;
    let effect: Vec<f64> = (0..rows).map(|row| attributions.row(row)[position]).collect();
    let (x, categories) = match column {
        Column::Numeric(values) => (values.to_vec(), None),
        Column::Category(category) => {
            let (x, names) = positions(category);
            (x, Some(names))
        }
    };
    let mut best: Option<(f64, &str, &Column)> = None;
    // Where the value alone tells the effect, another column could go along with nothing but it.
    let spread = spread(&x, &effect) > LEAST_SPREAD;
    for (other, name) in attributions.features.iter().enumerate() {
        if other == position || !spread {
            continue;
        }
        let Some(candidate) = find(name) else { continue };
        let strength = interaction_strength(&x, &effect, &numbers(candidate));
        if strength > best.map_or(0.0, |best| best.0) {
            best = Some((strength, name, candidate));
        }
    }
    Some(Dependence {
        feature: feature.clone(),
        unit: unit(attributions.link),
        categories,
        x,
        effect,
        other: best.map(|best| best.1.to_owned()),
        level: best.map_or_else(|| vec![None; rows], |best| levels(best.2)),
    })
}

/// How far the spread of effects at like values goes along with another column.
///
/// As `shap.utils.approximate_interactions`: rows in the order of `x` are cut into windows of a
/// tenth, at most 50; the absolute correlations of effect with the other column are summed over
/// these, for its values as for their absence, of which the larger counts.
pub fn interaction_strength(x: &[f64], effect: &[f64], other: &[f64]) -> f64 {
    let rows = x.len().min(effect.len()).min(other.len());
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by(|&a, &b| (x[a] + 0.0).total_cmp(&(x[b] + 0.0)).then(a.cmp(&b)));
    let window = (rows / 10).clamp(1, 50);
    let present: Vec<f64> =
        other.iter().map(|value| if value.is_nan() { 0.0 } else { *value }).collect();
    let absent: Vec<f64> = other.iter().map(|value| f64::from(u8::from(value.is_nan()))).collect();
    let sum = |values: &[f64]| -> f64 {
        order.chunks(window).map(|rows| correlation(rows, effect, values).abs()).sum()
    };
    sum(&present).max(sum(&absent))
}

/// The share of the variance of effects that is left within windows of like values, a straight
/// line through each window taken out.
fn spread(x: &[f64], effect: &[f64]) -> f64 {
    let all: Vec<usize> = (0..x.len().min(effect.len())).collect();
    let whole = variance(&all, effect);
    if whole <= 0.0 {
        return 0.0;
    }
    let present: Vec<f64> = x.iter().map(|x| if x.is_nan() { 0.0 } else { *x }).collect();
    let mut order = all.clone();
    order.sort_by(|&a, &b| (x[a] + 0.0).total_cmp(&(x[b] + 0.0)).then(a.cmp(&b)));
    let window = (order.len() / 10).clamp(1, 50);
    let left: f64 = order
        .chunks(window)
        .map(|rows| {
            let r = correlation(rows, effect, &present);
            variance(rows, effect) * (1.0 - r * r) * rows.len() as f64
        })
        .sum();
    left / (whole * order.len() as f64)
}

fn variance(rows: &[usize], values: &[f64]) -> f64 {
    let n = rows.len().max(1) as f64;
    let mean = rows.iter().map(|&row| values[row]).sum::<f64>() / n;
    rows.iter().map(|&row| (values[row] - mean) * (values[row] - mean)).sum::<f64>() / n
}

/// Pearson's correlation over some rows; 0 where one side does not vary.
fn correlation(rows: &[usize], a: &[f64], b: &[f64]) -> f64 {
    let n = rows.len() as f64;
    let mean = |values: &[f64]| rows.iter().map(|&row| values[row]).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for &row in rows {
        let (da, db) = (a[row] - mean_a, b[row] - mean_b);
        aa += da * da;
        bb += db * db;
        ab += da * db;
    }
    let product = (aa * bb).sqrt();
    // Beneath this a spread is the rounding of equal values.
    let flat = |sum: f64, mean: f64| sum <= n * (mean * 1e-12) * (mean * 1e-12);
    if flat(aa, mean_a) || flat(bb, mean_b) || !product.is_normal() { 0.0 } else { ab / product }
}

fn numbers(column: &Column) -> Vec<f64> {
    match column {
        Column::Numeric(values) => values.to_vec(),
        Column::Category(category) => category
            .codes
            .iter()
            .map(|&code| if code == Category::MISSING { f64::NAN } else { f64::from(code) })
            .collect(),
    }
}

/// Positions of the most frequent categories by falling frequency, the others as one last.
fn positions(category: &Category) -> (Vec<f64>, Vec<String>) {
    let mut counts = vec![0_usize; category.values.len()];
    for &code in category.codes.iter().filter(|&&code| code != Category::MISSING) {
        counts[code as usize] += 1;
    }
    let mut order: Vec<usize> = (0..counts.len()).filter(|&code| counts[code] > 0).collect();
    order.sort_by(|&a, &b| {
        counts[b].cmp(&counts[a]).then_with(|| category.values[a].cmp(&category.values[b]))
    });
    let apart = if order.len() > CATEGORIES { CATEGORIES - 1 } else { order.len() };
    let mut place = vec![apart as f64; counts.len()];
    for (at, &code) in order.iter().take(apart).enumerate() {
        place[code] = at as f64;
    }
    let mut names: Vec<String> =
        order.iter().take(apart).map(|&code| category.values[code].clone()).collect();
    if order.len() > apart {
        names.push(format!("{} others", order.len() - apart));
    }
    let x = category
        .codes
        .iter()
        .map(|&code| if code == Category::MISSING { f64::NAN } else { place[code as usize] })
        .collect();
    (x, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interacting_columns_are_ordered_as_by_shap() {
        // shap 0.51.0, seed 0: bench/oracles/interactions.py
        let text = include_str!("../../tests/data/interactions.csv");
        let mut lines = text.lines();
        let order = lines.next().unwrap().rsplit_once(' ').unwrap().1;
        let mut columns = vec![Vec::new(); 5];
        for line in lines.skip(1) {
            for (column, cell) in columns.iter_mut().zip(line.split(',')) {
                column.push(cell.parse::<f64>().unwrap());
            }
        }
        let mut strengths: Vec<(f64, char)> = "abc"
            .chars()
            .zip(&columns[2..])
            .map(|(name, other)| (interaction_strength(&columns[0], &columns[1], other), name))
            .collect();
        strengths.sort_by(|a, b| b.0.total_cmp(&a.0));
        let names: String = strengths.iter().map(|strength| strength.1).collect();
        // shap appends the column itself, whose strength is 0.
        assert_eq!(format!("{names}x"), order);
    }

    #[test]
    fn constant_columns_have_no_strength() {
        assert_eq!(interaction_strength(&[1.0, 2.0], &[0.1, 0.2], &[3.0, 3.0]), 0.0);
        assert_eq!(interaction_strength(&[], &[], &[]), 0.0);
    }
}
