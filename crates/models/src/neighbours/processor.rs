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
#[cfg(target_arch = "x86_64")]
use super::vectors::{near_avx2, near_avx512, passing_avx2, passing_avx512};

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

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load8(from: &[f32; 8]) -> __m256 {
    // SAFETY: eight numbers are read from an array of eight.
    unsafe { _mm256_loadu_ps(from.as_ptr()) }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store8(to: &mut [f32; 8], numbers: __m256) {
    // SAFETY: eight numbers are written to an array of eight.
    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), numbers) }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load16(from: &[f32; 16]) -> __m512 {
    // SAFETY: sixteen numbers are read from an array of sixteen.
    unsafe { _mm512_loadu_ps(from.as_ptr()) }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store16(to: &mut [f32; 16], numbers: __m512) {
    // SAFETY: sixteen numbers are written to an array of sixteen.
    unsafe { _mm512_storeu_ps(to.as_mut_ptr(), numbers) }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store16_whole(to: &mut [u32; 16], numbers: __m512i) {
    // SAFETY: sixteen numbers are written to an array of sixteen, of the same size.
    unsafe { _mm512_storeu_epi32(to.as_mut_ptr().cast(), numbers) }
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
impl Symmetric<8> for Avx512 {
    #[inline(always)]
    fn near(group: Group<'_>, pack: usize, other: Group<'_>, near: &mut Near) {
        // SAFETY: `Processor::meet` alone uses this kernel, from a function that enables the
        // features, on a processor that has them.
        unsafe { near_avx512(group, pack, other, near) }
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
