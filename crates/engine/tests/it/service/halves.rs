//! The database and what answers stay one, whoever leaves and whatever fails.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tripline_engine::service::{Ask, Event, Reasons, Service, ServiceError, ServiceSettings};
use tripline_store::MetadataError;
use tripline_store::metadata::Detections as _;
use tripline_store::records::{RollbackRule, TallyFilter};

use super::faulty::Faulty;
use super::{NAME, ask, at, by, registered};

const FIRST: &str = "flow_detector_v1.0.0";
const SECOND: &str = "flow_detector_v1.1.0";
const THIRD: &str = "flow_detector_v1.2.0";

fn answers(service: &Arc<Service>) -> String {
    ask(service, 0.0).unwrap().model.id.to_string()
}

/// Waits until a version answers.
async fn answered_by(service: &Arc<Service>, id: &str) {
    let followed = async {
        while answers(service) != id {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), followed).await.expect("the snapshot follows the database");
}

/// A service over a faulty database with the first of two versions active.
async fn two(folder: &std::path::Path) -> (Arc<Faulty>, Arc<Service>) {
    let store = Faulty::new(folder).await;
    let service = store.service(ServiceSettings::new(folder)).await;
    let first = registered(&service, 1).await;
    registered(&service, 2).await;
    service.deploy(&first.id, &by("local")).await.unwrap();
    (store, service)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_in_the_middle_of_a_change_leaves_no_half_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, service) = two(folder.path()).await;
    let change = by("local");

    let held = store.hold("deploy");
    {
        let mut deploying = Box::pin(service.deploy(SECOND, &change));
        tokio::select! {
            _ = &mut deploying => panic!("the database holds it"),
            () = held.done.notified() => {}
        }
    }
    assert_eq!(answers(&service), FIRST);
    held.go.notify_one();
    answered_by(&service, SECOND).await;

    let held = store.hold("roll_back");
    {
        let mut rolling = Box::pin(service.roll_back(NAME, &change));
        tokio::select! {
            _ = &mut rolling => panic!("the database holds it"),
            () = held.done.notified() => {}
        }
    }
    held.go.notify_one();
    answered_by(&service, FIRST).await;
    service.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_behind_the_commit_is_told_and_the_change_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, service) = two(folder.path()).await;
    store.fail("deploy", 1);
    let error = service.deploy(SECOND, &by("local")).await.unwrap_err();
    assert!(matches!(error, ServiceError::Metadata(MetadataError::Database { .. })), "{error}");
    assert_eq!(answers(&service), SECOND);
    store.fail("roll_back", 1);
    service.roll_back(NAME, &by("local")).await.unwrap_err();
    assert_eq!(answers(&service), FIRST);

    // Reading the registry fails as often as it is tried at once: a later tick follows.
    store.fail("experiments", 3);
    service.deploy(SECOND, &by("local")).await.unwrap_err();
    assert_eq!(answers(&service), FIRST);
    answered_by(&service, SECOND).await;
    service.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_leaves_the_version_that_was_named_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let (_, service) = two(folder.path()).await;
    registered(&service, 3).await;
    service.deploy(SECOND, &by("local")).await.unwrap();
    service.deploy(THIRD, &by("local")).await.unwrap();
    assert_eq!(service.roll_back(THIRD, &by("local")).await.unwrap().active, SECOND);
    // A second click.
    let again = service.roll_back(THIRD, &by("local")).await.unwrap_err();
    assert!(matches!(again, ServiceError::Metadata(MetadataError::Conflict { .. })), "{again}");
    assert_eq!(answers(&service), SECOND);
    service.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_does_not_take_back_what_was_deployed_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (store, service) = two(folder.path()).await;
    registered(&service, 3).await;
    service.deploy(SECOND, &by("local")).await.unwrap();
    let rule = RollbackRule {
        name: NAME.to_owned(),
        max_error_rate: None,
        max_p99_seconds: Some(1e-9),
        min_requests: 300,
        window_seconds: 30,
    };
    service.set_rollback_rule(NAME, Some(&rule), &by("local")).await.unwrap();
    // So that the window begins before what breaks the rule.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let held = store.hold("deploy");
    let deploying = {
        let service = service.clone();
        tokio::spawn(async move { service.deploy(THIRD, &by("local")).await })
    };
    held.done.notified().await;
    // With reasons, so that each takes longer than what the first bucket of times holds.
    let row = at(&service, 0.0);
    let reasons = Ask { reasons: Reasons::All(3), ..Ask::default() };
    for _ in 0..300 {
        service.predict(&Event::of(&row), &reasons).unwrap();
    }
    // Two ticks: the rule is seen to be broken, and the rollback waits for the deploy.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    held.go.notify_one();
    deploying.await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((answers(&service).as_str(), service.counts().rollbacks), (THIRD, 0));
    service.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_written_once_whoever_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (store, service) = two(folder.path()).await;
    service.start_experiment(NAME, SECOND, 0.5, &by("local")).await.unwrap();
    let held = store.hold("add_tallies");
    for _ in 0..50 {
        ask(&service, 0.0).unwrap();
    }
    {
        let mut asking = Box::pin(service.experiment_result(NAME));
        // The tick of the service may be the one that is held: then nobody leaves.
        tokio::select! {
            _ = &mut asking => {}
            () = held.done.notified() => {}
        }
    }
    held.go.notify_one();
    service.experiment_result(NAME).await.unwrap();
    service.shut_down().await;
    let tallies = store.tallies(&TallyFilter::default()).await.unwrap();
    assert_eq!(tallies.iter().map(|tally| tally.predictions).sum::<u64>(), 50);
}

#[tokio::test]
async fn a_version_that_comes_and_goes_between_two_ticks_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (store, service) = two(folder.path()).await;
    registered(&service, 3).await;
    service.deploy(SECOND, &by("local")).await.unwrap();
    for _ in 0..7 {
        ask(&service, 0.0).unwrap();
    }
    service.deploy(THIRD, &by("local")).await.unwrap();
    service.deploy(FIRST, &by("local")).await.unwrap();
    service.shut_down().await;
    let tallies = store.tallies(&TallyFilter::default()).await.unwrap();
    let own = tallies.iter().filter(|tally| tally.model_id == SECOND);
    assert_eq!(own.map(|tally| tally.predictions).sum::<u64>(), 7);
}
