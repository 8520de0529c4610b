//! The fields that the models of a task know: a place for each name.

use std::collections::HashMap;
use std::sync::Arc;

/// Where a field of a record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// A column of a model, by its place.
    Known(u16),
    /// A label, an identifier or a time of a published layout: quietly left out.
    Quiet,
    /// No model knows it.
    Unknown,
}

/// The fields that the models of a task know.
#[derive(Debug, Default)]
pub struct Fields {
    places: HashMap<Arc<str>, Slot>,
    names: Vec<Arc<str>>,
}

impl Fields {
    /// Most columns that the models of a task may have together.
    pub const MAX: usize = u16::MAX as usize;

    /// The place of a column; one that is new gets the next. None if there are too many.
    pub(crate) fn place(&mut self, name: &str) -> Option<u16> {
        if let Some(Slot::Known(place)) = self.places.get(name) {
            return Some(*place);
        }
        if self.names.len() >= Self::MAX {
            return None;
        }
        let place = self.names.len() as u16;
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.places.insert(name, Slot::Known(place));
        Some(place)
    }

    /// Notes names that are left out quietly.
    pub(crate) fn quiet<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            self.places.entry(name.into()).or_insert(Slot::Quiet);
        }
    }

    /// Takes published names for columns that are known by another one.
    pub(crate) fn also(&mut self, renames: &[(&str, &str)]) {
        for (published, own) in renames {
            if let Some(slot @ Slot::Known(_)) = self.places.get(*own).copied() {
                self.places.entry((*published).into()).or_insert(slot);
            }
        }
    }

    /// Where a field goes.
    pub fn slot(&self, name: &str) -> Slot {
        self.places.get(name).copied().unwrap_or(Slot::Unknown)
    }

    /// Names of columns by place.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }
}
