//! Tables as text: records found in a stream, then parsed on all cores.

pub(crate) mod delimited;
pub(crate) mod dialect;
pub(crate) mod json;
pub(crate) mod record;
pub(crate) mod window;
