//! An ONNX file with the settings beside it as a model.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tripline_core::{Detector as _, Link};
use tripline_models::calibration::Calibrator;
use tripline_store::{Limits, read_bounded};

use crate::decision::Decision;
use crate::error::EngineError;
use crate::model::Model;
use crate::provenance::Provenance;

/// Whether this is an ONNX file, by its name or its first bytes.
pub(crate) fn is_file(file: &Path, bytes: &[u8]) -> bool {
    let named = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"));
    let other = tripline_store::is_model_file(bytes)
        || tripline_models::import::Format::detect(bytes).is_some();
    !other && (named || tripline_onnx::is_model(bytes))
}

/// Where the settings of a file stand: `model.onnx.yaml` beside `model.onnx`.
fn settings_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".yaml");
    PathBuf::from(name)
}

/// Reads an ONNX file with the settings beside it, or in it.
pub(crate) fn read(file: &Path, bytes: Vec<u8>, limits: &Limits) -> Result<Model, EngineError> {
    let refused = |source| EngineError::Onnx { file: file.to_owned(), source };
    let beside = settings_of(file);
    let settings = if beside.exists() {
        let text = read_bounded(&beside, limits)?;
        Some(String::from_utf8(text).map_err(|_| {
            refused(tripline_onnx::OnnxError::Settings {
                reason: format!("{} is no UTF-8 text", beside.display()),
            })
        })?)
    } else {
        None
    };
    let digest = Sha256::digest(&bytes).into();
    let detector = tripline_onnx::read(bytes, settings.as_deref()).map_err(refused)?;
    let own = match detector.link() {
        Link::Probability => 0.5,
        Link::Logit | Link::Rank => 0.0,
    };
    let given = detector.settings().threshold;
    let decision = Decision {
        threshold: given.unwrap_or(own),
        rule: if given.is_some() { "settings of the ONNX file" } else { "default" }.to_owned(),
        note: given
            .is_none()
            .then(|| format!("the settings of the ONNX file have no `threshold`: {own} is taken")),
        extrapolation: None,
        realised: None,
    };
    Ok(Model {
        preparer: None,
        calibrator: Calibrator::Identity { probability: detector.link() == Link::Probability },
        detector: Box::new(detector),
        decision,
        provenance: Provenance::default(),
        background: None,
        canaries: None,
        typical: None,
        signer: None,
        imported: Some(digest),
        path: file.to_owned(),
    })
}
