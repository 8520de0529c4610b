//! Damaged model files end in errors that name the file.

use std::path::Path;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use tripline_core::State;
use tripline_store::{Limits, ModelFile, SecretKey, StoreError};

fn sample(signed: bool) -> Vec<u8> {
    let mut state = State::new();
    state.put_text("id", "gradient_boosting");
    state.put_f64s("values", vec![0.5, -1.0, 3.25]);
    let mut file = ModelFile::new();
    file.put_state("card", &state);
    file.put("raw", vec![7; 40]);
    if signed {
        file.sign(&SecretKey::from_bytes([9; 32]));
    }
    file.to_bytes()
}

fn read(bytes: &[u8]) -> Result<ModelFile, StoreError> {
    ModelFile::from_bytes(Path::new("m.trip"), bytes, &Limits::default())
}

fn check(bytes: &[u8], expected: Expect) {
    expected.assert_eq(&read(bytes).unwrap_err().to_string());
}

#[test]
fn errors_name_the_file_with_the_way_out() {
    let bytes = sample(false);
    check(
        b"",
        expect![
            "m.trip: not a model file: it does not begin with `TRIPLINE`; give a file that `tripline train` wrote"
        ],
    );
    check(
        &bytes[..20],
        expect![
            "m.trip: truncated: it ends at byte 20, inside the header; copy it again from where it was made"
        ],
    );
    check(
        &bytes[..bytes.len() - 1],
        expect![
            "m.trip: damaged: the checksum does not match, so the file was changed or cut off after it was written; copy it again from where it was made"
        ],
    );
    let mut newer = bytes.clone();
    newer[8] = 9;
    check(
        &newer,
        expect![
            "m.trip: format version 9 is newer than version 1, the newest that this program reads; use a newer tripline"
        ],
    );
    let limits = Limits { max_file_bytes: 10, ..Limits::default() };
    let error = ModelFile::from_bytes(Path::new("m.trip"), &bytes, &limits).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit: 10, .. }), "{error}");
}

#[test]
fn every_changed_byte_is_an_error() {
    for signed in [false, true] {
        let bytes = sample(signed);
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                assert!(read(&damaged).is_err(), "byte {at} of {}", bytes.len());
            }
        }
    }
}

#[test]
fn every_truncation_is_an_error() {
    for signed in [false, true] {
        let bytes = sample(signed);
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut at {end}");
        }
    }
}

/// A forger can make the checksum right; the structure must then hold by itself.
fn with_valid_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let checksum = Sha256::digest(&bytes[44..]);
    bytes[12..44].copy_from_slice(&checksum);
    bytes
}

#[test]
fn a_section_longer_than_the_file_takes_no_memory() {
    let mut bytes = sample(false);
    // The length of section `card` stands after count 4, name length 2, name 4.
    bytes[44 + 10..44 + 18].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
    check(
        &with_valid_checksum(bytes),
        expect![
            "m.trip: damaged at byte 48: a section is longer than the file; train the model again"
        ],
    );
}

proptest! {
    #[test]
    fn sections_survive(names in proptest::collection::btree_set("[a-z]{1,12}", 0..8), seed: u8) {
        let mut file = ModelFile::new();
        for (i, name) in names.iter().enumerate() {
            file.put(name, vec![seed.wrapping_add(i as u8); i * 37]);
        }
        let back = read(&file.to_bytes()).unwrap();
        prop_assert!(back.sections().eq(file.sections()));
        prop_assert_eq!(back.to_bytes(), file.to_bytes());
    }

    #[test]
    fn forged_structures_are_an_answer_or_an_error(
        changes in proptest::collection::vec((0usize..400, any::<u8>()), 1..6),
        signed: bool,
    ) {
        let mut bytes = sample(signed);
        for (at, byte) in changes {
            let at = 44 + at % (bytes.len() - 44);
            bytes[at] = byte;
        }
        let bytes = with_valid_checksum(bytes);
        if let Ok(file) = read(&bytes) {
            prop_assert_eq!(file.to_bytes(), bytes);
        }
    }
}
