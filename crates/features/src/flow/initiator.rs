//! Who began a flow, told from its first packet as Zeek tells it.

use tripline_core::packet::{Packet, protocol, tcp_flags};

/// True if the receiver of a flow's first packet is its initiator.
///
/// A SYN-ACK was asked for, so its receiver began. Other TCP segments without a SYN, and UDP, begin
/// in the middle: there a sender at a port of a well-known service answers a client whose question
/// was not seen (Zeek's `likely_server_ports`). Of two such ports of TCP the lower is the server's.
pub(super) fn is_answer(packet: &Packet) -> bool {
    // As Zeek, which never takes a broadcast address for a client.
    if packet.ip_version == 4 && packet.destination.0[12..] == [255; 4] {
        return false;
    }
    let (source, destination) = (packet.source_port, packet.destination_port);
    match packet.protocol {
        protocol::TCP => {
            let flags = packet.tcp.flags;
            match (flags & tcp_flags::SYN != 0, flags & tcp_flags::ACK != 0) {
                (true, false) => false,
                (true, true) => true,
                (false, _) => {
                    TCP_SERVERS.contains(&source)
                        && (!TCP_SERVERS.contains(&destination) || source < destination)
                }
            }
        }
        protocol::UDP => UDP_SERVERS.contains(&source) && !UDP_SERVERS.contains(&destination),
        _ => false,
    }
}

// Ports that Zeek's protocol scripts register by default; in order, so that they may be read.
const TCP_SERVERS: &[u16] = &[
    21, 22, 25, 53, 80, 81, 88, 102, 135, 139, 389, 443, 445, 502, 524, 563, 585, 587, 614, 631,
    636, 989, 990, 992, 993, 995, 1080, 1883, 2811, 3128, 3268, 3269, 3306, 3389, 5060, 5223, 5432,
    5900, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000,
];
const UDP_SERVERS: &[u16] = &[
    53, 67, 88, 123, 137, 161, 162, 389, 443, 514, 1812, 2123, 2152, 3389, 3544, 4011, 4789, 5060,
    5072, 5353, 5355, 6081, 20000,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order() {
        assert!(TCP_SERVERS.is_sorted() && UDP_SERVERS.is_sorted());
    }
}
