//! The workers: each takes a job, runs it on a thread of its own, notes how it ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, broadcast, oneshot, watch};
use tokio::task::JoinHandle;
use tripline_store::records::{Change, Job, Outcome};

use super::attempt::{self, Ended};
use super::counts::Reached;
use super::ending::note_end;
use super::room::Room;
use super::spec::Accepted;
use super::tracker::{Reading, Stop, Tracker};
use crate::service::{Service, ServiceError};

/// Events that a slow listener may lag behind before it loses some.
const EVENTS: usize = 256;
/// Between two notes of progress.
const TICK: Duration = Duration::from_millis(500);
/// After this time a worker looks again although nobody called.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A job that has changed, as it stands now.
#[derive(Debug, Clone)]
pub struct JobEvent {
    /// The whole job: who comes late or has lost events misses nothing that matters.
    pub job: Arc<Job>,
}

/// The queue's workers.
#[derive(Debug)]
pub struct JobQueue {
    pub(super) shared: Arc<Shared>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

/// What workers share with those who submit.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) events: broadcast::Sender<JobEvent>,
    pub(super) waiting: Notify,
    pub(super) room: Arc<Room>,
    pub(super) reached: Reached,
    stop: watch::Sender<bool>,
    running: Mutex<HashMap<String, Arc<Tracker>>>,
}

impl Default for JobQueue {
    fn default() -> Self {
        let shared = Shared {
            events: broadcast::channel(EVENTS).0,
            waiting: Notify::new(),
            room: Arc::default(),
            reached: Reached::default(),
            stop: watch::channel(false).0,
            running: Mutex::default(),
        };
        Self { shared: Arc::new(shared), workers: Mutex::default() }
    }
}

impl JobQueue {
    /// Queues again what was running when the service before this one ended, then starts workers.
    pub(crate) async fn start(&self, service: &Arc<Service>) -> Result<(), ServiceError> {
        let change = Change::system(service.clock().now(), "the service was started again");
        let taken = service.store().take_over(&change).await?;
        for id in &taken {
            if let Some(job) = service.store().job(id).await? {
                tracing::info!(job = id, state = job.state.name(), "taken over");
            }
        }
        // One file that cannot be read must not keep the others from being served.
        if let Err(error) = super::leftovers::sweep(service).await {
            tracing::warn!(%error, "leftovers in the data folder could not be looked for");
        }
        super::uploads::sweep(service).await?;
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..service.settings().jobs.concurrency {
            let worker = work(Arc::downgrade(service), self.shared.clone());
            workers.push(tokio::spawn(worker));
        }
        Ok(())
    }

    /// Parks what runs, ends the workers.
    pub(crate) async fn shut_down(&self) {
        self.shared.stop.send_replace(true);
        for tracker in self.shared.running().values() {
            tracker.stop(Stop::Parked);
        }
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if let Err(error) = worker.await {
                tracing::error!(%error, "a worker ended badly");
            }
        }
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<Tracker>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells listeners how a job stands.
    pub(super) fn tell(&self, job: &Job) {
        self.reached.note(job);
        // Nobody listens: that is no error.
        let _ = self.events.send(JobEvent { job: Arc::new(job.clone()) });
    }

    /// Stops a job that runs here.
    pub(super) fn cancel(&self, id: &str) {
        if let Some(tracker) = self.running().get(id) {
            tracker.stop(Stop::Cancelled);
        }
    }
}

/// One worker, until the service stops.
async fn work(service: Weak<Service>, shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    loop {
        if *stop.borrow() {
            return;
        }
        let Some(strong) = service.upgrade() else { return };
        let pause = match strong.store().claim(strong.clock().now()).await {
            Ok(Some(job)) => run(&strong, &shared, job, &mut stop).await,
            Ok(None) => Some(LOOK_AGAIN),
            Err(error) => {
                tracing::error!(%error, "no job can be taken");
                Some(LOOK_AGAIN)
            }
        };
        drop(strong);
        if let Some(pause) = pause {
            tokio::select! {
                () = shared.waiting.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

/// Runs one attempt to its end; gives a time to wait where the next one should not follow at once.
async fn run(
    service: &Arc<Service>,
    shared: &Arc<Shared>,
    job: Job,
    stop: &mut watch::Receiver<bool>,
) -> Option<Duration> {
    let detector = Accepted::parse(&job.what.spec).map(|spec| spec.detector).unwrap_or_default();
    let tracker = Arc::new(Tracker::new(&detector));
    shared.running().insert(job.id.clone(), tracker.clone());
    if *stop.borrow() {
        tracker.stop(Stop::Parked);
    }
    tracing::info!(job = job.id, attempt = job.attempt, "job started");
    shared.tell(&job);
    let ended = match begin(service, &tracker, &job) {
        Ok(result) => follow(service, shared, &tracker, &job, result, stop).await,
        Err(error) => Ended::Failed { error: error.to_string(), retry: true },
    };
    let (outcome, pause) = match ended {
        Ended::Done { metrics, result } => (Outcome::Completed { metrics, result }, None),
        Ended::Stopped => match tracker.stopped() {
            Some(Stop::Cancelled) => (Outcome::Cancelled, None),
            _ => (Outcome::Parked, None),
        },
        Ended::Failed { error, retry } => {
            tracing::warn!(job = job.id, attempt = job.attempt, error, "job failed");
            (Outcome::Failed { error, retry }, retry.then_some(LOOK_AGAIN))
        }
    };
    let ended = note_end(service, &job.id, &outcome, stop).await;
    shared.running().remove(&job.id);
    // None: it is taken over at the next start.
    if let Some(job) = ended {
        tracing::info!(job = job.id, state = job.state.name(), "job ended");
        shared.tell(&job);
        if job.state.is_final() {
            clean(service, &job.id).await;
        }
    }
    pause
}

/// Removes what only a further attempt would have needed; one that is asked for later begins anew.
async fn clean(service: &Arc<Service>, id: &str) {
    for name in ["model.trip", "detections.jsonl"] {
        if let Err(error) = service.blobs().delete(&format!("jobs/{id}/{name}")).await {
            tracing::warn!(job = id, %error, "a file of the job stays");
        }
    }
}

/// Starts the thread of an attempt.
fn begin(
    service: &Arc<Service>,
    tracker: &Arc<Tracker>,
    job: &Job,
) -> std::io::Result<oneshot::Receiver<Ended>> {
    let (send, result) = oneshot::channel();
    let (service, tracker, job) = (service.clone(), tracker.clone(), job.clone());
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new().name("job".to_owned()).spawn(move || {
        let ended = attempt::run(&service, &runtime, &tracker, &job);
        // Nobody waits any more once the job was parked.
        let _ = send.send(ended);
    })?;
    Ok(result)
}

/// Notes progress until the thread ends, or until it may no longer go on.
async fn follow(
    service: &Arc<Service>,
    shared: &Arc<Shared>,
    tracker: &Arc<Tracker>,
    job: &Job,
    mut result: oneshot::Receiver<Ended>,
    stop: &mut watch::Receiver<bool>,
) -> Ended {
    let mut last: Option<Reading> = None;
    let mut told = job.clone();
    let mut tick = tokio::time::interval(TICK);
    let park_within = service.settings().jobs.park_within;
    let mut deadline = None;
    loop {
        let patience = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = &mut result => {
                return ended.unwrap_or_else(|_| Ended::Failed {
                    error: "the training failed inside the program".to_owned(),
                    retry: true,
                });
            }
            _ = stop.changed(), if deadline.is_none() => {
                tracker.stop(Stop::Parked);
                deadline = Some(tokio::time::Instant::now() + park_within);
            }
            () = patience => return Ended::Stopped,
            _ = tick.tick() => {
                let now = tracker.reading();
                let asked = service.store().progress(&job.id, now.progress, &now.step, &now.metrics);
                match asked.await {
                    Ok(true) => tracker.stop(Stop::Cancelled),
                    Ok(false) => {}
                    Err(error) => tracing::warn!(job = job.id, %error, "progress is not noted"),
                }
                if last.as_ref() != Some(&now) {
                    told.progress = now.progress;
                    told.step.clone_from(&now.step);
                    told.metrics.clone_from(&now.metrics);
                    shared.tell(&told);
                    last = Some(now);
                }
            }
        }
    }
}
