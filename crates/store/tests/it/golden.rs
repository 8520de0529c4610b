//! Containers of every format version are read for ever.

use std::path::Path;

use tripline_store::{Limits, ModelFile};

#[test]
fn containers_of_version_1_hold_their_sections() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    let mut signed = 0;
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "trip") {
            continue;
        }
        let file = ModelFile::read(&path, &Limits::default()).unwrap();
        let names: Vec<&str> = file.sections().map(|(name, _)| name).collect();
        // Models that go on learning keep attacks that they must not unlearn.
        let always: Vec<&str> = names.iter().copied().filter(|&name| name != "canaries").collect();
        assert_eq!(
            always,
            [
                "card",
                "prepare",
                "detector",
                "calibrator",
                "decision",
                "provenance",
                "background",
                "typical"
            ],
            "{}",
            path.display()
        );
        for name in names {
            file.state(name).unwrap();
        }
        assert_eq!(file.to_bytes(), std::fs::read(&path).unwrap());
        signed += usize::from(file.signer().is_some());
        found += 1;
    }
    assert!(found >= 6 && signed >= 1, "{found} golden files, {signed} signed");
}
