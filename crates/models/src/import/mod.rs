//! Models trained by other programs, read as tree detectors.
//!
//! Such a model is fitted by its own program. Its cards stand in [`IMPORTED_CARDS`], apart from
//! the cards that train: a register needs them to load a saved model, training must not offer them.

mod assemble;
mod error;
pub mod lightgbm;
pub mod xgboost;

pub use error::ImportError;

use tripline_core::{Card, Detector, ParamError};

/// Cards of imported models: for registers, not for training.
pub const IMPORTED_CARDS: &[&Card] = &[&lightgbm::CARD, &xgboost::CARD];

/// Largest file that is read, in bytes; 10,000 trees of 255 leaves take about 250 MB as text.
pub const MAX_BYTES: usize = 1 << 30;

/// Most columns of a model: explaining a row keeps 2 kB for each.
pub const MAX_COLUMNS: usize = 1 << 16;

/// A program whose models can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// LightGBM's text form.
    LightGbm,
    /// XGBoost's JSON or UBJ form.
    XgBoost,
}

impl Format {
    /// The format of a file from its first bytes; none if it is no known one.
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        if lightgbm::is_model(bytes) {
            return Some(Self::LightGbm);
        }
        if xgboost::is_model(bytes) {
            return Some(Self::XgBoost);
        }
        None
    }

    /// A detector from a whole file of this format.
    pub fn parse(self, bytes: &[u8]) -> Result<Box<dyn Detector>, ImportError> {
        Ok(match self {
            Self::LightGbm => Box::new(lightgbm::parse(bytes)?),
            Self::XgBoost => Box::new(xgboost::parse(bytes)?),
        })
    }
}

/// The answer of an imported model's card to a request for training.
fn not_trainable(id: &str, train: &str) -> ParamError {
    ParamError::Conflict {
        name: "model".to_owned(),
        reason: format!(
            "`{id}` holds models that were trained by another program; train `{train}` instead"
        ),
    }
}
