//! Reading of expected values.

use serde_json::Value;

/// What `bench/oracles/metrics.py` wrote.
pub(crate) fn oracle() -> Value {
    serde_json::from_str(include_str!("../data/metrics.json")).unwrap()
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

pub(crate) fn flags(value: &Value) -> Vec<bool> {
    value.as_array().unwrap().iter().map(|flag| flag.as_bool().unwrap()).collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Equal but for the rounding of sums in another order.
#[track_caller]
pub(crate) fn close(what: &str, own: f64, expected: f64) {
    let tolerance = 1e-12 * expected.abs().max(1.0);
    assert!((own - expected).abs() <= tolerance, "{what}: {own} is not {expected}");
}
