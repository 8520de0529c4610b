//! From what the columns add to score and probability, line by line.

use maud::{Markup, html};
use tripline_assess::plot::{Parts, short, signed};

use super::super::text::probability;

/// How the output that the columns add up to becomes the score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Link {
    /// It is the score.
    Same,
    /// It is minus the margin of the benign class of a softmax; the score is the log-odds of all
    /// other classes against it.
    Softmax {
        /// The benign class.
        benign: String,
        /// The number of other classes.
        others: usize,
    },
    /// It is minus the mean path length; the score is two to the power of it over the typical one.
    PathLength {
        /// The typical path length.
        typical: f64,
    },
    /// The score rises with it; how is the detector's own matter.
    Rises,
}

/// How the score becomes the probability.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Calibration {
    /// A sigmoid of slope × score + offset.
    Sigmoid {
        /// The slope.
        slope: f64,
        /// The offset.
        offset: f64,
    },
    /// In words.
    Named(&'static str),
}

/// The numbers of a detection that its reasons lead to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    /// How output becomes score.
    pub(crate) link: Link,
    /// How score becomes probability; none where the version is not loaded.
    pub(crate) calibration: Option<Calibration>,
    /// The score.
    pub(crate) score: f64,
    /// The threshold.
    pub(crate) threshold: f64,
    /// The probability.
    pub(crate) probability: f64,
}

impl Link {
    /// What the axis of the drawing is.
    pub(crate) fn axis(&self) -> String {
        match self {
            Self::Same => "score".to_owned(),
            Self::Softmax { benign, .. } => format!("minus the margin of {benign}"),
            Self::PathLength { .. } => "minus the mean path length".to_owned(),
            Self::Rises => "output".to_owned(),
        }
    }
}

/// From base to probability, line by line, so that a reader can add it up.
pub(crate) fn sums(parts: &Parts, reading: &Reading) -> Markup {
    let (base, output, score) = (parts.base, parts.output, reading.score);
    let columns = output - base;
    html! {
        h3 { "How it adds up" }
        div.scroll { table.sums { tbody {
            tr { th scope="row" { "Without any column" } td.n { (short(base)) } td.dim { "the mean of the training rows" } }
            tr { th scope="row" { "All columns" } td.n { (signed(columns)) } td.dim { "the sum of their effects" } }
            @match &reading.link {
                Link::Same => {
                    tr.total { th scope="row" { "Score" } td.n { (short(score)) } td.dim { (parts.unit) } }
                },
                Link::Softmax { benign, others } => {
                    tr.total { th scope="row" { "Minus the margin of " (benign) } td.n { (short(output)) } td.dim { "where the drawing ends" } }
                    tr { th scope="row" { "The other " (others) " classes" } td.n { (signed(score - output)) } td.dim { "ln Σ e" sup { "margin" } " over them" } }
                    tr.total { th scope="row" { "Score" } td.n { (short(score)) } td.dim { "log-odds of being none of " (benign) } }
                },
                Link::PathLength { typical } => {
                    tr.total { th scope="row" { "Minus the mean path length" } td.n { (short(output)) } td.dim { "where the drawing ends" } }
                    tr.total { th scope="row" { "Score" } td.n { (short(score)) } td.dim { "2 to the power of it over " (short(*typical)) ", the typical path length" } }
                },
                Link::Rises => {
                    tr.total { th scope="row" { "Output" } td.n { (short(output)) } td.dim { "where the drawing ends; the score rises with it" } }
                    tr.total { th scope="row" { "Score" } td.n { (short(score)) } td.dim { "computed from the output by the detector; the effects do not add up to it" } }
                },
            }
            tr { th scope="row" { "Threshold" } td.n { (short(reading.threshold)) } td.dim { "an alert from here on" } }
            tr { th scope="row" { "Probability" } td.n { (probability(reading.probability)) } td.dim { (calibrated(reading)) } }
        } } }
    }
}

fn calibrated(reading: &Reading) -> String {
    match &reading.calibration {
        Some(Calibration::Sigmoid { slope, offset }) => {
            format!(
                "1 / (1 + e^\u{2212}z), z = {} × score {}",
                short(*slope),
                signed_apart(*offset)
            )
        }
        Some(Calibration::Named(how)) => (*how).to_owned(),
        None => "calibrated by the version, which is not loaded now".to_owned(),
    }
}

fn signed_apart(value: f64) -> String {
    let sign = if value < 0.0 { '\u{2212}' } else { '+' };
    format!("{sign} {}", short(value.abs()))
}
