//! Attributions of any model: by the detector's own way, else by its scores.

use std::sync::Arc;

use tripline_core::{
    Attributions, Category, Column, ExplainError, ExplainMethod, ExplainOptions, FieldKind, Frame,
    Link, Prepared, Rows, ScoreError,
};
use tripline_features::MissingColumns;
use tripline_models::explain::{KernelOptions, Players, kernel_shap};

use crate::error::EngineError;
use crate::explain::ExplainSettings;
use crate::model::Model;

/// How attributions were found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AttributionMethod {
    /// Exact; absent columns by the training rows that reached each node, or by means.
    PathDependent,
    /// Exact; absent columns by background rows.
    Interventional,
    /// KernelSHAP over the columns of the data: from scores alone, absent columns by background
    /// rows.
    Kernel {
        /// The most coalitions of columns that a row took.
        coalitions: usize,
        /// Background rows used.
        background_rows: usize,
        /// Every coalition was taken, so that the values are exact for this background.
        exact: bool,
        /// The largest standard error of a value, in the unit of the score; 0 if exact.
        largest_error: f64,
    },
}

impl AttributionMethod {
    /// `path-dependent`, `interventional` or `kernel`.
    pub fn id(self) -> &'static str {
        match self {
            Self::PathDependent => "path-dependent",
            Self::Interventional => "interventional",
            Self::Kernel { .. } => "kernel",
        }
    }

    /// One sentence or two for a reader.
    pub fn describe(self) -> String {
        match self {
            Self::PathDependent => "Exact Shapley values, path-dependent: an absent column is \
                                    averaged over the training rows that reached each decision."
                .to_owned(),
            Self::Interventional => "Exact Shapley values, interventional: an absent column takes \
                                     the values of benign training rows."
                .to_owned(),
            Self::Kernel { coalitions, background_rows, exact, largest_error } => {
                let how = if exact {
                    "all coalitions of columns that differ from the background".to_owned()
                } else {
                    format!(
                        "up to {coalitions} coalitions of columns, largest standard error \
                         {largest_error:.2e}"
                    )
                };
                format!(
                    "KernelSHAP over the columns of the data: an absent column takes the values of \
                     {background_rows} benign training rows; {how}."
                )
            }
        }
    }
}

/// Attributions with how they were found.
#[derive(Debug, Clone)]
pub struct Attributed {
    /// By prepared columns, or by the columns of the data where KernelSHAP found them.
    pub attributions: Attributions,
    /// How.
    pub method: AttributionMethod,
}

impl Model {
    /// What each column adds to each row's output: exact where the detector can split its score,
    /// else by KernelSHAP, which needs the model's benign background or one in `settings`.
    ///
    /// The unit is that of the raw score, or the probability of a class that was asked for.
    pub fn attributed(
        &self,
        rows: &Rows,
        settings: &ExplainSettings<'_>,
    ) -> Result<Attributed, EngineError> {
        if self.detector().explain().is_none() {
            return self.by_kernel(rows, settings);
        }
        let (prepared, _) = self.prepare(rows)?;
        self.by_parts(&Frame::from(prepared), settings)
    }

    /// As [`Model::attributed`], of prepared rows, for a detector that splits its score itself.
    pub(crate) fn by_parts(
        &self,
        prepared: &Frame,
        settings: &ExplainSettings<'_>,
    ) -> Result<Attributed, EngineError> {
        let explain = self.detector().explain().ok_or_else(|| self.unexplainable())?;
        let background = match settings.background {
            Some(rows) => Some(Frame::from(self.prepare(rows)?.0)),
            None => None,
        };
        let (method, told) = match &background {
            Some(background) => {
                (ExplainMethod::Interventional { background }, AttributionMethod::Interventional)
            }
            None => (ExplainMethod::PathDependent, AttributionMethod::PathDependent),
        };
        let options = ExplainOptions { method, class: settings.class };
        let attributions =
            explain.attributions(prepared, &options).map_err(|source| self.unexplained(source))?;
        Ok(Attributed { attributions, method: told })
    }

    fn by_kernel(
        &self,
        rows: &Rows,
        settings: &ExplainSettings<'_>,
    ) -> Result<Attributed, EngineError> {
        let background =
            settings.background.or(self.background()).ok_or_else(|| self.unexplainable())?;
        let count = self.classes().map_or(2, <[String]>::len);
        if let Some(class) =
            settings.class.filter(|&class| self.classes().is_none() || class >= count)
        {
            return Err(self.unexplained(ExplainError::Class { class, count }));
        }
        let score = |rows: &Rows| self.output(rows, settings.class);
        let link = match settings.class {
            Some(_) => Link::Probability,
            None => self.detector().link(),
        };
        let players = Players::each(self.input().names());
        let (rows, background) = (self.with_all_columns(rows)?, self.with_all_columns(background)?);
        let found = kernel_shap(&score, link, &rows, &background, &players, &settings.kernel)
            .map_err(|source| self.unexplained(source))?;
        let method = AttributionMethod::Kernel {
            coalitions: found.coalitions,
            background_rows: found.background_rows,
            exact: found.exact,
            largest_error: found.largest_error(),
        };
        Ok(Attributed { attributions: found.attributions, method })
    }

    /// The raw score, or the probability of a class.
    fn output(&self, rows: &Rows, class: Option<usize>) -> Result<Vec<f64>, ScoreError> {
        let frame = match self.preparer() {
            Some(preparer) => Frame::from(Prepared::apply(preparer, rows)?),
            None => Frame::from(rows.clone()),
        };
        match (class, self.detector().classes()) {
            (Some(class), Some(classes)) => {
                let width = classes.names().len();
                let values = classes.probabilities(&frame)?;
                Ok(values.chunks_exact(width.max(1)).map(|row| row[class]).collect())
            }
            _ => self.detector().score(&frame),
        }
    }

    /// The columns that the model reads; a missing one is all missing where the model says so.
    fn with_all_columns(&self, rows: &Rows) -> Result<Rows, EngineError> {
        let fill = self.preparer().is_some_and(|p| p.missing_columns() == MissingColumns::Fill);
        let mut columns = Vec::with_capacity(self.input().len());
        for field in self.input().fields() {
            let column = match (rows.column(&field.name), &field.kind) {
                (Some(column), _) => column.clone(),
                (None, FieldKind::Numeric) if fill => Column::numeric(vec![f64::NAN; rows.len()]),
                (None, FieldKind::Category(values)) if fill => Column::Category(Category {
                    codes: Arc::new(vec![Category::MISSING; rows.len()]),
                    values: values.clone(),
                }),
                _ => {
                    let (model, column) = (self.name(), field.name.clone());
                    return Err(EngineError::MissingColumn { model, column });
                }
            };
            columns.push((field.name.clone(), column));
        }
        Rows::new(columns)
            .map_err(|source| EngineError::Score { model: self.name(), source: source.into() })
    }

    pub(crate) fn unexplainable(&self) -> EngineError {
        EngineError::NoExplanation { model: self.card().id.to_owned() }
    }
}

/// Work for reasons beside a stream of verdicts: a fifth of what an explanation by itself takes.
pub(crate) fn quick() -> KernelOptions {
    KernelOptions { background_rows: 10, evaluations: 4000, exact_players: 8, seed: 0 }
}
