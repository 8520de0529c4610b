//! Rules of rollback: which are taken, and what they watch.

use std::time::Duration;

use tripline_engine::service::{Arm, Event, ServiceError, ServiceSettings};
use tripline_store::MetadataError;
use tripline_store::records::{PageRequest, RollbackRule};

use super::{NAME, ask, at, by, ready, registered};

fn rule(max_p99_seconds: f64) -> RollbackRule {
    RollbackRule {
        name: NAME.to_owned(),
        max_error_rate: None,
        max_p99_seconds: Some(max_p99_seconds),
        min_requests: 20,
        window_seconds: 30,
    }
}

#[tokio::test]
async fn a_rule_that_can_never_break_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    // Times above 5 s are counted together.
    for seconds in [5.1, 60.0, f64::INFINITY, 0.0] {
        let error =
            service.set_rollback_rule(NAME, Some(&rule(seconds)), &by("local")).await.unwrap_err();
        assert!(matches!(error, ServiceError::Argument { field: "max_p99_seconds", .. }));
    }
    service.set_rollback_rule(NAME, Some(&rule(5.0)), &by("local")).await.unwrap();
    let nobody = RollbackRule { name: "nobody".to_owned(), ..rule(0.1) };
    let error = service.set_rollback_rule("nobody", Some(&nobody), &by("local")).await.unwrap_err();
    assert!(
        matches!(&error, ServiceError::Metadata(MetadataError::NotFound { what: "model", .. })),
        "{error}"
    );
    service.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_whose_treatment_breaks_the_rule_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    // Nothing was active before the first version, so it stays whatever it breaks.
    service.start_experiment(NAME, &second.id, 0.5, &by("local")).await.unwrap();
    service.set_rollback_rule(NAME, Some(&rule(1e-9)), &by("local")).await.unwrap();
    let mut ended = false;
    for number in 0..200 {
        let row = at(&service, 0.0);
        let mut arms = Vec::new();
        for entity in 0..100 {
            let entity = format!("{number}.{entity}");
            let event = Event { entity: Some(&entity), ..Event::of(&row) };
            arms.push(service.predict(&event, &Default::default()).unwrap().arm);
        }
        if arms.iter().all(Option::is_none) {
            ended = true;
            break;
        }
        assert!(number > 0 || arms.contains(&Some(Arm::Treatment)));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(ended);
    assert!(service.store().experiments().await.unwrap().is_empty());
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    let noted = service.store().entries(Some(NAME), &PageRequest::default()).await.unwrap();
    let entry = noted.items.iter().find(|entry| entry.action == "experiment.end").unwrap();
    assert_eq!(entry.actor, "system");
    assert!(entry.detail.contains("99th percentile"), "{}", entry.detail);
    service.shut_down().await;
}
