//! Why a filter was refused, with the way out.

use crate::capture::LinkType;

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// A word stands where it cannot.
    #[error("filter, column {column}: expected {expected}, found {found}")]
    Syntax {
        /// Where it begins, in characters from 1.
        column: usize,
        /// The word in backticks, or `the end`.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A protocol does not go with what it stands before.
    #[error("filter, column {column}: `{protocol}` does not go with `{kind}`; it takes {allowed}")]
    Qualifier {
        /// Where the protocol begins, in characters from 1.
        column: usize,
        /// The protocol.
        protocol: &'static str,
        /// `host`, `net`, `port`, `portrange`, `proto`.
        kind: &'static str,
        /// Protocols that would go.
        allowed: &'static str,
    },
    /// An address has bits beyond its network.
    #[error(
        "filter, column {column}: `{network}` has bits set beyond its network; write `{mended}`"
    )]
    HostBits {
        /// Where it begins, in characters from 1.
        column: usize,
        /// As written.
        network: String,
        /// Without those bits.
        mended: String,
    },
    /// The text is too long.
    #[error("the filter has {bytes} bytes, over the bound of {bound}; write networks, not hosts")]
    Text {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bound: usize,
    },
    /// Parentheses or negations lie too deep.
    #[error("filter, column {column}: over {bound} levels of parentheses; write it flatter")]
    Depth {
        /// Where, in characters from 1.
        column: usize,
        /// How many there may be.
        bound: usize,
    },
    /// The program would be longer than the kernel takes.
    #[error(
        "the filter makes {instructions} instructions, over the bound of {bound}; write networks \
         in place of hosts, port ranges in place of ports"
    )]
    Instructions {
        /// How many it would have.
        instructions: usize,
        /// How many it may have.
        bound: usize,
    },
    /// Frames of a link type that filters do not know.
    #[error(
        "filters do not know frames of {link}; they know Ethernet, raw IP, Linux cooked \
         and BSD loopback: leave the filter out"
    )]
    Link {
        /// That type.
        link: LinkType,
    },
    /// Frames of this link type carry no tags.
    #[error("frames of {link} have no 802.1Q tags; leave `vlan` out of the filter")]
    Vlan {
        /// That type.
        link: LinkType,
    },
}
