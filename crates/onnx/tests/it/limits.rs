//! A model that takes too much is ended, and the next rows are scored by a new child.

use tripline_core::{Detector as _, ScoreError};
use tripline_onnx::{Limit, OnnxDetector, OnnxError};

use crate::{bytes, frame, read, settings};

/// A detector of an odd model under these limits.
fn limited(name: &str, limits: &str) -> Result<OnnxDetector, OnnxError> {
    let text = settings("output: scores, index: 0, link: rank") + "limits: {" + limits + "}\n";
    read(bytes(name), Some(&text))
}

fn score(detector: &OnnxDetector, first: f64) -> Result<f64, String> {
    match detector.score(&frame(&[vec![first, 0.0, 0.0, 0.0]])) {
        Ok(scores) => Ok(scores[0]),
        Err(ScoreError::Failed { reason }) => Err(reason),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn an_endless_model_is_ended_by_its_processor_time() {
    let detector = limited("endless.onnx", "processor_seconds: 1, seconds: 60").unwrap();
    assert_eq!(score(&detector, 1.0), Ok(1.0));
    let reason = score(&detector, 1e8).unwrap_err();
    assert!(reason.starts_with("rows 0 to 0: "), "{reason}");
    assert!(reason.contains(&Limit::Processor.to_string()), "{reason}");
    // Other rows go on with a new child; three times in a row is too often.
    assert_eq!(score(&detector, 1.0), Ok(1.0));
    for _ in 0..3 {
        assert!(score(&detector, 1e8).unwrap_err().contains("processor"));
    }
    let reason = score(&detector, 1.0).unwrap_err();
    assert!(reason.contains("3 times in a row"), "{reason}");
}

#[test]
fn an_endless_model_is_ended_by_the_clock() {
    let detector = limited("endless.onnx", "processor_seconds: 60, seconds: 1").unwrap();
    let reason = score(&detector, 1e8).unwrap_err();
    assert!(reason.contains(&Limit::Time.to_string()), "{reason}");
    assert_eq!(score(&detector, 1.0), Ok(1.0));
}

#[test]
fn memory_is_limited() {
    // 2^25 numbers of 4 bytes take 128 MiB, with their roots 256.
    let error = limited("large.onnx", "memory_mib: 100").unwrap_err();
    assert!(matches!(error, OnnxError::Limit { limit: Limit::Memory }), "{error:?}");
    let detector = limited("large.onnx", "memory_mib: 2000").unwrap();
    assert_eq!(score(&detector, 9.0), Ok(12.0));
}

#[test]
fn a_constant_of_a_tebi_elements_is_refused() {
    let error = limited("huge.onnx", "memory_mib: 256, seconds: 10").unwrap_err();
    assert!(matches!(error, OnnxError::Limit { limit: Limit::Memory }), "{error:?}");
}
