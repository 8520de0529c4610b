//! Application protocols: from payloads made by hand to what flows tell.

pub(super) mod chat;
mod hello;
mod http;
mod properties;
mod protocols;
mod tls;
