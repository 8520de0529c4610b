//! The token that is printed at the first start: what opens deploys, deletes and keys to a local
//! caller who has no key.

use tripline_store::records::Change;
use tripline_store::{Metadata, MetadataError};

use super::key::{Secret, hex};

/// The setting that holds its hash.
const FIRST_TOKEN_SETTING: &str = "access.first_token";

/// Draws the token at the first start, and keeps its hash; none if it was drawn before.
pub async fn draw_first_token(
    store: &dyn Metadata,
    change: &Change,
) -> Result<Option<Secret>, MetadataError> {
    if kept(store).await?.is_some() {
        return Ok(None);
    }
    renew_first_token(store, change).await.map(Some)
}

/// Draws another token; the one before is no longer worth anything.
pub async fn renew_first_token(
    store: &dyn Metadata,
    change: &Change,
) -> Result<Secret, MetadataError> {
    let token = Secret::random("tlt_").map_err(|error| MetadataError::Database {
        path: "the system's random numbers".to_owned(),
        reason: error.to_string(),
    })?;
    let hash = format!("\"{}\"", hex(&token.hash()));
    store.set_setting(FIRST_TOKEN_SETTING, Some(&hash), change).await?;
    Ok(token)
}

/// The hash of the token; none before the first start.
pub(super) async fn kept(store: &dyn Metadata) -> Result<Option<[u8; 32]>, MetadataError> {
    Ok(store.setting(FIRST_TOKEN_SETTING).await?.as_deref().and_then(unquoted))
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
