//! Reads an ONNX file with its settings.

use std::sync::Arc;

use tripline_core::{Detector, Field, FieldKind, FrameError, LoadError, Schema, State, StateError};

use crate::description::Description;
use crate::detector::{MAX_BYTES, OnnxDetector};
use crate::error::OnnxError;
use crate::pool::{self, Pool};
use crate::settings::{ColumnSettings, Limits, Settings};
use crate::slots::Wanted;
use crate::template::template;

/// Whether these are the first bytes of an ONNX file: its first field is a version of the format.
pub fn is_model(bytes: &[u8]) -> bool {
    matches!(bytes, [8, 1..=64, next, ..] if [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].contains(next))
}

/// A detector from the bytes of a file with the YAML beside it, or in its metadata.
pub fn read(bytes: Vec<u8>, settings: Option<&str>) -> Result<OnnxDetector, OnnxError> {
    read_within(bytes, settings, None)
}

/// As [`read`]; with `most`, the settings may set no larger limits.
fn read_within(
    bytes: Vec<u8>,
    settings: Option<&str>,
    most: Option<Limits>,
) -> Result<OnnxDetector, OnnxError> {
    if bytes.len() > MAX_BYTES {
        return Err(OnnxError::Refused { reason: format!("it is longer than {MAX_BYTES} bytes") });
    }
    let given = settings.map(Settings::parse).transpose()?;
    let asked = given.as_ref().map_or_else(Limits::default, |settings| settings.limits);
    let limits = most.map_or(asked, |most| asked.at_most(most));
    let bytes = Arc::new(bytes);
    let (mut child, protection, described) = pool::reader(&bytes, limits)?;
    let description = Description::load(&described)
        .map_err(|source| OnnxError::Answer { reason: source.to_string() })?;
    let (settings, text) = match (given, settings) {
        (Some(given), Some(text)) => (given, Some(text.to_owned())),
        _ => match &description.settings {
            Some(text) => {
                // Its author is that of the model, who must not choose the limits.
                let inside = Settings::parse(text)?;
                (Settings { limits, ..inside }, None)
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
        lowered: limits != asked,
    })
}

/// From what [`Detector::save`] gave. The author of a model file must not choose the limits that it
/// runs under: they are the defaults at most.
pub(crate) fn load(state: &State) -> Result<Box<dyn Detector>, LoadError> {
    let settings = state.has("settings").then(|| state.text("settings")).transpose()?;
    let most = Some(Limits::default());
    let detector =
        read_within(state.bytes("model")?.to_vec(), settings, most).map_err(|source| {
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
