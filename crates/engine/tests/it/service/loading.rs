//! What a start does with versions that cannot be loaded, and with models of the program.

use std::path::Path;

use tripline_engine::service::{Service, ServiceError, ServiceSettings, Shipped};
use tripline_store::records::{Status, VersionFilter};
use tripline_store::{MetadataError, SecretKey};

use super::{NAME, ask, by, model, open, ready, registered};

const SECOND: &str = "flow_detector_v1.1.0";

/// A folder of a service with two versions, the second active.
async fn two(folder: &Path) {
    let service = ready(ServiceSettings::new(folder)).await;
    let second = registered(&service, 2).await;
    service.deploy(&second.id, &by("local")).await.unwrap();
    service.shut_down().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_fails_for_a_moment_changes_nothing_in_the_registry() {
    let folder = tempfile::tempdir().unwrap();
    two(folder.path()).await;
    let service = open(folder.path()).await;
    let version = service.store().version(SECOND).await.unwrap().unwrap();
    let file = service.blobs().path(&version.what.blob).unwrap().unwrap();
    service.shut_down().await;
    drop(service);
    // A link to itself in place of the file: something is there, and cannot be read.
    let aside = file.with_extension("aside");
    std::fs::rename(&file, &aside).unwrap();
    std::os::unix::fs::symlink(&file, &file).unwrap();
    let service = open(folder.path()).await;
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    assert_eq!(service.live().unloaded()[0].0, SECOND);
    let version = service.store().version(SECOND).await.unwrap().unwrap();
    assert_eq!(version.status, Status::Active);
    // Any other change leaves that as it is.
    service.set_alias("champion", Some(SECOND), &by("local")).await.unwrap();
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    std::fs::remove_file(&file).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    service.deploy(SECOND, &by("local")).await.unwrap();
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, SECOND);
    assert!(service.live().unloaded().is_empty());
    service.shut_down().await;
}

#[tokio::test]
async fn a_key_that_is_not_trusted_changes_nothing_in_the_registry() {
    let folder = tempfile::tempdir().unwrap();
    two(folder.path()).await;
    let mut strict = ServiceSettings::new(folder.path());
    strict.trusted_keys = vec![SecretKey::from_bytes([7; 32]).public()];
    let service = Service::open(strict, &[]).await.unwrap();
    assert_eq!(service.live().tasks().count(), 0);
    service.shut_down().await;
    drop(service);
    let service = open(folder.path()).await;
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, SECOND);
    service.shut_down().await;
}

#[tokio::test]
async fn an_experiment_whose_treatment_is_gone_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    service.start_experiment(NAME, &second.id, 0.5, &by("local")).await.unwrap();
    service.blobs().delete(&second.what.blob).await.unwrap();
    service.shut_down().await;
    drop(service);
    let service = open(folder.path()).await;
    assert_eq!(service.live().experiments().count(), 0);
    let held = service.delete(SECOND, &by("local")).await.unwrap_err();
    assert!(matches!(held, ServiceError::Metadata(MetadataError::Conflict { .. })), "{held}");
    service.end_experiment(NAME, &by("local")).await.unwrap();
    service.delete(SECOND, &by("local")).await.unwrap();
    service.shut_down().await;
}

#[tokio::test]
async fn a_model_of_the_program_that_was_deleted_does_not_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: &'static [u8] = model(1).to_vec().leak();
    let shipped = [Shipped { name: NAME, task: "flow", bytes }];
    let settings = || ServiceSettings::new(folder.path());
    let service = Service::open(settings(), &shipped).await.unwrap();
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    let second = registered(&service, 2).await;
    service.deploy(&second.id, &by("local")).await.unwrap();
    service.delete("flow_detector_v1.0.0", &by("local")).await.unwrap();
    service.shut_down().await;
    drop(service);
    let service = Service::open(settings(), &shipped).await.unwrap();
    let left = service.store().versions(&VersionFilter::default()).await.unwrap();
    let ids: Vec<&str> = left.iter().map(|version| version.id.as_str()).collect();
    assert_eq!(ids, [SECOND]);
    service.shut_down().await;
}
