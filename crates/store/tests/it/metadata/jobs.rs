//! Jobs: the order in which they are taken, what ends them, what a crash leaves.

use std::collections::BTreeMap;

use tripline_store::MetadataError;
use tripline_store::records::{
    Job, JobFilter, JobState, NewJob, NewRun, NewVersion, Outcome, PageRequest, RunState,
};

use super::{Metadata, at, change, each, new_version};

fn new_job(priority: i32, max_attempts: u32) -> NewJob {
    NewJob { kind: "training".to_owned(), priority, spec: r#"{"seed":1}"#.to_owned(), max_attempts }
}

async fn submit(store: &dyn Metadata, priority: i32, max_attempts: u32) -> String {
    store.submit(&new_job(priority, max_attempts), &change(1)).await.unwrap().id
}

async fn claimed(store: &dyn Metadata, second: i64) -> Job {
    store.claim(at(second)).await.unwrap().unwrap()
}

fn is_conflict<T>(result: &Result<T, MetadataError>) -> bool {
    matches!(result, Err(MetadataError::Conflict { .. }))
}

fn failed(retry: bool) -> Outcome {
    Outcome::Failed { error: "no".to_owned(), retry }
}

#[test]
fn the_highest_priority_goes_first_then_the_oldest() {
    each(async |store| {
        assert!(store.claim(at(0)).await.unwrap().is_none());
        let a = submit(store, 0, 1).await;
        let b = submit(store, 5, 1).await;
        let c = submit(store, 0, 1).await;
        let d = submit(store, 5, 1).await;
        let e = submit(store, -1, 1).await;
        let mut order = Vec::new();
        while let Some(job) = store.claim(at(9)).await.unwrap() {
            assert_eq!(
                (job.state, job.attempt, job.started_at),
                (JobState::Running, 1, Some(at(9)))
            );
            order.push(job.id);
        }
        assert_eq!(order, [b, d, a, c, e]);
    });
}

#[test]
fn many_workers_never_take_the_same_job() {
    each(async |store| {
        for _ in 0..40 {
            submit(store, 0, 1).await;
        }
        let worker = async || {
            let mut taken = Vec::new();
            while let Some(job) = store.claim(at(2)).await.unwrap() {
                taken.push(job.id);
            }
            taken
        };
        let (a, b, c) = tokio::join!(worker(), worker(), worker());
        let mut all = [a, b, c].concat();
        assert_eq!(all.len(), 40);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 40);
    });
}

#[test]
fn a_job_tells_how_far_it_is_and_what_came_of_it() {
    each(async |store| {
        let id = submit(store, 0, 2).await;
        let early = store.progress(&id, 0.1, "reading", "{}").await;
        assert!(is_conflict(&early));
        claimed(store, 2).await;
        assert!(!store.progress(&id, 0.25, "fitting", r#"{"loss":0.5}"#).await.unwrap());
        store.checkpoint(&id, r#"{"fold":3}"#).await.unwrap();
        let job = store.job(&id).await.unwrap().unwrap();
        assert_eq!((job.progress, job.step.as_str()), (0.25, "fitting"));
        assert_eq!(job.metrics, r#"{"loss":0.5}"#);
        assert_eq!(job.checkpoint.as_deref(), Some(r#"{"fold":3}"#));
        assert_eq!((job.actor.as_str(), job.submitted_at), ("user:ada", at(1)));
        let outcome = Outcome::Completed {
            metrics: r#"{"accuracy":0.98}"#.to_owned(),
            result: Some("flow_detector_v1.1.0".to_owned()),
        };
        let done = store.finish(&id, &outcome, &change(9)).await.unwrap();
        assert_eq!((done.state, done.progress), (JobState::Completed, 1.0));
        assert_eq!((done.finished_at, done.checkpoint), (Some(at(9)), None));
        assert_eq!(done.result.as_deref(), Some("flow_detector_v1.1.0"));
        for ended in [
            store.finish(&id, &outcome, &change(9)).await,
            store.cancel(&id, &change(9)).await,
            store.retry(&id, &change(9)).await,
        ] {
            assert!(is_conflict(&ended));
        }
        let lost = store.finish("job-none", &outcome, &change(9)).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
    });
}

#[test]
fn a_failed_attempt_is_tried_again_while_attempts_are_left() {
    each(async |store| {
        let id = submit(store, 0, 2).await;
        claimed(store, 2).await;
        let again = store.finish(&id, &failed(true), &change(3)).await.unwrap();
        assert_eq!((again.state, again.finished_at), (JobState::Queued, None));
        assert_eq!(again.error.as_deref(), Some("no"));
        let second = claimed(store, 4).await;
        assert_eq!((second.attempt, second.error), (2, None));
        let over = store.finish(&id, &failed(true), &change(5)).await.unwrap();
        assert_eq!((over.state, over.finished_at), (JobState::Failed, Some(at(5))));
        let retried = store.retry(&id, &change(6)).await.unwrap();
        assert_eq!(
            (retried.state, retried.attempt, retried.finished_at),
            (JobState::Queued, 0, None)
        );
        claimed(store, 7).await;
        let hopeless = store.finish(&id, &failed(false), &change(8)).await.unwrap();
        assert_eq!(hopeless.state, JobState::Failed);
    });
}

#[test]
fn a_job_that_waits_is_cancelled_at_once_and_a_running_one_is_asked() {
    each(async |store| {
        let waiting = submit(store, 0, 1).await;
        let job = store.cancel(&waiting, &change(2)).await.unwrap();
        assert_eq!((job.state, job.finished_at), (JobState::Cancelled, Some(at(2))));
        assert!(store.claim(at(3)).await.unwrap().is_none());
        let running = submit(store, 0, 5).await;
        claimed(store, 3).await;
        let job = store.cancel(&running, &change(4)).await.unwrap();
        assert_eq!((job.state, job.cancel_requested), (JobState::Running, true));
        assert!(store.progress(&running, 0.5, "fitting", "{}").await.unwrap());
        let job = store.finish(&running, &Outcome::Cancelled, &change(5)).await.unwrap();
        assert_eq!(job.state, JobState::Cancelled);
        // What was asked to stop does not begin again by itself.
        for outcome in [Outcome::Parked, failed(true)] {
            store.retry(&running, &change(6)).await.unwrap();
            assert!(!claimed(store, 7).await.cancel_requested);
            store.cancel(&running, &change(8)).await.unwrap();
            let job = store.finish(&running, &outcome, &change(9)).await.unwrap();
            assert_eq!(job.state, JobState::Cancelled);
        }
    });
}

#[test]
fn a_job_that_is_asked_to_stop_makes_no_model_and_one_that_made_it_is_not_stopped() {
    each(async |store| {
        let version = |job: &str| NewVersion { job: Some(job.to_owned()), ..new_version("m") };
        let stopped = submit(store, 0, 5).await;
        claimed(store, 2).await;
        store.cancel(&stopped, &change(3)).await.unwrap();
        let refused = store.add_version(&version(&stopped), &change(4)).await;
        assert!(is_conflict(&refused), "{refused:?}");
        let job = store.finish(&stopped, &failed(true), &change(5)).await.unwrap();
        assert_eq!(job.state, JobState::Cancelled);
        let late = submit(store, 0, 5).await;
        claimed(store, 6).await;
        let made = store.add_version(&version(&late), &change(7)).await.unwrap();
        assert!(is_conflict(&store.cancel(&late, &change(8)).await));
        assert!(!store.job(&late).await.unwrap().unwrap().cancel_requested);
        // After a crash it finds what it has made.
        let again = store.add_version(&version(&late), &change(9)).await.unwrap();
        assert_eq!(again.id, made.id);
    });
}

#[test]
fn a_parked_job_goes_on_without_losing_an_attempt() {
    each(async |store| {
        let id = submit(store, 0, 1).await;
        for second in 0..3 {
            assert_eq!(claimed(store, second).await.attempt, 1);
            store.checkpoint(&id, "{}").await.unwrap();
            let parked = store.finish(&id, &Outcome::Parked, &change(second)).await.unwrap();
            assert_eq!((parked.state, parked.attempt), (JobState::Queued, 0));
            assert!(parked.checkpoint.is_some());
        }
    });
}

#[test]
fn what_ran_when_the_service_ended_is_taken_over() {
    each(async |store| {
        let again = submit(store, 3, 2).await;
        let last = submit(store, 2, 1).await;
        let stopped = submit(store, 1, 2).await;
        let waits = submit(store, 0, 1).await;
        for _ in 0..3 {
            claimed(store, 2).await;
        }
        store.cancel(&stopped, &change(3)).await.unwrap();
        let mut taken = store.take_over(&change(4)).await.unwrap();
        taken.sort();
        let mut expected = vec![again.clone(), last.clone(), stopped.clone()];
        expected.sort();
        assert_eq!(taken, expected);
        let state = async |id: &str| store.job(id).await.unwrap().unwrap().state;
        assert_eq!(state(&again).await, JobState::Queued);
        assert_eq!(state(&last).await, JobState::Failed);
        assert_eq!(state(&stopped).await, JobState::Cancelled);
        assert_eq!(state(&waits).await, JobState::Queued);
        assert_eq!(claimed(store, 5).await.attempt, 2);
        assert!(store.take_over(&change(6)).await.unwrap().contains(&again));
    });
}

#[test]
fn pages_cover_every_job_once() {
    each(async |store| {
        let mut ids = Vec::new();
        for _ in 0..7 {
            ids.push(submit(store, 0, 1).await);
        }
        store.cancel(&ids[3], &change(2)).await.unwrap();
        ids.reverse();
        let mut page = PageRequest { limit: 3, after: None };
        let mut seen = Vec::new();
        loop {
            let part = store.jobs(&JobFilter::default(), &page).await.unwrap();
            assert!(part.items.len() <= 3);
            seen.extend(part.items.into_iter().map(|job| job.id));
            page.after = part.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ids);
        let filter =
            JobFilter { state: Some(JobState::Cancelled), kind: Some("training".to_owned()) };
        let found = store.jobs(&filter, &PageRequest::default()).await.unwrap();
        assert_eq!(found.items.len(), 1);
        let filter = JobFilter { kind: Some("batch".to_owned()), ..JobFilter::default() };
        assert!(store.jobs(&filter, &PageRequest::default()).await.unwrap().items.is_empty());
        let wrong = PageRequest { limit: 3, after: Some("x' OR 1".to_owned()) };
        let refused = store.jobs(&filter, &wrong).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "after", .. })));
        let never = store.submit(&new_job(0, 0), &change(1)).await;
        assert!(matches!(never, Err(MetadataError::Invalid { field: "max_attempts", .. })));
    });
}

/// A job that runs, with its run.
async fn with_run(store: &dyn Metadata, max_attempts: u32) -> (String, String) {
    let job = submit(store, 0, max_attempts).await;
    claimed(store, 1).await;
    let run = NewRun {
        experiment: "m".to_owned(),
        job: Some(job.clone()),
        detector: "gradient_boosting".to_owned(),
        params: BTreeMap::new(),
        data: BTreeMap::new(),
    };
    let run = store.begin_run(&run, at(2)).await.unwrap().id;
    (job, run)
}

#[test]
fn the_run_of_a_job_ends_with_it_however_it_ends() {
    each(async |store| {
        let state = async |run: &str| {
            let run = store.run(run).await.unwrap().unwrap();
            assert_eq!(run.ended_at.is_some(), run.state != RunState::Running);
            run.state
        };
        // It fails for good.
        let (job, run) = with_run(store, 1).await;
        store.finish(&job, &failed(false), &change(3)).await.unwrap();
        assert_eq!(state(&run).await, RunState::Failed);
        // It is cancelled while it runs.
        let (job, run) = with_run(store, 1).await;
        store.cancel(&job, &change(3)).await.unwrap();
        assert_eq!(state(&run).await, RunState::Running);
        store.finish(&job, &Outcome::Cancelled, &change(4)).await.unwrap();
        assert_eq!(state(&run).await, RunState::Failed);
        // It is parked, then cancelled while it waits.
        let (job, run) = with_run(store, 3).await;
        store.finish(&job, &Outcome::Parked, &change(3)).await.unwrap();
        assert_eq!(state(&run).await, RunState::Running);
        store.cancel(&job, &change(4)).await.unwrap();
        assert_eq!(state(&run).await, RunState::Failed);
        // It failed, waits for another attempt, and is cancelled meanwhile.
        let (job, run) = with_run(store, 3).await;
        store.finish(&job, &failed(true), &change(3)).await.unwrap();
        store.cancel(&job, &change(4)).await.unwrap();
        assert_eq!(state(&run).await, RunState::Failed);
        // The service was killed at the last attempt.
        let (_, run) = with_run(store, 1).await;
        store.take_over(&change(5)).await.unwrap();
        assert_eq!(state(&run).await, RunState::Failed);
    });
}
