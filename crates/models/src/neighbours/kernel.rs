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

/// Half the squared distances of R points of a group from those of another.
pub(super) trait Symmetric<const R: usize> {
    /// For each of the points `pack · R ..` of a group a bit for each point of the other whose sum
    /// is not above the larger one of their limits; where there is one, `out` holds the sums.
    fn within(
        group: Group<'_>,
        pack: usize,
        other: Group<'_>,
        out: &mut [[f32; GROUP]; R],
    ) -> [u32; R];
}

/// One query at a time, in code for any processor.
pub(super) struct Single;

impl Symmetric<1> for Single {
    #[inline(always)]
    fn within(
        group: Group<'_>,
        pack: usize,
        other: Group<'_>,
        out: &mut [[f32; GROUP]; 1],
    ) -> [u32; 1] {
        let half = 0.5 * group.lengths[pack];
        let mut sums = other.lengths.map(|length| 0.5 * length + half);
        for (own, offsets) in group.offsets.iter().zip(other.offsets) {
            for (sum, offset) in sums.iter_mut().zip(offsets) {
                *sum -= own[pack] * offset;
            }
        }
        out[0] = sums;
        let mut bits = 0;
        for (lane, (sum, limit)) in sums.iter().zip(other.limits).enumerate() {
            bits |= u32::from(*sum <= limit.max(group.limits[pack])) << lane;
        }
        [bits]
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
