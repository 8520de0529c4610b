//! The token that is printed at the first start: what opens deploys, deletes and keys to a local
//! caller who has no key.

use tripline_store::records::Change;
use tripline_store::{Metadata, MetadataError};

use super::key::{Secret, hex};

/// The setting that holds its hash.
pub const FIRST_TOKEN_SETTING: &str = "access.first_token";

/// The token, if it was made just now.
#[derive(Debug)]
pub struct FirstToken {
    /// To be printed once; none if it was printed at an earlier start.
    pub fresh: Option<Secret>,
    pub(super) hash: [u8; 32],
}

impl FirstToken {
    /// The token of a database; drawn and kept as a hash if there is none yet.
    pub async fn of(store: &dyn Metadata, change: &Change) -> Result<Self, MetadataError> {
        let kept = store.setting(FIRST_TOKEN_SETTING).await?;
        match kept.as_deref().and_then(unquoted) {
            Some(hash) => Ok(Self { fresh: None, hash }),
            None => Self::renew(store, change).await,
        }
    }

    /// Draws another token; the one before is no longer worth anything.
    pub async fn renew(store: &dyn Metadata, change: &Change) -> Result<Self, MetadataError> {
        let token = Secret::random("tlt_").map_err(|error| MetadataError::Database {
            path: "the system's random numbers".to_owned(),
            reason: error.to_string(),
        })?;
        let hash = token.hash();
        let kept = format!("\"{}\"", hex(&hash));
        store.set_setting(FIRST_TOKEN_SETTING, Some(&kept), change).await?;
        Ok(Self { fresh: Some(token), hash })
    }
}

/// A hash from its hexadecimal digits in quotation marks.
fn unquoted(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix('"')?.strip_suffix('"')?;
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    Some(hash)
}
