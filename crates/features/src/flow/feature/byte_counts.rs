//! How often each byte value occurs, in 274 bytes for the first 4,096 bytes.

use std::sync::LazyLock;

use tripline_core::math::log2;

/// Bytes that are counted in tables of their own before they are added up.
const PIECE: usize = 1016;

/// Counts of byte values.
#[derive(Debug)]
pub(crate) struct ByteCounts {
    /// Counts modulo 256.
    low: [u8; 256],
    /// Byte values whose count passed 256, once for each time.
    carries: Vec<u8>,
    total: u64,
}

impl ByteCounts {
    pub(crate) fn new() -> Self {
        Self { low: [0; 256], carries: Vec::new(), total: 0 }
    }

    /// Bytes counted.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that it holds outside itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.carries.capacity()
    }

    /// Counts some bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        if bytes.len() < 96 {
            for &byte in bytes {
                let count = &mut self.low[usize::from(byte)];
                *count = count.wrapping_add(1);
                if *count == 0 {
                    self.carries.push(byte);
                }
            }
            return;
        }
        for piece in bytes.chunks(PIECE) {
            self.push_piece(piece);
        }
    }

    /// Four tables, so that equal bytes in a row do not wait for one another; none can overflow.
    fn push_piece(&mut self, bytes: &[u8]) {
        let mut tables = [[0_u8; 256]; 4];
        let [a, b, c, d] = &mut tables;
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let word = u64::from_le_bytes(*word);
            for shift in [0, 32] {
                let four = (word >> shift) as u32;
                a[(four & 0xff) as usize] += 1;
                b[(four >> 8 & 0xff) as usize] += 1;
                c[(four >> 16 & 0xff) as usize] += 1;
                d[(four >> 24) as usize] += 1;
            }
        }
        for &byte in rest {
            a[usize::from(byte)] += 1;
        }
        let mut high = 0;
        let mut sums = [0_u16; 256];
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = u16::from(a[i])
                + u16::from(b[i])
                + u16::from(c[i])
                + u16::from(d[i])
                + u16::from(self.low[i]);
            self.low[i] = *sum as u8;
            high |= *sum;
        }
        if high > 0xff {
            for (byte, &sum) in (0..=u8::MAX).zip(&sums) {
                (0..sum >> 8).for_each(|_| self.carries.push(byte));
            }
        }
    }

    /// Adds these counts to others.
    fn add_to(&self, counts: &mut [u32; 256]) {
        for (count, &low) in counts.iter_mut().zip(&self.low) {
            *count += u32::from(low);
        }
        for &byte in &self.carries {
            counts[usize::from(byte)] += 256;
        }
    }

    /// Shannon entropy in bits of what all of these counted; `NaN` without a byte.
    pub(crate) fn entropy<'a>(of: impl IntoIterator<Item = &'a Self>) -> f64 {
        let mut counts = [0; 256];
        let mut total = 0;
        for one in of {
            one.add_to(&mut counts);
            total += one.total;
        }
        if total == 0 {
            return f64::NAN;
        }
        // H = log2 n − Σ c log2 c / n; Shannon 1948, section 6, with p = c / n.
        let products: f64 = counts.iter().map(|&count| weighted_log(count)).sum();
        let total = total as f64;
        (log2(total) - products / total).max(0.0)
    }
}

/// c log2 c; 0 for none.
fn weighted_log(count: u32) -> f64 {
    static SMALL: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let product = |count: u32| {
            if count == 0 { 0.0 } else { f64::from(count) * log2(f64::from(count)) }
        };
        (0..8192).map(product).collect()
    });
    match SMALL.get(count as usize) {
        Some(&product) => product,
        None => f64::from(count) * log2(f64::from(count)),
    }
}

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
            let mut got = [0; 256];
            counts.add_to(&mut got);
            let mut expected = [0; 256];
            bytes.iter().for_each(|&byte| expected[usize::from(byte)] += 1);
            assert_eq!(got, expected, "{size}");
        }
    }

    #[test]
    fn entropies() {
        let entropy = |bytes: &[u8]| {
            let mut counts = ByteCounts::new();
            counts.push(bytes);
            ByteCounts::entropy([&counts])
        };
        assert!(entropy(b"").is_nan());
        assert_eq!(entropy(&[5; 4096]), 0.0);
        assert_eq!(entropy(b"abab"), 1.0);
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(entropy(&all), 8.0);
        // scipy 1.17.1: scipy.stats.entropy([5, 2, 2, 1, 1], base=2)
        assert!((entropy(b"abracadabra") - 2.040_373_393_688_496_2).abs() < 1e-14);
    }
}
