//! Data sets that came before their template.

use super::clock::Clock;
use super::exporter::Exporter;
use crate::sensors::aged::Aged;

/// A data set as it came.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) clock: Clock,
    pub(super) bytes: Box<[u8]>,
}

/// Data sets by the template that they wait for, within a bound of bytes.
#[derive(Debug, Default)]
pub(super) struct WaitingData {
    sets: Aged<(Exporter, u16), (i64, Vec<Kept>)>,
    bytes: usize,
}

/// Memory of a set besides its bytes, about.
const OVERHEAD: usize = 128;

impl WaitingData {
    /// Keeps a set; gives how many others were dropped for it.
    pub(super) fn keep(
        &mut self,
        key: (Exporter, u16),
        clock: Clock,
        bytes: &[u8],
        now_ns: i64,
        max_bytes: usize,
    ) -> u64 {
        let kept = Kept { clock, bytes: bytes.into() };
        self.bytes += bytes.len() + OVERHEAD;
        match self.sets.get_mut(&key) {
            Some((_, sets)) => sets.push(kept),
            None => {
                self.sets.insert(key, (now_ns, vec![kept]));
            }
        }
        let mut dropped = 0;
        while self.bytes > max_bytes {
            let Some((_, (_, sets))) = self.sets.pop_oldest() else { break };
            dropped += self.forget(&sets);
        }
        dropped
    }

    /// Takes the sets that wait for a template, in the order in which they came.
    pub(super) fn take(&mut self, key: &(Exporter, u16)) -> Vec<Kept> {
        let Some((_, sets)) = self.sets.remove(key) else { return Vec::new() };
        self.forget(&sets);
        sets
    }

    /// Drops sets whose first waits for so long; gives how many.
    pub(super) fn expire(&mut self, now_ns: i64, wait_ns: i64) -> u64 {
        let mut dropped = 0;
        while let Some((_, (since_ns, _))) = self.sets.oldest() {
            if now_ns.saturating_sub(*since_ns) < wait_ns {
                break;
            }
            let Some((_, (_, sets))) = self.sets.pop_oldest() else { break };
            dropped += self.forget(&sets);
        }
        dropped
    }

    fn forget(&mut self, sets: &[Kept]) -> u64 {
        self.bytes -= sets.iter().map(|kept| kept.bytes.len() + OVERHEAD).sum::<usize>();
        sets.len() as u64
    }
}
