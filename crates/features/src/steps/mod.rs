//! One file for each step.

pub(crate) mod clip;
pub(crate) mod drop;
pub(crate) mod engineer;
pub(crate) mod formulas;
pub(crate) mod frequency;
pub(crate) mod impute;
pub(crate) mod log1p;
pub(crate) mod model;
pub(crate) mod mutual_information;
pub(crate) mod native;
pub(crate) mod one_hot;
pub(crate) mod ordinal;
pub(crate) mod outliers;
pub(crate) mod quantile;
pub(crate) mod scale;
pub(crate) mod selection;
pub(crate) mod variance;
