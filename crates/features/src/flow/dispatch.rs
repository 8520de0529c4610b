//! Packets to their partitions, each in capture order.

use rayon::prelude::*;
use tripline_core::packet::Batch;

use super::key::{PARTITIONS, Seeds, Words};

/// Packets whose keys are hashed as one piece of work.
const PIECE: usize = 8192;

/// Where a packet lies, with the hash of its key.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) hash: u32,
    pub(super) batch: u32,
    pub(super) packet: u32,
}

/// Packets of some batches, sorted by partition.
#[derive(Debug, Default)]
pub(super) struct Dispatch {
    // One list for each partition, in pieces; pieces are in capture order.
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    places: Vec<Place>,
    starts: [u32; PARTITIONS + 1],
}

impl Dispatch {
    /// Sorts packets; `ranges` are batch, first packet, packet behind the last.
    pub(super) fn sort(batches: &[Batch], ranges: &[(usize, usize, usize)], seeds: &Seeds) -> Self {
        let mut work = Vec::new();
        for &(batch, from, to) in ranges {
            let mut start = from;
            while start < to {
                let end = to.min(start + PIECE);
                work.push((batch, start, end));
                start = end;
            }
        }
        let piece = |&(batch, from, to): &(usize, usize, usize)| {
            Piece::sort(&batches[batch], batch as u32, from, to, seeds)
        };
        let pieces = if work.len() > 1 && rayon::current_num_threads() > 1 {
            work.par_iter().map(piece).collect()
        } else {
            work.iter().map(piece).collect()
        };
        Self { pieces }
    }

    /// The packets of a partition, in capture order.
    pub(super) fn of(&self, partition: usize) -> impl Iterator<Item = &[Place]> {
        self.pieces.iter().map(move |piece| {
            &piece.places[piece.starts[partition] as usize..piece.starts[partition + 1] as usize]
        })
    }
}

impl Piece {
    fn sort(batch: &Batch, number: u32, from: usize, to: usize, seeds: &Seeds) -> Self {
        let packets = &batch.packets[from..to];
        let mut starts = [0_u32; PARTITIONS + 1];
        let mut found = Vec::with_capacity(packets.len());
        for packet in packets {
            let words = Words::of(packet);
            let partition = words.partition();
            starts[partition + 1] += 1;
            found.push((words.hash(seeds), partition as u8));
        }
        for partition in 0..PARTITIONS {
            starts[partition + 1] += starts[partition];
        }
        let mut next = starts;
        let mut places = vec![Place::default(); packets.len()];
        for (i, &(hash, partition)) in found.iter().enumerate() {
            let slot = &mut next[usize::from(partition)];
            places[*slot as usize] = Place { hash, batch: number, packet: (from + i) as u32 };
            *slot += 1;
        }
        Self { places, starts }
    }
}
