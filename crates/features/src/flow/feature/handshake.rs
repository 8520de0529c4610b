//! The TCP handshake: how long it took, what was offered.

use tripline_core::flow::{Direction, Flow};
use tripline_core::packet::{protocol, tcp_flags};

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Times and options of the handshake.
#[derive(Debug)]
pub(crate) struct Handshake {
    /// Time of the last SYN before its answer.
    syn_ns: i64,
    /// Time of the first SYN-ACK.
    syn_ack_ns: i64,
    /// Time of the initiator's first ACK behind that.
    ack_ns: i64,
    /// Largest segment that each side takes; 0 is not told.
    segments: [u16; 2],
    scales: [u8; 2],
}

const NEVER: i64 = i64::MIN;

impl FlowFeature for Handshake {
    fn columns() -> Vec<ColumnDoc> {
        vec![
            ColumnDoc::number(
                "handshake_syn_ack",
                "s",
                "Time from the initiator's last SYN before it to the responder's first SYN-ACK; \
                 missing without both.",
            ),
            ColumnDoc::number(
                "handshake_ack",
                "s",
                "Time from the first SYN-ACK to the initiator's next packet with ACK and without \
                 SYN or RST; missing without both.",
            ),
            ColumnDoc::number(
                "handshake_time",
                "s",
                "handshake_syn_ack + handshake_ack; missing without both.",
            ),
            ColumnDoc::number(
                "fwd_max_segment",
                "bytes",
                "Maximum segment size that the initiator's first SYN offers; missing without.",
            ),
            ColumnDoc::number(
                "bwd_max_segment",
                "bytes",
                "Maximum segment size that the responder's first SYN offers; missing without.",
            ),
            ColumnDoc::number(
                "fwd_window_scale",
                "bits",
                "Window scale that the initiator's first SYN offers; missing without.",
            ),
            ColumnDoc::number(
                "bwd_window_scale",
                "bits",
                "Window scale that the responder's first SYN offers; missing without.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self {
            syn_ns: NEVER,
            syn_ack_ns: NEVER,
            ack_ns: NEVER,
            segments: [0; 2],
            scales: [u8::MAX; 2],
        }
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        if step.packet.protocol != protocol::TCP || self.ack_ns != NEVER {
            return;
        }
        let tcp = &step.packet.tcp;
        let [syn, ack, rst] =
            [tcp_flags::SYN, tcp_flags::ACK, tcp_flags::RST].map(|flag| tcp.flags & flag != 0);
        let side = step.direction as usize;
        if syn {
            if self.segments[side] == 0 {
                self.segments[side] = tcp.maximum_segment;
            }
            if self.scales[side] == u8::MAX {
                self.scales[side] = tcp.window_scale;
            }
        }
        match (step.direction, syn, ack) {
            (Direction::Orig, true, _) if self.syn_ack_ns == NEVER => {
                self.syn_ns = step.packet.time_ns;
            }
            (Direction::Resp, true, true) if self.syn_ack_ns == NEVER => {
                self.syn_ack_ns = step.packet.time_ns;
            }
            (Direction::Orig, false, true) if self.syn_ack_ns != NEVER && !rst => {
                self.ack_ns = step.packet.time_ns;
            }
            _ => {}
        }
    }

    fn write(state: Option<&Self>, _: &Flow, row: &mut Row) {
        let Some(state) = state else {
            row.missing(7);
            return;
        };
        let first = since(state.syn_ns, state.syn_ack_ns);
        let second = since(state.syn_ack_ns, state.ack_ns);
        row.maybe(first);
        row.maybe(second);
        row.maybe(first.zip(second).map(|(first, second)| first + second));
        for segment in state.segments {
            row.maybe((segment > 0).then_some(f64::from(segment)));
        }
        for scale in state.scales {
            row.maybe((scale < u8::MAX).then_some(f64::from(scale)));
        }
    }
}

fn since(from_ns: i64, to_ns: i64) -> Option<f64> {
    (from_ns != NEVER && to_ns != NEVER).then(|| to_ns.saturating_sub(from_ns).max(0) as f64 / 1e9)
}
