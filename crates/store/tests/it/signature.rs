//! Signed model files.

use std::path::Path;

use tripline_store::{Limits, ModelFile, SecretKey, StoreError};

fn file() -> ModelFile {
    let mut file = ModelFile::new();
    file.put("a", b"contents".to_vec());
    file
}

#[test]
fn a_signature_survives_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.trip");
    let key = SecretKey::from_bytes([3; 32]);
    let mut signed = file();
    signed.sign(&key);
    signed.write(&path).unwrap();
    let back = ModelFile::read(&path, &Limits::default()).unwrap();
    assert_eq!(back.signer(), Some(key.public()));
    back.verify(&key.public()).unwrap();

    let other = SecretKey::from_bytes([4; 32]).public();
    assert!(matches!(back.verify(&other), Err(StoreError::OtherSigner { .. })));
    assert!(matches!(file().verify(&other), Err(StoreError::Unsigned { .. })));
}

#[test]
fn a_signature_of_other_bytes_is_refused() {
    use sha2::{Digest, Sha256};
    let mut signed = file();
    signed.sign(&SecretKey::from_bytes([3; 32]));
    let mut bytes = signed.to_bytes();
    let at = bytes.windows(8).position(|window| window == b"contents").unwrap();
    bytes[at] = b'C';
    let checksum = Sha256::digest(&bytes[44..]);
    bytes[12..44].copy_from_slice(&checksum);
    let error = ModelFile::from_bytes(Path::new("m"), &bytes, &Limits::default()).unwrap_err();
    assert!(matches!(error, StoreError::BadSignature { .. }), "{error}");
}

#[test]
fn changing_a_section_drops_the_signature() {
    let mut signed = file();
    signed.sign(&SecretKey::from_bytes([3; 32]));
    signed.put("a", b"other".to_vec());
    assert_eq!(signed.signer(), None);
}
