//! Numbers of known values, found by one look into memory.

/// Most values for which there is a table: at up to 32 bytes for each, 4 MiB. A larger one would be
/// far from the processor, and no faster than a search.
const MOST: usize = 1 << 17;

/// Values of one line of the cache.
const WAYS: usize = 4;

/// What no finite number has as its bits.
const ROOM: u64 = u64::MAX;

/// A line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line {
    /// Bits of the values; those of no number where there is room.
    values: [u64; WAYS],
    /// Bits of their numbers.
    numbers: [u64; WAYS],
}

impl Line {
    #[inline(always)]
    fn get(&self, value: f64) -> Option<f64> {
        // Each is looked at: a branch would have to guess which.
        let bits = bits(value);
        let (mut found, mut number) = (0, 0);
        for way in 0..WAYS {
            let same = u64::from(self.values[way] == bits).wrapping_neg();
            found |= same;
            number |= same & self.numbers[way];
        }
        (found != 0).then_some(f64::from_bits(number))
    }
}

/// Lines of values with their numbers. A value whose line is full stands in the next one; if that is
/// full too, it is not in the table.
#[derive(Debug, Clone)]
pub(super) struct Known {
    lines: Vec<Line>,
}

impl Known {
    /// Of distinct values with the number of each; empty if there are too many.
    pub(super) fn new(values: &[f64], numbers: impl Iterator<Item = f64>) -> Self {
        let count = if values.len() <= MOST { values.len().div_ceil(2) } else { 0 };
        let empty = Line { values: [ROOM; WAYS], numbers: [0; WAYS] };
        // The last line is only ever the next one.
        let mut known = Self { lines: vec![empty; if count > 0 { count + 1 } else { 0 }] };
        if count == 0 {
            return known;
        }
        for (&value, number) in values.iter().zip(numbers) {
            let first = known.line(value);
            for line in known.lines.iter_mut().skip(first).take(2) {
                if let Some(way) = line.values.iter().position(|&value| value == ROOM) {
                    (line.values[way], line.numbers[way]) = (bits(value), number.to_bits());
                    break;
                }
            }
        }
        known
    }

    /// The number of a value, if it is in the table.
    #[inline(always)]
    pub(super) fn get(&self, value: f64) -> Option<f64> {
        let at = self.line(value);
        let line = self.lines.get(at)?;
        line.get(value).or_else(|| {
            let full = line.values[WAYS - 1] != ROOM;
            if full { self.lines.get(at + 1)?.get(value) } else { None }
        })
    }

    /// Where a value stands: by the upper half of a product of its bits with 2⁶⁴ / φ (Knuth 1998,
    /// §6.4), scaled to the number of lines.
    #[inline(always)]
    fn line(&self, value: f64) -> usize {
        let bits = bits(value);
        let mixed = (bits ^ (bits >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((u128::from(mixed) * self.lines.len().saturating_sub(1) as u128) >> 64) as usize
    }
}

/// −0 and 0 are one.
#[inline(always)]
fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_value_has_its_number_or_none() {
        let values: Vec<f64> = (-500..500).map(|at| f64::from(at) * 0.37).collect();
        let known = Known::new(&values, (0..).map(f64::from));
        let mut there = 0;
        for (at, &value) in values.iter().enumerate() {
            if let Some(number) = known.get(value) {
                assert_eq!(number, at as f64);
                there += 1;
            }
            assert_eq!(known.get(value + 1e-9), None);
        }
        assert!(there > 990, "{there}");
        assert_eq!(Known::new(&[-0.0, 3.0], [7.0, 8.0].into_iter()).get(0.0), Some(7.0));
        assert_eq!(Known::new(&vec![0.0; MOST + 1], std::iter::repeat(1.0)).get(0.0), None);
    }
}
