//! Training rows far from the rest left out.

use rayon::prelude::*;
use tripline_core::Column;

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::statistics;
use crate::step::{Outcome, Parsed, Step, StepCard, count, number};
use crate::table::Table;

/// From deviations to median absolute deviations of a normal distribution: its third quartile
/// (Iglewicz & Hoaglin 1993, section 3.3).
const MAD_OF_NORMAL: f64 = 0.6745;

pub(crate) const IQR: StepCard = StepCard {
    id: "outliers=iqr",
    syntax: "outliers=iqr[:FACTOR[:COLUMNS]]",
    summary: "Leaves out training rows with at least COLUMNS (1) numbers more than FACTOR (3) \
              times the interquartile range outside the quartiles; where labels are known, benign \
              rows alone are judged, against each other.",
    source: "Tukey 1977, outer fences",
    parse: |parts| parse(parts, Rule::Iqr, 3.0),
};

pub(crate) const Z_SCORE: StepCard = StepCard {
    id: "outliers=z_score",
    syntax: "outliers=z_score[:FACTOR[:COLUMNS]]",
    summary: "As iqr, with numbers more than FACTOR (3) standard deviations from the mean.",
    source: "Grubbs 1969, scores without the test",
    parse: |parts| parse(parts, Rule::ZScore, 3.0),
};

pub(crate) const MAD: StepCard = StepCard {
    id: "outliers=mad",
    syntax: "outliers=mad[:FACTOR[:COLUMNS]]",
    summary: "As iqr, with numbers whose modified z-score, 0.6745 times the distance from the \
              median in median absolute deviations, is above FACTOR (3.5).",
    source: "Iglewicz & Hoaglin 1993, section 3.3",
    parse: |parts| parse(parts, Rule::Mad, 3.5),
};

fn parse(parts: &[&str], rule: Rule, default: f64) -> Parsed {
    let factor = |text| number(text, "FACTOR must be a number above 0", |value| value > 0.0);
    Ok(Box::new(match parts {
        [] => Outliers { rule, factor: default, columns: 1 },
        [text] => Outliers { rule, factor: factor(text)?, columns: 1 },
        [text, columns] => {
            Outliers { rule, factor: factor(text)?, columns: count(columns, "COLUMNS")? }
        }
        _ => return Err("takes FACTOR and COLUMNS at most".to_owned()),
    }))
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    Iqr,
    ZScore,
    Mad,
}

#[derive(Debug)]
struct Outliers {
    rule: Rule,
    factor: f64,
    columns: usize,
}

impl Step for Outliers {
    fn text(&self) -> String {
        let rule = match self.rule {
            Rule::Iqr => "iqr",
            Rule::ZScore => "z_score",
            Rule::Mad => "mad",
        };
        match self.columns {
            1 => format!("outliers={rule}:{}", self.factor),
            columns => format!("outliers={rule}:{}:{columns}", self.factor),
        }
    }

    fn fit(&self, table: &Table, context: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        // What a supervised model is to find lies outside the usual: attacks always stay.
        let judged: Vec<usize> = match context.labels {
            Some(labels) => (0..table.len).filter(|&row| !labels.is_attack(row)).collect(),
            None => (0..table.len).collect(),
        };
        let outside: Vec<Vec<usize>> = table
            .columns
            .par_iter()
            .map(|column| match column {
                Column::Numeric(values) => self.outside(values, &judged),
                Column::Category(_) => Vec::new(),
            })
            .collect();
        let mut counts = vec![0usize; table.len];
        for row in outside.into_iter().flatten() {
            counts[row] += 1;
        }
        Ok(Outcome::Keep((0..table.len).filter(|&row| counts[row] < self.columns).collect()))
    }
}

impl Outliers {
    /// The judged rows whose value lies outside; none where values have no spread, since every
    /// other value would then be an outlier.
    fn outside(&self, values: &[f64], judged: &[usize]) -> Vec<usize> {
        let own: Vec<f64> = judged.iter().map(|&row| values[row]).collect();
        let Some((low, high)) = self.bounds(&own) else { return Vec::new() };
        judged.iter().copied().filter(|&row| values[row] < low || values[row] > high).collect()
    }

    fn bounds(&self, values: &[f64]) -> Option<(f64, f64)> {
        let (low, high, spread) = match self.rule {
            Rule::Iqr => {
                let sorted = statistics::sorted(values);
                let low = statistics::quantile(&sorted, 0.25)?;
                let high = statistics::quantile(&sorted, 0.75)?;
                (low, high, high - low)
            }
            Rule::ZScore => {
                let (mean, variance) = statistics::moments(values)?;
                (mean, mean, variance.sqrt())
            }
            Rule::Mad => {
                let median = statistics::quantile(&statistics::sorted(values), 0.5)?;
                let distances: Vec<f64> = values.iter().map(|v| (v - median).abs()).collect();
                let mad = statistics::quantile(&statistics::sorted(&distances), 0.5)?;
                (median, median, mad / MAD_OF_NORMAL)
            }
        };
        let reach = self.factor * spread;
        (spread > 0.0 && reach.is_finite()).then_some((low - reach, high + reach))
    }
}
