//! HBOS: rows whose values lie in sparse bins of their columns' histograms are suspicious.
//!
//! Source: Goldstein & Dengel 2012 (Histogram-based outlier score); parameters have PyOD's names
//! with their meaning. A column adds −log2(density of the value's bin + alpha); a value outside all
//! bins counts for the outermost one if it is nearer than `tol` bin widths, else for the sparsest.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input,
    MissingPolicy, ParamSpec, ParamValue, Params, Range, Shape, Supervision,
};

use super::additive::Additive;
use super::histogram::Histogram;
use super::prologue::each_column;

/// HBOS.
pub static CARD: Card = Card {
    id: "hbos",
    name: "Histogram-based outlier score",
    family: Family::Density,
    summary: "How sparse the bin of each value is, summed over columns as −log2.",
    source: "Goldstein & Dengel 2012",
    cost: "fit O(n · d), with n_bins = 0 O(n · log n · d); score O(d) a row, memory O(n_bins · d)",
    shape: Shape::Rows,
    input: Input::Numeric,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: true,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(Hbos::new(params))),
    load: |state, _| Ok(Box::new(Additive::<Histogram>::load(&CARD, state)?)),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_bins",
        doc: "Number of bins of one width; 0 chooses it for each column by Birgé & Rozenholc 2006 \
              (PyOD's `auto`).",
        default: ParamValue::Int(10),
        range: Range::Int { min: 0, max: 100_000, log: false },
        search: Some(Range::Int { min: 5, max: 100, log: true }),
    },
    ParamSpec {
        name: "alpha",
        doc: "Added to each density, so that an empty bin has a finite score.",
        default: ParamValue::Float(0.1),
        range: Range::Float { min: 1e-9, max: 1.0, log: true },
        search: Some(Range::Float { min: 1e-3, max: 1.0, log: true }),
    },
    ParamSpec {
        name: "tol",
        doc: "Distance in bin widths up to which a value outside counts for the outermost bin.",
        default: ParamValue::Float(0.5),
        range: Range::Float { min: 0.0, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.0, max: 1.0, log: false }),
    },
];

struct Hbos {
    n_bins: usize,
    alpha: f64,
    tol: f64,
}

impl Hbos {
    fn new(params: &Params) -> Self {
        Self {
            n_bins: params.count("n_bins"),
            alpha: params.float("alpha"),
            tol: params.float("tol"),
        }
    }
}

impl Estimator for Hbos {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (schema, fitted) = each_column(frame, context, |column, (): &mut ()| {
            Histogram::fit(column, self.n_bins, self.alpha, self.tol)
        })?;
        let (columns, means) = fitted.into_iter().unzip();
        Ok(Box::new(Additive { card: &CARD, schema, columns, means }))
    }
}
