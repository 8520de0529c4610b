//! One entry of a journal of learning.

use tripline_core::{State, StateError};

/// What an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The journal begins with a model, which stays the reference.
    Start,
    /// Rows were learnt.
    Learn,
    /// No row passed the quarantine, or what was learnt moved the canaries too far and was undone.
    Reject,
    /// An earlier state was taken again.
    Rollback,
}

impl Event {
    const ALL: [Self; 4] = [Self::Start, Self::Learn, Self::Reject, Self::Rollback];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Learn => "learn",
            Self::Reject => "reject",
            Self::Rollback => "rollback",
        }
    }
}

/// Rows by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows of the batch.
    pub rows: u64,
    /// Learnt.
    pub learnt: u64,
    /// Alerts, or attacks by their label where attacks teach nothing.
    pub suspicious: u64,
    /// Rows of which the frozen reference thinks otherwise.
    pub disagreeing: u64,
    /// Rows of a source that sent too many.
    pub over_rate: u64,
    /// Rows of a batch that waits as a whole.
    pub waiting: u64,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// From 0, without gaps.
    pub number: u64,
    /// What happened.
    pub event: Event,
    /// When, in nanoseconds since 1970-01-01 UTC, as the caller told it.
    pub time_ns: i64,
    /// SHA-256 of the model's file before, in hexadecimal.
    pub before: String,
    /// The same after; the acknowledged state.
    pub after: String,
    /// Rows by what became of them.
    pub counts: Counts,
    /// By how much benign canaries rose, in mean probability.
    pub benign_shift: f64,
    /// By how much attacks among the canaries fell, in mean probability.
    pub attack_shift: f64,
    /// One sentence for a person.
    pub note: String,
}

impl Record {
    pub(super) fn save(&self) -> State {
        let counts = self.counts;
        let numbers = [
            counts.rows,
            counts.learnt,
            counts.suspicious,
            counts.disagreeing,
            counts.over_rate,
            counts.waiting,
        ];
        let mut state = State::new();
        state.put_i64("number", self.number as i64);
        state.put_text("event", self.event.name());
        state.put_i64("time_ns", self.time_ns);
        state.put_text("before", &self.before);
        state.put_text("after", &self.after);
        state.put_i64s("counts", numbers.map(|count| count as i64).to_vec());
        state.put_f64s("shifts", vec![self.benign_shift, self.attack_shift]);
        state.put_text("note", &self.note);
        state
    }

    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let event = Event::ALL
            .into_iter()
            .find(|event| state.text("event").is_ok_and(|name| name == event.name()));
        let &[rows, learnt, suspicious, disagreeing, over_rate, waiting] = state.i64s("counts")?
        else {
            return Err(StateError::invalid("counts", "six whole numbers"));
        };
        let &[benign_shift, attack_shift] = state.f64s("shifts")? else {
            return Err(StateError::invalid("shifts", "two numbers"));
        };
        Ok(Self {
            number: state.count("number")? as u64,
            event: event.ok_or_else(|| StateError::invalid("event", "the name of an event"))?,
            time_ns: state.i64("time_ns")?,
            before: digest(state, "before")?,
            after: digest(state, "after")?,
            counts: Counts {
                rows: rows as u64,
                learnt: learnt as u64,
                suspicious: suspicious as u64,
                disagreeing: disagreeing as u64,
                over_rate: over_rate as u64,
                waiting: waiting as u64,
            },
            benign_shift,
            attack_shift,
            note: state.text("note")?.to_owned(),
        })
    }
}

/// A digest becomes part of a file's name, so nothing else may stand there.
fn digest(state: &State, name: &str) -> Result<String, StateError> {
    let text = state.text(name)?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if text.len() == 64 && plain {
        return Ok(text.to_owned());
    }
    Err(StateError::invalid(name, "64 hexadecimal digits"))
}
