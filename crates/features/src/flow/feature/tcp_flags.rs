//! TCP flags of a flow's packets.

use tripline_core::flow::Flow;
use tripline_core::math::log2;
use tripline_core::packet::{protocol, tcp_flags};

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Flag octets counted in the flow itself; a connection has about five.
const FEW: usize = 8;

/// How often each octet of flags was sent, each way.
#[derive(Debug, Default)]
pub(crate) struct TcpFlags {
    ways: [Counts; 2],
}

#[derive(Debug, Default)]
struct Counts {
    octets: [u8; FEW],
    counts: [u32; FEW],
    used: u8,
    all: Option<Box<[u32; 256]>>,
}

const COUNTED: [u8; 8] = [
    tcp_flags::SYN,
    tcp_flags::ACK,
    tcp_flags::FIN,
    tcp_flags::RST,
    tcp_flags::PSH,
    tcp_flags::URG,
    tcp_flags::ECE,
    tcp_flags::CWR,
];

impl FlowFeature for TcpFlags {
    fn columns() -> Vec<ColumnDoc> {
        const fn packets(name: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, "packets", text)
        }
        vec![
            packets("tcp_syn_count", "Packets with SYN; missing unless TCP, as all that follow."),
            packets("tcp_ack_count", "Packets with ACK."),
            packets("tcp_fin_count", "Packets with FIN."),
            packets("tcp_rst_count", "Packets with RST."),
            packets("tcp_psh_count", "Packets with PSH."),
            packets("tcp_urg_count", "Packets with URG."),
            packets("tcp_ece_count", "Packets with ECE."),
            packets("tcp_cwr_count", "Packets with CWR."),
            ColumnDoc::number(
                "tcp_flags_entropy",
                "bits",
                "Shannon entropy of the octet of flags over the packets.",
            ),
            packets("fwd_syn_count", "Packets of the initiator with SYN."),
            packets("fwd_rst_count", "Packets of the initiator with RST."),
            packets("fwd_fin_count", "Packets of the initiator with FIN."),
            packets("fwd_psh_count", "Packets of the initiator with PSH."),
            packets("bwd_syn_count", "Packets of the responder with SYN."),
            packets("bwd_rst_count", "Packets of the responder with RST."),
            packets("bwd_fin_count", "Packets of the responder with FIN."),
            packets("bwd_psh_count", "Packets of the responder with PSH."),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self::default()
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        if step.packet.protocol == protocol::TCP {
            self.ways[step.direction as usize].push(step.packet.tcp.flags);
        }
    }

    fn write(state: Option<&Self>, flow: &Flow, row: &mut Row) {
        let Some(Self { ways: [fwd, bwd] }) = state.filter(|_| flow.key.protocol == protocol::TCP)
        else {
            row.missing(17);
            return;
        };
        let (mut forward, mut backward) = ([0; 8], [0; 8]);
        fwd.each(|octet, count| tally(&mut forward, octet, count));
        bwd.each(|octet, count| tally(&mut backward, octet, count));
        for (forward, backward) in forward.iter().zip(&backward) {
            row.count(forward + backward);
        }
        row.number(entropy(fwd, bwd));
        for counts in [&forward, &backward] {
            let [syn, _, fin, rst, psh, ..] = *counts;
            [syn, rst, fin, psh].into_iter().for_each(|count| row.count(count));
        }
    }

    fn heap_bytes(&self) -> usize {
        let boxed = self.ways.iter().filter(|counts| counts.all.is_some()).count();
        boxed * size_of::<[u32; 256]>()
    }
}

fn tally(sums: &mut [u64; 8], octet: u8, count: u32) {
    for (sum, flag) in sums.iter_mut().zip(COUNTED) {
        if octet & flag != 0 {
            *sum += u64::from(count);
        }
    }
}

fn entropy(fwd: &Counts, bwd: &Counts) -> f64 {
    // Octets in the order first seen, the initiator's first, so that the sum has one order.
    let (mut total, mut products) = (0, 0.0);
    let mut add = |count: u64| {
        total += count;
        products += count as f64 * log2(count as f64);
    };
    fwd.each(|octet, count| add(u64::from(count) + u64::from(bwd.count(octet))));
    bwd.each(|octet, count| {
        if fwd.count(octet) == 0 {
            add(u64::from(count));
        }
    });
    if total == 0 {
        return 0.0;
    }
    let total = total as f64;
    // H = log2 n − Σ c log2 c / n, with c packets of each octet among n.
    (log2(total) - products / total).max(0.0)
}

impl Counts {
    #[inline]
    fn push(&mut self, octet: u8) {
        if let Some(all) = &mut self.all {
            let count = &mut all[usize::from(octet)];
            *count = count.saturating_add(1);
            return;
        }
        let used = usize::from(self.used);
        if let Some(position) = self.octets[..used].iter().position(|&known| known == octet) {
            self.counts[position] = self.counts[position].saturating_add(1);
        } else if used < FEW {
            self.octets[used] = octet;
            self.counts[used] = 1;
            self.used += 1;
        } else {
            let mut all = Box::new([0; 256]);
            self.each(|known, count| all[usize::from(known)] = count);
            all[usize::from(octet)] += 1;
            self.all = Some(all);
        }
    }

    /// How often an octet was sent.
    fn count(&self, octet: u8) -> u32 {
        match &self.all {
            Some(all) => all[usize::from(octet)],
            None => {
                let used = usize::from(self.used);
                let position = self.octets[..used].iter().position(|&known| known == octet);
                position.map_or(0, |position| self.counts[position])
            }
        }
    }

    fn each(&self, mut take: impl FnMut(u8, u32)) {
        match &self.all {
            Some(all) => {
                for (octet, &count) in (0..=u8::MAX).zip(all.iter()) {
                    if count > 0 {
                        take(octet, count);
                    }
                }
            }
            None => {
                let used = usize::from(self.used);
                for (&octet, &count) in self.octets[..used].iter().zip(&self.counts) {
                    take(octet, count);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_octets_are_counted_too() {
        let mut counts = Counts::default();
        for octet in 0..40_u8 {
            (0..=octet).for_each(|_| counts.push(octet));
        }
        let mut seen = Vec::new();
        counts.each(|octet, count| seen.push((octet, count)));
        assert!(seen.iter().enumerate().all(|(i, &(octet, count))| {
            i == usize::from(octet) && count == u32::from(octet) + 1
        }));
        assert_eq!(seen.len(), 40);
    }

    #[test]
    fn entropy_of_flags() {
        let (mut fwd, mut bwd) = (Counts::default(), Counts::default());
        assert_eq!(entropy(&fwd, &bwd), 0.0);
        fwd.push(2);
        assert_eq!(entropy(&fwd, &bwd), 0.0);
        bwd.push(18);
        fwd.push(16);
        bwd.push(16);
        assert_eq!(entropy(&fwd, &bwd), 1.5);
    }
}
