//! What a column of a feature set means.

/// The documentation of one column.
#[derive(Debug, Clone, Copy)]
pub struct ColumnDoc {
    /// Name in the set.
    pub name: &'static str,
    /// Number or category.
    pub kind: ColumnKind,
    /// Unit, such as `s`, `bytes`, `1` for a plain number or ratio.
    pub unit: &'static str,
    /// Definition, in one or two sentences.
    pub definition: &'static str,
    /// How it may differ from what the set's published data hold; empty if it does not.
    pub fidelity: &'static str,
    /// Whether models use it by default.
    pub in_models: bool,
}

impl ColumnDoc {
    /// A numeric column that models use.
    pub const fn number(name: &'static str, unit: &'static str, definition: &'static str) -> Self {
        Self { name, kind: ColumnKind::Number, unit, definition, fidelity: "", in_models: true }
    }

    /// A category column that models use; rows hold an index into `values`.
    pub const fn category(
        name: &'static str,
        values: &'static [&'static str],
        definition: &'static str,
    ) -> Self {
        let kind = ColumnKind::Category(values);
        Self { name, kind, unit: "", definition, fidelity: "", in_models: true }
    }

    /// The same, with how closely it matches published data.
    pub const fn fidelity(self, fidelity: &'static str) -> Self {
        Self { fidelity, ..self }
    }

    /// The same, left out of models by default.
    pub const fn not_in_models(self) -> Self {
        Self { in_models: false, ..self }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A number; `NaN` is missing.
    Number,
    /// An index into these values; `NaN` is missing.
    Category(&'static [&'static str]),
}
