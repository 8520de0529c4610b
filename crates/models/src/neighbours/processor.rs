//! The search of one block for what the processor at hand can do.
//!
//! The variants differ in how many products the filter takes at once and in whether it fuses them
//! with sums; distances themselves are the same bits.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::block::{Block, Scratch, search_block};
use super::kernel::Single;
#[cfg(target_arch = "x86_64")]
use super::kernel::{GROUP, Group, Kernel, Near, Symmetric};
use super::pairs::{Pairs, Party};

/// What the processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Processor {
    /// What every processor of its kind can.
    Portable,
    /// 32-byte registers.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 64-byte registers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Six queries by 16 points: 12 of the 16 registers hold sums.
#[cfg(target_arch = "x86_64")]
struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Kernel<6> for Avx2 {
    #[inline(always)]
    fn passing(
        lengths: &[f32; GROUP],
        offsets: &[[f32; GROUP]],
        queries: &[[f32; 6]],
        limits: &[f32; 6],
        out: &mut [[f32; GROUP]; 6],
    ) -> [u32; 6] {
        // SAFETY: `Processor::search` alone uses this kernel, from a function that enables the
        // features, on a processor that has them.
        unsafe { passing_avx2(lengths, offsets, queries, limits, out) }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2,fma")]
fn passing_avx2(
    lengths: &[f32; GROUP],
    offsets: &[[f32; GROUP]],
    queries: &[[f32; 6]],
    limits: &[f32; 6],
    out: &mut [[f32; GROUP]; 6],
) -> [u32; 6] {
    // SAFETY: eight numbers are read from an array of eight.
    let load = |eight: &[f32; 8]| unsafe { _mm256_loadu_ps(eight.as_ptr()) };
    let mut bits = [0; 6];
    for half in [0, 2] {
        let parts = lengths.as_chunks::<8>().0;
        let mut sums = [[load(&parts[half]), load(&parts[half + 1])]; 6];
        for (offsets, queries) in offsets.iter().zip(queries) {
            let parts = offsets.as_chunks::<8>().0;
            let (left, right) = (load(&parts[half]), load(&parts[half + 1]));
            for r in 0..6 {
                let query = _mm256_set1_ps(queries[r]);
                sums[r][0] = _mm256_fmadd_ps(query, left, sums[r][0]);
                sums[r][1] = _mm256_fmadd_ps(query, right, sums[r][1]);
            }
        }
        for r in 0..6 {
            let limit = _mm256_set1_ps(limits[r]);
            for (part, &sum) in sums[r].iter().enumerate() {
                // What is no number passes: not greater, unordered.
                let passes = _mm256_cmp_ps::<_CMP_NGT_UQ>(sum, limit);
                bits[r] |= (_mm256_movemask_ps(passes) as u32) << (8 * (half + part));
                let out = &mut out[r].as_chunks_mut::<8>().0[half + part];
                // SAFETY: eight numbers are written to an array of eight.
                unsafe { _mm256_storeu_ps(out.as_mut_ptr(), sum) };
            }
        }
    }
    bits
}

/// Eight queries by 32 points: 16 of the 32 registers hold sums.
#[cfg(target_arch = "x86_64")]
struct Avx512;

#[cfg(target_arch = "x86_64")]
impl Kernel<8> for Avx512 {
    #[inline(always)]
    fn passing(
        lengths: &[f32; GROUP],
        offsets: &[[f32; GROUP]],
        queries: &[[f32; 8]],
        limits: &[f32; 8],
        out: &mut [[f32; GROUP]; 8],
    ) -> [u32; 8] {
        // SAFETY: `Processor::search` alone uses this kernel, from a function that enables the
        // features, on a processor that has them.
        unsafe { passing_avx512(lengths, offsets, queries, limits, out) }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
fn passing_avx512(
    lengths: &[f32; GROUP],
    offsets: &[[f32; GROUP]],
    queries: &[[f32; 8]],
    limits: &[f32; 8],
    out: &mut [[f32; GROUP]; 8],
) -> [u32; 8] {
    // SAFETY: sixteen numbers are read from an array of sixteen.
    let load = |sixteen: &[f32; 16]| unsafe { _mm512_loadu_ps(sixteen.as_ptr()) };
    let halves = lengths.as_chunks::<16>().0;
    let mut sums = [[load(&halves[0]), load(&halves[1])]; 8];
    for (offsets, queries) in offsets.iter().zip(queries) {
        let halves = offsets.as_chunks::<16>().0;
        let (left, right) = (load(&halves[0]), load(&halves[1]));
        for r in 0..8 {
            let query = _mm512_set1_ps(queries[r]);
            sums[r][0] = _mm512_fmadd_ps(query, left, sums[r][0]);
            sums[r][1] = _mm512_fmadd_ps(query, right, sums[r][1]);
        }
    }
    let mut bits = [0; 8];
    for r in 0..8 {
        let limit = _mm512_set1_ps(limits[r]);
        // What is no number passes: not greater, unordered.
        let left = _mm512_cmp_ps_mask::<_CMP_NGT_UQ>(sums[r][0], limit);
        let right = _mm512_cmp_ps_mask::<_CMP_NGT_UQ>(sums[r][1], limit);
        bits[r] = u32::from(left) | u32::from(right) << 16;
    }
    if bits != [0; 8] {
        // All of them: a test for each would keep the sums in memory all along.
        for r in 0..8 {
            let out = out[r].as_chunks_mut::<16>().0;
            // SAFETY: sixteen numbers are written to an array of sixteen.
            unsafe { _mm512_storeu_ps(out[0].as_mut_ptr(), sums[r][0]) };
            // SAFETY: as above.
            unsafe { _mm512_storeu_ps(out[1].as_mut_ptr(), sums[r][1]) };
        }
    }
    bits
}

#[cfg(target_arch = "x86_64")]
impl Symmetric<8> for Avx512 {
    #[inline(always)]
    fn near(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near) {
        // SAFETY: `Processor::meet` alone uses this kernel, from a function that enables the
        // features, on a processor that has them.
        unsafe { near_avx512(group, pack, other, near) }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
fn near_avx512(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near) {
    // SAFETY: sixteen numbers are read from an array of sixteen.
    let load = |sixteen: &[f32; 16]| unsafe { _mm512_loadu_ps(sixteen.as_ptr()) };
    // First, as what is called here would put sums into memory.
    let columns = group.offsets.iter().zip(other.offsets);
    let half = _mm512_set1_ps(0.5);
    let halves = other.lengths.as_chunks::<16>().0;
    let (left, right) = (load(&halves[0]), load(&halves[1]));
    let lengths = &group.lengths.as_chunks::<8>().0[pack];
    let mut sums = [[left, right]; 8];
    for r in 0..8 {
        let own = _mm512_set1_ps(0.5 * lengths[r]);
        sums[r][0] = _mm512_fmadd_ps(left, half, own);
        sums[r][1] = _mm512_fmadd_ps(right, half, own);
    }
    for (own, offsets) in columns {
        let own = &own.as_chunks::<8>().0[pack];
        let halves = offsets.as_chunks::<16>().0;
        let (left, right) = (load(&halves[0]), load(&halves[1]));
        for r in 0..8 {
            let own = _mm512_set1_ps(own[r]);
            sums[r][0] = _mm512_fnmadd_ps(own, left, sums[r][0]);
            sums[r][1] = _mm512_fnmadd_ps(own, right, sums[r][1]);
        }
    }
    let halves = other.limits.as_chunks::<16>().0;
    let limits = [load(&halves[0]), load(&halves[1])];
    let own = &group.limits.as_chunks::<8>().0[pack];
    let mut any = 0;
    for r in 0..8 {
        for part in 0..2 {
            let limit = _mm512_max_ps(limits[part], _mm512_set1_ps(own[r]));
            any = _kor_mask16(any, _mm512_cmp_ps_mask::<_CMP_LE_OQ>(sums[r][part], limit));
        }
    }
    if any == 0 {
        return;
    }
    let lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for r in 0..8 {
        for part in 0..2 {
            let limit = _mm512_max_ps(limits[part], _mm512_set1_ps(own[r]));
            let within = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(sums[r][part], limit);
            let first = (pack * 8 + r) * GROUP + part * 16;
            let pairs = _mm512_add_epi32(lanes, _mm512_set1_epi32(first as i32));
            let (to_sums, to_pairs) = near.room::<16>();
            let sums = _mm512_maskz_compress_ps(within, sums[r][part]);
            let pairs = _mm512_maskz_compress_epi32(within, pairs);
            // SAFETY: sixteen numbers are written to an array of sixteen.
            unsafe { _mm512_storeu_ps(to_sums.as_mut_ptr(), sums) };
            // SAFETY: as above; signed numbers are as large as those without a sign.
            unsafe { _mm512_storeu_epi32(to_pairs.as_mut_ptr().cast(), pairs) };
            near.len += within.count_ones() as usize;
        }
    }
}

/// Four points by 16: 8 of the 16 registers hold sums.
#[cfg(target_arch = "x86_64")]
impl Symmetric<4> for Avx2 {
    #[inline(always)]
    fn near(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near) {
        // SAFETY: as for the variant of `Avx512`.
        unsafe { near_avx2(group, pack, other, near) }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2,fma")]
fn near_avx2(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near) {
    // SAFETY: eight numbers are read from an array of eight.
    let load = |eight: &[f32; 8]| unsafe { _mm256_loadu_ps(eight.as_ptr()) };
    let half = _mm256_set1_ps(0.5);
    let own_lengths = &group.lengths.as_chunks::<4>().0[pack];
    let own_limits = &group.limits.as_chunks::<4>().0[pack];
    for first in [0, 2] {
        let columns = group.offsets.iter().zip(other.offsets);
        let parts = other.lengths.as_chunks::<8>().0;
        let (left, right) = (load(&parts[first]), load(&parts[first + 1]));
        let mut sums = [[left, right]; 4];
        for r in 0..4 {
            let own = _mm256_set1_ps(0.5 * own_lengths[r]);
            sums[r][0] = _mm256_fmadd_ps(left, half, own);
            sums[r][1] = _mm256_fmadd_ps(right, half, own);
        }
        for (own, offsets) in columns {
            let own = &own.as_chunks::<4>().0[pack];
            let parts = offsets.as_chunks::<8>().0;
            let (left, right) = (load(&parts[first]), load(&parts[first + 1]));
            for r in 0..4 {
                let own = _mm256_set1_ps(own[r]);
                sums[r][0] = _mm256_fnmadd_ps(own, left, sums[r][0]);
                sums[r][1] = _mm256_fnmadd_ps(own, right, sums[r][1]);
            }
        }
        let parts = other.limits.as_chunks::<8>().0;
        let limits = [load(&parts[first]), load(&parts[first + 1])];
        for r in 0..4 {
            for part in 0..2 {
                let limit = _mm256_max_ps(limits[part], _mm256_set1_ps(own_limits[r]));
                let within = _mm256_cmp_ps::<_CMP_LE_OQ>(sums[r][part], limit);
                let bits = _mm256_movemask_ps(within) as u32;
                if bits != 0 {
                    let mut eight = [0.0; 8];
                    // SAFETY: eight numbers are written to an array of eight.
                    unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), sums[r][part]) };
                    near.take(bits, &eight, (pack * 4 + r) * GROUP + (first + part) * 8);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn meet_avx2(pairs: &Pairs<'_>, first: Party<'_>, second: Option<Party<'_>>) {
    pairs.cross::<Avx2, 4>(first, second);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn meet_avx512(pairs: &Pairs<'_>, first: Party<'_>, second: Option<Party<'_>>) {
    pairs.cross::<Avx512, 8>(first, second);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn avx2(block: &Block<'_>, scratch: &mut Scratch) {
    search_block::<Avx2, 6>(block, scratch);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn avx512(block: &Block<'_>, scratch: &mut Scratch) {
    search_block::<Avx512, 8>(block, scratch);
}

impl Processor {
    /// The best that this processor can do.
    pub(super) fn detect() -> Self {
        Self::all().last().copied().unwrap_or(Self::Portable)
    }

    /// All that this processor can do, the best last.
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let bits = has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt");
            if bits && has!("avx2") && has!("fma") {
                all.push(Self::Avx2);
                let wide = has!("avx512f") && has!("avx512bw") && has!("avx512dq");
                if wide && has!("avx512vl") {
                    all.push(Self::Avx512);
                }
            }
        }
        all
    }

    /// Searches a block.
    pub(super) fn search(self, block: &Block<'_>, scratch: &mut Scratch) {
        match self {
            Self::Portable => search_block::<Single, 1>(block, scratch),
            // SAFETY: `Processor::all` alone makes this variant, after it saw that the processor
            // has each of the features that the function enables.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2(block, scratch) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512(block, scratch) },
        }
    }

    /// Two leaves' points become candidates of each other, one leaf's of its own without a second.
    pub(super) fn meet(self, pairs: &Pairs<'_>, first: Party<'_>, second: Option<Party<'_>>) {
        match self {
            Self::Portable => pairs.cross::<Single, 1>(first, second),
            // SAFETY: `Processor::all` alone makes this variant, after it saw that the processor
            // has each of the features that the function enables.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { meet_avx2(pairs, first, second) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { meet_avx512(pairs, first, second) },
        }
    }
}
