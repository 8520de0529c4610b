//! Streams of server-sent events (WHATWG HTML, section 9.2): how many, for whom, how long.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::{Instant, interval_at};
use tripline_store::records::Scope;

use crate::app::App;
use crate::caller::{Caller, Known};
use crate::problem::Problem;

/// Streams at once: each is told of each event.
pub(crate) const MOST: usize = 64;

/// Streams of one caller at once. Who asks from this machine without a key is one caller: a browser
/// with many open pages.
pub(crate) const MOST_OF_ONE: usize = 16;

/// Between two signs of life, at which it is also asked whether the caller may still listen.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Who listens.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Mutex<HashMap<Arc<str>, usize>>);

impl Listeners {
    fn counts(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>, caller: &Caller) -> Result<Place, Problem> {
        let busy = |detail: String| Problem::unavailable(detail, Duration::from_secs(30));
        let mut counts = self.counts();
        if counts.values().sum::<usize>() >= MOST {
            return Err(busy(format!("{MOST} clients listen already; try again later")));
        }
        let actor: Arc<str> = caller.actor().into();
        let own = counts.entry(actor.clone()).or_default();
        if *own >= MOST_OF_ONE {
            let who = caller.actor();
            return Err(busy(format!("`{who}` has {MOST_OF_ONE} streams open; close one first")));
        }
        *own += 1;
        Ok(Place { listeners: self.clone(), actor })
    }
}

/// One stream; it counts until it is dropped.
struct Place {
    listeners: Arc<Listeners>,
    actor: Arc<str>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.listeners.counts();
        if let Some(count) = counts.get_mut(&self.actor) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.actor);
            }
        }
    }
}

/// Answers with events until they end, the service stops, or the caller may no longer read.
pub(crate) fn answer(
    app: &Arc<App>,
    caller: &Caller,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Result<Response, Problem> {
    let place = app.listeners().enter(caller)?;
    let beat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    let state = (app.clone(), caller.clone(), Box::pin(events), beat, place);
    let attended = stream::unfold(state, |mut state| async move {
        let (app, caller, events, beat, _) = &mut state;
        let event = tokio::select! {
            // First, so that a stream without a pause is looked at as well.
            biased;
            () = app.stopping().cancelled() => return None,
            _ = beat.tick() => match may_listen(app, caller).await {
                true => Event::default().comment(""),
                false => return None,
            },
            event = events.next() => event?,
        };
        Some((Ok::<_, Infallible>(event), state))
    });
    Ok(Sse::new(attended).into_response())
}

/// Whether the key, the session and the user behind a stream are still good for it.
async fn may_listen(app: &App, caller: &Caller) -> bool {
    match app.gate().still(caller).await {
        Ok(scopes) => scopes.is_some_and(|scopes| scopes.allow(Scope::Read)),
        Err(error) => {
            tracing::warn!(actor = caller.actor(), %error, "a listener could not be checked");
            caller.known() != Known::User
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let listeners = Arc::new(Listeners::default());
        let caller = |name: &str| Caller::of_test(name);
        let held: Vec<_> =
            (0..MOST_OF_ONE).map(|_| listeners.enter(&caller("key:a")).expect("a place")).collect();
        let refused = listeners.enter(&caller("key:a")).err().expect("a refusal");
        assert!(refused.detail.contains("key:a") && refused.retry_after.is_some());
        let others: Vec<_> = (0..MOST - MOST_OF_ONE)
            .map(|at| listeners.enter(&caller(&format!("key:{at}"))).expect("a place"))
            .collect();
        assert!(listeners.enter(&caller("key:z")).is_err());
        drop((held, others));
        assert!(listeners.counts().is_empty());
        assert!(listeners.enter(&caller("key:z")).is_ok());
    }
}
