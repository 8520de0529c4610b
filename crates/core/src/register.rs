//! The register of cards.

use crate::card::Card;
use crate::detector::Detector;
use crate::frame::FrameError;
use crate::preparation::Preparation;
use crate::state::{State, StateError};

/// All cards that a program knows.
#[derive(Debug, Clone)]
pub struct Register {
    cards: Vec<&'static Card>,
    preparation: Option<&'static dyn Preparation>,
}

impl Register {
    /// A register of these cards.
    ///
    /// # Panics
    /// If an id repeats: a mistake in the program's own list.
    pub fn new(cards: impl IntoIterator<Item = &'static Card>) -> Self {
        let mut register = Self { cards: Vec::new(), preparation: None };
        for card in cards {
            assert!(register.get(card.id).is_none(), "detector `{}` is listed twice", card.id);
            register.cards.push(card);
        }
        register
    }

    /// The same cards with what prepares the columns of members.
    #[must_use]
    pub fn with_preparation(mut self, preparation: &'static dyn Preparation) -> Self {
        self.preparation = Some(preparation);
        self
    }

    /// What prepares the columns of members, if the program has it.
    pub fn preparation(&self) -> Option<&'static dyn Preparation> {
        self.preparation
    }

    /// The cards, in the order listed.
    pub fn cards(&self) -> &[&'static Card] {
        &self.cards
    }

    /// The card of that id.
    pub fn get(&self, id: &str) -> Option<&'static Card> {
        self.cards.iter().copied().find(|card| card.id == id)
    }

    /// A detector from its card's id with its saved state.
    pub fn load(&self, id: &str, state: &State) -> Result<Box<dyn Detector>, LoadError> {
        let card = self.get(id).ok_or_else(|| LoadError::Unknown { id: id.to_owned() })?;
        (card.load)(state, self)
    }
}

/// Why a saved detector could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No such card in this program.
    #[error("detector `{id}` is unknown to this version")]
    Unknown {
        /// Its id.
        id: String,
    },
    /// The state lacks something or holds something else.
    #[error(transparent)]
    State(#[from] StateError),
    /// The schema in the state is none.
    #[error(transparent)]
    Frame(#[from] FrameError),
}
