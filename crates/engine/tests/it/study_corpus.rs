//! The seeds of the fuzz target of studies, read without a fuzzer.

use std::path::Path;

use tripline_assess::tune::{
    Dimension, Direction, Domain, MedianPruner, Pruner, Sampler, Space, Study, StudyPlan, Tpe,
};
use tripline_core::{ParamValue, Rng};
use tripline_engine::EngineError;
use tripline_engine::tune::{StudyError, StudyFile, StudyHeader};

/// As the target has it.
fn study() -> Study {
    let boosters = ["gbdt", "dart"].map(|name| ParamValue::Text(name.into())).to_vec();
    let domains = [
        ("booster", Domain::Choice(boosters)),
        ("leaves", Domain::Int { low: 4, high: 64, log: true }),
        ("rate", Domain::Float { low: 1e-3, high: 0.3, log: true }),
    ];
    let dimension = |(name, domain): (&str, Domain)| Dimension { name: name.to_owned(), domain };
    Study::new(StudyPlan {
        space: Space::new(domains.map(dimension).to_vec()).unwrap(),
        directions: vec![Direction::Maximize],
        sampler: Sampler::Tpe(Tpe { startup_trials: 1, ..Tpe::default() }),
        pruner: Pruner::Median(MedianPruner::default()),
        seed: 0,
        parallel: 1,
        first: None,
    })
}

#[test]
fn any_study_is_gone_on_with_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/study_file");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let header = StudyHeader {
        fields: vec![("model", "sgd".to_owned()), ("seed", "0".to_owned())],
        program: "tripline".to_owned(),
    };
    let first =
        "{\"tripline_study\":1,\"program\":\"tripline\",\"model\":\"sgd\",\"seed\":\"0\"}\n";
    let read = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        let mut study = study();
        match StudyFile::open(&path, &header, &mut study) {
            Ok(_) => {
                let next = study.next_batch();
                assert!(next.iter().all(|(_, point)| study.plan().space.holds(point)));
                study.importance();
                study.best();
                Some(study.trials().len())
            }
            Err(EngineError::Study(StudyError::NotAStudy { .. } | StudyError::Line { .. })) => {
                // What cannot be used is left as it is.
                assert_eq!(std::fs::read(&path).unwrap(), content);
                None
            }
            Err(EngineError::Study(StudyError::Version { .. } | StudyError::Another { .. })) => {
                None
            }
            Err(other) => panic!("{other}"),
        }
    };
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(seeds).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let whole = [first.as_bytes(), &bytes].concat();
        kept.extend(read(&whole));
        let mut rng = Rng::new(0);
        for _ in 0..300 {
            let mut changed = whole.clone();
            let at = rng.index(changed.len());
            match rng.below(3) {
                0 => changed.truncate(at),
                1 => changed[at] = b"0123456789\",{}[]e-"[rng.index(18)],
                _ => changed[at] ^= 1 << rng.below(8),
            }
            read(&changed);
        }
    }
    kept.sort_unstable();
    assert_eq!(kept, [2, 4]);
}
