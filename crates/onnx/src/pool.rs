//! The children of one model: as many as threads score at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tripline_core::State;

use crate::child::Child;
use crate::error::OnnxError;
use crate::sandbox::Protection;
use crate::settings::Limits;

/// A model that ended its child this often in a row is refused.
const MOST_KILLS: u32 = 3;

/// The children of one model.
pub(crate) struct Pool {
    limits: Limits,
    bytes: Arc<Vec<u8>>,
    prepare: State,
    idle: Mutex<Vec<Child>>,
    kills: AtomicU32,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A child that has given up what it can, and has read the file.
pub(crate) fn reader(
    bytes: &[u8],
    limits: Limits,
) -> Result<(Child, Protection, State), OnnxError> {
    let answer =
        |source: tripline_core::StateError| OnnxError::Answer { reason: source.to_string() };
    let mut child = Child::start(limits)?;
    let mut enter = State::new();
    enter.put_i64("memory", i64::try_from(limits.memory_mib << 20).unwrap_or(i64::MAX));
    let protection = Protection::load(&child.ask(&enter)?).map_err(answer)?;
    let mut model = State::new();
    model.put_bytes("model", bytes.to_vec());
    let description = child.ask(&model)?;
    Ok((child, protection, description))
}

impl Pool {
    /// A pool whose first child is `child`; `prepare` makes each further one ready.
    pub(crate) fn new(bytes: Arc<Vec<u8>>, limits: Limits, prepare: State, child: Child) -> Self {
        Self { limits, bytes, prepare, idle: Mutex::new(vec![child]), kills: AtomicU32::new(0) }
    }

    /// Asks an idle child, or a new one.
    pub(crate) fn ask(&self, request: &State) -> Result<State, OnnxError> {
        let kills = self.kills.load(Ordering::Relaxed);
        if kills >= MOST_KILLS {
            return Err(OnnxError::GivenUp { kills });
        }
        let result = self.child().and_then(|mut child| {
            let answer = child.ask(request);
            if !ended(&answer) {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(child);
            }
            answer
        });
        if ended(&result) {
            self.kills.fetch_add(1, Ordering::Relaxed);
        } else {
            self.kills.store(0, Ordering::Relaxed);
        }
        result
    }

    fn child(&self) -> Result<Child, OnnxError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(child) => Ok(child),
            None => {
                let (mut child, _, _) = reader(&self.bytes, self.limits)?;
                child.ask(&self.prepare)?;
                Ok(child)
            }
        }
    }
}

/// Whether the child that answered so is gone.
fn ended(answer: &Result<State, OnnxError>) -> bool {
    !matches!(answer, Ok(_) | Err(OnnxError::Refused { .. }))
}
