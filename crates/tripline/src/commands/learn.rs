//! `tripline learn`: a model on a stream, under a guard.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::Serialize;
use tripline_core::{Dataset, Field, FieldKind, Progress, Schema, Supervision};
use tripline_engine::learn::{GuardSettings, Learner, Record};
use tripline_engine::{EngineError, Model};
use tripline_ingest::{Fingerprint, fingerprint_file};
use tripline_store::AtomicFile;

use crate::args::DataArgs;
use crate::exit::{Exit, Usage};
use crate::output;
use crate::progress::Bar;
use crate::session::{Session, is_traffic};
use crate::table::{Align, Table};

/// Let a model learn from a stream, under a guard.
///
/// A row is learnt only if a frozen copy of the model takes it for benign too, its batch looks
/// benign as a whole, its source keeps to a rate, and canary rows keep their scores. What the
/// frozen model takes for benign, row by row and as a batch, is learnt. Each batch is written to a
/// journal, beside the model as it was after it; any of these states can be taken again. Without a
/// stream the journal is shown.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
tripline learn model.trip monday.csv --journal learnt -o model-2.trip\n  \
tripline learn model.trip tuesday.csv --journal learnt --source src_ip --time end --rate 5\n  \
tripline learn --journal learnt\n  \
tripline learn --journal learnt --rollback 3 -o model-3.trip")]
pub(crate) struct Learn {
    /// The model file that the journal begins with, of a method that learns from streams
    #[arg(value_name = "MODEL", requires = "stream")]
    model: Option<PathBuf>,
    /// The rows to learn, in their order
    #[arg(value_name = "STREAM", conflicts_with = "rollback")]
    stream: Option<PathBuf>,
    /// The folder of the journal; made if it is not there
    #[arg(long, value_name = "DIR")]
    journal: PathBuf,
    /// Take the state after this entry again
    #[arg(long, value_name = "N")]
    rollback: Option<u64>,
    /// Write the model as it is afterwards to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Rows whose scores must not move [default: rows that the model was trained on]
    #[arg(long, value_name = "FILE", help_heading = "Guard")]
    canaries: Option<PathBuf>,
    /// Learn no row of this probability or more [default: no alert]
    #[arg(long, value_name = "P", help_heading = "Guard")]
    suspicious: Option<f64>,
    /// Learn no row whose probability is so far from the frozen model's
    #[arg(long, value_name = "P", default_value_t = 0.5, help_heading = "Guard")]
    agreement: f64,
    /// The column that tells who sent a row; needs --time
    #[arg(long, value_name = "COLUMN", help_heading = "Guard")]
    source: Option<String>,
    /// Rows a second that are learnt of one source
    #[arg(long, value_name = "N", default_value_t = 1.0, help_heading = "Guard")]
    rate: f64,
    /// Rows of one source that are learnt at once
    #[arg(long, value_name = "N", default_value_t = 60.0, help_heading = "Guard")]
    burst: f64,
    /// Undo a batch that moves the canaries' mean probability by more than this
    #[arg(long, value_name = "P", default_value_t = 0.3, help_heading = "Guard")]
    tolerance: f64,
    /// Let a batch wait as a whole if a larger share of it alerts, beyond chance
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, help_heading = "Guard")]
    max_alerts: f64,
    /// The same for the share that scores above the median of benign rows
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, help_heading = "Guard")]
    max_above_median: f64,
    /// Undo a batch after which so large a share of the canaries' attacks is no longer found
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, help_heading = "Guard")]
    max_lost: f64,
    /// Rows learnt at once
    #[arg(long, value_name = "N", default_value_t = 4096)]
    batch: usize,
    #[command(flatten)]
    read: DataArgs,
}

#[derive(Serialize)]
struct Learnt<'a> {
    journal: &'a Path,
    model: &'a str,
    version: String,
    entries: Vec<EntryWire<'a>>,
}

#[derive(Serialize)]
struct EntryWire<'a> {
    number: u64,
    event: &'a str,
    time_ns: i64,
    before: &'a str,
    after: &'a str,
    rows: u64,
    learnt: u64,
    suspicious: u64,
    disagreeing: u64,
    over_rate: u64,
    waiting: u64,
    benign_shift: f64,
    attack_shift: f64,
    note: &'a str,
}

impl Learn {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session = session.with_data(&self.read);
        session.keep_inputs(
            &[self.output.as_deref()],
            &[
                self.model.as_deref(),
                self.stream.as_deref(),
                self.canaries.as_deref(),
                self.read.traffic.labels.as_deref(),
            ],
        )?;
        let guard = self.guard()?;
        let output = match &self.output {
            Some(file) => Some(AtomicFile::create(file).map_err(EngineError::from)?),
            None => None,
        };
        let bar = Bar::new(&session.terminal);
        let given = match &self.model {
            Some(file) => Some(session.read_model(file)?),
            None => None,
        };
        let (had_folder, begins) = (self.journal.exists(), !Learner::has_journal(&self.journal));
        let mut learner = self.open(&session, given.as_ref(), guard, &bar)?;
        let known = learner.records().len();
        if let Some(number) = self.rollback {
            learner.rollback(number, now())?;
        }
        if let Some(stream) = &self.stream {
            let learnt = self.stream(&session, &mut learner, stream, &bar);
            if begins && learner.records().len() == 1 {
                // Nothing came of it: a journal would say that this model learns.
                if learner.discard() && !had_folder {
                    let _ = std::fs::remove_dir(&self.journal);
                }
                learnt?;
                let reason = "it has no rows to learn; no journal was begun";
                return Err(Usage(format!("{}: {reason}", stream.display())).into());
            }
            learnt?;
        }
        bar.clear();
        if let Some(mut output) = output {
            use std::io::Write;
            let file = output.target().to_owned();
            output
                .write_all(&learner.model().to_file(None)?.to_bytes())
                .map_err(|source| EngineError::Write { file, source })?;
            output.commit().map_err(EngineError::from)?;
        }
        let shown = if self.stream.is_some() || self.rollback.is_some() { known } else { 0 };
        let wire = Learnt {
            journal: &self.journal,
            model: learner.model().card().id,
            version: learner.model().version(),
            entries: learner.records()[shown..].iter().map(entry).collect(),
        };
        output::show(&session.terminal, &wire, || text(&wire))?;
        Ok(Exit::Ok)
    }

    fn guard(&self) -> Result<GuardSettings, EngineError> {
        let share = |name: &'static str, value: f64| match (0.0..=1.0).contains(&value) {
            true => Ok(()),
            false => {
                Err(EngineError::Setting { name, expected: "from 0 to 1", got: value.to_string() })
            }
        };
        share("suspicious", self.suspicious.unwrap_or(0.0))?;
        share("agreement", self.agreement)?;
        share("tolerance", self.tolerance)?;
        share("max-alerts", self.max_alerts)?;
        share("max-above-median", self.max_above_median)?;
        share("max-lost", self.max_lost)?;
        for (name, value) in [("rate", self.rate), ("burst", self.burst)] {
            if !(value.is_finite() && value > 0.0) {
                let (expected, got) = ("a number above 0", value.to_string());
                return Err(EngineError::Setting { name, expected, got });
            }
        }
        Ok(GuardSettings {
            suspicious: self.suspicious,
            agreement: self.agreement,
            source: self.source.clone(),
            rate: self.rate,
            burst: self.burst,
            tolerance: self.tolerance,
            most_lost: self.max_lost,
            most_alerts: self.max_alerts,
            most_above: self.max_above_median,
        })
    }

    /// The learner of the journal, begun if there is none.
    fn open(
        &self,
        session: &Session,
        given: Option<&Model>,
        guard: GuardSettings,
        progress: &dyn Progress,
    ) -> anyhow::Result<Learner> {
        let exists = Learner::has_journal(&self.journal);
        let canaries = match (&self.canaries, given) {
            (None, _) => None,
            (Some(file), Some(model)) => Some(session.read_for(model, file, true, progress)?),
            (Some(file), None) if exists => {
                let reference = Learner::reference_of(&self.journal)?;
                Some(session.read_for(&reference, file, true, progress)?)
            }
            (Some(_), None) => None,
        };
        match (exists, given) {
            (true, None) => Ok(Learner::resume(&self.journal, canaries.as_ref(), guard)?),
            (true, Some(model)) => {
                let learner = Learner::resume(&self.journal, canaries.as_ref(), guard)?;
                let first = learner.records().first().map(|record| record.after.clone());
                if first != model.digest() {
                    return Err(Usage(format!(
                        "{}: the journal began with another model; give that one, or another \
                         folder",
                        self.journal.display()
                    ))
                    .into());
                }
                Ok(learner)
            }
            (false, Some(model)) => {
                Ok(Learner::start(&self.journal, model, canaries.as_ref(), guard, now())?)
            }
            (false, None) => Err(Usage(format!(
                "{}: there is no journal; give a model with a stream to begin one",
                self.journal.display()
            ))
            .into()),
        }
    }

    /// Learns a file batch by batch.
    fn stream(
        &self,
        session: &Session,
        learner: &mut Learner,
        stream: &Path,
        bar: &Bar,
    ) -> anyhow::Result<()> {
        if self.source.is_none() {
            session.terminal.warn(
                "no rate limit holds for a sender: --source names the column that tells who sent \
                 a row",
            );
        }
        if !learner.has_attack_canaries() {
            session.terminal.warn(
                "no attacks are among the canaries: --canaries names a labelled file that holds \
                 some",
            );
        }
        let size = self.batch.max(1);
        if is_traffic(stream)? {
            let data = session.read_for(learner.model(), stream, false, bar)?;
            for start in (0..data.len()).step_by(size) {
                let index: Vec<usize> = (start..data.len().min(start + size)).collect();
                learner.learn(&data.select(&index), now(), bar)?;
            }
            return Ok(());
        }
        let supervised = learner.model().card().supervision == Supervision::Supervised;
        let schema = self.columns(learner.model())?;
        let mut options = session.read_settings().options(Some(&schema), supervised);
        options.batch_rows = size;
        // Known before the end of the file, so that the model can name it from the first batch on.
        let Fingerprint { sha256, bytes } = fingerprint_file(stream).map_err(EngineError::from)?;
        let mut batches = tripline_ingest::open(stream, &options).map_err(EngineError::from)?;
        let mut first = true;
        while let Some(batch) = batches.next() {
            let mut batch: Dataset = batch.map_err(EngineError::from)?;
            let source = Arc::make_mut(&mut batch.source);
            source.sha256.clone_from(&sha256);
            source.bytes = bytes;
            if first && learner.model().provenance().trained_on(&batch.source) {
                session.terminal.warn("the model knows this file already: its rows count twice");
            }
            first = false;
            learner.learn(&batch, now(), bar)?;
            let (done, total) = batches.progress();
            bar.step("learning", done, total);
        }
        Ok(())
    }

    /// The model's columns, with that of the sources.
    fn columns(&self, model: &Model) -> Result<Schema, EngineError> {
        let mut fields = model.input().fields().to_vec();
        if let Some(source) = &self.source
            && model.input().position(source).is_none()
        {
            let kind = FieldKind::Category(Arc::new(Vec::new()));
            fields.push(Field { name: source.clone(), kind });
        }
        Schema::new(fields)
            .map_err(|error| EngineError::Frame { file: "--source".to_owned(), source: error })
    }
}

fn entry(record: &Record) -> EntryWire<'_> {
    let counts = record.counts;
    EntryWire {
        number: record.number,
        event: record.event.name(),
        time_ns: record.time_ns,
        before: &record.before,
        after: &record.after,
        rows: counts.rows,
        learnt: counts.learnt,
        suspicious: counts.suspicious,
        disagreeing: counts.disagreeing,
        over_rate: counts.over_rate,
        waiting: counts.waiting,
        benign_shift: record.benign_shift,
        attack_shift: record.attack_shift,
        note: &record.note,
    }
}

fn text(wire: &Learnt<'_>) -> String {
    let mut table = Table::new(&[
        ("entry", Align::Right),
        ("event", Align::Left),
        ("rows", Align::Right),
        ("learnt", Align::Right),
        ("suspicious", Align::Right),
        ("disagreeing", Align::Right),
        ("over rate", Align::Right),
        ("waiting", Align::Right),
        ("state", Align::Left),
        ("", Align::Left),
    ]);
    for entry in &wire.entries {
        table.row([
            entry.number.to_string(),
            entry.event.to_owned(),
            entry.rows.to_string(),
            entry.learnt.to_string(),
            entry.suspicious.to_string(),
            entry.disagreeing.to_string(),
            entry.over_rate.to_string(),
            entry.waiting.to_string(),
            entry.after.get(..8).unwrap_or_default().to_owned(),
            entry.note.to_owned(),
        ]);
    }
    let journal = wire.journal.display();
    format!(
        "{}\nnext: tripline learn --journal {journal} --rollback N -o FILE\n",
        table.lines(0).join("\n")
    )
}

/// Nanoseconds since 1970-01-01 UTC.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
