//! A JSON value that knows where it stands, so that errors name the place.

use serde_json::Value;

use crate::import::ImportError;

/// A value with its path.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> At<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: "model".to_owned() }
    }

    /// A field of an object.
    pub(super) fn get(&self, name: &str) -> Result<Self, ImportError> {
        self.find(name).ok_or_else(|| ImportError::missing(&self.path, name))
    }

    /// A field of an object, if it is there.
    pub(super) fn find(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name)?;
        Some(Self { value, path: format!("{}.{name}", self.path) })
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<impl Iterator<Item = Self> + use<'_, 'a>, ImportError> {
        let items = self.value.as_array().ok_or_else(|| self.error("a list"))?;
        Ok(items
            .iter()
            .enumerate()
            .map(|(number, value)| At { value, path: format!("{}[{number}]", self.path) }))
    }

    /// Text.
    pub(super) fn text(&self) -> Result<&'a str, ImportError> {
        self.value.as_str().ok_or_else(|| self.error("text"))
    }

    /// A whole number that is not negative; XGBoost writes its parameters as text.
    pub(super) fn count(&self) -> Result<usize, ImportError> {
        let count = match self.value {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64().and_then(|number| usize::try_from(number).ok()),
        };
        count.ok_or_else(|| self.error("a whole number that is not negative"))
    }

    /// Numbers.
    pub(super) fn numbers(&self) -> Result<Vec<f64>, ImportError> {
        let number = |value: &Value| match value {
            Value::Bool(value) => Some(f64::from(u8::from(*value))),
            other => other.as_f64(),
        };
        let items = self.value.as_array().ok_or_else(|| self.error("a list of numbers"))?;
        let numbers: Option<Vec<f64>> = items.iter().map(number).collect();
        numbers.ok_or_else(|| self.error("a list of numbers"))
    }

    /// `len` numbers.
    pub(super) fn numbers_of(&self, len: usize) -> Result<Vec<f64>, ImportError> {
        let numbers = self.numbers()?;
        if numbers.len() != len {
            return Err(self.error(format!("{len} numbers, there are {}", numbers.len())));
        }
        Ok(numbers)
    }

    /// `len` numbers of single precision: JSON tells them in decimals.
    pub(super) fn singles_of(&self, len: usize) -> Result<Vec<f64>, ImportError> {
        let mut numbers = self.numbers_of(len)?;
        numbers.iter_mut().for_each(|number| *number = f64::from(*number as f32));
        Ok(numbers)
    }

    /// Whole numbers that are not negative.
    pub(super) fn counts(&self) -> Result<Vec<usize>, ImportError> {
        self.numbers()?
            .into_iter()
            .map(|number| {
                let whole = number >= 0.0 && number.fract() == 0.0 && number < 4_294_967_296.0;
                if whole { Ok(number as usize) } else { Err(self.error("whole numbers")) }
            })
            .collect()
    }

    /// An error that names this value.
    pub(super) fn error(&self, expected: impl ToString) -> ImportError {
        match self.path.rsplit_once('.') {
            Some((place, field)) => ImportError::field(place, field, expected),
            None => ImportError::field("model", &self.path, expected),
        }
    }
}
