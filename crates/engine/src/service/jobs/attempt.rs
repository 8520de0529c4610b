//! One attempt of a training, on a thread where it may block.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tripline_store::records::{Artefact, Change, Job, ModelVersion, RunState, VersionFilter};
use tripline_store::{BlobError, MetadataError};

use super::error::JobError;
use super::make;
use super::spec::Accepted;
use super::tracker::Tracker;
use crate::error::EngineError;
use crate::service::{Registration, Service, ServiceError};

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Done: figures as JSON, the id of the version.
    Done { metrics: String, result: Option<String> },
    /// It was asked to stop.
    Stopped,
    /// It failed; whether another attempt could do better.
    Failed { error: String, retry: bool },
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: String,
    /// Whether another attempt could do better: of a disk that was full, yes; of wrong data, no.
    pub(super) retry: bool,
}

/// What all parts of an attempt share.
pub(super) struct Attempt<'a> {
    pub(super) service: &'a Arc<Service>,
    pub(super) runtime: &'a Handle,
    pub(super) tracker: &'a Tracker,
    pub(super) job: &'a Job,
    pub(super) pool: &'a rayon::ThreadPool,
}

/// A model that was made and is not registered yet: what a further attempt goes on from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Made {
    /// The run.
    pub(super) run: String,
    /// The model's file among the blobs, for as long as it is not registered.
    pub(super) model: String,
    /// The report, where there is one: key, SHA-256, bytes.
    pub(super) report: Option<(String, String, u64)>,
    /// Figures of held-out rows.
    pub(super) metrics: BTreeMap<String, f64>,
    /// Further members of the version's card: name, JSON.
    pub(super) card: Vec<(String, String)>,
}

/// Runs an attempt to its end.
pub(super) fn run(service: &Arc<Service>, runtime: &Handle, tracker: &Tracker, job: &Job) -> Ended {
    let settings = &service.settings().jobs;
    let nice = settings.nice.clamp(0, 19);
    // On Linux a nice value is a thread's own. Where it is refused, work goes on as it is.
    let lower = move || {
        let _ = rustix::process::nice(nice);
    };
    lower();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads())
        .thread_name(|number| format!("job-{number}"))
        .start_handler(move |_| lower())
        .build();
    let pool = match pool {
        Ok(pool) => pool,
        Err(error) => return Ended::Failed { error: error.to_string(), retry: true },
    };
    let attempt = Attempt { service, runtime, tracker, job, pool: &pool };
    match attempt.whole() {
        Ok((metrics, version)) => Ended::Done {
            metrics: serde_json::to_string(&metrics).unwrap_or_else(|_| "{}".to_owned()),
            result: Some(version),
        },
        Err(_) if tracker.stopped().is_some() => Ended::Stopped,
        Err(Failure { error, retry }) => Ended::Failed { error, retry },
    }
}

impl Attempt<'_> {
    pub(super) fn whole(&self) -> Result<(BTreeMap<String, f64>, String), Failure> {
        if self.job.what.kind != super::TRAINING {
            return Err(Failure::internal(&format!("no worker does `{}`", self.job.what.kind)));
        }
        let accepted = Accepted::parse(&self.job.what.spec)
            .map_err(|error| Failure::internal(&format!("the job is damaged: {error}")))?;
        let before =
            self.job.checkpoint.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let made: Made = match before {
            Some(made) if self.still_there(&accepted, &made)? => made,
            _ => make::make(self, &accepted)?,
        };
        self.tracker.phase("registering", 0.97, 1.0, 1);
        self.go_on()?;
        let version = match self.registered(&accepted)? {
            Some(version) => version,
            None => self.register(&accepted, &made)?,
        };
        self.end_run(&made, &version)?;
        let mut metrics = made.metrics;
        if accepted.asked.deploy {
            self.go_on()?;
            let deployed = self.deploy(&version)?;
            metrics.insert("deployed".to_owned(), f64::from(u8::from(deployed)));
        }
        // One that stays takes room, nothing else.
        let _ = self.runtime.block_on(self.service.blobs().delete(&made.model));
        Ok((metrics, version.id))
    }

    /// An error once the job was asked to stop: what was acknowledged as cancelled must not begin
    /// to answer.
    fn go_on(&self) -> Result<(), Failure> {
        match self.tracker.stopped() {
            None => Ok(()),
            Some(_) => Err(Failure::internal("stopped")),
        }
    }

    /// Whether what was made before can be gone on from.
    fn still_there(&self, accepted: &Accepted, made: &Made) -> Result<bool, Failure> {
        if self.registered(accepted)?.is_some() {
            return Ok(true);
        }
        let limit = self.service.settings().limits.max_file_bytes;
        match self.runtime.block_on(self.service.blobs().get(&made.model, limit)) {
            Ok(_) => Ok(true),
            Err(error) if error.missing => Ok(false),
            Err(error) => Err(Failure::blob(error)),
        }
    }

    /// The version that an earlier attempt registered.
    fn registered(&self, accepted: &Accepted) -> Result<Option<ModelVersion>, Failure> {
        let filter =
            VersionFilter { name: Some(accepted.name.clone()), ..VersionFilter::default() };
        let versions = self.runtime.block_on(self.service.store().versions(&filter));
        let own = |version: &ModelVersion| version.what.job.as_deref() == Some(&self.job.id);
        Ok(versions.map_err(Failure::store)?.into_iter().find(own))
    }

    fn register(&self, accepted: &Accepted, made: &Made) -> Result<ModelVersion, Failure> {
        let limit = self.service.settings().limits.max_file_bytes;
        let file = self.runtime.block_on(self.service.blobs().get(&made.model, limit));
        let mut card = made.card.clone();
        if let Some(parent) = &accepted.parent {
            card.extend(
                self.comparison(parent, &made.metrics)?.map(|c| ("comparison".to_owned(), c)),
            );
        }
        let what = Registration {
            name: accepted.name.clone(),
            metrics: made.metrics.clone(),
            card,
            report: made.report.as_ref().map(|(key, ..)| key.clone()),
            parent: accepted.parent.clone(),
            job: Some(self.job.id.clone()),
            run: Some(made.run.clone()),
            ..Registration::default()
        };
        let change = self.change("the training ended");
        let file: Bytes = file.map_err(Failure::blob)?;
        self.runtime.block_on(self.service.register(file, what, &change)).map_err(Failure::service)
    }

    /// Figures of the version before beside those of this one, as JSON. They are of the same rows
    /// only where the same data judged both.
    fn comparison(
        &self,
        parent: &str,
        own: &BTreeMap<String, f64>,
    ) -> Result<Option<String>, Failure> {
        let parent = self.runtime.block_on(self.service.store().version(parent));
        let Some(parent) = parent.map_err(Failure::store)? else { return Ok(None) };
        let both: BTreeMap<&str, [f64; 2]> = own
            .iter()
            .filter_map(|(name, &value)| {
                let before = *parent.what.metrics.get(name)?;
                Some((name.as_str(), [before, value]))
            })
            .collect();
        let text = serde_json::json!({ "parent": parent.id, "before_and_after": both });
        Ok(Some(text.to_string()))
    }

    fn end_run(&self, made: &Made, version: &ModelVersion) -> Result<(), Failure> {
        let run = self.runtime.block_on(self.service.store().run(&made.run));
        // An earlier attempt was killed after this step.
        if run.map_err(Failure::store)?.is_some_and(|run| run.state == RunState::Finished) {
            return Ok(());
        }
        let mut artefacts = vec![Artefact {
            name: "model.trip".to_owned(),
            blob: version.what.blob.clone(),
            digest: version.what.digest.clone(),
            bytes: version.what.bytes,
        }];
        artefacts.extend(made.report.as_ref().map(|(key, digest, bytes)| Artefact {
            name: "report.html".to_owned(),
            blob: key.clone(),
            digest: digest.clone(),
            bytes: *bytes,
        }));
        let at = self.service.clock().now();
        let (state, id) = (RunState::Finished, Some(version.id.as_str()));
        let ended = self.service.store().end_run(&made.run, state, &artefacts, id, at);
        self.runtime.block_on(ended).map_err(Failure::store)
    }

    /// In the name of whoever queued the job.
    pub(super) fn change(&self, reason: &str) -> Change {
        Change {
            at: self.service.clock().now(),
            actor: self.job.actor.clone(),
            request: None,
            reason: Some(format!("{reason} ({})", self.job.id)),
        }
    }
}

impl Failure {
    pub(super) fn job(error: JobError) -> Self {
        Self { error: error.to_string(), retry: false }
    }

    pub(super) fn store(error: MetadataError) -> Self {
        Self { error: error.to_string(), retry: true }
    }

    pub(super) fn blob(error: BlobError) -> Self {
        Self { error: error.to_string(), retry: true }
    }

    pub(super) fn service(error: ServiceError) -> Self {
        let retry = matches!(error, ServiceError::Metadata(_) | ServiceError::Blob(_));
        Self { error: error.to_string(), retry }
    }

    pub(super) fn internal(error: &str) -> Self {
        Self { error: error.to_owned(), retry: false }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self { error: error.to_string(), retry: false }
    }
}
