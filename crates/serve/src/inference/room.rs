//! How many bytes of questions may stand in memory at once.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::MAX_BYTES;
use crate::problem::Problem;

/// Unit in which room is given out.
const UNIT: u64 = 1 << 10;

/// Two of the largest questions.
static ROOM: Semaphore = Semaphore::const_new((2 * MAX_BYTES / UNIT) as usize);

/// A question of this size needs no room: as many as may be worked on at once take little.
const SMALL: u64 = 64 << 10;

/// Bytes of a question: its length, or that of the largest where it tells none.
pub(super) fn of(body: &Body) -> u64 {
    body.size_hint().upper().unwrap_or(MAX_BYTES).min(MAX_BYTES)
}

/// Waits for room for a question.
pub(super) async fn take(
    bytes: u64,
    patience: Duration,
) -> Result<Option<SemaphorePermit<'static>>, Problem> {
    if bytes <= SMALL {
        return Ok(None);
    }
    let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
    // Some of the request's own time stays for its work.
    match tokio::time::timeout(patience / 2, ROOM.acquire_many(units)).await {
        Ok(Ok(room)) => Ok(Some(room)),
        _ => {
            let detail = "too many large questions are being answered; try again later";
            Err(Problem::unavailable(detail, Duration::from_secs(1)))
        }
    }
}
