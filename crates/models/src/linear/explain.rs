//! Exact Shapley values of a weighted sum: a weight times the distance from the mean (Štrumbelj &
//! Kononenko 2014, section 4.1).

use tripline_core::{
    Attributions, Detector, Explain, ExplainError, ExplainMethod, ExplainOptions, Frame,
    Importance, Link,
};

use super::head::Head;
use super::model::LinearModel;
use crate::table::{Hole, Table};

/// Largest part told; a sum of a few hundred of them is finite.
const BOUND: f64 = 1e300;

impl From<Hole> for ExplainError {
    fn from(hole: Hole) -> Self {
        Self::Missing { column: hole.column, row: hole.row }
    }
}

impl Explain for LinearModel {
    /// Columns are taken as independent, so that one mean stands for all that an absent column
    /// might have been: of the rows fitted, or of the background. Both are exact.
    ///
    /// A model of several classes has no weighted sum for its score: without
    /// [`ExplainOptions::class`], what speaks against the benign class is explained, its output
    /// negated.
    fn attributions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Attributions, ExplainError> {
        let (output, sign, link) = self.explained(options.class)?;
        let means = match options.method {
            ExplainMethod::PathDependent => self.means.clone(),
            ExplainMethod::Interventional { background } => self.means_of(background)?,
        };
        let table = Table::new::<ExplainError>(&self.schema, frame.rows()?)?;
        let weights: Vec<f64> = self.weights(output).iter().map(|weight| sign * weight).collect();
        let at_means: f64 = weights.iter().zip(&means).map(|(weight, mean)| weight * mean).sum();
        let base = (sign * self.intercept(output) + at_means).clamp(-BOUND, BOUND);
        let mut values = Vec::with_capacity(table.len * weights.len());
        let mut outputs = Vec::with_capacity(table.len);
        for row in 0..table.len {
            let mut sum = base;
            for ((weight, mean), column) in weights.iter().zip(&means).zip(&table.columns) {
                let part = (weight * (column[row] - mean)).clamp(-BOUND, BOUND);
                sum += part;
                values.push(part);
            }
            outputs.push(sum);
        }
        let features = self.schema.names().map(str::to_owned).collect();
        Ok(Attributions { features, base, values, outputs, link })
    }
}

impl LinearModel {
    /// The output that a class asks for, whether it is negated, its unit.
    fn explained(&self, class: Option<usize>) -> Result<(usize, f64, Link), ExplainError> {
        let count = self.classes.len();
        let link = match self.head {
            Head::Softmax => Link::Rank,
            Head::Single | Head::OneVsRest => self.link(),
        };
        match (self.head, class) {
            (_, Some(class)) if class >= count => Err(ExplainError::Class { class, count }),
            (Head::Single, None | Some(1)) => Ok((0, 1.0, link)),
            (Head::Single, Some(_)) => Ok((0, -1.0, link)),
            (_, Some(class)) => Ok((class, 1.0, link)),
            (_, None) => Ok((0, -1.0, Link::Rank)),
        }
    }

    fn means_of(&self, background: &Frame) -> Result<Vec<f64>, ExplainError> {
        let table = Table::new::<ExplainError>(&self.schema, background.rows()?)?;
        if table.len == 0 {
            return Err(ExplainError::EmptyBackground);
        }
        let rows = table.len as f64;
        // Divided first: a sum of huge numbers stays finite.
        Ok(table.columns.iter().map(|column| column.iter().map(|x| x / rows).sum()).collect())
    }
}

impl Importance for LinearModel {
    fn importance(&self) -> Vec<f64> {
        let count = self.outputs() as f64;
        self.deviations
            .iter()
            .enumerate()
            .map(|(j, deviation)| {
                let weights = (0..self.outputs()).map(|output| self.weights(output)[j].abs());
                (weights.sum::<f64>() / count * deviation).min(BOUND)
            })
            .collect()
    }
}
