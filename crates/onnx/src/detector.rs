//! An ONNX file with its settings as a detector.

use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::schema::AlignedColumn;
use tripline_core::{
    Category, Classes, Column, Detector, Frame, Link, Rows, Schema, ScoreError, State,
};

use crate::card;
use crate::pool::Pool;
use crate::sandbox::Protection;
use crate::settings::{ColumnSettings, Direction, Settings};

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 30;

/// Rows of one request: limits on time hold for as many.
const REQUEST_ROWS: usize = 1024;

/// Most numbers of one request, either way.
const REQUEST_NUMBERS: usize = 1 << 21;

/// How far an output may be from the range of a probability by rounding.
const ROUNDING: f64 = 1e-4;

/// An ONNX file that runs in children of this process.
#[derive(Debug)]
pub struct OnnxDetector {
    pub(crate) bytes: Arc<Vec<u8>>,
    /// The settings beside the file; none if they are in it.
    pub(crate) text: Option<String>,
    pub(crate) settings: Settings,
    pub(crate) schema: Schema,
    pub(crate) columns: Vec<ColumnSettings>,
    pub(crate) pool: Pool,
    pub(crate) protection: Protection,
    pub(crate) batch: usize,
    /// Numbers that the model gives for each row.
    pub(crate) width: usize,
    /// The one that is the score; not used with classes.
    pub(crate) index: usize,
    /// A model file asks for larger limits than it gets.
    pub(crate) lowered: bool,
}

impl OnnxDetector {
    /// What holds in the processes that run the model.
    pub fn protection(&self) -> &Protection {
        &self.protection
    }

    /// The settings beside the file.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Rows that the model is given at once; 1 if rows beside one would change its score.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// What the model gives: n × width, row-major, finite.
    fn outputs(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let rows = frame.rows()?;
        let aligned = self.schema.align(rows)?;
        let step = (REQUEST_NUMBERS / self.width.max(self.columns.len())).clamp(1, REQUEST_ROWS);
        let starts: Vec<usize> = (0..rows.len()).step_by(step).collect();
        let parts: Vec<Result<Vec<f64>, ScoreError>> = starts
            .par_iter()
            .map(|&start| {
                let count = step.min(rows.len() - start);
                self.request(start, count, self.matrix(rows, &aligned.columns, start, count)?)
            })
            .collect();
        let mut out = Vec::with_capacity(rows.len() * self.width);
        for part in parts {
            out.extend(part?);
        }
        Ok(out)
    }

    /// Rows as the model takes them, row-major.
    fn matrix(
        &self,
        rows: &Rows,
        aligned: &[AlignedColumn<'_>],
        start: usize,
        count: usize,
    ) -> Result<Vec<f64>, ScoreError> {
        let width = self.columns.len();
        let mut matrix = vec![0.0; count * width];
        for (j, (column, settings)) in aligned.iter().zip(&self.columns).enumerate() {
            let codes: Vec<f64> = settings.categories.values().copied().collect();
            // Aligned, a category that the settings do not name looks like a missing one.
            let given = rows.column(&settings.name);
            let is_missing = |row: usize| match given {
                Some(Column::Category(category)) => category.codes[row] == Category::MISSING,
                _ => true,
            };
            for row in 0..count {
                let value = match column {
                    AlignedColumn::Numeric(values) => {
                        Some(values[start + row]).filter(|value| value.is_finite())
                    }
                    AlignedColumn::Category(category) => match category[start + row] {
                        Category::MISSING if is_missing(start + row) => {
                            settings.missing.or(settings.unknown)
                        }
                        Category::MISSING => settings.unknown,
                        code => codes.get(code as usize).copied(),
                    },
                };
                let value = value.or(settings.missing).ok_or_else(|| ScoreError::Missing {
                    column: settings.name.clone(),
                    row: start + row,
                })?;
                matrix[row * width + j] = (value - settings.mean) / settings.scale;
            }
        }
        Ok(matrix)
    }

    fn request(
        &self,
        start: usize,
        count: usize,
        matrix: Vec<f64>,
    ) -> Result<Vec<f64>, ScoreError> {
        let span = format!("rows {start} to {}", start + count - 1);
        let failed = |reason: String| ScoreError::Failed { reason };
        let mut request = State::new();
        request.put_f64s("rows", matrix);
        let answer =
            self.pool.ask(&request).map_err(|source| failed(format!("{span}: {source}")))?;
        let values = answer.f64s("values").map_err(|source| failed(format!("{span}: {source}")))?;
        if values.len() != count * self.width {
            let got = values.len();
            return Err(failed(format!("{span}: the model gave {got} numbers")));
        }
        let output = &self.settings.score.output;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(failed(format!(
                "row {}: output `{output}` is {}, no finite number",
                start + at / self.width,
                values[at]
            )));
        }
        if self.settings.score.link == Link::Probability {
            let range = -ROUNDING..=1.0 + ROUNDING;
            let used =
                |at: usize| !self.settings.classes.is_empty() || at % self.width == self.index;
            if let Some(at) = (0..values.len()).find(|&at| used(at) && !range.contains(&values[at]))
            {
                return Err(failed(format!(
                    "row {}: output `{output}` is {}, no probability: `link` must be logit or rank",
                    start + at / self.width,
                    values[at]
                )));
            }
        }
        Ok(values.to_vec())
    }
}

impl Detector for OnnxDetector {
    fn card(&self) -> &'static tripline_core::Card {
        &card::CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let outputs = self.outputs(frame)?;
        let rows = outputs.chunks_exact(self.width);
        if !self.settings.classes.is_empty() {
            return Ok(normalised(outputs, self.width)
                .chunks_exact(self.width)
                .map(|row| 1.0 - row[0])
                .collect());
        }
        let normal = self.settings.score.higher_is == Direction::Normal;
        Ok(rows
            .map(|row| match (self.settings.score.link, normal) {
                (Link::Probability, false) => row[self.index].clamp(0.0, 1.0),
                (Link::Probability, true) => 1.0 - row[self.index].clamp(0.0, 1.0),
                (_, false) => row[self.index],
                (_, true) => -row[self.index],
            })
            .collect())
    }

    fn link(&self) -> Link {
        self.settings.score.link
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_bytes("model", self.bytes.as_ref().clone());
        if let Some(text) = &self.text {
            state.put_text("settings", text);
        }
        state
    }

    fn notes(&self) -> Vec<String> {
        let missing = self.protection.missing.iter();
        let mut notes: Vec<String> =
            missing.map(|what| format!("not enforced while the ONNX file runs: {what}")).collect();
        if self.lowered {
            notes.push(
                "the model file asks for more memory or time than the defaults, which it gets: \
                 score the ONNX file with its YAML to set limits yourself"
                    .to_owned(),
            );
        }
        notes
    }

    fn classes(&self) -> Option<&dyn Classes> {
        if self.settings.classes.is_empty() { None } else { Some(self) }
    }
}

impl Classes for OnnxDetector {
    fn names(&self) -> &[String] {
        &self.settings.classes
    }

    fn probabilities(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        Ok(normalised(self.outputs(frame)?, self.width))
    }
}

/// Rows that sum to 1; one of zeros alone has no class, and all get the same.
fn normalised(mut outputs: Vec<f64>, width: usize) -> Vec<f64> {
    for row in outputs.chunks_exact_mut(width) {
        row.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
        let sum: f64 = row.iter().sum();
        let equal = 1.0 / width as f64;
        row.iter_mut().for_each(|value| *value = if sum > 0.0 { *value / sum } else { equal });
    }
    outputs
}
