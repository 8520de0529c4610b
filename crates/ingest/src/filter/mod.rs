//! Which frames are looked at: a stated subset of pcap-filter(7), compiled to classic BPF.
//!
//! | words | what passes |
//! |---|---|
//! | `host A`, `ip host A`, `ip6 host A`, `arp host A`, `rarp host A` | frames from or to an address; without a protocol, IPv4, ARP and RARP, or IPv6 |
//! | `net A/len`, `net A mask M`, `net 10.1` | the same for a network; octets left out are not looked at |
//! | `port N`, `portrange A-B`, with `tcp`, `udp` or `sctp` before them | ports of IPv4 packets but later fragments, of IPv6 packets without extension headers |
//! | `src`, `dst`, `src or dst`, `src and dst` before those | one end, either (as without them), both; alone they mean `host` |
//! | `ip`, `ip6`, `arp`, `rarp`, `tcp`, `udp`, `sctp`, `icmp`, `icmp6` | a protocol |
//! | `ether proto N`, `proto N`, `ip proto N`, `ip6 proto N` | a protocol by number or one of those words |
//! | `vlan`, `vlan N` | frames with an 802.1Q tag; **all that follows in the text looks behind it** |
//! | `less N`, `greater N` | frames of at most, at least N bytes |
//! | `and`, `&&`, `or`, `\|\|`, `not`, `!`, parentheses | `and` binds no closer than `or`: both from left to right |
//!
//! After `and` or `or`, an address, a network or a port alone takes the words before it once more:
//! `tcp port 80 or 443`. Names of hosts or services, `gateway`, `ether host`, arithmetic such as
//! `tcp[13] & 2 != 0` are not in the subset. A frame that ends before a field that is asked for
//! does not pass, whatever the rest of the filter says: so it is in the kernel.
//!
//! Answers are those of libpcap, with two exceptions. IPv6 in BSD loopback frames is recognised by
//! the address families of all BSDs. And on a live interface, where Linux takes the outer tag off a
//! frame, a filter still sees the frame as it was sent: what passes live is what passes in a file
//! written from it.

mod address;
mod condition;
mod decision;
mod emit;
mod error;
mod knowledge;
mod logic;
mod meaning;
mod parse;
mod primitive;
mod program;
mod run;
mod selection;
mod token;
mod view;
mod word;

pub use error::FilterError;
pub use program::{Instruction, Program, ProgramError};
pub use run::FrameView;
pub use selection::Selection;

use crate::capture::LinkType;
use decision::{Decision, Place};
use primitive::Expression;
use view::View;

/// A filter that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    text: Box<str>,
    expression: Expression,
}

impl Filter {
    /// Most bytes of a filter's text.
    pub const TEXT_BOUND: usize = 64 << 10;

    /// Parses a filter; a text of blanks lets everything pass.
    ///
    /// # Errors
    /// The words are not of the subset; the message says where, with what may stand there.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { text: text.into(), expression: parse::parse(text)? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A program for frames as they stand in a capture file; a frame that passes gives
    /// `snap_bytes`.
    ///
    /// # Errors
    /// The link type is not known to filters, or the program would be too long.
    pub fn compile(&self, link: LinkType, snap_bytes: u32) -> Result<Program, FilterError> {
        let mut decision = Decision::default();
        let start = self.start(&mut decision, &mut View::new(link)?)?;
        let (decision, start) = knowledge::simplify(&decision, start);
        Program::compiled(emit::emit(&decision, start, snap_bytes.max(1)))
    }

    /// A program for a packet socket of Linux, which sees frames without their outer tag.
    ///
    /// With `incoming_only`, frames that this host sends do not pass: on the loopback interface,
    /// each frame is seen once going out, once coming in.
    ///
    /// # Errors
    /// As for [`Filter::compile`].
    pub fn compile_for_socket(
        &self,
        link: LinkType,
        snap_bytes: u32,
        incoming_only: bool,
    ) -> Result<Program, FilterError> {
        let mut decision = Decision::default();
        let view = View::new(link)?;
        let stripped = view.stripped();
        let mut start = self.start(&mut decision, &mut view.clone())?;
        if let Some(mut stripped) = stripped {
            let other = self.start(&mut decision, &mut stripped)?;
            start = decision.branch(&View::tag_is_beside(), other, start);
        }
        if incoming_only {
            start = decision.branch(&View::is_outgoing(), Place::REJECT, start);
        }
        let (decision, start) = knowledge::simplify(&decision, start);
        Program::compiled(emit::emit(&decision, start, snap_bytes.max(1)))
    }

    fn start(&self, decision: &mut Decision, view: &mut View) -> Result<Place, FilterError> {
        let Some(expression) = &self.expression else { return Ok(Place::ACCEPT) };
        let condition = expression.replace(&mut |primitive| meaning::meaning(primitive, view))?;
        Ok(decision.branch(&condition, Place::ACCEPT, Place::REJECT))
    }
}

impl Default for Filter {
    /// Lets everything pass.
    fn default() -> Self {
        Self { text: "".into(), expression: None }
    }
}
