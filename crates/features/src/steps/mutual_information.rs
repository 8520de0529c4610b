//! The columns that tell most of the class.

use rayon::prelude::*;
use tripline_core::{Category, Column, math};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::statistics;
use crate::step::{Outcome, Step, StepCard, count};
use crate::steps::selection::Selection;
use crate::table::Table;

/// Bins of a number column: enough for a threshold anywhere, few enough for tens of rows each.
const BINS: usize = 64;

pub(crate) const CARD: StepCard = StepCard {
    id: "select=mutual_information",
    syntax: "select=mutual_information:COUNT[:classes]",
    summary: "Keeps the COUNT columns with most information on whether a row is an attack, or on \
              its class (classes); numbers are cut into at most 64 bins of equally many rows.",
    source: "Cover & Thomas 2006, eq. 2.28, plug-in estimate; scikit-learn 1.9 mutual_info_score",
    parse: |parts| {
        let (parts, classes) = match parts {
            [head @ .., "classes"] => (head, true),
            _ => (parts, false),
        };
        match parts {
            [columns] => Ok(Box::new(Informative { columns: count(columns, "COUNT")?, classes })),
            _ => Err(format!("must be {}", CARD.syntax)),
        }
    },
};

#[derive(Debug)]
struct Informative {
    columns: usize,
    classes: bool,
}

impl Step for Informative {
    fn text(&self) -> String {
        let classes = if self.classes { ":classes" } else { "" };
        format!("select=mutual_information:{}{classes}", self.columns)
    }

    fn fit(&self, table: &Table, context: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let no_labels = || PrepareError::NoLabels { step: self.text() };
        let labels = context.labels.ok_or_else(no_labels)?;
        let classes: Vec<u32> = if self.classes {
            labels.codes().to_vec()
        } else {
            labels.codes().iter().map(|&code| u32::from(code != 0)).collect()
        };
        let ratings: Vec<f64> =
            table.columns.par_iter().map(|column| mutual_information(column, &classes)).collect();
        Selection::top(&ratings, self.columns, self)
    }
}

/// Mutual information of a column with the classes of its rows, in nats, from counts.
///
/// A category is its own bin. Numbers are cut at up to 63 distinct quantiles, so that values that
/// are frequent get bins of their own; missing values are a bin too, infinities fall into the
/// outermost bins. The plug-in estimate is too high by about (bins − 1)(classes − 1) / 2n (Miller
/// 1955), which matters for columns with about as many values as rows.
pub fn mutual_information(column: &Column, classes: &[u32]) -> f64 {
    let bins = bins(column);
    let width = classes.iter().max().map_or(0, |&class| class as usize + 1);
    let height = bins.iter().max().map_or(0, |&bin| bin as usize + 1);
    let mut joint = vec![0u64; width * height];
    let mut by_class = vec![0u64; width];
    let mut by_bin = vec![0u64; height];
    for (&bin, &class) in bins.iter().zip(classes) {
        joint[bin as usize * width + class as usize] += 1;
        by_class[class as usize] += 1;
        by_bin[bin as usize] += 1;
    }
    let rows: u64 = by_bin.iter().sum();
    let mut information = 0.0;
    for (bin, &in_bin) in by_bin.iter().enumerate() {
        for (class, &in_class) in by_class.iter().enumerate() {
            let both = joint[bin * width + class];
            if both > 0 {
                let ratio = (both as f64 / in_bin as f64) * (rows as f64 / in_class as f64);
                information += both as f64 / rows as f64 * math::ln(ratio);
            }
        }
    }
    information.max(0.0)
}

/// The bin of each row.
fn bins(column: &Column) -> Vec<u32> {
    match column {
        Column::Category(category) => {
            let last = category.values.len() as u32;
            let bin = |&code: &u32| if code == Category::MISSING { last } else { code.min(last) };
            category.codes.iter().map(bin).collect()
        }
        Column::Numeric(values) => {
            let sorted = statistics::sorted(values);
            let mut edges: Vec<f64> = (1..BINS)
                .filter_map(|i| statistics::quantile(&sorted, i as f64 / BINS as f64))
                .collect();
            edges.dedup();
            let missing = edges.len() as u32 + 1;
            let bin = |&value: &f64| {
                if value.is_nan() {
                    missing
                } else {
                    edges.partition_point(|&edge| edge < value) as u32
                }
            };
            values.iter().map(bin).collect()
        }
    }
}
