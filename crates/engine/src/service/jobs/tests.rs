//! Attempts that are stopped, killed and gone on from, step by step.

use std::fmt::Write as _;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tripline_core::verdict::Severity;
use tripline_store::Timestamp;
use tripline_store::records::{
    ApiKey, Change, Feedback, Job, Judgement, NewDetection, Scopes, Status, VersionFilter,
};

use super::attempt::Attempt;
use super::query::DetectionQuery;
use super::tracker::{Stop, Tracker};
use super::{Accepted, JobSettings, TrainingSpec, detections, make};
use crate::service::{Service, ServiceSettings};

/// A service whose jobs nobody takes but the test.
struct Bench {
    runtime: Runtime,
    service: Arc<Service>,
    pool: rayon::ThreadPool,
    folder: TempDir,
}

fn by(actor: &str) -> Change {
    Change { at: Timestamp(1), actor: actor.to_owned(), request: None, reason: None }
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut settings = ServiceSettings::new(folder.path().join("data"));
        let roots = vec![folder.path().to_owned()];
        settings.jobs = JobSettings { concurrency: 0, roots, ..JobSettings::default() };
        let service = runtime.block_on(Service::open(settings, &[])).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        Self { runtime, service, pool, folder }
    }

    /// A training of a small table that shall be deployed, taken by a worker.
    fn job(&self, actor: &str) -> Job {
        let mut random = tripline_core::Rng::new(1);
        let mut text = String::from("rate,label\n");
        for row in 0..300 {
            let attack = row % 4 == 0;
            let rate = random.normal() + if attack { 4.0 } else { 0.0 };
            writeln!(text, "{rate},{}", if attack { "dos" } else { "benign" }).unwrap();
        }
        std::fs::write(self.folder.path().join("flows.csv"), text).unwrap();
        let number = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let spec = TrainingSpec {
            model_type: "gradient_boosting".to_owned(),
            source: "flows.csv".to_owned(),
            label: Some("label".to_owned()),
            protocol: Some("none".to_owned()),
            name: Some("site".to_owned()),
            hyperparameters: [number("n_estimators", "5")].into(),
            deploy: true,
            ..TrainingSpec::default()
        };
        self.runtime.block_on(async {
            let job = self.service.submit_training(spec, &by(actor)).await.unwrap();
            let taken = self.service.store().claim(Timestamp(2)).await.unwrap().unwrap();
            assert_eq!(taken.id, job.id);
            taken
        })
    }

    fn attempt<T>(&self, job: &Job, tracker: &Tracker, work: impl FnOnce(&Attempt<'_>) -> T) -> T {
        work(&Attempt {
            service: &self.service,
            runtime: self.runtime.handle(),
            tracker,
            job,
            pool: &self.pool,
        })
    }

    /// Trains, up to the note from which a further attempt goes on; gives the job with that note.
    fn made(&self, job: &Job) -> Job {
        let accepted = Accepted::parse(&job.what.spec).unwrap();
        let made = self.attempt(job, &Tracker::new("gradient_boosting"), |attempt| {
            make::make(attempt, &accepted).map(drop)
        });
        made.map_err(|failure| failure.error).unwrap();
        self.runtime.block_on(self.service.store().job(&job.id)).unwrap().unwrap()
    }

    /// Goes on to the end; the figures, or the error.
    fn end(&self, job: &Job, tracker: &Tracker) -> Result<f64, String> {
        let ended = self.attempt(job, tracker, |attempt| attempt.whole());
        ended.map(|(metrics, _)| metrics["deployed"]).map_err(|failure| failure.error)
    }

    fn versions(&self) -> Vec<(String, Status)> {
        let filter = VersionFilter::default();
        let all = self.runtime.block_on(self.service.store().versions(&filter)).unwrap();
        all.into_iter().map(|version| (version.id, version.status)).collect()
    }
}

#[test]
fn what_was_cancelled_while_it_was_written_is_neither_registered_nor_deployed() {
    let bench = Bench::new();
    let job = bench.made(&bench.job("local"));
    let tracker = Tracker::new("gradient_boosting");
    tracker.stop(Stop::Cancelled);
    assert_eq!(bench.end(&job, &tracker).unwrap_err(), "stopped");
    assert_eq!(bench.versions(), []);
    // Without the cancel it is.
    assert_eq!(bench.end(&job, &Tracker::new("gradient_boosting")), Ok(1.0));
    assert_eq!(bench.versions(), [("site_v1.0.0".to_owned(), Status::Active)]);
}

#[test]
fn an_attempt_that_goes_on_does_not_deploy_again_what_was_rolled_back() {
    let bench = Bench::new();
    let first = bench.made(&bench.job("local"));
    assert_eq!(bench.end(&first, &Tracker::new("gradient_boosting")), Ok(1.0));
    let second = bench.made(&bench.job("local"));
    assert_eq!(bench.end(&second, &Tracker::new("gradient_boosting")), Ok(1.0));
    let operator = by("user:ada");
    let rolled = bench.runtime.block_on(bench.service.roll_back("site", &operator)).unwrap();
    assert_eq!(rolled.active, "site_v1.0.0");
    // The service was killed before the end of the job was noted.
    assert_eq!(bench.end(&second, &Tracker::new("gradient_boosting")), Ok(1.0));
    let live = bench.service.live();
    assert_eq!(live.active().next().unwrap().version.id, "site_v1.0.0");
}

#[test]
fn a_key_that_was_taken_back_deploys_nothing_any_more() {
    let bench = Bench::new();
    let key = |id: &str, scopes: &[&str], expires_at| ApiKey {
        id: id.to_owned(),
        name: "ci".to_owned(),
        hash: [id.len() as u8; 32],
        scopes: Scopes::parse(scopes.iter().copied()).unwrap(),
        rate_limit: None,
        created_at: Timestamp(1),
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let all = ["train", "deploy"];
    bench.runtime.block_on(async {
        let store = bench.service.store();
        for key in [
            key("good", &all, None),
            key("revoked", &all, None),
            key("narrow-er", &all[..1], None),
            key("over", &all, Some(Timestamp(5))),
        ] {
            store.add_key(&key, &by("local")).await.unwrap();
        }
        store.revoke_key("revoked", &by("local")).await.unwrap();
    });
    for (actor, deployed) in [
        ("key:revoked", 0.0),
        ("key:narrow-er", 0.0),
        ("key:over", 0.0),
        ("key:gone", 0.0),
        ("user:gone", 0.0),
        ("key:good", 1.0),
    ] {
        let job = bench.made(&bench.job(actor));
        assert_eq!(bench.end(&job, &Tracker::new("gradient_boosting")), Ok(deployed), "{actor}");
    }
    let versions = bench.versions();
    let active = versions.iter().filter(|(_, status)| *status == Status::Active);
    assert_eq!((versions.len(), active.count()), (6, 1));
    let entries = bench.runtime.block_on(bench.service.store().entries_from(0, 1000)).unwrap();
    let refused = entries.iter().filter(|entry| entry.action == "model.deploy_refused");
    assert_eq!(refused.count(), 5);
}

#[test]
fn a_job_that_is_parked_while_it_gathers_keeps_no_part_as_if_it_were_all() {
    let bench = Bench::new();
    let now = bench.service.clock().now();
    bench.runtime.block_on(async {
        for number in 0..30 {
            let detection = NewDetection {
                id: format!("det-{number}"),
                at: Timestamp(now.0 - 60_000_000 + number),
                task: "flow".to_owned(),
                entity: None,
                model_id: "m_v1.0.0".to_owned(),
                arm: None,
                kind: "dos".to_owned(),
                severity: Severity::High,
                probability: 0.9,
                score: 1.0,
                threshold: 0.5,
                risk: 90,
                action: "block_ip".to_owned(),
                techniques: Vec::new(),
                reasons: "[]".to_owned(),
                event: format!(r#"{{"rate":{number}}}"#),
                request: None,
            };
            bench.service.store().add_detections(&[detection]).await.unwrap();
            let feedback = Feedback {
                id: format!("fbk-{number}"),
                detection: format!("det-{number}"),
                judgement: match number % 2 {
                    0 => Judgement::TruePositive,
                    _ => Judgement::FalsePositive,
                },
                label: None,
                comment: None,
                actor: "local".to_owned(),
                at: now,
            };
            bench.service.store().add_feedback(&feedback, &by("local")).await.unwrap();
        }
    });
    let job = Job { submitted_at: now, ..bench.job("local") };
    let query = DetectionQuery::default();
    let gather = |tracker: &Tracker| {
        bench.attempt(&job, tracker, |attempt| {
            let data = detections::labelled(attempt, &query, None);
            data.map(|data| data.len()).map_err(|failure| failure.error)
        })
    };
    let kept = || bench.runtime.block_on(bench.service.blobs().list("jobs")).unwrap().len();
    let parked = Tracker::new("gradient_boosting");
    parked.stop(Stop::Parked);
    assert_eq!(gather(&parked), Err("stopped".to_owned()));
    assert_eq!(kept(), 0);
    assert_eq!(gather(&Tracker::new("gradient_boosting")), Ok(30));
    assert_eq!(kept(), 1);
}
