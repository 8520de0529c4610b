//! An ONNX file with its settings as a detector.

use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::schema::AlignedColumn;
use tripline_core::{
    Category, Classes, Detector, Field, FieldKind, Frame, FrameError, Link, LoadError, Schema,
    ScoreError, State, StateError,
};

use crate::card;
use crate::description::Description;
use crate::error::OnnxError;
use crate::plan::Wanted;
use crate::pool::{self, Pool};
use crate::sandbox::Protection;
use crate::settings::{ColumnSettings, Direction, Limits, Settings};
use crate::template::template;

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
    bytes: Arc<Vec<u8>>,
    text: String,
    settings: Settings,
    schema: Schema,
    columns: Vec<ColumnSettings>,
    pool: Pool,
    protection: Protection,
    batch: usize,
    /// Numbers that the model gives for each row.
    width: usize,
    /// The one that is the score; not used with classes.
    index: usize,
}

/// Whether these are the first bytes of an ONNX file: its first field is a version of the format.
pub fn is_model(bytes: &[u8]) -> bool {
    matches!(bytes, [8, 1..=64, next, ..] if [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].contains(next))
}

/// A detector from the bytes of a file with the YAML beside it, or in its metadata.
pub fn read(bytes: Vec<u8>, settings: Option<&str>) -> Result<OnnxDetector, OnnxError> {
    if bytes.len() > MAX_BYTES {
        return Err(OnnxError::Refused { reason: format!("it is longer than {MAX_BYTES} bytes") });
    }
    let given = settings.map(Settings::parse).transpose()?;
    let limits = given.as_ref().map_or_else(Limits::default, |settings| settings.limits);
    let bytes = Arc::new(bytes);
    let (mut child, protection, described) = pool::reader(&bytes, limits)?;
    let description = Description::load(&described)
        .map_err(|source| OnnxError::Answer { reason: source.to_string() })?;
    let (settings, text) = match (given, settings) {
        (Some(given), Some(text)) => (given, text.to_owned()),
        _ => match &description.settings {
            Some(text) => {
                // Its author is that of the model, who must not choose the limits.
                let inside = Settings::parse(text)?;
                (Settings { limits, ..inside }, text.clone())
            }
            None => return Err(OnnxError::NoSettings { template: template(&description) }),
        },
    };
    let wanted = Wanted {
        tensors: settings
            .inputs
            .iter()
            .map(|input| (input.tensor.clone().unwrap_or_default(), input.columns.len()))
            .collect(),
        output: settings.score.output.clone(),
    };
    let prepare = wanted.save();
    let ready = child.ask(&prepare)?;
    let count = |name: &str| {
        ready
            .count(name)
            .ok()
            .filter(|count| (1..=4096).contains(count))
            .ok_or_else(|| OnnxError::Answer { reason: format!("no valid `{name}`") })
    };
    let (width, batch) = (count("width")?, count("batch")?);
    let index = settings.score.index.unwrap_or(width - 1);
    let output = &settings.score.output;
    if index >= width {
        return Err(OnnxError::Settings {
            reason: format!("`index: {index}`, but output `{output}` has {width} columns"),
        });
    }
    if !settings.classes.is_empty() && settings.classes.len() != width {
        return Err(OnnxError::Settings {
            reason: format!(
                "{} `classes`, but output `{output}` has {width} columns",
                settings.classes.len()
            ),
        });
    }
    let columns: Vec<ColumnSettings> = settings.columns().cloned().collect();
    let schema =
        schema(&columns).map_err(|source| OnnxError::Settings { reason: source.to_string() })?;
    let pool = Pool::new(bytes.clone(), limits, prepare, child);
    Ok(OnnxDetector {
        bytes,
        text,
        settings,
        schema,
        columns,
        pool,
        protection,
        batch,
        width,
        index,
    })
}

/// From what [`Detector::save`] gave.
pub(crate) fn load(state: &State) -> Result<Box<dyn Detector>, LoadError> {
    let settings = state.text("settings")?;
    let detector = read(state.bytes("model")?.to_vec(), Some(settings)).map_err(|source| {
        StateError::invalid("model", &format!("an ONNX file that runs here ({source})"))
    })?;
    Ok(Box::new(detector))
}

fn schema(columns: &[ColumnSettings]) -> Result<Schema, FrameError> {
    let field = |column: &ColumnSettings| Field {
        name: column.name.clone(),
        kind: if column.categories.is_empty() {
            FieldKind::Numeric
        } else {
            FieldKind::Category(Arc::new(column.categories.keys().cloned().collect()))
        },
    };
    Schema::new(columns.iter().map(field).collect())
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
                self.request(start, count, self.matrix(&aligned.columns, start, count)?)
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
        aligned: &[AlignedColumn<'_>],
        start: usize,
        count: usize,
    ) -> Result<Vec<f64>, ScoreError> {
        let width = self.columns.len();
        let mut matrix = vec![0.0; count * width];
        for (j, (column, settings)) in aligned.iter().zip(&self.columns).enumerate() {
            let codes: Vec<f64> = settings.categories.values().copied().collect();
            for row in 0..count {
                let value = match column {
                    AlignedColumn::Numeric(values) => {
                        Some(values[start + row]).filter(|value| value.is_finite())
                    }
                    AlignedColumn::Category(category) => match category[start + row] {
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
        state.put_text("settings", &self.text);
        state
    }

    fn notes(&self) -> Vec<String> {
        let missing = self.protection.missing.iter();
        missing.map(|what| format!("not enforced while the ONNX file runs: {what}")).collect()
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
