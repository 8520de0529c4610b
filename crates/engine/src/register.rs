//! The one register of detectors.

use tripline_core::{Card, ParamError, ParamSpec, Params, Range, Register};
use tripline_models::ensembles;

use crate::error::EngineError;

/// Every detector that can be trained or loaded, with what prepares the columns of members.
pub fn register() -> Register {
    #[cfg(feature = "onnx")]
    const ONNX: &[&Card] = &[&tripline_onnx::CARD];
    #[cfg(not(feature = "onnx"))]
    const ONNX: &[&Card] = &[];
    let imported = tripline_models::import::IMPORTED_CARDS.iter().chain(ONNX);
    Register::new(tripline_models::CARDS.iter().chain(imported).copied())
        .with_preparation(&tripline_features::Recipes)
}

/// The detectors that can be trained, in the order in which they are listed.
pub fn trainable() -> &'static [&'static Card] {
    tripline_models::CARDS
}

/// A detector that can be trained; errors list those that there are.
pub fn trainable_card(id: &str) -> Result<&'static Card, EngineError> {
    trainable().iter().copied().find(|card| card.id == id).ok_or_else(|| {
        EngineError::UnknownModel {
            id: id.to_owned(),
            known: trainable().iter().map(|card| card.id).collect::<Vec<_>>().join(", "),
        }
    })
}

/// Parameters of a card from text, those of an ensemble's members as `label.name`; errors name the
/// model.
pub fn params(card: &Card, given: &[(String, String)]) -> Result<Params, EngineError> {
    ensembles::with_member_params(card, given, &register())
        .and_then(|given| Params::parse(card.params, &given))
        .map_err(|source| EngineError::Param { model: card.id.to_owned(), source })
}

/// What tuning may try of an ensemble's members, `label.name` with its range.
pub fn member_search(card: &Card, params: &Params) -> Vec<(String, Range)> {
    ensembles::search(card, params, &register())
}

/// The specification of a parameter, if the card has it.
pub fn param_spec(card: &Card, name: &str) -> Option<&'static ParamSpec> {
    card.params.iter().find(|spec| spec.name == name)
}

/// A parameter error as an error of the engine.
pub(crate) fn refused(card: &Card, source: ParamError) -> EngineError {
    EngineError::Param { model: card.id.to_owned(), source }
}
