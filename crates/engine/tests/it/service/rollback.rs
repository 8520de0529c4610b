//! The service itself goes back to the version before.

use std::time::Duration;

use tripline_engine::service::ServiceSettings;
use tripline_store::records::{PageRequest, RollbackRule};

use super::{NAME, ask, by, open, ready, registered};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_breaks_its_rule_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    service.deploy(&second.id, &by("local")).await.unwrap();
    let rule = RollbackRule {
        name: NAME.to_owned(),
        max_error_rate: None,
        // No answer takes less.
        max_p99_seconds: Some(1e-9),
        min_requests: 20,
        window_seconds: 30,
    };
    // A rule without a limit rolls nothing back.
    let none = RollbackRule { max_p99_seconds: None, ..rule.clone() };
    assert!(service.set_rollback_rule(NAME, Some(&none), &by("local")).await.is_err());
    service.set_rollback_rule(NAME, Some(&rule), &by("local")).await.unwrap();
    let mut active = String::new();
    for _ in 0..60 {
        for _ in 0..20 {
            active = ask(&service, 0.0).unwrap().model.id.to_string();
        }
        if active == "flow_detector_v1.0.0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(active, "flow_detector_v1.0.0");
    assert_eq!(service.counts().rollbacks, 1);
    let noted = service
        .store()
        .entries(Some("flow_detector_v1.0.0"), &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(
        (noted.items[0].action.as_str(), noted.items[0].actor.as_str()),
        ("model.rollback", "system")
    );
    service.shut_down().await;
}

#[tokio::test]
async fn a_version_that_cannot_be_loaded_gives_way_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    service.deploy(&second.id, &by("local")).await.unwrap();
    service.blobs().delete(&second.what.blob).await.unwrap();
    service.shut_down().await;
    drop(service);
    let service = open(folder.path()).await;
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    let first = service.store().version("flow_detector_v1.0.0").await.unwrap().unwrap();
    service.blobs().delete(&first.what.blob).await.unwrap();
    service.shut_down().await;
    drop(service);
    // Nothing is left: the service starts and says what is wrong.
    let service = open(folder.path()).await;
    assert_eq!(service.live().tasks().count(), 0);
    assert_eq!(service.live().unloaded()[0].0, "flow_detector_v1.0.0");
    service.shut_down().await;
}
