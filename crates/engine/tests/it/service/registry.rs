//! Registering, deploying, shadow versions, aliases, deleting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tripline_engine::service::{Ask, Event, Refusal, Registration, ServiceError, ServiceSettings};
use tripline_store::records::{PageRequest, Status, VersionFilter};
use tripline_store::{SecretKey, Timestamp};

use super::{NAME, ask, at, by, model, named, open, ready, registered};

#[tokio::test]
async fn a_deploy_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    assert_eq!((second.id.as_str(), second.status), ("flow_detector_v1.1.0", Status::Candidate));
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    let deployed = service.deploy(&second.id, &by("local")).await.unwrap();
    assert_eq!(deployed.previous.as_deref(), Some("flow_detector_v1.0.0"));
    let expected = ask(&service, 1.0).unwrap();
    assert_eq!(&*expected.model.id, "flow_detector_v1.1.0");
    let card: serde_json::Value = serde_json::from_str(&second.what.card).unwrap();
    assert_eq!(card["detector"]["id"], "gradient_boosting");
    assert_eq!(card["columns"][0]["name"], "bytes");
    service.shut_down().await;
    drop(service);
    let service = open(folder.path()).await;
    let again = ask(&service, 1.0).unwrap();
    assert_eq!((&again.model.id, again.score), (&expected.model.id, expected.score));
    let rolled = service.roll_back(NAME, &by("local")).await.unwrap();
    assert_eq!(rolled.active, "flow_detector_v1.0.0");
    assert_eq!(&*ask(&service, 1.0).unwrap().model.id, "flow_detector_v1.0.0");
    let error = service.roll_back(NAME, &by("local")).await.unwrap_err();
    assert!(error.to_string().contains("no version was active before"), "{error}");
    service.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_request_fails_while_versions_are_swapped() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    service.deploy(&second.id, &by("local")).await.unwrap();
    let ending = Arc::new(AtomicBool::new(false));
    let asking = {
        let (service, ending) = (service.clone(), ending.clone());
        std::thread::spawn(move || {
            let mut scores = std::collections::BTreeMap::new();
            let mut asked = 0_u64;
            while !ending.load(Ordering::Relaxed) {
                let answer = ask(&service, 1.0).unwrap();
                scores.entry(answer.model.id.to_string()).or_insert(answer.score);
                // A version says the same each time: never half of one and half of another.
                assert_eq!(scores[&*answer.model.id], answer.score);
                asked += 1;
            }
            (scores.len(), asked)
        })
    };
    let mut slowest = Duration::ZERO;
    for _ in 0..25 {
        let started = Instant::now();
        service.roll_back(NAME, &by("local")).await.unwrap();
        slowest = slowest.max(started.elapsed());
        service.deploy(&second.id, &by("local")).await.unwrap();
    }
    ending.store(true, Ordering::Relaxed);
    let (versions, asked) = asking.join().unwrap();
    assert_eq!(versions, 2);
    assert!(asked > 50, "{asked}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    service.shut_down().await;
}

#[tokio::test]
async fn a_bad_file_is_refused_and_noted() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let refuse = async |file: Bytes| service.register(file, named("other"), &by("key:a")).await;
    let noise = refuse(Bytes::from_static(b"#!/bin/sh")).await.unwrap_err();
    assert!(matches!(noise, ServiceError::Refused { reason: Refusal::Load { .. }, .. }));
    let mut damaged = model(1).to_vec();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let damaged = refuse(damaged.into()).await.unwrap_err();
    assert!(damaged.to_string().contains("checksum"), "{damaged}");
    let bad_name = service.register(model(1), named("../x"), &by("key:a")).await.unwrap_err();
    assert!(matches!(bad_name, ServiceError::Argument { field: "name", .. }), "{bad_name}");
    let filter = VersionFilter { name: Some("other".to_owned()), ..VersionFilter::default() };
    assert!(service.store().versions(&filter).await.unwrap().is_empty());
    let noted = service.store().entries(Some("other"), &PageRequest::default()).await.unwrap();
    assert_eq!(noted.items.len(), 2);
    assert!(noted.items.iter().all(|entry| entry.action == "model.register_refused"));
    assert_eq!(noted.items[0].actor, "key:a");
    service.shut_down().await;
}

#[tokio::test]
async fn a_blob_that_was_changed_is_not_deployed() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    service.blobs().put(&second.what.blob, model(1)).await.unwrap();
    let error = service.deploy(&second.id, &by("local")).await.unwrap_err();
    assert!(
        matches!(&error, ServiceError::Refused { reason: Refusal::Digest { .. }, .. }),
        "{error}"
    );
    // Right again, but its canary rows are those of the other model.
    service.blobs().put(&second.what.blob, model(2)).await.unwrap();
    let (own, first) = (second.what.canaries.clone().unwrap(), {
        let first = service.store().version("flow_detector_v1.0.0").await.unwrap().unwrap();
        first.what.canaries.unwrap()
    });
    let kept = service.blobs().get(&own, 1 << 24).await.unwrap();
    let others = service.blobs().get(&first, 1 << 24).await.unwrap();
    service.blobs().put(&own, others).await.unwrap();
    let error = service.deploy(&second.id, &by("local")).await.unwrap_err();
    assert!(error.to_string().contains("canary rows cannot be replayed"), "{error}");
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    let version = service.store().version(&second.id).await.unwrap().unwrap();
    assert_eq!(version.status, Status::Candidate);
    service.blobs().put(&own, kept).await.unwrap();
    service.deploy(&second.id, &by("local")).await.unwrap();
    let noted = service.store().entries(Some(&second.id), &PageRequest::default()).await.unwrap();
    let actions: Vec<&str> = noted.items.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        actions,
        ["model.deploy", "model.deploy_refused", "model.deploy_refused", "model.register"]
    );
    service.shut_down().await;
}

#[tokio::test]
async fn only_trusted_signatures_are_taken_where_keys_are_set() {
    let folder = tempfile::tempdir().unwrap();
    let (trusted, other) = (SecretKey::from_bytes([7; 32]), SecretKey::from_bytes([8; 32]));
    let mut settings = ServiceSettings::new(folder.path());
    settings.trusted_keys = vec![trusted.public()];
    let service = tripline_engine::service::Service::open(settings, &[]).await.unwrap();
    let signed = |key: Option<&SecretKey>| {
        let limits = tripline_store::Limits::default();
        let model = tripline_engine::Model::from_bytes("m".as_ref(), &model(1), &limits).unwrap();
        Bytes::from(model.to_file(key).unwrap().to_bytes())
    };
    for key in [None, Some(&other)] {
        let error = service.register(signed(key), named(NAME), &by("local")).await.unwrap_err();
        assert!(
            matches!(&error, ServiceError::Refused { reason: Refusal::Signature { .. }, .. }),
            "{error}"
        );
    }
    let taken = service.register(signed(Some(&trusted)), named(NAME), &by("local")).await.unwrap();
    assert_eq!(taken.what.signer, Some(trusted.public().to_hex()));
    service.deploy(&taken.id, &by("local")).await.unwrap();
    service.shut_down().await;
}

#[tokio::test]
async fn a_job_registers_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let what = Registration { job: Some("job-1".to_owned()), ..named(NAME) };
    let first = service.register(model(2), what.clone(), &by("system")).await.unwrap();
    let second = service.register(model(2), what, &by("system")).await.unwrap();
    assert_eq!(first.id, second.id);
    service.shut_down().await;
}

#[tokio::test]
async fn a_shadow_version_scores_and_never_answers() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    service.set_status(&second.id, Status::Shadow, &by("local")).await.unwrap();
    for _ in 0..40 {
        assert_eq!(&*ask(&service, 4.0).unwrap().model.id, "flow_detector_v1.0.0");
    }
    service.shut_down().await;
    let compared = service.store().shadow_comparisons(Timestamp(0)).await.unwrap();
    assert_eq!(compared.len(), 1);
    assert_eq!((compared[0].events, compared[0].both), (40, 40));
    assert_eq!(service.counts().shadow_written, 40);
}

#[tokio::test]
async fn aliases_and_deleting() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    service.set_alias("champion", Some("flow_detector_v1.0.0"), &by("local")).await.unwrap();
    let asked = Ask { model: Some("champion"), ..Ask::default() };
    let row = at(&service, 0.0);
    assert!(service.predict(&Event::of(&row), &asked).is_ok());
    service.set_alias("champion", None, &by("local")).await.unwrap();
    let row = at(&service, 0.0);
    assert!(service.predict(&Event::of(&row), &asked).is_err());
    let second = registered(&service, 2).await;
    // The same file under another name: its blob outlives the first.
    let twin = service.register(model(2), named("twin"), &by("local")).await.unwrap();
    assert!(service.delete("flow_detector_v1.0.0", &by("local")).await.is_err(), "it is active");
    service.delete(&second.id, &by("local")).await.unwrap();
    service.deploy(&twin.id, &by("local")).await.unwrap();
    assert!(service.store().version(&second.id).await.unwrap().is_none());
    service.shut_down().await;
}

#[tokio::test]
async fn a_version_that_needs_what_records_lack_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let mut data = super::flows(800, 3);
    let mut columns = data.rows.into_columns();
    columns.push(("ttl".to_owned(), columns[0].1.clone()));
    data.rows = tripline_core::Rows::new(columns).unwrap();
    let settings = tripline_engine::TrainingSettings::default();
    let plan = tripline_engine::Plan::new("sgd", &settings).unwrap();
    let wider = plan.fit(&data, 0, &tripline_core::Silent).unwrap().model;
    let file = Bytes::from(wider.to_file(None).unwrap().to_bytes());
    let version = service.register(file.clone(), named(NAME), &by("local")).await.unwrap();
    let error = service.deploy(&version.id, &by("local")).await.unwrap_err().to_string();
    assert!(
        error.ends_with(
            "it needs `ttl`, which records of the active version need not have; register it under \
             another name"
        ),
        "{error}"
    );
    let error = service.start_experiment(NAME, &version.id, 0.5, &by("local")).await.unwrap_err();
    assert!(matches!(error, ServiceError::Refused { .. }), "{error}");
    // Under a name of its own it answers the records that have the column.
    let other = service.register(file, named("wider"), &by("local")).await.unwrap();
    service.deploy(&other.id, &by("local")).await.unwrap();
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    let mut row = at(&service, 0.0);
    row.set("ttl", tripline_engine::service::Value::Number(64.0)).unwrap();
    let by_name = Ask { model: Some("wider"), ..Ask::default() };
    let answer = service.predict(&Event::of(&row), &by_name).unwrap();
    assert_eq!(&*answer.model.id, "wider_v1.0.0");
    service.shut_down().await;
}
