//! `tripline train`: one model into one file.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tripline_assess::guard::Override;
use tripline_assess::threshold::{Extrapolation, Realised};
use tripline_core::Supervision;
use tripline_engine::train::{Training, describe, train};
use tripline_engine::{EngineError, register};
use tripline_store::{AtomicFile, SecretKey};

use crate::args::{DataArgs, JudgingArgs, TrainingArgs};
use crate::commands::check;
use crate::exit::{Exit, Usage};
use crate::output;
use crate::progress::Bar;
use crate::report;
use crate::session::{Session, parse_params};
use crate::summary;
use crate::terminal::{Style, Terminal};
use crate::wire::{DatasetWire, MetricsWire, PartsWire};

/// Train one model into one file.
///
/// Threshold and calibration come from a part of the training rows that is not fitted. With
/// --test or --protocol the same training is judged first, and the guard may refuse.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
tripline train flows.csv --model gradient_boosting -o model.trip\n  \
tripline train KDDTrain+.txt --test KDDTest+.txt --model random_forest -o model.trip\n  \
tripline train flows.csv --model sgd --protocol duplicate-grouped --fpr 0.0005 \\\n    \
--param loss=log_loss --prepare engineer,impute=median,encode=one_hot,scale=robust -o sgd.trip")]
pub(crate) struct Train {
    /// The labelled data: CSV, Parquet or JSON lines, plain or compressed
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// A labelled file that judges, never trains
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// The model's id, as `tripline detectors` lists it [default: gradient_boosting]
    #[arg(long, short, value_name = "ID")]
    model: Option<String>,
    /// A parameter of the model; may be repeated
    #[arg(long = "param", short, value_name = "NAME=VALUE", help_heading = "Training")]
    params: Vec<String>,
    /// The model file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Sign the model file with this secret key
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
    /// Write a page that shows how good the model is; needs --test or --protocol
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
    #[command(flatten)]
    read: DataArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    judging: JudgingArgs,
}

#[derive(Serialize)]
struct Trained<'a> {
    model: &'a str,
    output: &'a std::path::Path,
    seed: u64,
    recipe: &'a str,
    parameters: std::collections::BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    validation: &'a str,
    threshold: ThresholdWire<'a>,
    accepted_leakage: &'a [Override],
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    fit_seconds: f64,
    data: Vec<DatasetWire>,
    metrics: MetricsWire<'a>,
}

#[derive(Serialize)]
struct ThresholdWire<'a> {
    raw: f64,
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extrapolation: Option<&'a Extrapolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    realised: Option<&'a Realised>,
}

impl Train {
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
        let card = register::trainable_card(&id)?;
        let params = parse_params(&self.params)?;
        let settings = session.training_settings(&[(id.clone(), params)])?;
        let judging = session.judging_settings()?;
        let judged = self.test.is_some() || judging.protocol.is_some();
        if self.report.is_some() && !judged {
            return Err(Usage(
                "--report needs rows that judge: give --test FILE or --protocol".to_owned(),
            )
            .into());
        }
        session.keep_inputs(
            &[Some(&self.output), self.report.as_deref()],
            &[
                Some(&self.data),
                self.test.as_deref(),
                self.sign.as_deref(),
                self.read.traffic.labels.as_deref(),
            ],
        )?;
        let key = match &self.sign {
            Some(file) => Some(SecretKey::read(file).map_err(EngineError::from)?),
            None => None,
        };
        // Outputs are opened first: a folder that cannot be written costs no training.
        let mut output = AtomicFile::create(&self.output).map_err(EngineError::from)?;
        let page = match &self.report {
            Some(file) => Some(AtomicFile::create(file).map_err(EngineError::from)?),
            None => None,
        };
        let bar = Bar::new(&session.terminal);
        let supervised = card.supervision == Supervision::Supervised || judged;
        let data = session.read_data(&self.data, supervised, &bar)?;
        let test = match &self.test {
            Some(file) => Some(session.read_test(file, &data, &bar)?),
            None => None,
        };
        let training = train(&id, &data, test.as_ref(), &settings, &judging, session.seed(), &bar)?;
        bar.clear();
        let file = training.model.to_file(key.as_ref())?;
        output
            .write_all(&file.to_bytes())
            .map_err(|source| EngineError::Write { file: self.output.clone(), source })?;
        if let (Some(page), Some(evaluation), Some(guard)) =
            (page, &training.evaluation, &training.guard)
        {
            let input = report::Input {
                title: format!("{id} on {}", data.source.name),
                session: &session,
                train: &data,
                test: test.as_ref(),
                protocol: training.protocol.as_ref(),
                threshold: settings.threshold,
                guard,
                overrides: &training.overrides,
                evaluations: std::slice::from_ref(evaluation),
                parameters: vec![training.model.provenance().params.clone()],
                alert: None,
                notes: Vec::new(),
            };
            report::write(page, input)?;
        }
        output.commit().map_err(EngineError::from)?;
        for accepted in &training.overrides {
            session.terminal.warn(&format!("leakage accepted: {}", accepted.reason));
        }
        self.show(&session, &data, test.as_ref(), &training, key.as_ref())?;
        Ok(Exit::Ok)
    }

    fn show(
        &self,
        session: &Session,
        data: &tripline_core::Dataset,
        test: Option<&tripline_core::Dataset>,
        training: &Training,
        key: Option<&SecretKey>,
    ) -> anyhow::Result<()> {
        let model = &training.model;
        let provenance = model.provenance();
        let id = model.card().id;
        let mut sources = vec![DatasetWire::of("train", data)];
        sources.extend(test.map(|test| DatasetWire::of("test", test)));
        let wire = Trained {
            model: id,
            output: &self.output,
            seed: provenance.seed,
            recipe: &provenance.recipe,
            parameters: provenance
                .params
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            protocol: training.protocol.as_ref().map(describe),
            validation: &provenance.validation,
            threshold: ThresholdWire {
                raw: model.decision().threshold,
                rule: &model.decision().rule,
                note: model.decision().note.as_deref(),
                extrapolation: model.decision().extrapolation.as_ref(),
                realised: model.decision().realised.as_ref(),
            },
            accepted_leakage: &training.overrides,
            signer: key.map(|key| key.public().to_hex()),
            fit_seconds: training.seconds,
            data: sources,
            metrics: [(id.to_owned(), PartsWire::of(&training.parts))].into(),
        };
        output::show(&session.terminal, &wire, || {
            self.text(&session.terminal, data, test, training)
        })
    }

    fn text(
        &self,
        terminal: &Terminal,
        data: &tripline_core::Dataset,
        test: Option<&tripline_core::Dataset>,
        training: &Training,
    ) -> String {
        let model = &training.model;
        let mut text = check::describe(terminal, data);
        if let Some(test) = test {
            text.push_str(&check::describe(terminal, test));
        }
        if let Some(guard) = &training.guard {
            text.push_str(&summary::guard(terminal, &guard.findings));
        }
        text.push('\n');
        text.push_str(&summary::parts(terminal, model.card().id, &training.parts));
        match &training.protocol {
            Some(protocol) => text.push_str(&format!(
                "test: {}; validation: {} of the training rows that were not fitted\n",
                describe(protocol),
                model.provenance().validation_rows
            )),
            None => text.push_str(
                "validation rows were not fitted, yet threshold and calibration come from them: \
                 judge with --test FILE or --protocol\n",
            ),
        }
        if let Some(realised) = summary::held_out(model.decision()) {
            text.push_str(&format!("false alarms: {realised}\n"));
        }
        if let Some(note) = &model.decision().note {
            text.push_str(&format!("{} {note}\n", terminal.paint(Style::Yellow, "note:")));
        }
        text.push_str(&format!(
            "\n{} ({}, {:.1} s)\n",
            terminal.paint(Style::Bold, &self.output.display().to_string()),
            model.card().name,
            training.seconds
        ));
        text.push_str(&format!(
            "next: tripline score {} NEW.csv -o scores.csv\n",
            self.output.display()
        ));
        if let Some(report) = &self.report {
            text.push_str(&format!("report: {}\n", report.display()));
        }
        text
    }
}
