//! How often each byte value occurs, in 272 bytes and some more for frequent values.

use std::sync::LazyLock;

use tripline_core::math::log2;

/// Bytes that are counted in tables of their own before they are added up.
const PIECE: usize = 1016;

/// Fewer bytes than this are counted at once.
const FEW: usize = 128;

/// Counts of byte values.
#[derive(Debug)]
pub(crate) struct ByteCounts {
    /// Counts modulo 256.
    low: [u8; 256],
    /// Byte values whose count passed 256, once for each time.
    // A vector in the struct would take three words of every flow; few have a carry.
    #[allow(clippy::box_collection)]
    carries: Option<Box<Vec<u8>>>,
    total: u64,
}

impl ByteCounts {
    pub(crate) fn new() -> Self {
        Self { low: [0; 256], carries: None, total: 0 }
    }

    /// Bytes that it holds outside itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.carries.as_ref().map_or(0, |carries| size_of::<Vec<u8>>() + carries.capacity())
    }

    /// Counts some bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        for piece in bytes.chunks(PIECE) {
            if piece.len() < FEW { self.push_few(piece) } else { self.push_piece(piece) }
        }
    }

    fn push_few(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let count = &mut self.low[usize::from(byte)];
            *count = count.wrapping_add(1);
            if *count == 0 {
                self.carry(byte);
            }
        }
    }

    /// Four tables, so that equal bytes in a row do not wait for one another; none can overflow.
    fn push_piece(&mut self, bytes: &[u8]) {
        let mut tables = [[0_u8; 256]; 4];
        let [a, b, c, d] = &mut tables;
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let mut word = u64::from_le_bytes(*word);
            for _ in 0..2 {
                let four = word as u32;
                a[usize::from(four as u8)] += 1;
                b[usize::from((four >> 8) as u8)] += 1;
                let two = four >> 16;
                c[usize::from(two as u8)] += 1;
                d[usize::from((two >> 8) as u8)] += 1;
                word >>= 32;
            }
        }
        // By turns, too: 126 words give a table 252 of one value, seven more bytes would be too many.
        for (i, &byte) in rest.iter().enumerate() {
            let table = match i % 4 {
                0 => &mut *a,
                1 => &mut *b,
                2 => &mut *c,
                _ => &mut *d,
            };
            table[usize::from(byte)] += 1;
        }
        // In octets, of which a processor adds sixteen at once; one that may have run over is rare.
        let mut sums = self.low;
        let mut full = false;
        for (i, sum) in sums.iter_mut().enumerate() {
            let most = sum
                .saturating_add(a[i])
                .saturating_add(b[i])
                .saturating_add(c[i])
                .saturating_add(d[i]);
            full |= most == u8::MAX;
            *sum = most;
        }
        if full {
            self.add_slowly(&tables);
        } else {
            self.low = sums;
        }
    }

    #[cold]
    fn add_slowly(&mut self, tables: &[[u8; 256]; 4]) {
        for byte in 0..=u8::MAX {
            let i = usize::from(byte);
            let sum =
                tables.iter().fold(u16::from(self.low[i]), |sum, table| sum + u16::from(table[i]));
            self.low[i] = sum as u8;
            (0..sum >> 8).for_each(|_| self.carry(byte));
        }
    }

    fn counts(&self) -> [u32; 256] {
        let mut counts = self.low.map(u32::from);
        for &byte in self.carries.iter().flat_map(|carries| carries.iter()) {
            counts[usize::from(byte)] += 256;
        }
        counts
    }

    /// Shannon entropy in bits of the bytes counted; `NaN` without one.
    pub(crate) fn entropy(&self) -> f64 {
        if self.total == 0 {
            return f64::NAN;
        }
        let known = &**PRODUCTS;
        // Four sums, so that additions do not wait for one another.
        let mut sums = [0.0; 4];
        if self.carries.is_none() {
            for counts in self.low.as_chunks::<4>().0 {
                for i in 0..4 {
                    sums[i] += known[usize::from(counts[i])];
                }
            }
        } else {
            for (i, &count) in self.counts().iter().enumerate() {
                sums[i % 4] += match known.get(count as usize) {
                    Some(&product) => product,
                    None => f64::from(count) * log2(f64::from(count)),
                };
            }
        }
        // H = log2 n − Σ c log2 c / n: Shannon 1948, section 6, with p = c / n.
        let [a, b, c, d] = sums;
        let total = self.total as f64;
        (log2(total) - ((a + b) + (c + d)) / total).max(0.0)
    }

    #[cold]
    fn carry(&mut self, byte: u8) {
        self.carries.get_or_insert_default().push(byte);
    }
}

/// c log2 c of small counts; 0 for none.
static PRODUCTS: LazyLock<Box<[f64; 8192]>> = LazyLock::new(|| {
    let mut products = Box::new([0.0; 8192]);
    for (count, product) in products.iter_mut().enumerate().skip(1) {
        *product = count as f64 * log2(count as f64);
    }
    products
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact() {
        let mut bytes = Vec::new();
        let mut state = 1_u32;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Two thirds are one value.
            bytes.push(if state.is_multiple_of(3) { (state >> 24) as u8 } else { 7 });
        }
        for size in [1, 50, 97, 1500, 20_000] {
            let mut counts = ByteCounts::new();
            bytes.chunks(size).for_each(|piece| counts.push(piece));
            let got = counts.counts();
            let mut expected = [0; 256];
            bytes.iter().for_each(|&byte| expected[usize::from(byte)] += 1);
            assert_eq!(got, expected, "{size}");
        }
    }

    #[test]
    fn one_value_fills_no_table() {
        for size in FEW..=PIECE + FEW {
            let mut counts = ByteCounts::new();
            counts.push(&vec![9; size]);
            assert_eq!(counts.counts()[9] as usize, size);
        }
    }

    #[test]
    fn entropies() {
        let entropy_of = |bytes: &[u8]| {
            let mut counts = ByteCounts::new();
            counts.push(bytes);
            counts.entropy()
        };
        assert!(entropy_of(b"").is_nan());
        assert_eq!(entropy_of(&[5; 4096]), 0.0);
        assert_eq!(entropy_of(b"abab"), 1.0);
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(entropy_of(&all), 8.0);
        // scipy 1.17.1: scipy.stats.entropy([5, 2, 2, 1, 1], base=2)
        assert!((entropy_of(b"abracadabra") - 2.040_373_393_688_496_2).abs() < 1e-14);
    }
}
