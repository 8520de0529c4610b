//! The same code compiled for what the processor at hand can do.
//!
//! The variants differ in the width of their registers alone: whole numbers and sums lane by lane,
//! so that all give the same bits.

#![allow(unsafe_code)]

use tripline_core::Aligned;

use super::score::columns::{Columns, Scratch, fill_codes};
use super::score::planes::Planes;
use super::score::{Buffers, Coded, planes_block};
use super::shap::patterns::Block;
use super::shap::{
    Background, Edges, Shap, interactions_block, interventional_block, path_dependent_block,
    path_dependent_few,
};

/// What the processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processor {
    /// What every processor of its kind can.
    Portable,
    /// 32-byte registers. (64-byte ones were slower where measured, on an AMD Zen 5.)
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

/// Defines a method that runs a function inlined into a variant for each processor.
macro_rules! compiled_for_each {
    ($name:ident, $body:path, ($($arg:ident: $type:ty),* $(,)?)) => {
        impl Processor {
            #[allow(clippy::too_many_arguments)]
            pub(crate) fn $name(self, $($arg: $type),*) {
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
                    #[allow(clippy::too_many_arguments)]
                    fn avx2($($arg: $type),*) {
                        $body($($arg),*)
                    }
                    match self {
                        Self::Portable => {}
                        // SAFETY: `Processor::all` alone makes this variant, after it saw that the
                        // processor has each of the features that the function enables.
                        Self::Avx2 => return unsafe { avx2($($arg),*) },
                    }
                }
                $body($($arg),*)
            }
        }
    };
}

compiled_for_each!(planes, planes_block, (
    planes: &Planes,
    coded: &Coded,
    rows: &Aligned<'_>,
    start: usize,
    outputs: usize,
    buffers: &mut Buffers,
    out: &mut [f64],
));

compiled_for_each!(codes, fill_codes, (
    columns: &Columns,
    rows: &Aligned<'_>,
    start: usize,
    count: usize,
    scratch: &mut Scratch,
));

compiled_for_each!(path_dependent, path_dependent_block, (
    shap: &Shap<'_>,
    block: &Block,
    out: &mut [f64],
));

compiled_for_each!(path_dependent_rows, path_dependent_few, (
    shap: &Shap<'_>,
    edges: &Edges,
    block: &Block,
    out: &mut [f64],
));

compiled_for_each!(interventional, interventional_block, (
    shap: &Shap<'_>,
    block: &Block,
    background: &Background,
    out: &mut [f64],
));

compiled_for_each!(interactions, interactions_block, (
    shap: &Shap<'_>,
    block: &Block,
    out: &mut [f64],
));

impl Processor {
    /// The best that this processor can do.
    pub(crate) fn detect() -> Self {
        Self::all().last().copied().unwrap_or(Self::Portable)
    }

    /// All that this processor can do, the best last.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let avx2 =
                has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt");
            if avx2 {
                all.push(Self::Avx2);
            }
        }
        all
    }
}
