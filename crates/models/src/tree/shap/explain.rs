//! The explanation of a tree model's score, in a unit in which trees add up.
//!
//! | reading | without `class` | with `class` |
//! |---|---|---|
//! | `Logit` | the log-odds, which are the score | none |
//! | `Probability`, one output | the probability of an attack, which is the score | none |
//! | `Probability`, one per class | 1 − the probability of the benign class, the score | the probability of the class |
//! | `Softmax` | minus the margin of the benign class | the margin of the class |
//! | `PathLength` | minus the mean path length, with which the score rises | none |
//! | `Rank` | the output, which is the score | none |
//!
//! The score of a softmax, log-odds of not being benign, is no sum over trees; the benign margin is,
//! and is what the score falls with.

use tripline_core::{
    Aligned, Attributions, Explain, ExplainError, ExplainMethod, ExplainOptions, Frame,
    Interactions, Link,
};

use super::Shap;
use crate::tree::{Reading, TreeModel};

/// Largest distance between an output and the sum of its parts, relative to the largest of them:
/// what rounding leaves in tens of thousands of leaves is a thousandth of this.
const TOLERANCE: f64 = 1e-6;

/// What is explained: `constant + sign × output`.
struct Explained {
    output: usize,
    sign: f64,
    constant: f64,
    link: Link,
}

impl TreeModel {
    fn explained(&self, class: Option<usize>) -> Result<Explained, ExplainError> {
        if let Some(class) = class {
            let count = self.classes.len();
            if class >= count {
                return Err(ExplainError::Class { class, count });
            }
        }
        let plain = |output, link| Explained { output, sign: 1.0, constant: 0.0, link };
        let benign = |constant, link| Explained { output: 0, sign: -1.0, constant, link };
        Ok(match (self.reading, class) {
            (Reading::Softmax, Some(class)) => plain(class, Link::Rank),
            (Reading::Probability, Some(class)) => plain(class, Link::Probability),
            (Reading::Softmax, None) => benign(0.0, Link::Rank),
            (Reading::Probability, None) if self.forest.outputs > 1 => {
                benign(1.0, Link::Probability)
            }
            (Reading::PathLength { .. }, _) => benign(0.0, Link::Rank),
            (reading, _) => plain(0, reading.link()),
        })
    }

    fn outputs_explained(&self, explained: &Explained, rows: &Aligned<'_>) -> Vec<f64> {
        let mut outputs = vec![0.0; rows.len * self.forest.outputs];
        self.scorer().score_rows(rows, &mut outputs);
        let own = outputs.iter().skip(explained.output).step_by(self.forest.outputs);
        own.map(|output| explained.constant + explained.sign * output).collect()
    }

    fn column_names(&self) -> Vec<String> {
        self.schema.names().map(str::to_owned).collect()
    }
}

impl Explain for TreeModel {
    fn attributions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Attributions, ExplainError> {
        let explained = self.explained(options.class)?;
        let shap = Shap::new(&self.forest, self.scorer(), explained.output)
            .with_edges(self.edges(explained.output));
        let rows = self.schema.align(frame.rows()?)?;
        let outputs = self.outputs_explained(&explained, &rows);
        let (base, mut values) = match options.method {
            ExplainMethod::PathDependent => {
                let base = explained.constant + explained.sign * shap.base();
                (base, shap.path_dependent(&rows))
            }
            ExplainMethod::Interventional { background } => {
                let background = self.schema.align(background.rows()?)?;
                if background.len == 0 {
                    return Err(ExplainError::EmptyBackground);
                }
                let theirs = self.outputs_explained(&explained, &background);
                let base = theirs.iter().sum::<f64>() / theirs.len() as f64;
                (base, shap.interventional(&rows, &shap.background(&background)))
            }
        };
        if explained.sign < 0.0 {
            values.iter_mut().for_each(|value| *value = 0.0 - *value);
        }
        check(base, &values, &outputs)?;
        let features = self.column_names();
        Ok(Attributions { features, base, values, outputs, link: explained.link })
    }

    fn interactions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Interactions, ExplainError> {
        if !matches!(options.method, ExplainMethod::PathDependent) {
            return Err(ExplainError::Unsupported { what: "interactions over a background" });
        }
        let explained = self.explained(options.class)?;
        let shap = Shap::new(&self.forest, self.scorer(), explained.output);
        let rows = self.schema.align(frame.rows()?)?;
        let outputs = self.outputs_explained(&explained, &rows);
        let base = explained.constant + explained.sign * shap.base();
        let mut values = shap.interactions(&rows);
        if explained.sign < 0.0 {
            values.iter_mut().for_each(|value| *value = 0.0 - *value);
        }
        check(base, &values, &outputs)?;
        Ok(Interactions { features: self.column_names(), base, values, outputs })
    }
}

/// Errors if the parts of a row do not sum to its output.
fn check(base: f64, values: &[f64], outputs: &[f64]) -> Result<(), ExplainError> {
    let size = values.len() / outputs.len().max(1);
    for (row, output) in outputs.iter().enumerate() {
        let parts = &values[row * size..(row + 1) * size];
        let sum = base + parts.iter().sum::<f64>();
        let scale = parts.iter().fold(base.abs().max(output.abs()), |a, part| a.max(part.abs()));
        let close = (output - sum).abs() <= TOLERANCE * scale;
        if !close {
            return Err(ExplainError::NotAdditive { row });
        }
    }
    Ok(())
}
