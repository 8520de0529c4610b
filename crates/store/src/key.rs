//! Ed25519 keys (RFC 8032) for signing model files.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use tripline_core::text::hexadecimal;

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Bytes of a signature.
pub(crate) const SIGNATURE_BYTES: usize = 64;

/// A key file is 32 bytes, 64 hexadecimal digits or 44 of base64 with a line end.
const MAX_KEY_FILE_BYTES: u64 = 256;

/// A key that signs.
pub struct SecretKey(SigningKey);

/// A key that verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl SecretKey {
    /// From 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&bytes))
    }

    /// From a file of 32 raw bytes, hexadecimal or base64.
    pub fn read(file: &Path) -> Result<Self, KeyError> {
        Ok(Self::from_bytes(read_key(file)?))
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// As 64 hexadecimal digits: what a key file holds.
    pub fn to_hex(&self) -> String {
        hexadecimal(self.0.as_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl PublicKey {
    /// From its 32 bytes; `None` if they are no point of the curve.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(&bytes).ok().map(Self)
    }

    /// From a file of 32 raw bytes, hexadecimal or base64.
    pub fn read(file: &Path) -> Result<Self, KeyError> {
        Self::from_bytes(read_key(file)?)
            .ok_or_else(|| KeyError::Malformed { file: file.to_owned() })
    }

    /// Its 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// As 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hexadecimal(self.0.as_bytes())
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// Why a key file gives no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The operating system refused.
    #[error("{}: cannot read the key: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The contents are no key.
    #[error(
        "{}: not a key: 32 bytes are wanted, raw, as 64 hexadecimal digits or as base64; make one with `tripline keygen`",
        file.display()
    )]
    Malformed {
        /// The file.
        file: PathBuf,
    },
}

fn read_key(file: &Path) -> Result<[u8; KEY_BYTES], KeyError> {
    let mut bytes = Vec::new();
    fs::File::open(file)
        .and_then(|open| open.take(MAX_KEY_FILE_BYTES).read_to_end(&mut bytes))
        .map_err(|source| KeyError::Io { file: file.to_owned(), source })?;
    parse(&bytes).ok_or_else(|| KeyError::Malformed { file: file.to_owned() })
}

fn parse(bytes: &[u8]) -> Option<[u8; KEY_BYTES]> {
    if let Ok(raw) = bytes.try_into() {
        return Some(raw);
    }
    let text = bytes.trim_ascii();
    let decoded = match text.len() {
        64 => {
            text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
        }
        43 | 44 => base64(text),
        _ => None,
    };
    decoded.and_then(|decoded: Vec<u8>| decoded.try_into().ok())
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).map(|digit| digit as u8)
}

/// Standard base64 (RFC 4648, section 4) of a whole number of bytes.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_suffix(b"=").unwrap_or(text);
    let mut bits = 0_u32;
    let mut count = 0;
    let mut out = Vec::with_capacity(KEY_BYTES);
    for &character in text {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8032, section 7.1, test 1: secret key with its public key.
    const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    #[test]
    fn a_public_key_follows_from_the_secret_one() {
        let secret = SecretKey::from_bytes(parse(SECRET.as_bytes()).unwrap());
        assert_eq!(secret.public().to_hex(), PUBLIC);
        assert_eq!(secret.to_hex(), SECRET);
    }

    #[test]
    fn raw_bytes_with_both_texts_give_the_same_key() {
        let raw = parse(SECRET.as_bytes()).unwrap();
        assert_eq!(parse(&raw), Some(raw));
        // Python 3: base64.b64encode(bytes.fromhex(SECRET))
        let text = b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n";
        assert_eq!(parse(text), Some(raw));
        assert_eq!(parse(b"short"), None);
    }
}
