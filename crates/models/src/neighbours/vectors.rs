//! The products of single precision by vector instructions.

use std::arch::x86_64::*;

use super::kernel::{GROUP, Group, Near};
use super::processor::{load8, load16, store8, store16, store16_whole};

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn passing_avx2(
    lengths: &[f32; GROUP],
    offsets: &[[f32; GROUP]],
    queries: &[[f32; 6]],
    limits: &[f32; 6],
    out: &mut [[f32; GROUP]; 6],
) -> [u32; 6] {
    let mut bits = [0; 6];
    for half in [0, 2] {
        let parts = lengths.as_chunks::<8>().0;
        let mut sums = [[load8(&parts[half]), load8(&parts[half + 1])]; 6];
        for (offsets, queries) in offsets.iter().zip(queries) {
            let parts = offsets.as_chunks::<8>().0;
            let (left, right) = (load8(&parts[half]), load8(&parts[half + 1]));
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
                store8(&mut out[r].as_chunks_mut().0[half + part], sum);
            }
        }
    }
    bits
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn passing_avx512(
    lengths: &[f32; GROUP],
    offsets: &[[f32; GROUP]],
    queries: &[[f32; 8]],
    limits: &[f32; 8],
    out: &mut [[f32; GROUP]; 8],
) -> [u32; 8] {
    let halves = lengths.as_chunks::<16>().0;
    let mut sums = [[load16(&halves[0]), load16(&halves[1])]; 8];
    for (offsets, queries) in offsets.iter().zip(queries) {
        let halves = offsets.as_chunks::<16>().0;
        let (left, right) = (load16(&halves[0]), load16(&halves[1]));
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
            let out = out[r].as_chunks_mut().0;
            store16(&mut out[0], sums[r][0]);
            store16(&mut out[1], sums[r][1]);
        }
    }
    bits
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn near_avx2(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near) {
    let half = _mm256_set1_ps(0.5);
    let own_lengths = &group.lengths.as_chunks::<4>().0[pack];
    let own_limits = &group.limits.as_chunks::<4>().0[pack];
    for first in [0, 2] {
        let parts = other.lengths.as_chunks::<8>().0;
        let (left, right) = (load8(&parts[first]), load8(&parts[first + 1]));
        let mut sums = [[left, right]; 4];
        for r in 0..4 {
            let own = _mm256_set1_ps(0.5 * own_lengths[r]);
            sums[r][0] = _mm256_fmadd_ps(left, half, own);
            sums[r][1] = _mm256_fmadd_ps(right, half, own);
        }
        for (own, offsets) in group.offsets.iter().zip(other.offsets) {
            let own = &own.as_chunks::<4>().0[pack];
            let parts = offsets.as_chunks::<8>().0;
            let (left, right) = (load8(&parts[first]), load8(&parts[first + 1]));
            for r in 0..4 {
                let own = _mm256_set1_ps(own[r]);
                sums[r][0] = _mm256_fnmadd_ps(own, left, sums[r][0]);
                sums[r][1] = _mm256_fnmadd_ps(own, right, sums[r][1]);
            }
        }
        let parts = other.limits.as_chunks::<8>().0;
        let limits = [load8(&parts[first]), load8(&parts[first + 1])];
        for r in 0..4 {
            for part in 0..2 {
                let limit = _mm256_max_ps(limits[part], _mm256_set1_ps(own_limits[r]));
                let within = _mm256_cmp_ps::<_CMP_LE_OQ>(sums[r][part], limit);
                let bits = _mm256_movemask_ps(within) as u32;
                if bits != 0 {
                    let mut eight = [0.0; 8];
                    store8(&mut eight, sums[r][part]);
                    near.take(bits, &eight, (pack * 4 + r) * GROUP + (first + part) * 8);
                }
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn near_avx512(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near) {
    // By index: what a pair of iterators calls would put sums into memory.
    let columns = group.offsets.len().min(other.offsets.len());
    let (all, others) = (&group.offsets[..columns], &other.offsets[..columns]);
    let half = _mm512_set1_ps(0.5);
    let halves = other.lengths.as_chunks::<16>().0;
    let (left, right) = (load16(&halves[0]), load16(&halves[1]));
    let lengths = &group.lengths.as_chunks::<8>().0[pack];
    let mut sums = [[left, right]; 8];
    for r in 0..8 {
        let own = _mm512_set1_ps(0.5 * lengths[r]);
        sums[r][0] = _mm512_fmadd_ps(left, half, own);
        sums[r][1] = _mm512_fmadd_ps(right, half, own);
    }
    for column in 0..columns {
        let own = &all[column].as_chunks::<8>().0[pack];
        let halves = others[column].as_chunks::<16>().0;
        let (left, right) = (load16(&halves[0]), load16(&halves[1]));
        for r in 0..8 {
            let own = _mm512_set1_ps(own[r]);
            sums[r][0] = _mm512_fnmadd_ps(own, left, sums[r][0]);
            sums[r][1] = _mm512_fnmadd_ps(own, right, sums[r][1]);
        }
    }
    let halves = other.limits.as_chunks::<16>().0;
    let limits = [load16(&halves[0]), load16(&halves[1])];
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
            store16(to_sums, _mm512_maskz_compress_ps(within, sums[r][part]));
            let pairs = _mm512_maskz_compress_epi32(within, pairs);
            store16_whole(to_pairs, pairs);
            near.len += within.count_ones() as usize;
        }
    }
}
