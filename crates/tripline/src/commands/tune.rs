//! `tripline tune`: a search of a model's parameters.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use tripline_assess::tune::{Outcome, Study};
use tripline_core::{Dataset, Progress};
use tripline_engine::tune::{
    HeldOut, Objective, Stopped, StudyFile, TuneSettings, Tuner, parse_pruner, parse_sampler,
};
use tripline_engine::{EngineError, register};
use tripline_store::AtomicFile;

use super::{tune_page, tune_text, tune_wire};
use crate::args::{DataArgs, JudgingArgs, TrainingArgs};
use crate::exit::{Exit, Usage};
use crate::progress::Bar;
use crate::session::{Session, parse_params};
use crate::{interrupt, output, report};

/// Search the parameters of a model.
///
/// Each trial is judged by the protocol's folds inside DATA; no test file is opened. Every trial is
/// on disk in the study before the next begins: the same command goes on after an interruption,
/// with a larger --trials it goes further. The best figure is optimistic, since it was chosen;
/// --holdout tells what it is worth.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
tripline tune flows.csv --model gradient_boosting --study boosting.jsonl -o best.trip\n  \
tripline tune flows.csv --model random_forest --study forest.jsonl --trials 100 --holdout 0.25 \\\n    \
--objective tpr_at_fpr_1e-3 --space max_depth=4..30 --param n_estimators=200 --report tune.html\n  \
tripline tune flows.csv --model sgd --study sgd.jsonl --objective roc_auc,score_microseconds")]
pub(crate) struct Tune {
    /// The labelled data: CSV, Parquet or JSON lines, plain or compressed
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The model's id, as `tripline detectors` lists it [default: gradient_boosting]
    #[arg(long, short, value_name = "ID")]
    model: Option<String>,
    /// The study to begin or to go on with: JSON lines
    #[arg(long, value_name = "FILE")]
    study: PathBuf,
    /// Trials in all, those already in the study included
    #[arg(long, value_name = "N", default_value_t = 60)]
    trials: usize,
    /// A metric, `fit_seconds` or `score_microseconds`; two with a comma between give a Pareto
    /// front
    #[arg(long, value_name = "NAME", default_value = "roc_auc")]
    objective: String,
    /// A range in place of the model's own, or beside it: `low..high`, `low..high:log` or `a|b`;
    /// may be repeated
    #[arg(long, value_name = "NAME=RANGE")]
    space: Vec<String>,
    /// A parameter that is held at one value; may be repeated
    #[arg(long = "param", short, value_name = "NAME=VALUE", help_heading = "Training")]
    params: Vec<String>,
    /// `tpe` learns from the trials so far, `random` draws evenly
    #[arg(long, value_name = "S", default_value = "tpe")]
    sampler: String,
    /// Give trials up between folds: `median`, `halving` or `none` [default: median with one
    /// objective]
    #[arg(long, value_name = "P")]
    pruner: Option<String>,
    /// Trials run side by side; those of one batch know none of each other's outcomes
    #[arg(long, value_name = "N", default_value_t = 1)]
    parallel: usize,
    /// The share of the rows that the search does not see; they judge the chosen trial
    #[arg(long, value_name = "SHARE")]
    holdout: Option<f64>,
    /// Begin no trial after so many seconds
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<f64>,
    /// Write a page that shows the search
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
    /// Train a model with the chosen parameters on all rows into this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    read: DataArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    judging: JudgingArgs,
}

/// What is told of a search: as text, as JSON, as a page.
pub(super) struct Told<'a> {
    pub(super) tuner: &'a Tuner<'a>,
    pub(super) objectives: &'a [Objective],
    pub(super) study: &'a Study,
    pub(super) data: &'a Dataset,
    pub(super) held_out: Option<&'a HeldOut>,
    pub(super) stopped: Stopped,
    pub(super) seed: u64,
    /// The study.
    pub(super) file: &'a Path,
    pub(super) output: Option<&'a Path>,
    pub(super) report: Option<&'a Path>,
}

impl Told<'_> {
    /// Trials that came to a result, that were given up, that failed.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let count = |f: &dyn Fn(&Outcome) -> bool| {
            self.study.trials().iter().filter(|trial| f(&trial.outcome)).count()
        };
        (
            count(&|outcome| matches!(outcome, Outcome::Complete(_))),
            count(&|outcome| *outcome == Outcome::Pruned),
            count(&|outcome| matches!(outcome, Outcome::Failed(_))),
        )
    }
}

/// A bar that stops the search at the first signal.
struct Listening<'a> {
    bar: &'a Bar,
    stop: Arc<AtomicBool>,
}

impl Progress for Listening<'_> {
    fn step(&self, task: &str, done: u64, total: u64) {
        self.bar.step(task, done, total);
    }

    fn go_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

impl Tune {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let mut session =
            session.with_data(&self.read).with_training(&self.training).with_judging(&self.judging);
        if let Some(model) = &self.model
            && *model != session.config.model.name
        {
            // The file's parameters are those of another model.
            session.config.model.parameters.clear();
            session.config.model.name.clone_from(model);
        }
        let id = session.config.model.name.clone();
        register::trainable_card(&id)?;
        let settings = session.training_settings(&[(id.clone(), parse_params(&self.params)?)])?;
        let judging = session.judging_settings()?;
        let tune = self.settings()?;
        session.keep_inputs(
            &[Some(&self.study), self.output.as_deref(), self.report.as_deref()],
            &[Some(&self.data), self.read.traffic.labels.as_deref()],
        )?;
        let open = |file: &Option<PathBuf>| file.as_deref().map(AtomicFile::create).transpose();
        let model_file = open(&self.output).map_err(EngineError::from)?;
        let page = open(&self.report).map_err(EngineError::from)?;
        let bar = Bar::new(&session.terminal);
        let data = session.read_data(&self.data, true, &bar)?;
        let tuner = Tuner::new(&id, &data, &settings, &judging, &tune, session.seed())?;
        let mut study = tuner.study();
        let space = study.plan().space.clone();
        let (mut file, remarks) = StudyFile::open(&self.study, &tuner.header(), &mut study)?;
        remarks.iter().for_each(|remark| session.terminal.warn(remark));
        let progress = Listening { bar: &bar, stop: interrupt::stop() };
        let stopped = tuner.run(&mut study, &mut |trial| file.record(trial, &space), &progress)?;
        drop(file);
        let ended = stopped != Stopped::Cancelled;
        let chosen = if ended { Some(tuner.chosen(&study)?) } else { None };
        let held_out = match chosen {
            Some(chosen) => tuner.judge_held_out(chosen, &progress)?,
            None => None,
        };
        if let (Some(chosen), Some(mut output)) = (chosen, model_file) {
            let bytes = tuner.train(chosen, &progress)?.model.to_file(None)?.to_bytes();
            report::put_bytes(&mut output, &bytes)?;
            output.commit().map_err(EngineError::from)?;
        }
        bar.clear();
        let told = Told {
            tuner: &tuner,
            objectives: &tune.objectives,
            study: &study,
            data: &data,
            held_out: held_out.as_ref(),
            stopped,
            seed: session.seed(),
            file: &self.study,
            output: self.output.as_deref().filter(|_| ended),
            report: self.report.as_deref(),
        };
        if let Some(mut page) = page {
            report::put(&mut page, &tune_page::page(&told))?;
            page.commit().map_err(EngineError::from)?;
        }
        for accepted in &tuner.clearance().overrides {
            session.terminal.warn(&format!("leakage accepted: {}", accepted.reason));
        }
        output::show(&session.terminal, &tune_wire::wire(&told), || {
            tune_text::text(&session.terminal, &told)
        })?;
        Ok(if ended { Exit::Ok } else { Exit::Interrupted })
    }

    fn settings(&self) -> anyhow::Result<TuneSettings> {
        let mut ranges = Vec::new();
        for text in &self.space {
            match text.split_once('=') {
                Some((name, range)) if !name.trim().is_empty() => {
                    ranges.push((name.trim().to_owned(), range.trim().to_owned()));
                }
                _ => return Err(Usage(format!("--space takes name=range, got `{text}`")).into()),
            }
        }
        let time_limit = match self.time_limit {
            None => None,
            Some(seconds) => Some(Duration::try_from_secs_f64(seconds).map_err(|_| {
                Usage(format!("--time-limit must be seconds of 0 or more, got {seconds}"))
            })?),
        };
        Ok(TuneSettings {
            trials: self.trials,
            objectives: Objective::parse_all(&self.objective)?,
            sampler: parse_sampler(&self.sampler)?,
            pruner: self.pruner.as_deref().map(parse_pruner).transpose()?,
            ranges,
            parallel: self.parallel,
            holdout: self.holdout,
            time_limit,
        })
    }
}
