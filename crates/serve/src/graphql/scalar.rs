//! Scalars beyond those of the language.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use tripline_store::Timestamp;

use crate::time;

/// A time in RFC 3339, such as `2025-10-08T14:30:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateTime(pub(super) Timestamp);

#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => time::parse(text).map(Self).ok_or_else(|| {
                InputValueError::custom("must be a time such as 2025-10-08T14:30:00Z")
            }),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(time::rfc3339(self.0))
    }
}
