//! What a capture holds, as CSV: a line for each flow with its label.

use std::io::{self, Write};

use tripline_core::packet::protocol;

use super::conversation::{Category, Intention};

/// Columns of a truth file. `start_ns`, `end_ns` are nanoseconds since 1970 of a flow's first and
/// last packet; for ICMP the ports are type with the type of the answer, or with the code.
pub const TRUTH_HEADER: &str =
    "start_ns,end_ns,protocol,source,source_port,destination,destination_port,label,category";

/// Writes a line.
pub(super) fn write(out: &mut dyn Write, intention: &Intention) -> io::Result<()> {
    let Intention { start, end, protocol, source, destination, category } = intention;
    let name = match *protocol {
        protocol::TCP => "tcp",
        protocol::UDP => "udp",
        protocol::ICMP => "icmp",
        _ => "ipv6-icmp",
    };
    let ((from, from_port), (to, to_port)) = (source, destination);
    let label = u8::from(*category != Category::Normal);
    writeln!(
        out,
        "{start},{end},{name},{from},{from_port},{to},{to_port},{label},{}",
        category.name()
    )
}
