//! Application protocols, read from captured payload as far as features need it.
//!
//! A [`Conversation`] is the state that a flow holds: 16 bytes until there is payload, then a
//! session with a parser for what the flow speaks, and a tag again once the parser is done. Bytes
//! of TCP are put in order for each direction within a bound; what cannot be ordered ends the
//! parser of that direction. Parsers answer the same however a stream is cut into segments.

mod bytes;
mod conversation;
mod datagram;
mod detect;
mod dns;
mod dtls;
mod fingerprint;
mod ftp;
mod hello;
mod http;
mod line;
mod outcome;
mod parsers;
mod protocol;
mod session;
mod ssh;
mod stream;
mod text;
mod tls;
mod watch;
mod words;

pub use conversation::Conversation;
pub use protocol::{Protocol, SERVICES, service_index};
