//! What a batch promises of its detections and of the version that judges it.

use std::sync::Arc;
use std::time::Duration;

use tripline_engine::service::{
    Ask, Batch, BatchAnswer, OnFull, Service, ServiceError, ServiceSettings,
};
use tripline_store::records::DetectionFilter;

use super::{ask, by, flows, ready, registered};

/// Judges rows of which a quarter are attacks; gives the number of alerts too.
async fn judged(
    service: &Arc<Service>,
    rows: usize,
    durable: bool,
) -> (Result<BatchAnswer, ServiceError>, u64) {
    let service = service.clone();
    let judging = tokio::task::spawn_blocking(move || {
        let data = flows(rows, 7);
        let batch = Batch { task: "flow", rows: &data.rows, entities: None, request: None };
        let silent = Ask { record: false, ..Ask::default() };
        let alerts = service.predict_rows(&batch, &silent).unwrap().attack;
        let ask = Ask { durable, ..Ask::default() };
        let alerts = alerts.iter().filter(|alert| **alert).count() as u64;
        (service.predict_rows(&batch, &ask), alerts)
    });
    judging.await.unwrap()
}

async fn stored(service: &Service) -> u64 {
    service.store().count_detections(&DetectionFilter::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_durable_batch_stores_all_or_says_that_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServiceSettings::new(folder.path());
    // Fewer than the alerts of one part: the batch waits for room.
    settings.queue = 300;
    let service = ready(settings).await;
    let (answer, alerts) = judged(&service, 6000, true).await;
    let answer = answer.unwrap();
    assert!(alerts > 1000, "{alerts}");
    assert_eq!((answer.detections.len() as u64, answer.not_stored), (alerts, 0));
    service.batch_stored(&answer).await.unwrap();
    assert_eq!(stored(&service).await, alerts);
    let id = &answer.detections[alerts as usize - 1].1;
    assert!(service.store().detection(id).await.unwrap().is_some());

    // One that does not ask for all is taken as far as there is room, however small that is.
    let (answer, alerts) = judged(&service, 6000, false).await;
    let answer = answer.unwrap();
    assert_eq!((answer.detections.len(), answer.not_stored), (300, alerts - 300));
    let error = service.batch_stored(&answer).await.unwrap_err();
    assert!(matches!(error, ServiceError::NotStored { .. }), "{error}");
    service.shut_down().await;
    assert_eq!(service.counts().dropped, alerts - 300);
}

#[tokio::test]
async fn what_was_dropped_is_never_said_to_be_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServiceSettings::new(folder.path());
    settings.queue = 1;
    settings.on_full = OnFull::Drop;
    settings.commit_every = Duration::from_millis(300);
    let service = ready(settings).await;
    let (first, second) = (ask(&service, 4.0).unwrap(), ask(&service, 4.0).unwrap());
    assert!(second.attack && second.detection.is_none());
    let error = service.stored(&second).await.unwrap_err();
    assert!(matches!(error, ServiceError::NotStored { .. }), "{error}");
    service.stored(&first).await.unwrap();
    assert_eq!(stored(&service).await, 1);
    service.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_was_left_still_judges_the_rest_of_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let held = service.live().find("flow_detector").unwrap().clone();
    for seed in [2, 3] {
        let next = registered(&service, seed).await;
        service.deploy(&next.id, &by("local")).await.unwrap();
    }
    let data = flows(500, 7);
    let batch = Batch { task: "flow", rows: &data.rows, entities: None, request: None };
    let answer = service.predict_rows_by(&held, &batch, &Ask::default()).unwrap();
    assert_eq!(&*answer.model.id, "flow_detector_v1.0.0");
    assert_eq!(answer.score.len(), 500);
    service.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_taken_while_the_service_ends_is_written() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let service = ready(ServiceSettings::new(folder.path())).await;
        let asking: Vec<_> = (0..3)
            .map(|_| {
                let service = service.clone();
                tokio::task::spawn_blocking(move || {
                    let mut taken = Vec::new();
                    loop {
                        match ask(&service, 4.0) {
                            Ok(answer) => taken.push(answer),
                            Err(ServiceError::Busy { .. }) => {}
                            Err(_) => return taken,
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20)).await;
        service.shut_down().await;
        let mut taken = 0;
        for asking in asking {
            for answer in asking.await.unwrap() {
                let stored = service.stored(&answer);
                let stored = tokio::time::timeout(Duration::from_secs(10), stored).await;
                stored.expect("it waits for ever").unwrap();
                taken += 1;
            }
        }
        assert_eq!(service.counts().written, taken);
    }
}
