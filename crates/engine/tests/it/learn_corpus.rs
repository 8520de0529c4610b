//! The seeds of the fuzz target of learning journals, read without a fuzzer.

use std::path::Path;

use sha2::{Digest, Sha256};
use tripline_core::Rng;
use tripline_core::text::hexadecimal;
use tripline_engine::EngineError;
use tripline_engine::learn::Learner;

/// As the target has it: the chain that a forger would write.
fn chained(bytes: &[u8]) -> Vec<u8> {
    let mut chain = [0; 32];
    let mut out = Vec::new();
    for entry in bytes.split(|&byte| byte == b'\n') {
        let digits = entry.split(|&byte| byte == b' ').next().unwrap_or_default();
        let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
        let state: Vec<u8> =
            digits.chunks_exact(2).map(|pair| (digit(pair[0]) << 4) | digit(pair[1])).collect();
        chain = Sha256::new().chain_update(chain).chain_update(&state).finalize().into();
        out.extend(format!("{} {}\n", hexadecimal(&state), hexadecimal(chain)).into_bytes());
    }
    out
}

#[test]
fn any_journal_is_read_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/learn_journal");
    let folder = tempfile::tempdir().unwrap();
    let told = |content: &[u8]| {
        std::fs::write(folder.path().join("journal"), content).unwrap();
        Learner::reference_of(folder.path()).unwrap_err()
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(seeds).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if path.ends_with("good") {
            // All its entries are believed: what is not there is the snapshot of the first.
            let error = told(&bytes);
            assert!(matches!(error, EngineError::Store(_)), "{error}");
        }
        let mut rng = Rng::new(0);
        for _ in 0..200 {
            let mut changed = bytes.clone();
            let at = rng.index(changed.len());
            match rng.below(3) {
                0 => changed.truncate(at),
                1 => changed[at] = b"0123456789abcdef \n"[rng.index(18)],
                _ => changed[at] ^= 1 << rng.below(8),
            }
            for content in [chained(&changed), changed] {
                let error = told(&content);
                let known = matches!(error, EngineError::Store(_) | EngineError::Journal { .. });
                assert!(known, "{error}");
            }
        }
        seen += 1;
    }
    assert!(seen > 0);
}
