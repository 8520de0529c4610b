//! What a study is of: all that its trials depend on, as text by name.

/// A study's own description; two studies are the same if all of it is equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyHeader {
    /// Names with their values, in the order in which they are told.
    pub fields: Vec<(&'static str, String)>,
    /// The program that made it, which may differ.
    pub program: String,
}

impl StudyHeader {
    /// The first thing by which a stored study differs: its name, what is stored, what is asked.
    pub fn difference(&self, stored: &dyn Fn(&str) -> Option<String>) -> Option<Difference> {
        self.fields.iter().find_map(|(name, asked)| {
            let stored = stored(name).unwrap_or_else(|| "nothing".to_owned());
            (stored != *asked).then(|| Difference { name, stored, asked: asked.clone() })
        })
    }
}

/// One thing by which a stored study is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub name: &'static str,
    /// What the study says.
    pub stored: String,
    /// What was asked for.
    pub asked: String,
}
