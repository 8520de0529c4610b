//! Any bytes as a model file whose checksum holds, or as a model of another program.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use tripline_engine::Model;
use tripline_store::Limits;

/// Where the bytes begin that the checksum covers: magic 8, version 4, SHA-256 32.
const CHECKED: usize = 44;

fuzz_target!(|bytes: &[u8]| {
    let mut file = bytes.to_vec();
    // A forger makes the checksum right; what lies behind it is what is tried here.
    if tripline_store::is_model_file(&file) && file.len() > CHECKED {
        let checksum = Sha256::digest(&file[CHECKED..]);
        file[12..CHECKED].copy_from_slice(&checksum);
    }
    if let Ok(model) = Model::from_bytes(Path::new("f"), &file, &Limits::default())
        && let Some(rows) = model.background()
        && let Ok(verdicts) = model.score(rows)
    {
        assert!(verdicts.probability.iter().all(|p| (0.0..=1.0).contains(p)));
    }
});
