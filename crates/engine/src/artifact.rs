//! A model as a file, in its own format or in one of another program.

use std::path::Path;

use sha2::{Digest, Sha256};
use tripline_assess::explain::Typical;
use tripline_core::{Link, LoadError, Rows, State, StateError};
use tripline_features::Preparer;
use tripline_models::calibration::Calibrator;
use tripline_models::import::Format;
use tripline_store::{Limits, ModelFile, PublicKey, SecretKey, is_model_file, read_bounded};

use crate::decision::Decision;
use crate::error::EngineError;
use crate::model::Model;
use crate::provenance::Provenance;
use crate::register::register;

/// What is to be known of the threshold of an imported model.
const NO_THRESHOLD: &str = "an imported model brings no threshold of its own";

/// What an imported model that tells classes apart leaves open.
pub(crate) fn first_is_benign(class: &str) -> String {
    format!(
        "the file does not say which class is benign: class `{class}`, its first, is taken as such"
    )
}

impl Model {
    /// Writes the model's file atomically, signed if a key is given.
    pub fn write(&self, file: &Path, key: Option<&SecretKey>) -> Result<(), EngineError> {
        Ok(self.to_file(key)?.write(file)?)
    }

    /// The same model once more, without a path or a signature.
    pub(crate) fn copied(&self) -> Result<Self, EngineError> {
        let limits = Limits { max_file_bytes: u64::MAX, ..Limits::default() };
        Self::from_bytes(Path::new(""), &self.to_file(None)?.to_bytes(), &limits)
    }

    /// A detector of its own with the state of this model's.
    pub(crate) fn copied_detector(&self) -> Result<Box<dyn tripline_core::Detector>, EngineError> {
        register().load(self.card().id, &self.detector.save()).map_err(|source| {
            EngineError::Section { file: self.path.clone(), section: "detector", source }
        })
    }

    /// The model's file.
    pub fn to_file(&self, key: Option<&SecretKey>) -> Result<ModelFile, EngineError> {
        let mut card = State::new();
        card.put_text("id", self.card().id);
        let mut file = ModelFile::new();
        file.put_state("card", &card);
        if let Some(preparer) = &self.preparer {
            file.put_state("prepare", &preparer.save());
        }
        file.put_state("detector", &self.detector.save());
        file.put_state("calibrator", &self.calibrator.save());
        file.put_state("decision", &self.decision.save());
        file.put_state("provenance", &self.provenance.save());
        if let Some(background) = &self.background {
            file.put_state("background", &background.save());
        }
        if let Some(canaries) = &self.canaries {
            file.put_state("canaries", &canaries.save());
        }
        if let Some(typical) = &self.typical {
            file.put_state("typical", &typical.save());
        }
        if let Some(key) = key {
            file.sign(key);
        }
        Ok(file)
    }

    /// Reads a model: ours, a LightGBM text model, an XGBoost JSON model or an ONNX file, told by
    /// its first bytes. Beside an ONNX file stand its settings.
    pub fn read(file: &Path, limits: &Limits) -> Result<Self, EngineError> {
        let bytes = read_bounded(file, limits)?;
        #[cfg(feature = "onnx")]
        if crate::onnx::is_file(file, &bytes) {
            return crate::onnx::read(file, bytes, limits);
        }
        Self::from_bytes(file, &bytes, limits)
    }

    /// Reads a model that this key signed; any other is refused before its contents are used.
    pub fn read_signed(file: &Path, limits: &Limits, key: &PublicKey) -> Result<Self, EngineError> {
        let file = ModelFile::read(file, limits)?;
        file.verify(key)?;
        from_file(&file)
    }

    /// As [`Model::read`], from bytes; `file` is for messages.
    pub fn from_bytes(file: &Path, bytes: &[u8], limits: &Limits) -> Result<Self, EngineError> {
        if is_model_file(bytes) {
            return from_file(&ModelFile::from_bytes(file, bytes, limits)?);
        }
        let Some(format) = Format::detect(bytes) else {
            return Err(EngineError::NotAModel { file: file.to_owned() });
        };
        let detector = format
            .parse(bytes)
            .map_err(|source| EngineError::Import { file: file.to_owned(), source })?;
        let calibrator = Calibrator::Identity { probability: detector.link() == Link::Probability };
        let threshold = match detector.link() {
            Link::Logit => 0.0,
            Link::Probability | Link::Rank => 0.5,
        };
        let note = match detector.classes().and_then(|classes| classes.names().first()) {
            Some(first) => format!("{NO_THRESHOLD}; {}", first_is_benign(first)),
            None => NO_THRESHOLD.to_owned(),
        };
        Ok(Self {
            preparer: None,
            detector,
            calibrator,
            decision: Decision {
                threshold,
                rule: "probability 0.5".to_owned(),
                note: Some(note),
                extrapolation: None,
                realised: None,
            },
            provenance: Provenance::default(),
            background: None,
            canaries: None,
            typical: None,
            signer: None,
            imported: Some(Sha256::digest(bytes).into()),
            path: file.to_owned(),
        })
    }
}

fn from_file(file: &ModelFile) -> Result<Model, EngineError> {
    let damaged = |section: &'static str| {
        move |source: LoadError| EngineError::Section {
            file: file.path().to_owned(),
            section,
            source,
        }
    };
    let state = |source: StateError| LoadError::State(source);
    let card = file.state("card")?;
    let id = card.text("id").map_err(state).map_err(damaged("card"))?;
    // A model of another program takes columns as they are.
    let preparer = match file.get("prepare") {
        Some(_) => Some(Preparer::load(&file.state("prepare")?).map_err(damaged("prepare"))?),
        None => None,
    };
    let detector = register().load(id, &file.state("detector")?).map_err(damaged("detector"))?;
    // A row is prepared to the preparer's output and scored by the detector's schema.
    for (preparer, field) in
        preparer.iter().flat_map(|p| detector.schema().fields().iter().map(move |field| (p, field)))
    {
        let known = preparer.output().position(&field.name);
        let same =
            known.is_some_and(|at| preparer.output().fields()[at].kind.name() == field.kind.name());
        if !same {
            return Err(damaged("detector")(
                StateError::invalid("schema", "the columns that preparing gives").into(),
            ));
        }
    }
    let calibrator = Calibrator::load(&file.state("calibrator")?)
        .map_err(state)
        .map_err(damaged("calibrator"))?;
    let decision = Decision::load(&file.state("decision")?).map_err(state);
    let provenance = Provenance::load(&file.state("provenance")?).map_err(state);
    let background = match file.get("background") {
        Some(_) => Some(Rows::load(&file.state("background")?).map_err(damaged("background"))?),
        None => None,
    };
    let canaries = match file.get("canaries") {
        Some(_) => Some(Rows::load(&file.state("canaries")?).map_err(damaged("canaries"))?),
        None => None,
    };
    let typical = match file.get("typical") {
        Some(_) => Some(
            Typical::load(&file.state("typical")?).map_err(state).map_err(damaged("typical"))?,
        ),
        None => None,
    };
    Ok(Model {
        preparer,
        detector,
        calibrator,
        decision: decision.map_err(damaged("decision"))?,
        provenance: provenance.map_err(damaged("provenance"))?,
        background,
        canaries,
        typical,
        signer: file.signer(),
        imported: None,
        path: file.path().to_owned(),
    })
}
