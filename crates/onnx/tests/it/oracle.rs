//! Scores against ONNX Runtime and the libraries that trained the models.

use serde_json::Value;
use tripline_core::Detector as _;

use crate::{bytes, frame, read, settings};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

// ONNX Runtime 1.31.1, scikit-learn 1.9.1, xgboost 3.2.0, lightgbm 4.7.0, seed 0:
// bench/oracles/onnx_models.py
#[test]
fn scores_are_those_of_the_other_runtime_and_of_the_library() {
    let oracle: Value = serde_json::from_slice(&bytes("onnx.json")).unwrap();
    let rows: Vec<Vec<f64>> = oracle["rows"].as_array().unwrap().iter().map(numbers).collect();
    let frame = frame(&rows);
    let models = oracle["models"].as_object().unwrap();
    assert_eq!(models.len(), 11);
    let mut wrong = Vec::new();
    for (name, expected) in models {
        let score = format!(
            "output: {}, index: {}, link: rank",
            expected["output"].as_str().unwrap(),
            expected["index"]
        );
        let detector = match read(bytes(&format!("{name}.onnx")), Some(&settings(&score))) {
            Ok(detector) => detector,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let scores = detector.score(&frame).unwrap();
        for key in ["scores", "exact"] {
            let expected = numbers(&expected[key]);
            assert_eq!(scores.len(), expected.len());
            let worst =
                scores.iter().zip(&expected).map(|(l, r)| (l - r).abs()).fold(0.0, f64::max);
            println!("{name}: {key} differ by {worst:.1e}, {} rows at once", detector.batch());
            if worst > 1e-5 || worst.is_nan() {
                wrong.push(format!("{name}: {key} differ by {worst}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
