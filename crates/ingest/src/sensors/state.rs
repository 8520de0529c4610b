//! The state of a connection from the TCP flags that each side sent, where a sensor tells no more.

use tripline_core::flow::{ConnState, FlowKey};
use tripline_core::packet::{protocol, tcp_flags};

/// What one side sent over the life of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// Packets.
    pub(crate) packets: u64,
    /// All TCP flags together; 0 where the sensor does not tell.
    pub(crate) flags: u8,
}

/// The state by Zeek's names.
///
/// TCP: SYN of both sides is an established connection: reset by the initiator, else by the
/// responder, else closed by both (SF), by one (S2, S3) or by none (S1). The order of packets is
/// lost in a set of flags, so a reset after a close counts as a reset. SYN of the initiator alone:
/// rejected by a reset (REJ), else as the initiator went on without an answer (RSTOS0, SH, S0).
/// SYN of the responder alone: RSTRH, SHR. UDP as Zeek does: S0, SF or SHR by who sent. What is
/// left is OTH.
pub(crate) fn of(key: &FlowKey, orig: Seen, resp: Seen) -> ConnState {
    match key.protocol {
        protocol::TCP => of_tcp(orig, resp),
        protocol::UDP => match (orig.packets, resp.packets) {
            (0, 0) => ConnState::Oth,
            (_, 0) => ConnState::S0,
            (0, _) => ConnState::Shr,
            _ => ConnState::SF,
        },
        _ => ConnState::Oth,
    }
}

fn of_tcp(orig: Seen, resp: Seen) -> ConnState {
    let has = |side: Seen, flag: u8| side.flags & flag != 0;
    let (fin, syn, rst) = (tcp_flags::FIN, tcp_flags::SYN, tcp_flags::RST);
    match (has(orig, syn), has(resp, syn)) {
        (true, true) if has(orig, rst) => ConnState::RstO,
        (true, true) if has(resp, rst) => ConnState::RstR,
        (true, true) => match (has(orig, fin), has(resp, fin)) {
            (true, true) => ConnState::SF,
            (true, false) => ConnState::S2,
            (false, true) => ConnState::S3,
            (false, false) => ConnState::S1,
        },
        (true, false) if has(resp, rst) => ConnState::Rej,
        (true, false) if resp.packets > 0 => ConnState::Oth,
        (true, false) if has(orig, rst) => ConnState::RstOS0,
        (true, false) if has(orig, fin) => ConnState::SH,
        (true, false) => ConnState::S0,
        (false, true) if has(resp, rst) => ConnState::RstRH,
        (false, true) if has(resp, fin) => ConnState::Shr,
        _ => ConnState::Oth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_tell_states() {
        let tcp = |orig: u8, resp: u8| {
            let seen = |flags: u8| Seen { packets: u64::from(flags != 0), flags };
            of_tcp(seen(orig), seen(resp)).name()
        };
        // SYN 02, FIN 01, RST 04, ACK 10.
        for (orig, resp, state) in [
            (0x02, 0x00, "S0"),
            (0x02, 0x14, "REJ"),
            (0x12, 0x12, "S1"),
            (0x13, 0x12, "S2"),
            (0x12, 0x13, "S3"),
            (0x1b, 0x1b, "SF"),
            (0x16, 0x12, "RSTO"),
            (0x13, 0x16, "RSTR"),
            (0x06, 0x00, "RSTOS0"),
            (0x03, 0x00, "SH"),
            (0x00, 0x16, "RSTRH"),
            (0x00, 0x13, "SHR"),
            (0x00, 0x12, "OTH"),
            (0x10, 0x10, "OTH"),
            (0x02, 0x10, "OTH"),
        ] {
            assert_eq!(tcp(orig, resp), state, "{orig:02x} {resp:02x}");
        }
    }
}
