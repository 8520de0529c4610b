//! Files and settings that are wrong: errors that say what to do.

use tripline_core::{Detector as _, Rng, ScoreError};
use tripline_onnx::{OnnxError, is_model};

use crate::{bytes, frame, read, settings};

fn refusal(name: &str, score: &str) -> String {
    read(bytes(name), Some(&settings(score))).unwrap_err().to_string()
}

#[test]
fn a_file_cut_short_is_an_error_or_a_smaller_model() {
    let whole = bytes("logistic.onnx");
    assert!(is_model(&whole));
    let text = settings("output: output_probability, link: probability");
    let mut refused = 0;
    for end in [0, 1, 5, 40, 111, 222, 333, 444, 500, 540, 548] {
        if read(whole[..end].to_vec(), Some(&text)).is_err() {
            refused += 1;
        }
    }
    assert!(refused >= 10, "{refused}");
}

#[test]
fn random_or_damaged_bytes_end_no_process_but_the_child() {
    let mut rng = Rng::new(0);
    let text = settings("output: output_probability, link: probability");
    for length in [3, 1000, 100_000] {
        let noise: Vec<u8> = (0..length).map(|_| rng.below(256) as u8).collect();
        assert!(read(noise, Some(&text)).is_err());
    }
    let whole = bytes("forest.onnx");
    for _ in 0..12 {
        let mut damaged = whole.clone();
        for _ in 0..3 {
            let at = rng.index(damaged.len());
            damaged[at] = rng.below(256) as u8;
        }
        if let Ok(detector) = read(damaged, Some(&text)) {
            match detector.score(&frame(&[vec![0.5; 4]])) {
                Ok(scores) => assert!(scores[0].is_finite()),
                Err(ScoreError::Failed { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn a_tensor_in_another_file_is_refused() {
    let reason = refusal("outside.onnx", "output: scores, link: rank");
    assert!(reason.contains("tensor `w` is in another file"), "{reason}");
}

#[test]
fn an_output_that_is_no_number_names_its_row() {
    let text = settings("output: scores, index: 0, link: rank");
    let detector = read(bytes("undefined.onnx"), Some(&text)).unwrap();
    let rows = frame(&[vec![4.0; 4], vec![-1.0, 1.0, 1.0, 1.0]]);
    let error = detector.score(&rows).unwrap_err().to_string();
    assert_eq!(error, "row 1: output `scores` is NaN, no finite number");
    let text = settings("output: scores, index: 0, link: probability");
    let detector = read(bytes("undefined.onnx"), Some(&text)).unwrap();
    let error = detector.score(&frame(&[vec![4.0; 4]])).unwrap_err().to_string();
    assert!(error.contains("is 2, no probability"), "{error}");
}

#[test]
fn settings_that_do_not_fit_the_file_are_told() {
    let reason = refusal("logistic.onnx", "output: scores, link: rank");
    assert!(reason.contains("no output `scores`, but output_label"), "{reason}");
    let reason = refusal("logistic.onnx", "output: output_probability, index: 2, link: rank");
    assert!(reason.contains("has 2 columns"), "{reason}");
    let text = settings("output: output_probability, link: rank");
    let narrow = text.replace("      - name: d\n", "");
    let reason = read(bytes("logistic.onnx"), Some(&narrow)).unwrap_err().to_string();
    assert!(reason.contains("tensor `X` has 4 columns, the settings name 3"), "{reason}");
    let reason = read(bytes("named.onnx"), Some(&text)).unwrap_err().to_string();
    assert!(reason.contains("takes 2 tensors (duration, proto)"), "{reason}");
    let classes = settings("output: output_probability, link: probability")
        + "classes: [benign, scan, flood]\n";
    let reason = read(bytes("logistic.onnx"), Some(&classes)).unwrap_err().to_string();
    assert!(reason.contains("3 `classes`"), "{reason}");
}

#[test]
fn without_settings_a_template_is_given() {
    match read(bytes("logistic.onnx"), None).unwrap_err() {
        OnnxError::NoSettings { template } => {
            let filled = ["a", "b", "c", "d"]
                .iter()
                .enumerate()
                .fold(template, |text, (i, name)| text.replace(&format!("COLUMN_{i}"), name));
            let detector = read(bytes("logistic.onnx"), Some(&filled)).unwrap();
            assert_eq!(detector.score(&frame(&[vec![0.0; 4]])).unwrap().len(), 1);
        }
        other => panic!("{other}"),
    }
}
