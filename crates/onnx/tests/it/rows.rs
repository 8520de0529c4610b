//! The promises of a detector: rows, columns, missing values, saving.

use tripline_core::{Column, Detector, Frame, Link, Params, Register, Rng, Rows, ScoreError};
use tripline_onnx::CARD;

use crate::{bytes, frame, read, settings};

fn sample(count: usize) -> Vec<Vec<f64>> {
    let mut rng = Rng::new(3);
    (0..count).map(|_| (0..4).map(|_| rng.normal() * 3.0).collect()).collect()
}

fn bits(scores: &[f64]) -> Vec<u64> {
    scores.iter().map(|score| score.to_bits()).collect()
}

#[test]
fn a_batch_scores_as_its_rows_one_by_one() {
    // 2,500 rows are three requests, the last of them not full.
    let rows = sample(2500);
    for (name, output) in [
        ("network", "output_probability"),
        ("isolation", "scores"),
        ("forest", "output_probability"),
        ("beside", "scores"),
        ("single", "scores"),
    ] {
        let text = settings(&format!("output: {output}, link: rank"));
        let detector = read(bytes(&format!("{name}.onnx")), Some(&text)).unwrap();
        let all = bits(&detector.score(&frame(&rows)).unwrap());
        for at in [0, 1, 63, 64, 1023, 1024, 2499] {
            let one = detector.score(&frame(&rows[at..=at])).unwrap();
            assert_eq!(bits(&one), all[at..=at], "{name}, row {at}");
        }
        assert_eq!(detector.score(&frame(&[])).unwrap(), Vec::<f64>::new());
        let expected = if ["beside", "single"].contains(&name) { 1 } else { 64 };
        assert_eq!(detector.batch(), expected, "{name}");
    }
}

#[test]
fn a_model_that_mixes_rows_runs_each_by_itself() {
    // x − mean + x: with one row the mean is the row.
    let text = settings("output: scores, index: 1, link: rank");
    let detector = read(bytes("beside.onnx"), Some(&text)).unwrap();
    let rows = vec![vec![1.0, 2.0, 3.0, 4.0], vec![5.0, 6.0, 7.0, 8.0]];
    assert_eq!(detector.score(&frame(&rows)).unwrap(), [2.0, 6.0]);
}

#[test]
fn columns_are_found_by_name_and_turned_as_the_settings_say() {
    let text = "\
inputs:
  - tensor: duration
    columns: [{name: seconds, mean: 1, scale: 2, missing: 3}]
  - tensor: proto
    columns: [{name: protocol, categories: {tcp: 5, udp: 6}, unknown: 9}]
score: {output: scores, link: rank, higher_is: normal}
threshold: -2
";
    let detector = read(bytes("named.onnx"), Some(text)).unwrap();
    let protocol = Column::category(&[Some("udp"), Some("icmp"), None, Some("tcp")]);
    let columns = |order: bool| {
        let mut columns = vec![
            ("protocol".to_owned(), protocol.clone()),
            ("other".to_owned(), Column::numeric(vec![0.0; 4])),
            ("seconds".to_owned(), Column::numeric(vec![2.0, 1.0, f64::NAN, 1.0])),
        ];
        if order {
            columns.reverse();
        }
        Frame::from(Rows::new(columns).unwrap())
    };
    // −(2 · (seconds − 1) / 2 + code)
    let expected = [-7.0, -9.0, -11.0, -5.0];
    assert_eq!(detector.score(&columns(false)).unwrap(), expected);
    assert_eq!(detector.score(&columns(true)).unwrap(), expected);
    // A missing category is told from an unknown one where both have a number.
    let both = text.replace("unknown: 9", "unknown: 9, missing: 20");
    let detector = read(bytes("named.onnx"), Some(&both)).unwrap();
    assert_eq!(detector.score(&columns(false)).unwrap(), [-7.0, -9.0, -22.0, -5.0]);
    assert_eq!(detector.link(), Link::Rank);
    assert_eq!(detector.settings().threshold, Some(-2.0));
}

#[test]
fn a_missing_value_without_a_place_is_told() {
    let text = settings("output: output_probability, link: probability");
    let detector = read(bytes("logistic.onnx"), Some(&text)).unwrap();
    let mut rows = sample(3);
    rows[2][1] = f64::NAN;
    match detector.score(&frame(&rows)) {
        Err(ScoreError::Missing { column, row }) => assert_eq!((column.as_str(), row), ("b", 2)),
        other => panic!("{other:?}"),
    }
    // The model may have a place for it itself.
    let native = text.replace("name: b", "{name: b, missing: .nan}");
    let detector = read(bytes("imputed.onnx"), Some(&native)).unwrap();
    assert!(detector.score(&frame(&rows)).unwrap()[2].is_finite());
}

#[test]
fn huge_values_give_a_finite_score_or_an_error() {
    let text = settings("output: output_probability, link: probability");
    for name in ["logistic", "network", "forest"] {
        let detector = read(bytes(&format!("{name}.onnx")), Some(&text)).unwrap();
        for huge in [1e30, -1e30, 1e300, f64::MAX, f64::MIN_POSITIVE] {
            match detector.score(&frame(&[vec![huge; 4]])) {
                Ok(scores) => assert!((0.0..=1.0).contains(&scores[0]), "{name} {huge}"),
                Err(ScoreError::Failed { reason }) => assert!(reason.contains("row 0"), "{reason}"),
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn classes_make_the_model_tell_classes_apart() {
    let text = settings("output: output_probability, link: probability")
        + "classes: [benign, scan, flood]\n";
    let detector = read(bytes("three.onnx"), Some(&text)).unwrap();
    let rows = frame(&sample(50));
    let classes = detector.classes().unwrap();
    assert_eq!(classes.names(), ["benign", "scan", "flood"]);
    let probabilities = classes.probabilities(&rows).unwrap();
    for (row, score) in probabilities.chunks_exact(3).zip(detector.score(&rows).unwrap()) {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((score - (1.0 - row[0])).abs() < 1e-12);
    }
}

#[test]
fn saving_then_loading_keeps_the_scores() {
    let text = settings("output: scores, link: rank, higher_is: normal");
    let detector = read(bytes("isolation.onnx"), Some(&text)).unwrap();
    let rows = frame(&sample(100));
    let register = Register::new([&CARD]);
    let state = detector.save();
    let again = register.load("onnx_model", &state).unwrap();
    assert_eq!(bits(&again.score(&rows).unwrap()), bits(&detector.score(&rows).unwrap()));
    let mut damaged = state.clone();
    damaged.put_bytes("model", vec![1, 2, 3]);
    assert!(register.load("onnx_model", &damaged).is_err());
    let mut damaged = state;
    damaged.put_text("settings", "inputs: []");
    assert!(register.load("onnx_model", &damaged).is_err());
    assert!((CARD.build)(&Params::defaults(CARD.params), &register).is_err());
}

#[test]
fn a_model_file_does_not_choose_its_limits() {
    let text = settings("output: scores, link: rank, higher_is: normal");
    let register = Register::new([&CARD]);
    let notes = |limits: &str| {
        let detector = read(bytes("isolation.onnx"), Some(&format!("{text}{limits}"))).unwrap();
        let lowered = |detector: &dyn Detector| {
            detector.notes().iter().filter(|note| note.contains("than the defaults")).count()
        };
        // Beside the file they are the user's own.
        assert_eq!(lowered(&detector), 0);
        lowered(register.load("onnx_model", &detector.save()).unwrap().as_ref())
    };
    assert_eq!(notes("limits: {memory_mib: 1048576, seconds: 86400}\n"), 1);
    assert_eq!(notes("limits: {memory_mib: 512, seconds: 30}\n"), 0);
}
