//! The products of single precision that the filters take, with their form for any processor.

/// Points that a kernel takes at once.
pub(super) const GROUP: usize = 32;

/// The sums of R queries over one group of points, compared with their limits.
pub(super) trait Kernel<const R: usize> {
    /// A bit for each point whose sum (its length with all products) is not above the limit;
    /// where there is one, `out` holds the query's sums.
    fn passing(
        lengths: &[f32; GROUP],
        offsets: &[[f32; GROUP]],
        queries: &[[f32; R]],
        limits: &[f32; R],
        out: &mut [[f32; GROUP]; R],
    ) -> [u32; R];
}

/// Points that a kernel takes at once for what they look for themselves.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    /// For each column.
    pub(super) offsets: &'a [[f32; GROUP]],
    /// Squared lengths of offsets.
    pub(super) lengths: &'a [f32; GROUP],
    /// Largest sums that points take.
    pub(super) limits: &'a [f32; GROUP],
}

/// Pairs of points of two groups that are near, with their sums.
pub(super) struct Near {
    pub(super) len: usize,
    sums: [f32; PAIRS],
    /// The point of the one group times [`GROUP`], and that of the other.
    pairs: [u32; PAIRS],
}

/// All pairs of two groups, and room for a register beyond.
const PAIRS: usize = GROUP * GROUP + 16;

impl Near {
    pub(super) fn new() -> Self {
        Self { len: 0, sums: [0.0; PAIRS], pairs: [0; PAIRS] }
    }

    /// The sum with the two points of a pair.
    #[inline(always)]
    pub(super) fn get(&self, at: usize) -> (f32, usize, usize) {
        let pair = self.pairs[at] as usize;
        (self.sums[at], pair / GROUP, pair % GROUP)
    }

    /// Where the next ones are written before `len` counts them.
    #[inline(always)]
    pub(super) fn room<const N: usize>(&mut self) -> (&mut [f32; N], &mut [u32; N]) {
        let (sums, _) = self.sums[self.len..].as_chunks_mut();
        let (pairs, _) = self.pairs[self.len..].as_chunks_mut();
        (&mut sums[0], &mut pairs[0])
    }

    /// Takes those of the pairs from `first` on whose bit is set.
    #[inline(always)]
    pub(super) fn take(&mut self, mut bits: u32, sums: &[f32], first: usize) {
        while bits != 0 {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            self.sums[self.len] = sums[bit];
            self.pairs[self.len] = (first + bit) as u32;
            self.len += 1;
        }
    }
}

/// Half the squared distances of R points of a group from those of another.
pub(super) trait Symmetric<const R: usize> {
    /// Adds the pairs of the points `pack · R ..` of a group with those of the other whose sum is
    /// not above the larger one of their limits.
    fn near(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near);
}

/// One query at a time, in code for any processor.
pub(super) struct Single;

impl Symmetric<1> for Single {
    #[inline(always)]
    fn near(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near) {
        let half = 0.5 * group.lengths[pack];
        let mut sums = *other.lengths;
        sums.iter_mut().for_each(|sum| *sum = 0.5 * *sum + half);
        for (own, offsets) in group.offsets.iter().zip(other.offsets) {
            for (sum, offset) in sums.iter_mut().zip(offsets) {
                *sum -= own[pack] * offset;
            }
        }
        let mut bits = 0;
        for (lane, (sum, limit)) in sums.iter().zip(other.limits).enumerate() {
            bits |= u32::from(*sum <= limit.max(group.limits[pack])) << lane;
        }
        near.take(bits, &sums, pack * GROUP);
    }
}

impl Kernel<1> for Single {
    #[inline(always)]
    fn passing(
        lengths: &[f32; GROUP],
        offsets: &[[f32; GROUP]],
        queries: &[[f32; 1]],
        limits: &[f32; 1],
        out: &mut [[f32; GROUP]; 1],
    ) -> [u32; 1] {
        let mut sums = *lengths;
        for (offsets, [query]) in offsets.iter().zip(queries) {
            for (sum, offset) in sums.iter_mut().zip(offsets) {
                *sum += query * offset;
            }
        }
        out[0] = sums;
        let mut bits = 0;
        for (lane, sum) in sums.iter().enumerate() {
            // Written so that what is no number passes.
            #[allow(clippy::neg_cmp_op_on_partial_ord)]
            let passes = !(*sum > limits[0]);
            bits |= u32::from(passes) << lane;
        }
        [bits]
    }
}
