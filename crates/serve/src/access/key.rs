//! API keys as their owners hold them: `tl_ID_SECRET`.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Letters of an id: Crockford's base 32, lower case.
const ID_LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Letters of a secret: base64url, RFC 4648, section 5.
const SECRET_LETTERS: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bits of the visible id: enough that two keys of a service never share one.
const ID_LENGTH: usize = 10;

/// Letters of 256 bits.
const SECRET_LENGTH: usize = 43;

/// A text that must not reach a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Of random bits, 256 of them, after a prefix.
    pub fn random(prefix: &str) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let mut text = String::with_capacity(prefix.len() + 43);
        text.push_str(prefix);
        push_base64url(&mut text, &bytes);
        Ok(Self(text))
    }

    /// The text, to be shown once to whom it belongs.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A new key: the secret is shown once, the hash is kept.
#[derive(Debug, Clone)]
pub struct IssuedKey {
    /// The visible prefix.
    pub id: String,
    /// The whole key.
    pub secret: Secret,
}

impl IssuedKey {
    /// Draws a key.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; ID_LENGTH];
        getrandom::fill(&mut bytes)?;
        let letter = |b: &u8| char::from(ID_LETTERS[usize::from(b & 31)]);
        let id: String = bytes.iter().map(letter).collect();
        let secret = Secret::random(&format!("tl_{id}_"))?;
        Ok(Self { id, secret })
    }
}

/// The id in a key that a client sent; none if it is no key of ours.
pub(super) fn id_of(key: &str) -> Option<&str> {
    let (id, secret) = key.strip_prefix("tl_")?.split_once('_')?;
    let whole = id.len() == ID_LENGTH && secret.len() == SECRET_LENGTH;
    (whole && id.bytes().all(|b| ID_LETTERS.contains(&b))).then_some(id)
}

/// Whether a text has the shape of [`Secret::random`] without a prefix.
pub(super) fn is_secret(text: &str) -> bool {
    text.len() == SECRET_LENGTH && text.bytes().all(|b| SECRET_LETTERS.contains(&b))
}

/// SHA-256 of a secret: of 256 random bits, so that no slow hash is needed.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether two hashes are equal, in constant time.
pub(super) fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

/// RFC 4648, section 5, without padding.
fn push_base64url(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for k in 0..=chunk.len() {
            let six = (bits >> (18 - 6 * k)) & 63;
            text.push(char::from(SECRET_LETTERS[six as usize]));
        }
    }
}

/// Hexadecimal, lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_recognised_by_their_shape() {
        let key = IssuedKey::draw().expect("randomness");
        assert_eq!(id_of(key.secret.reveal()), Some(key.id.as_str()));
        assert_eq!(key.secret.reveal().len(), 3 + 10 + 1 + 43);
        assert_ne!(key.secret, IssuedKey::draw().expect("randomness").secret);
        for bad in ["", "tl_", "tl_x_y", "sk_0123456789_aaaa", &key.secret.reveal()[..40]] {
            assert_eq!(id_of(bad), None, "{bad}");
        }
        assert_eq!(format!("{:?}", key.secret), "Secret(..)");
    }

    #[test]
    fn base64url_of_rfc_4648() {
        // RFC 4648, section 10.
        for (bytes, text) in [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let mut out = String::new();
            push_base64url(&mut out, bytes.as_bytes());
            assert_eq!(out, text);
        }
    }
}
