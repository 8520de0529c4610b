//! Numbers of known values, found by one look into memory.

/// Most values for which there is a table: at up to 32 bytes for each, 4 MiB. A larger one would be
/// far from the processor, and no faster than a search.
const MOST: usize = 1 << 17;

/// Values of one line of the cache.
const WAYS: usize = 4;

/// Values that are looked for together: their lines come from memory at the same time.
pub(super) const BLOCK: usize = 32;

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
    /// The number of a value's bits and whether it is among these, of which the first is given.
    #[inline(always)]
    fn get(&self, bits: u64, first: u64) -> (f64, bool) {
        // All are looked at, without a branch that would wait for memory, then be taken wrongly.
        let is = |way: usize| usize::from(self.values[way] == bits);
        let way = (is(1) | (2 * is(2)) | (3 * is(3))) % WAYS;
        (f64::from_bits(self.numbers[way]), (way > 0) | (first == bits))
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
        // How many stand in each line: a small list, unlike the lines.
        let mut used = vec![0_u8; known.lines.len()];
        for (&value, number) in values.iter().zip(numbers) {
            let first = known.line(value);
            let at = first + usize::from(usize::from(used[first]) == WAYS);
            let way = usize::from(used[at]);
            if way < WAYS {
                let line = &mut known.lines[at];
                (line.values[way], line.numbers[way]) = (bits(value), number.to_bits());
                used[at] += 1;
            }
        }
        known
    }

    /// There is no value in the table.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The number of a value, if it is in the table.
    pub(super) fn get(&self, value: f64) -> Option<f64> {
        let (at, bits) = (self.line(value), bits(value));
        let line = self.lines.get(at)?;
        let (number, is) = line.get(bits, line.values[0]);
        if is {
            return Some(number);
        }
        if line.values[WAYS - 1] == ROOM {
            return None;
        }
        let line = self.lines.get(at + 1)?;
        let (number, is) = line.get(bits, line.values[0]);
        is.then_some(number)
    }

    /// Writes the number of each value to `numbers`; gives back a bit for each that is not where it
    /// is looked for first.
    #[inline(always)]
    pub(super) fn get_block(&self, values: &[f64; BLOCK], numbers: &mut [f64; BLOCK]) -> u32 {
        // All lines are asked for before one of them is waited for.
        let mut lines = [0; BLOCK];
        let mut first = [0; BLOCK];
        for lane in 0..BLOCK {
            lines[lane] = self.line(values[lane]);
            first[lane] = self.lines[lines[lane]].values[0];
        }
        let mut missing = 0;
        for lane in 0..BLOCK {
            let (number, is) = self.lines[lines[lane]].get(bits(values[lane]), first[lane]);
            numbers[lane] = number;
            missing |= u32::from(!is) << lane;
        }
        missing
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
        let probe: Vec<f64> = values.iter().flat_map(|&value| [value, value + 1e-9]).collect();
        for probe in probe.as_chunks::<BLOCK>().0 {
            let mut numbers = [0.0; BLOCK];
            let missing = known.get_block(probe, &mut numbers);
            for (lane, &value) in probe.iter().enumerate() {
                if missing >> lane & 1 == 0 {
                    assert_eq!(known.get(value), Some(numbers[lane]));
                } else {
                    assert!(lane % 2 == 1 || known.get(value) != Some(numbers[lane]));
                }
            }
        }
        assert_eq!(Known::new(&[-0.0, 3.0], [7.0, 8.0].into_iter()).get(0.0), Some(7.0));
        assert_eq!(Known::new(&vec![0.0; MOST + 1], std::iter::repeat(1.0)).get(0.0), None);
    }
}
