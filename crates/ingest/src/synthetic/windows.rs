//! What a sensor knows of the flows before a flow: counts over a window, the pause since the last.

use std::collections::HashMap;

use rayon::prelude::*;

use super::flow::{Flow, State};

/// Flows that a window holds, the flow itself included.
pub(super) const WINDOW: usize = 256;

/// Flows whose windows are computed together.
const CHUNK: usize = 4096;

/// No such flow.
const NONE: u32 = u32::MAX;

/// Names of the counts, in the order of [`Counts::values`].
pub(super) const COUNTS: [&str; 9] = [
    "ct_src_ltm",
    "ct_dst_ltm",
    "ct_dst_src_ltm",
    "ct_srv_src",
    "ct_srv_dst",
    "ct_src_dport_ltm",
    "ct_src_dsts",
    "ct_src_ports",
    "ct_src_failed",
];

/// One column for each count, with the pauses.
pub(super) struct Counts {
    /// In the order of [`COUNTS`].
    pub(super) values: Vec<Vec<f64>>,
    /// Seconds since the last flow between the same hosts to the same port; `NaN` for the first.
    pub(super) pause: Vec<f64>,
    /// How far that pause differs from the one before, from 0 to 1; `NaN` without one.
    pub(super) change: Vec<f64>,
}

/// The stream as columns of keys: what equals what.
struct Keys {
    source: Vec<u32>,
    target: Vec<u32>,
    service: Vec<u32>,
    port: Vec<u32>,
    failed: Vec<u32>,
    /// The flow before with the same source and target, with the same source and port.
    last_pair: Vec<u32>,
    last_port: Vec<u32>,
}

/// Computes them for flows in the order of their ends.
pub(super) fn counts(flows: &[Flow]) -> Counts {
    let key = |a: u32, b: u32| u64::from(a) << 32 | u64::from(b);
    let ((last_pair, last_port), last_same) = rayon::join(
        || {
            rayon::join(
                || last(flows, |flow| key(flow.source, flow.target)),
                || last(flows, |flow| key(flow.source, u32::from(flow.port))),
            )
        },
        // Hosts are fewer than 2^24.
        || last(flows, |flow| key(flow.source, flow.target) << 16 ^ u64::from(flow.port)),
    );
    let keys = Keys {
        source: flows.iter().map(|flow| flow.source).collect(),
        target: flows.iter().map(|flow| flow.target).collect(),
        service: flows.iter().map(|flow| flow.service as u32).collect(),
        port: flows.iter().map(|flow| u32::from(flow.port)).collect(),
        failed: flows
            .iter()
            .map(|flow| u32::from(matches!(flow.state, State::Req | State::Int | State::Rst)))
            .collect(),
        last_pair,
        last_port,
    };
    let chunks: Vec<Vec<[u32; COUNTS.len()]>> = (0..flows.len())
        .step_by(CHUNK)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|from| (from..flows.len().min(from + CHUNK)).map(|at| keys.window(at)).collect())
        .collect();
    let mut values = vec![Vec::with_capacity(flows.len()); COUNTS.len()];
    for row in chunks.iter().flatten() {
        for (column, &count) in values.iter_mut().zip(row) {
            column.push(f64::from(count));
        }
    }
    let pauses = pauses(flows, &last_same);
    Counts { values, pause: pauses.0, change: pauses.1 }
}

impl Keys {
    /// The counts of the window that ends with a flow. Comparisons become vector instructions.
    fn window(&self, at: usize) -> [u32; COUNTS.len()] {
        let from = (at + 1).saturating_sub(WINDOW);
        let (source, target) = (self.source[at], self.target[at]);
        let (service, port) = (self.service[at], self.port[at]);
        let mut counts = [0; COUNTS.len()];
        for i in from..=at {
            let same_source = u32::from(self.source[i] == source);
            let same_target = u32::from(self.target[i] == target);
            let same_service = u32::from(self.service[i] == service);
            // A pair is counted where it comes first in the window; `NONE` + 1 is 0.
            let new_pair = u32::from(self.last_pair[i].wrapping_add(1) <= from as u32);
            let new_port = u32::from(self.last_port[i].wrapping_add(1) <= from as u32);
            counts[0] += same_source;
            counts[1] += same_target;
            counts[2] += same_source & same_target;
            counts[3] += same_source & same_service;
            counts[4] += same_target & same_service;
            counts[5] += same_source & u32::from(self.port[i] == port);
            counts[6] += same_source & new_pair;
            counts[7] += same_source & new_port;
            counts[8] += same_source & self.failed[i];
        }
        counts
    }
}

/// For each flow the flow before with the same key.
fn last(flows: &[Flow], key: impl Fn(&Flow) -> u64) -> Vec<u32> {
    let mut seen: HashMap<u64, u32> = HashMap::with_capacity(flows.len() / 4);
    flows
        .iter()
        .enumerate()
        .map(|(at, flow)| seen.insert(key(flow), at as u32).unwrap_or(NONE))
        .collect()
}

fn pauses(flows: &[Flow], last: &[u32]) -> (Vec<f64>, Vec<f64>) {
    let mut pause = vec![f64::NAN; flows.len()];
    let mut change = vec![f64::NAN; flows.len()];
    for (at, &before) in last.iter().enumerate() {
        if before == NONE {
            continue;
        }
        let before = before as usize;
        // Starts may be out of order among flows in the order of their ends.
        pause[at] = (flows[at].start - flows[before].start).abs() as f64 / 1e6;
        let sum = pause[at] + pause[before];
        if sum > 0.0 {
            let ratio = (pause[at] - pause[before]).abs() / sum;
            change[at] = (ratio * 1e4).round() / 1e4;
        }
    }
    (pause, change)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tripline_core::Rng;

    use super::*;
    use crate::synthetic::flow::Service;

    #[test]
    fn windows_are_what_counting_by_hand_gives() {
        let mut rng = Rng::new(3);
        let flows: Vec<Flow> = (0..1500)
            .map(|at| Flow {
                start: at * 1000,
                duration: 0,
                source: rng.below(5) as u32,
                target: rng.below(7) as u32,
                port: rng.below(4) as u16,
                proto: 1,
                service: if rng.below(2) == 0 { Service::Dns } else { Service::Ssh },
                state: if rng.below(3) == 0 { State::Req } else { State::Fin },
                class: 0,
                packets: [1, 1],
                bytes: [40, 40],
                lost: [0, 0],
                jitter: [0.0, 0.0],
                handshake: 0.0,
            })
            .collect();
        let counts = counts(&flows);
        for at in (0..flows.len()).step_by(7) {
            let flow = &flows[at];
            let window = &flows[(at + 1).saturating_sub(WINDOW)..=at];
            let own: Vec<&Flow> = window.iter().filter(|f| f.source == flow.source).collect();
            let to: Vec<&Flow> = window.iter().filter(|f| f.target == flow.target).collect();
            let pair = own.iter().filter(|f| f.target == flow.target).count();
            let targets: HashSet<u32> = own.iter().map(|f| f.target).collect();
            let ports: HashSet<u16> = own.iter().map(|f| f.port).collect();
            let expected = [
                own.len(),
                to.len(),
                pair,
                own.iter().filter(|f| f.service == flow.service).count(),
                to.iter().filter(|f| f.service == flow.service).count(),
                own.iter().filter(|f| f.port == flow.port).count(),
                targets.len(),
                ports.len(),
                own.iter().filter(|f| f.state == State::Req).count(),
            ];
            for ((name, column), expected) in COUNTS.iter().zip(&counts.values).zip(expected) {
                assert_eq!(column[at], expected as f64, "{name} at {at}");
            }
            let same = |f: &&Flow| {
                f.source == flow.source && f.target == flow.target && f.port == flow.port
            };
            match flows[..at].iter().rev().find(same) {
                Some(last) => {
                    assert_eq!(counts.pause[at], (flow.start - last.start) as f64 / 1e6);
                }
                None => assert!(counts.pause[at].is_nan()),
            }
        }
    }
}
