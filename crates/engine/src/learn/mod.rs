//! Learn: a model on a stream, under a guard against rows that are meant to mislead it.
//!
//! A model that learns whatever it takes for benign can be led away step by step: each row lies a
//! little beyond what was learnt, none is an alert. Here a row is learnt only if a reference that
//! never learns takes it for benign too, its batch looks like benign rows as a whole, its source
//! has not sent too many, and canary rows keep their scores. Every update is written to a journal
//! and can be taken back.
//!
//! What the guard does not hold: an attacker whose rows the reference takes for benign, one by one
//! and as a batch, teaches as benign rows do.

mod canary;
mod journal;
mod quarantine;
mod record;
mod whole;

use std::path::Path;

use tripline_core::{Dataset, FitContext, Progress, Supervision, Task};

pub use record::{Counts, Event, Record};

use self::canary::{Canaries, Shift};
use self::journal::Journal;
use self::quarantine::{Buckets, passing};
use self::whole::Usual;
use crate::error::EngineError;
use crate::lineage::Ancestor;
use crate::model::Model;

/// What a row must pass to be learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardSettings {
    /// A row counts as suspicious from this probability on; none takes the model's alerts.
    pub suspicious: Option<f64>,
    /// Largest difference of probability between the model and the reference.
    pub agreement: f64,
    /// The column that tells who sent a row; none sets no rate.
    pub source: Option<String>,
    /// Rows a second of one source, by the rows' own clock.
    pub rate: f64,
    /// Rows that a source may send at once.
    pub burst: f64,
    /// Largest shift of the canaries' mean probability: benign ones either way, attacks downwards,
    /// the rarest tenth of the benign ones downwards by half of it.
    pub tolerance: f64,
    /// Largest share of the attacks among the canaries that the model may cease to find.
    pub most_lost: f64,
    /// Share of a batch that may alert before all of it waits, if it is beyond chance.
    pub most_alerts: f64,
    /// Share of a batch that may score above the median of benign rows before all of it waits.
    pub most_above: f64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            suspicious: None,
            agreement: 0.5,
            source: None,
            rate: 1.0,
            burst: 60.0,
            // A window of a few hundred rows moves the mean rank of 200 benign rows by 0.2 at times.
            tolerance: 0.3,
            most_lost: 0.2,
            most_alerts: 0.05,
            most_above: 0.8,
        }
    }
}

impl GuardSettings {
    /// Whether a row is too suspicious to be learnt as benign.
    fn alerts(&self, model: &Model, raw: f64, probability: f64) -> bool {
        match self.suspicious {
            Some(bound) => probability >= bound,
            None => raw >= model.decision().threshold,
        }
    }
}

/// A model that learns, with the journal of it.
#[derive(Debug)]
pub struct Learner {
    reference: Model,
    current: Model,
    canaries: Canaries,
    usual: Usual,
    guard: GuardSettings,
    buckets: Buckets,
    journal: Journal,
}

impl Learner {
    /// Begins to learn, with a journal in a folder that has none. `canaries` need the columns of
    /// the model; where they are missing, rows of the model's training stand for them, benign ones
    /// and, if it had any, attacks.
    ///
    /// Errors if the model does not learn from further rows.
    pub fn start(
        folder: &Path,
        model: &Model,
        canaries: Option<&Dataset>,
        guard: GuardSettings,
        time_ns: i64,
    ) -> Result<Self, EngineError> {
        if !model.card().abilities.online || model.preparer().is_none() {
            return Err(EngineError::NotOnline { model: model.name() });
        }
        let mut journal = Journal::create(folder)?;
        let digest = journal.keep(model)?;
        journal.append(Record {
            number: 0,
            event: Event::Start,
            time_ns,
            before: digest.clone(),
            after: digest,
            counts: Counts::default(),
            benign_shift: 0.0,
            attack_shift: 0.0,
            note: format!("{} begins to learn", model.card().id),
        })?;
        Self::with(journal, canaries, guard)
    }

    /// Goes on from the last state that a journal acknowledges. The guard is that of this call.
    pub fn resume(
        folder: &Path,
        canaries: Option<&Dataset>,
        guard: GuardSettings,
    ) -> Result<Self, EngineError> {
        Self::with(Journal::open(folder)?, canaries, guard)
    }

    /// The model that a journal began with.
    pub fn reference_of(folder: &Path) -> Result<Model, EngineError> {
        let journal = Journal::open(folder)?;
        match journal.records().first() {
            Some(first) => journal.model(&first.after),
            None => Err(EngineError::NoEntry { number: 0, last: 0 }),
        }
    }

    /// Whether attacks are among the canaries; without them the benign ones alone tell of harm.
    pub fn has_attack_canaries(&self) -> bool {
        self.canaries.has_attacks()
    }

    /// Whether a folder holds a journal to go on with.
    pub fn has_journal(folder: &Path) -> bool {
        Journal::exists(folder)
    }

    fn with(
        journal: Journal,
        canaries: Option<&Dataset>,
        guard: GuardSettings,
    ) -> Result<Self, EngineError> {
        let (first, last) = match journal.records() {
            [only] => (only, only),
            [first, .., last] => (first, last),
            [] => return Err(EngineError::NoEntry { number: 0, last: 0 }),
        };
        let reference = journal.model(&first.after)?;
        let current = journal.model(&last.after)?;
        let mut parts = Vec::new();
        if let Some(data) = canaries {
            let benign = vec![false; data.len()];
            let attacks = data.labels.as_ref().map_or(benign, |labels| labels.attacks());
            parts.push((data.rows.clone(), attacks));
        } else {
            let kept = [(&reference.background, false), (&reference.canaries, true)];
            for (rows, attack) in kept {
                parts.extend(rows.clone().map(|rows| {
                    let attacks = vec![attack; rows.len()];
                    (rows, attacks)
                }));
            }
        }
        if parts.iter().all(|(rows, _)| rows.is_empty()) {
            return Err(EngineError::NoCanaries { model: reference.name() });
        }
        let canaries = Canaries::new(&reference, parts)?;
        let usual = Usual::of(&reference)?;
        let buckets = match journal.rates()? {
            Some(state) => Buckets::load(&state).map_err(|error| EngineError::Journal {
                file: std::path::PathBuf::from("rates"),
                reason: error.to_string(),
            })?,
            None => Buckets::default(),
        };
        Ok(Self { reference, current, canaries, usual, guard, buckets, journal })
    }

    /// The model as it is now.
    pub fn model(&self) -> &Model {
        &self.current
    }

    /// The model of the start, which never learns.
    pub fn reference(&self) -> &Model {
        &self.reference
    }

    /// All that happened, the first first.
    pub fn records(&self) -> &[Record] {
        self.journal.records()
    }

    /// Removes the journal if nothing was learnt, rejected or taken back since it began; true if it
    /// did.
    pub fn discard(self) -> bool {
        self.journal.discard()
    }

    /// Learns what passes of a batch. The state that is told is on disk when this returns.
    pub fn learn(
        &mut self,
        batch: &Dataset,
        time_ns: i64,
        progress: &dyn Progress,
    ) -> Result<&Record, EngineError> {
        let said = self.reference.score(&batch.rows)?;
        if let Some(note) = self.usual.unlike(batch, &said, &self.guard) {
            let waiting = batch.len() as u64;
            let counts = Counts { rows: waiting, waiting, ..Counts::default() };
            return self.unchanged(counts, Shift::default(), note, time_ns);
        }
        let (rows, counts) =
            passing(batch, &self.current, &said, &self.reference, &self.guard, &mut self.buckets)?;
        if self.guard.source.is_some() {
            // Before the rows are learnt: a kill between the two gives no source more.
            self.journal.keep_rates(&self.buckets.save())?;
        }
        if rows.is_empty() {
            let note = "no row passed the quarantine".to_owned();
            return self.unchanged(Counts { learnt: 0, ..counts }, Shift::default(), note, time_ns);
        }
        let mut next = self.current.copied()?;
        let supervised = next.card().supervision == Supervision::Supervised;
        let labels = batch.labels.as_ref().filter(|_| supervised).map(|all| all.select(&rows));
        let frame = tripline_core::Frame::from(next.prepare(&batch.rows.select(&rows))?.0);
        let task = if next.classes().is_some() { Task::Multiclass } else { Task::Binary };
        let context = FitContext {
            labels: labels.as_ref(),
            weights: None,
            validation: None,
            task,
            seed: self.journal.records().len() as u64,
            progress,
        };
        let model = next.name();
        let Some(online) = next.detector.online() else {
            return Err(EngineError::NotOnline { model });
        };
        online
            .partial_fit(&frame, &context)
            .map_err(|source| EngineError::Fit { model, source })?;
        let shift = self.canaries.shift(&next)?;
        let most = self.guard.tolerance;
        // A window of a stream moves the mean rank of all benign canaries, and hardly the highest.
        let still = shift.benign.abs() <= most && shift.attack <= most && shift.rare <= most / 2.0;
        if !still {
            let note = format!(
                "the canaries moved (benign {:+.2}, the rarest {:+.2}, attacks {:+.2}): undone",
                shift.benign, -shift.rare, -shift.attack
            );
            return self.unchanged(Counts { learnt: 0, ..counts }, shift, note, time_ns);
        }
        if shift.lost > self.guard.most_lost {
            let share = 100.0 * shift.lost;
            let note = format!("{share:.0} % of the canaries' attacks were lost: undone");
            return self.unchanged(Counts { learnt: 0, ..counts }, shift, note, time_ns);
        }
        self.sign(&mut next, batch, counts.learnt);
        let note = format!("{} of {} rows learnt", counts.learnt, counts.rows);
        self.acknowledge(next, Event::Learn, counts, shift, note, time_ns)
    }

    /// Takes the state after an entry again, byte for byte.
    pub fn rollback(&mut self, number: u64, time_ns: i64) -> Result<&Record, EngineError> {
        let last = self.journal.records().len() as u64 - 1;
        let found = usize::try_from(number).ok().and_then(|at| self.journal.records().get(at));
        let Some(record) = found else { return Err(EngineError::NoEntry { number, last }) };
        let model = self.journal.model(&record.after)?;
        let note = format!("back to the state after entry {number}");
        let shift = self.canaries.shift(&model)?;
        self.acknowledge(model, Event::Rollback, Counts::default(), shift, note, time_ns)
    }

    /// Writes into a model what it learnt, so that the same rows never judge it; figures of the
    /// model before are none of this one.
    fn sign(&self, model: &mut Model, batch: &Dataset, learnt: u64) {
        let provenance = &mut model.provenance;
        let source = batch.source.as_ref();
        let known = provenance.sources.iter().any(|(part, known)| {
            part == "learn" && (&known.sha256, &known.name) == (&source.sha256, &source.name)
        });
        if !known {
            provenance.sources.push(("learn".to_owned(), source.clone()));
        }
        let first = self.journal.records().first().map(|record| &record.after);
        if let Some(first) = first.filter(|first| {
            provenance.lineage.last().is_none_or(|ancestor| ancestor.digest != **first)
        }) {
            provenance.lineage.push(Ancestor {
                digest: first.clone(),
                program: provenance.program.clone(),
                data: source.name.clone(),
                data_sha256: source.sha256.clone(),
                rows: source.rows,
                changed: vec!["the detector learnt from streams, under a guard".to_owned()],
            });
        }
        provenance.fitted_rows += learnt;
        provenance.metrics.clear();
        provenance.protocol.clear();
        model.decision.realised = None;
        model.decision.extrapolation = None;
    }

    fn acknowledge(
        &mut self,
        model: Model,
        event: Event,
        counts: Counts,
        shift: Shift,
        note: String,
        time_ns: i64,
    ) -> Result<&Record, EngineError> {
        let after = self.journal.keep(&model)?;
        let record = self.record(event, after, counts, shift, note, time_ns);
        let record = self.journal.append(record)?;
        self.current = model;
        Ok(record)
    }

    fn unchanged(
        &mut self,
        counts: Counts,
        shift: Shift,
        note: String,
        time_ns: i64,
    ) -> Result<&Record, EngineError> {
        let after = self.state();
        let record = self.record(Event::Reject, after, counts, shift, note, time_ns);
        self.journal.append(record)
    }

    /// The digest of the acknowledged state.
    fn state(&self) -> String {
        self.journal.records().last().map(|record| record.after.clone()).unwrap_or_default()
    }

    fn record(
        &self,
        event: Event,
        after: String,
        counts: Counts,
        shift: Shift,
        note: String,
        time_ns: i64,
    ) -> Record {
        Record {
            number: self.journal.records().len() as u64,
            event,
            time_ns,
            before: self.state(),
            after,
            counts,
            benign_shift: shift.benign,
            attack_shift: shift.attack,
            note,
        }
    }
}
