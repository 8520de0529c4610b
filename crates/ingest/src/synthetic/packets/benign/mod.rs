//! Traffic that is no attack; much of it looks like one.

mod bulk;
mod failing;
mod lookups;
mod machines;
mod office;
mod scans;
mod web;

use super::super::draw::exponential;
use super::agent::{Agent, Turn};

pub(super) use self::machines::machines;

/// Plans one session.
type Activity = fn(&mut Turn<'_>);

/// Sessions of people and programs with their weights.
const ACTIVITIES: &[(f64, Activity)] = &[
    (20.0, web::page),
    (6.0, web::plain_page),
    (4.0, web::through_proxy),
    (4.0, web::stream),
    (12.0, lookups::names),
    (2.0, lookups::reputation),
    (12.0, office::application),
    (4.0, office::mail),
    (4.0, office::shell),
    (2.0, office::scheduled_shell),
    (2.0, office::file_transfer),
    (1.0, office::call),
    (2.0, office::discovery),
    (1.0, office::quiet_connection),
    (2.5, bulk::upload),
    (1.5, bulk::backup),
    (3.0, failing::form),
    (1.2, failing::expired),
    (2.0, failing::wrong_password),
    (4.0, failing::no_connection),
    (0.8, failing::dead_service),
    (0.8, failing::load_test),
    (0.8, scans::route),
    (0.7, scans::inventory),
];

/// People and programs of the office, as many as it takes to reach the number of flows in time.
pub(super) struct Office {
    total: f64,
    /// Sessions so far with their conversations.
    sessions: f64,
    conversations: f64,
}

impl Office {
    pub(super) fn new() -> Self {
        // A session has some four conversations; what is really seen soon takes over.
        let total = ACTIVITIES.iter().map(|activity| activity.0).sum();
        Self { total, sessions: 10.0, conversations: 40.0 }
    }
}

impl Agent for Office {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let before = turn.out.len();
        let mut place = turn.rng.unit() * self.total;
        let activity = ACTIVITIES.iter().find(|activity| {
            place -= activity.0;
            place < 0.0
        });
        activity.map_or(web::page as Activity, |activity| activity.1)(turn);
        self.sessions += 1.0;
        self.conversations += (turn.out.len() - before) as f64;
        let left = turn.left.saturating_sub(turn.out.len());
        if left == 0 {
            return None;
        }
        let seconds = (turn.scene.end() - turn.at).max(1_000_000_000) as f64 / 1e9;
        let sessions = left as f64 * self.sessions / self.conversations;
        Some(exponential(turn.rng, seconds / sessions.max(1.0)).min(30.0))
    }
}
