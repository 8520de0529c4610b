//! Who numbers its templates and datagrams.

use tripline_core::packet::Address;

/// A process that exports: its address with the domain that it observes.
///
/// The port is left out, since exporters change it when they start again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Exporter {
    pub(super) address: Address,
    /// Of the protocol: 5, 9, 10.
    pub(super) version: u8,
    /// Engine type and number (5), source identifier (9) or observation domain (IPFIX).
    pub(super) domain: u32,
}
