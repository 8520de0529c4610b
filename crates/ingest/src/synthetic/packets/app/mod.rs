//! What programs say to each other.

pub(super) mod dns;
pub(super) mod ftp;
pub(super) mod http;
pub(super) mod plain;
pub(super) mod smtp;
pub(super) mod ssh;
pub(super) mod tls;
