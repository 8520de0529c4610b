//! Any bytes as a study on disk, as they are and behind the first line that the search expects.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_assess::tune::{
    Dimension, Direction, Domain, MedianPruner, Pruner, Sampler, Space, Study, StudyPlan, Tpe,
};
use tripline_core::ParamValue;
use tripline_engine::tune::{StudyFile, StudyHeader};

fn study() -> Option<Study> {
    let domains = [
        ("booster", Domain::Choice(["gbdt", "dart"].map(|name| ParamValue::Text(name.into())).to_vec())),
        ("leaves", Domain::Int { low: 4, high: 64, log: true }),
        ("rate", Domain::Float { low: 1e-3, high: 0.3, log: true }),
    ];
    let dimension = |(name, domain): (&str, Domain)| Dimension { name: name.to_owned(), domain };
    Some(Study::new(StudyPlan {
        space: Space::new(domains.map(dimension).to_vec()).ok()?,
        directions: vec![Direction::Maximize],
        sampler: Sampler::Tpe(Tpe { startup_trials: 1, ..Tpe::default() }),
        pruner: Pruner::Median(MedianPruner::default()),
        seed: 0,
        parallel: 1,
        first: None,
    }))
}

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("tripline-study-{}", std::process::id()));
    let header = StudyHeader {
        fields: vec![("model", "sgd".to_owned()), ("seed", "0".to_owned())],
        program: "tripline".to_owned(),
    };
    let first = b"{\"tripline_study\":1,\"program\":\"tripline\",\"model\":\"sgd\",\"seed\":\"0\"}\n";
    for content in [bytes.to_vec(), [first, bytes].concat()] {
        let Some(mut study) = study() else { return };
        if std::fs::write(&path, content).is_ok()
            && StudyFile::open(&path, &header, &mut study).is_ok()
        {
            // What was read is gone on with.
            let next = study.next_batch();
            assert!(next.iter().all(|(_, point)| study.plan().space.holds(point)));
            study.importance();
            study.best();
            study.prunes(study.trials().len() as u64, &[0.5]);
        }
    }
});
