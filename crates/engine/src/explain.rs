//! Explain: why rows score as they do, in the columns of the data.

use tripline_assess::explain::{self, Folded, GlobalExplanation, RowExplanation};
use tripline_core::{Attributions, Dataset, Frame, Rng, Rows};
use tripline_models::explain::KernelOptions;

use crate::attribution::{self, Attributed, AttributionMethod};
use crate::error::EngineError;
use crate::model::{Model, Verdicts};

/// How attributions are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExplainSettings<'a> {
    /// Absent columns take the values of these raw rows (interventional method); without them the
    /// training rows in each node tell (path-dependent method).
    pub background: Option<&'a Rows>,
    /// This class's own output instead of the score.
    pub class: Option<usize>,
    /// The work for a model that cannot split its score itself.
    pub kernel: KernelOptions,
}

/// Rows with their verdicts and reasons.
#[derive(Debug)]
pub struct Explained {
    /// What the model says of the rows.
    pub verdicts: Verdicts,
    /// Attributions in the columns of the data.
    pub folded: Folded,
    /// The rows as the detector saw them.
    pub prepared: Rows,
    /// How the attributions were found.
    pub method: AttributionMethod,
}

/// A sample of many rows explained.
#[derive(Debug)]
pub struct GlobalReport {
    /// What columns are worth.
    pub global: GlobalExplanation,
    /// The rows of the sample.
    pub rows: Rows,
    /// Verdicts with attributions of these rows.
    pub explained: Explained,
}

/// What a pair of prepared columns adds together, beyond what each adds alone.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PairEffect {
    /// The column that stands first in the model.
    pub first: String,
    /// The other.
    pub second: String,
    /// Mean over the rows, in the unit of the score.
    pub mean: f64,
    /// Mean absolute value over the rows, in the unit of the score.
    pub mean_absolute: f64,
}

impl Model {
    /// Explains rows in the columns of the data.
    pub fn explain(
        &self,
        rows: &Rows,
        settings: &ExplainSettings<'_>,
    ) -> Result<Explained, EngineError> {
        let (prepared, report) = self.prepare(rows)?;
        let frame = Frame::from(prepared.clone());
        let Attributed { attributions, method } = match self.detector().explain() {
            Some(_) => self.by_parts(&frame, settings)?,
            None => self.attributed(rows, settings)?,
        };
        let folded = self.fold(attributions, method)?;
        let verdicts = self.score_prepared(&frame, report)?;
        Ok(Explained { verdicts, folded, prepared, method })
    }

    /// Attributions, found in that way, in the columns of the data.
    pub fn fold(
        &self,
        attributions: Attributions,
        method: AttributionMethod,
    ) -> Result<Folded, EngineError> {
        match self.preparer() {
            Some(preparer) if !matches!(method, AttributionMethod::Kernel { .. }) => {
                // The detector may hold its columns in another order than preparing gives them.
                let mut sources = Vec::with_capacity(attributions.features.len());
                for feature in &attributions.features {
                    let at = preparer.output().position(feature);
                    sources.push(at.map(|at| preparer.sources()[at].clone()).unwrap_or_default());
                }
                Ok(explain::fold(&attributions, preparer.input(), &sources)?)
            }
            _ => {
                let sources: Vec<Vec<usize>> =
                    (0..attributions.features.len()).map(|at| vec![at]).collect();
                Ok(explain::fold(&attributions, self.input(), &sources)?)
            }
        }
    }

    /// The class of that name; errors list the model's classes.
    pub fn class_named(&self, name: &str) -> Result<usize, EngineError> {
        let classes = self.classes().unwrap_or_default();
        classes.iter().position(|class| class == name).ok_or_else(|| EngineError::NoClass {
            model: self.name(),
            class: name.to_owned(),
            known: if classes.is_empty() {
                "none: the model tells attack from benign".to_owned()
            } else {
                classes.join(", ")
            },
        })
    }
}

impl Explained {
    /// The reasons of the row at `index`; `number` is the number under which the user knows it.
    pub fn reasons(&self, model: &Model, rows: &Rows, index: usize, number: u64) -> RowExplanation {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        explain::explain_row(
            &self.folded,
            index,
            number,
            rows,
            Some(&self.prepared),
            model.typical(),
        )
    }
}

/// Explains a sample of at most `limit` rows, drawn without repetition.
pub fn explain_global(
    model: &Model,
    data: &Dataset,
    limit: usize,
    seed: u64,
    settings: &ExplainSettings<'_>,
) -> Result<GlobalReport, EngineError> {
    let rows = drawn(data, limit, seed);
    // A mean over many rows needs less work for each.
    let settings = ExplainSettings { kernel: attribution::quick(), ..*settings };
    let explained = model.explain(&rows, &settings)?;
    Ok(GlobalReport { global: explain::global(&explained.folded), rows, explained })
}

/// The pairs of prepared columns that add most together over a sample of at most `limit` rows: SHAP
/// interaction values (Lundberg et al. 2020, eq. 8 to 10), both halves of a pair summed.
pub fn explain_pairs(
    model: &Model,
    data: &Dataset,
    limit: usize,
    seed: u64,
    class: Option<usize>,
) -> Result<Vec<PairEffect>, EngineError> {
    let interactions = model.interactions(&drawn(data, limit, seed), class)?;
    let width = interactions.features.len();
    let count = interactions.outputs.len().max(1) as f64;
    let mut pairs = Vec::with_capacity(width * width.saturating_sub(1) / 2);
    for first in 0..width {
        for second in first + 1..width {
            let (mut sum, mut absolute) = (0.0, 0.0);
            for row in 0..interactions.outputs.len() {
                let values = &interactions.values[row * width * width..][..width * width];
                let effect = values[first * width + second] + values[second * width + first];
                sum += effect;
                absolute += effect.abs();
            }
            pairs.push(PairEffect {
                first: interactions.features[first].clone(),
                second: interactions.features[second].clone(),
                mean: sum / count,
                mean_absolute: absolute / count,
            });
        }
    }
    // Stable, so that equal pairs stay in the order of the columns.
    pairs.sort_by(|a, b| b.mean_absolute.total_cmp(&a.mean_absolute));
    Ok(pairs)
}

/// At most `limit` rows, drawn without repetition, in their order.
fn drawn(data: &Dataset, limit: usize, seed: u64) -> Rows {
    if data.len() <= limit {
        return data.rows.clone();
    }
    let mut index = Rng::new(seed).sample(data.len(), limit);
    index.sort_unstable();
    data.rows.select(&index)
}
