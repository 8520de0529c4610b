//! What the rows are: a class for each, of which one is benign.

use std::sync::Arc;

/// A class for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    classes: Arc<Vec<String>>,
    codes: Arc<Vec<u32>>,
}

impl Labels {
    /// Labels from class names with a code for each row. Class 0 is the benign class, every
    /// other class an attack.
    pub fn new(classes: Vec<String>, codes: Vec<u32>) -> Result<Self, LabelsError> {
        if classes.is_empty() {
            return Err(LabelsError::NoClass);
        }
        if let Some(row) = codes.iter().position(|&code| code as usize >= classes.len()) {
            return Err(LabelsError::Code { row, code: codes[row] });
        }
        Ok(Self { classes: Arc::new(classes), codes: Arc::new(codes) })
    }

    /// Labels from names; `benign` names the benign class. Attack classes are sorted by name.
    pub fn from_names<S: AsRef<str>>(names: &[S], benign: &str) -> Self {
        let mut attacks: Vec<&str> =
            names.iter().map(AsRef::as_ref).filter(|&name| name != benign).collect();
        attacks.sort_unstable();
        attacks.dedup();
        let codes = names
            .iter()
            .map(|name| attacks.binary_search(&name.as_ref()).map_or(0, |at| at as u32 + 1))
            .collect();
        let classes =
            std::iter::once(benign).chain(attacks.iter().copied()).map(str::to_owned).collect();
        Self { classes: Arc::new(classes), codes: Arc::new(codes) }
    }

    /// Labels `benign` (false) or `attack` (true).
    pub fn binary(attack: &[bool]) -> Self {
        Self {
            classes: Arc::new(vec!["benign".to_owned(), "attack".to_owned()]),
            codes: Arc::new(attack.iter().map(|&a| u32::from(a)).collect()),
        }
    }

    /// Class names; the first is benign.
    pub fn classes(&self) -> &Arc<Vec<String>> {
        &self.classes
    }

    /// The class of each row.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Whether a row is of an attack class.
    pub fn is_attack(&self, row: usize) -> bool {
        self.codes[row] != 0
    }

    /// Whether each row is of an attack class.
    pub fn attacks(&self) -> Vec<bool> {
        self.codes.iter().map(|&code| code != 0).collect()
    }

    /// The class name of a row.
    pub fn class(&self, row: usize) -> &str {
        &self.classes[self.codes[row] as usize]
    }

    /// Number of rows of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &code in self.codes.iter() {
            counts[code as usize] += 1;
        }
        counts
    }

    /// The rows at `index`, in that order; all classes are kept.
    pub fn select(&self, index: &[usize]) -> Self {
        Self {
            classes: self.classes.clone(),
            codes: Arc::new(index.iter().map(|&i| self.codes[i]).collect()),
        }
    }

    /// The same rows with classes named and ordered as in `classes`; a class that is not there is
    /// an error that names it.
    pub fn recoded(&self, classes: &Arc<Vec<String>>) -> Result<Self, LabelsError> {
        let mut table = Vec::with_capacity(self.classes.len());
        for name in self.classes.iter() {
            table.push(classes.iter().position(|known| known == name).map(|at| at as u32));
        }
        let mut codes = Vec::with_capacity(self.len());
        for (row, &code) in self.codes.iter().enumerate() {
            codes.push(table[code as usize].ok_or_else(|| LabelsError::Unknown {
                row,
                class: self.classes[code as usize].clone(),
            })?);
        }
        Ok(Self { classes: classes.clone(), codes: Arc::new(codes) })
    }
}

/// Why codes do not make labels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelsError {
    /// No class at all.
    #[error("labels need at least one class")]
    NoClass,
    /// A code without a class.
    #[error("row {row}: class code {code} has no name")]
    Code {
        /// From 0.
        row: usize,
        /// The code.
        code: u32,
    },
    /// A class that training did not see.
    #[error("row {row}: class `{class}` is unknown")]
    Unknown {
        /// From 0.
        row: usize,
        /// Its name.
        class: String,
    },
}
