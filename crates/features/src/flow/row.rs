//! One row of a feature set while it is written.

/// Takes the values of a row in the order of the set's columns.
#[derive(Debug)]
pub struct Row<'a> {
    values: &'a mut Vec<f64>,
}

impl<'a> Row<'a> {
    /// Writes behind what stands in `values`.
    pub fn new(values: &'a mut Vec<f64>) -> Self {
        Self { values }
    }

    /// A number; `NaN` is missing.
    #[inline]
    pub fn number(&mut self, value: f64) {
        self.values.push(value);
    }

    /// A whole number.
    #[inline]
    pub fn count(&mut self, value: u64) {
        self.values.push(value as f64);
    }

    /// True is 1, false 0.
    #[inline]
    pub fn flag(&mut self, value: bool) {
        self.values.push(f64::from(u8::from(value)));
    }

    /// Index of a category in its column's values, or missing.
    #[inline]
    pub fn category(&mut self, index: Option<usize>) {
        self.values.push(index.map_or(f64::NAN, |index| index as f64));
    }

    /// A number that may be missing.
    #[inline]
    pub fn maybe(&mut self, value: Option<f64>) {
        self.values.push(value.unwrap_or(f64::NAN));
    }

    /// So many missing values.
    #[inline]
    pub fn missing(&mut self, columns: usize) {
        self.values.resize(self.values.len() + columns, f64::NAN);
    }
}
