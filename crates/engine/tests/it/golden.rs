//! Model files of every version load for ever, with the scores that they had.

use std::path::{Path, PathBuf};

use tripline_engine::{Model, trainable};
use tripline_ingest::{ReadOptions, read};
use tripline_store::Limits;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/golden/v1")
}

#[test]
fn models_of_version_1_score_as_they_did() {
    let mut found = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "trip") {
            continue;
        }
        let model = Model::read(&file, &Limits::default()).unwrap();
        let options =
            ReadOptions { expected: Some(model.input().clone()), ..ReadOptions::default() };
        let data = read(&folder().join("rows.csv"), &options, &tripline_core::Silent).unwrap();
        let verdicts = model.score(&data.rows).unwrap();
        let expected = std::fs::read_to_string(file.with_extension("scores")).unwrap();
        let mut lines = expected.lines();
        for (row, (raw, probability)) in verdicts.raw.iter().zip(&verdicts.probability).enumerate()
        {
            let got = format!("{:016x} {:016x}", raw.to_bits(), probability.to_bits());
            assert_eq!(lines.next(), Some(got.as_str()), "{} row {row}", file.display());
        }
        assert_eq!(lines.next(), None);
        assert!(!model.provenance().program.is_empty());
        found += 1;
    }
    assert!(found >= 6, "{found} golden models in {}", folder().display());
}

#[test]
fn every_detector_has_a_golden_model() {
    for card in trainable() {
        let file = folder().join(format!("{}.trip", card.id));
        assert!(
            file.exists(),
            "{} is missing: cargo run --release -p tripline-engine --example golden",
            file.display()
        );
    }
}

#[test]
fn a_model_written_again_is_the_same_file() {
    let file = folder().join("random_forest.trip");
    let model = Model::read(&file, &Limits::default()).unwrap();
    assert_eq!(model.to_file(None).unwrap().to_bytes(), std::fs::read(file).unwrap());
}
