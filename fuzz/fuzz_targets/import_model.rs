//! A model file of another program never brings the importers down: a detector or an error.
//!
//! What is read then scores and explains rows of odd values, so that a tree which walks astray is
//! found too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_core::{Column, ExplainOptions, FieldKind, Frame, Rows};
use tripline_models::import::Format;

fuzz_target!(|data: &[u8]| {
    let Some(format) = Format::detect(data) else { return };
    let Ok(model) = format.parse(data) else { return };
    let columns = model.schema().fields().iter().map(|field| {
        let column = match &field.kind {
            FieldKind::Numeric => Column::numeric(vec![0.0, -0.0, f64::NAN, f64::INFINITY, 3.0]),
            FieldKind::Category(values) => {
                let known = values.first().map(String::as_str);
                Column::category(&[known, None, Some("?"), known, None])
            }
        };
        (field.name.clone(), column)
    });
    let rows = Rows::new(columns.collect()).expect("columns of one length");
    if rows.is_empty() {
        return;
    }
    let frame = Frame::Rows(rows);
    let scores = model.score(&frame).expect("the model's own columns");
    assert!(scores.iter().all(|score| !score.is_nan()));
    if let Some(explain) = model.explain() {
        // Sums that overflow are an error there.
        let _ = explain.attributions(&frame, &ExplainOptions::default());
    }
});
