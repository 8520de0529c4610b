//! What handlers take from a request; each refusal names the field.

mod form;
mod idempotency;
mod json;
mod message;
mod path;
mod query;

pub use form::{CsrfField, Form};
pub use idempotency::{Answered, JsonOnce, NoKey, Once};
pub use json::{Json, body_problem, read_body, read_json};
pub(crate) use json::{read_at_most, right_type};
pub use path::Path;
pub use query::{PageQuery, Query, page};
