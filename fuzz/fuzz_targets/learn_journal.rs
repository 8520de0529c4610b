//! Any bytes as the journal of a model that learns, as they are and with a chain that holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;
use tripline_engine::learn::Learner;

/// The chain that a forger would write: what lies behind it is what is tried here.
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

fuzz_target!(|bytes: &[u8]| {
    let folder = std::env::temp_dir().join(format!("tripline-journal-{}", std::process::id()));
    if std::fs::create_dir_all(&folder).is_err() {
        return;
    }
    for content in [bytes.to_vec(), chained(bytes)] {
        if std::fs::write(folder.join("journal"), content).is_ok() {
            let _ = Learner::reference_of(&folder);
        }
    }
});
