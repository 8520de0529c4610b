//! A forger can make a checksum right: loading then gives an error or a model that scores.

use std::path::Path;

use sha2::{Digest, Sha256};
use tripline_core::Rng;
use tripline_engine::Model;
use tripline_ingest::{ReadOptions, read};
use tripline_store::Limits;

/// Where the bytes begin that the checksum covers.
const CHECKED: usize = 44;

#[test]
fn changed_models_are_refused_or_score() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/golden/v1");
    let mut rng = Rng::new(9);
    let mut refused = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "trip") {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        let model = Model::read(&file, &Limits::default()).unwrap();
        let options =
            ReadOptions { expected: Some(model.input().clone()), ..ReadOptions::default() };
        let rows = read(&folder.join("rows.csv"), &options, &tripline_core::Silent).unwrap().rows;
        for _ in 0..400 {
            let mut forged = bytes.clone();
            for _ in 0..1 + rng.index(3) {
                let at = CHECKED + rng.index(forged.len() - CHECKED);
                forged[at] = rng.below(256) as u8;
            }
            let checksum = Sha256::digest(&forged[CHECKED..]);
            forged[12..CHECKED].copy_from_slice(&checksum);
            match Model::from_bytes(&file, &forged, &Limits::default()) {
                Err(_) => refused += 1,
                Ok(model) => {
                    if let Ok(verdicts) = model.score(&rows) {
                        assert!(verdicts.probability.iter().all(|p| (0.0..=1.0).contains(p)));
                    }
                }
            }
        }
    }
    assert!(refused > 100, "{refused} forged models were refused");
}
