//! The median packet size: exact for short flows, from a sketch for long ones.

use tripline_core::flow::Flow;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Sizes held in the flow itself.
const FEW: usize = 8;

/// Sizes held exactly.
const EXACT: usize = 64;

/// Buckets for each doubling of the size.
const PARTS: u32 = 16;

/// Sizes under twice `PARTS` have a bucket of their own; then 16 for each of the 13 doublings up to
/// 2^18 bytes, the largest packet that captures hold.
const BUCKETS: usize = (2 * PARTS + 13 * PARTS) as usize;

/// Frame lengths, as far as their median needs them.
#[derive(Debug)]
pub(crate) struct SizeMedian {
    few: [u32; FEW],
    count: u64,
    many: Option<Many>,
}

#[derive(Debug)]
enum Many {
    Exact(Box<[u32; EXACT]>),
    Sketch(Box<[u32; BUCKETS]>),
}

impl FlowFeature for SizeMedian {
    fn columns() -> Vec<ColumnDoc> {
        vec![ColumnDoc::number(
            "size_median",
            "bytes",
            "Median frame length (mean of the two middle ones for an even count): exact to 64 \
             packets. Of more packets each middle one is the centre of its bucket; buckets are \
             1 byte wide under 32, then a sixteenth of the power of two below them, so the column \
             is off by at most 1/32 of the true value.",
        )]
    }

    fn on_init(_: &Step) -> Self {
        Self { few: [0; FEW], count: 0, many: None }
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        let size = step.packet.link_bytes;
        let position = self.count as usize;
        self.count += 1;
        match self.few.get_mut(position) {
            Some(slot) => *slot = size,
            None => self.push_more(position, size),
        }
    }

    fn write(state: Option<&Self>, _: &Flow, row: &mut Row) {
        row.maybe(state.and_then(Self::median));
    }

    fn heap_bytes(&self) -> usize {
        match &self.many {
            None => 0,
            Some(Many::Exact(_)) => size_of::<[u32; EXACT]>(),
            Some(Many::Sketch(_)) => size_of::<[u32; BUCKETS]>(),
        }
    }
}

impl SizeMedian {
    fn push_more(&mut self, position: usize, size: u32) {
        let few = &self.few;
        let many = self.many.get_or_insert_with(|| {
            let mut sizes = Box::new([0; EXACT]);
            sizes[..FEW].copy_from_slice(few);
            Many::Exact(sizes)
        });
        match many {
            Many::Exact(sizes) => match sizes.get_mut(position) {
                Some(slot) => *slot = size,
                None => {
                    let mut counts = Box::new([0; BUCKETS]);
                    for &size in sizes.iter() {
                        counts[bucket(size)] += 1;
                    }
                    counts[bucket(size)] += 1;
                    *many = Many::Sketch(counts);
                }
            },
            Many::Sketch(counts) => {
                let count = &mut counts[bucket(size)];
                *count = count.saturating_add(1);
            }
        }
    }

    fn median(&self) -> Option<f64> {
        let count = self.count as usize;
        match &self.many {
            None => exact(&mut { self.few }[..count]),
            Some(Many::Exact(sizes)) => exact(&mut { **sizes }[..count]),
            Some(Many::Sketch(counts)) => {
                Some((at(counts, (self.count - 1) / 2) + at(counts, self.count / 2)) / 2.0)
            }
        }
    }
}

fn exact(sizes: &mut [u32]) -> Option<f64> {
    sizes.sort_unstable();
    let above = *sizes.get(sizes.len() / 2)?;
    let below = *sizes.get((sizes.len() - 1) / 2)?;
    Some((f64::from(below) + f64::from(above)) / 2.0)
}

/// The centre of the bucket that holds the size of a rank.
fn at(counts: &[u32; BUCKETS], rank: u64) -> f64 {
    let mut below = 0;
    for (bucket, &count) in counts.iter().enumerate() {
        below += u64::from(count);
        if below > rank {
            return centre(bucket as u32);
        }
    }
    f64::NAN
}

fn bucket(size: u32) -> usize {
    if size < 2 * PARTS {
        return size as usize;
    }
    let doublings = size.ilog2() - PARTS.ilog2();
    let bucket = doublings * PARTS + (size >> doublings);
    (bucket as usize).min(BUCKETS - 1)
}

fn centre(bucket: u32) -> f64 {
    if bucket < 2 * PARTS {
        return f64::from(bucket);
    }
    let doublings = bucket / PARTS - 1;
    let width = 1_u32 << doublings;
    let from = (bucket % PARTS + PARTS) << doublings;
    // Whole sizes from `from` to `from + width - 1`.
    f64::from(from) + f64::from(width - 1) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_near_its_sizes() {
        for size in (0..70_000).chain([131_071, 131_072, 262_143]) {
            let centre = centre(bucket(size) as u32);
            let error = (centre - f64::from(size)).abs();
            assert!(error <= f64::from(size) / 32.0, "{size}: {centre}");
        }
        assert_eq!(bucket(262_143), BUCKETS - 1);
        assert_eq!(bucket(u32::MAX), BUCKETS - 1);
    }

    #[test]
    fn the_sketch_takes_over_at_65() {
        let mut median = SizeMedian { few: [0; FEW], count: 0, many: None };
        let mut sizes = Vec::new();
        for i in 0..200_u32 {
            let size = 54 + i * 7919 % 1461;
            let position = median.count as usize;
            median.count += 1;
            match median.few.get_mut(position) {
                Some(slot) => *slot = size,
                None => median.push_more(position, size),
            }
            sizes.push(size);
            let expected = exact(&mut sizes.clone()).expect("sizes");
            let got = median.median().expect("sizes");
            let bound = if sizes.len() <= 64 { 0.0 } else { expected / 32.0 };
            assert!((got - expected).abs() <= bound, "{i}: {got} {expected}");
        }
    }
}
