//! Room for uploads, and what is left of those that came to no end.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tripline_engine::service::jobs::{JobError, TrainingSpec};
use tripline_engine::service::{Service, ServiceError, ServiceSettings};
use tripline_store::SecretKey;

use super::by;

async fn open(folder: &Path, bytes: u64, uploads: usize) -> Arc<Service> {
    let mut settings = ServiceSettings::new(folder);
    settings.jobs.max_upload_bytes = bytes;
    settings.jobs.max_uploads = uploads;
    Service::open(settings, &[]).await.unwrap()
}

fn bytes(count: usize) -> Bytes {
    Bytes::from(vec![b'x'; count])
}

fn too_large<T: std::fmt::Debug>(done: Result<T, ServiceError>) -> u64 {
    match done {
        Err(ServiceError::Job(JobError::TooLarge { limit })) => limit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn uploads_at_the_same_time_share_the_room() {
    let folder = tempfile::tempdir().unwrap();
    let service = open(folder.path(), 1000, 3).await;
    let mut first = service.begin_upload("a").await.unwrap();
    let mut second = service.begin_upload("b").await.unwrap();
    first.write(bytes(600)).await.unwrap();
    second.write(bytes(300)).await.unwrap();
    assert_eq!(too_large(second.write(bytes(200)).await), 400);
    // What is given up leaves its room.
    second.abort().await;
    first.write(bytes(400)).await.unwrap();
    let first = first.finish(&by("local")).await.unwrap();
    let mut third = service.begin_upload("c").await.unwrap();
    assert_eq!(too_large(third.write(bytes(1)).await), 0);
    drop(third);
    service.delete_upload(&first.id, &by("local")).await.unwrap().unwrap();
    let mut fourth = service.begin_upload("d").await.unwrap();
    fourth.write(bytes(1000)).await.unwrap();
    fourth.finish(&by("local")).await.unwrap();
    // And so it is after a start.
    service.shut_down().await;
    drop(service);
    let service = open(folder.path(), 1500, 3).await;
    let mut fifth = service.begin_upload("e").await.unwrap();
    assert_eq!(too_large(fifth.write(bytes(501)).await), 500);
    service.shut_down().await;
}

#[tokio::test]
async fn uploads_that_begin_at_the_same_time_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let service = open(folder.path(), 1000, 2).await;
    let first = service.begin_upload("a").await.unwrap();
    let _second = service.begin_upload("b").await.unwrap();
    assert!(matches!(
        service.begin_upload("c").await,
        Err(ServiceError::Job(JobError::Field { .. }))
    ));
    drop(first);
    service.begin_upload("d").await.unwrap();
    service.shut_down().await;
}

#[tokio::test]
async fn what_killed_processes_left_is_removed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let service = open(folder.path(), 1000, 3).await;
    let mut upload = service.begin_upload("a").await.unwrap();
    upload.write(bytes(10)).await.unwrap();
    let upload = upload.finish(&by("local")).await.unwrap();
    service.shut_down().await;
    drop(service);
    let blobs = folder.path().join("blobs");
    let leftovers = [
        "uploads/upl-1.data",
        "uploads/upl-2.data#1",
        "models/00ff.trip#1",
        "jobs/job-1/model.trip",
        "jobs/job-1/detections.jsonl#3",
    ];
    for name in leftovers {
        let path = blobs.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "left").unwrap();
    }
    let model = blobs.join("models/of-no-version.trip");
    std::fs::write(&model, "perhaps of a newer database").unwrap();
    let service = open(folder.path(), 1000, 3).await;
    for name in leftovers {
        assert!(!blobs.join(name).exists(), "{name}");
    }
    assert!(model.exists());
    assert_eq!(service.uploads().await.unwrap(), [upload]);
    service.shut_down().await;
}

#[tokio::test]
async fn a_service_that_takes_signed_models_alone_refuses_to_train_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServiceSettings::new(folder.path());
    settings.trusted_keys = vec![SecretKey::from_bytes([3; 32]).public()];
    let service = Service::open(settings, &[]).await.unwrap();
    let spec = TrainingSpec {
        model_type: "gradient_boosting".to_owned(),
        source: "detections:".to_owned(),
        ..TrainingSpec::default()
    };
    let told = service.submit_training(spec, &by("local")).await.unwrap_err().to_string();
    assert!(told.contains("`model_type`") && told.contains("signed models alone"), "{told}");
    service.shut_down().await;
}
