//! What is answered to an event.

use std::sync::Arc;

use tripline_core::verdict::Severity;
use tripline_engine::service::{Ask, Batch, Event, Reasons, ServiceError, ServiceSettings, Value};
use tripline_features::MissingColumns;

use super::{ask, at, flows, model, ready, row};

#[tokio::test]
async fn one_row_and_a_batch_say_what_the_model_says() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let direct = tripline_engine::Model::from_bytes(
        "m".as_ref(),
        &model(1),
        &tripline_store::Limits::default(),
    )
    .unwrap();
    let data = flows(9000, 7);
    let expected = direct.score(&data.rows).unwrap();
    let batch = Batch { task: "flow", rows: &data.rows, entities: None, request: None };
    let answer = service.predict_rows(&batch, &Ask::default()).unwrap();
    assert_eq!(answer.score, expected.raw);
    assert_eq!(answer.probability, expected.probability);
    assert_eq!(answer.attack, expected.alert);
    assert_eq!(answer.detections.len(), 1000);
    let alerts = expected.alert.iter().filter(|alert| **alert).count() as u64;
    assert_eq!(answer.not_stored, alerts - 1000);
    let live = service.live();
    let mut one = live.row("flow").unwrap();
    for index in 0..200 {
        one.reset(&live).unwrap();
        for (name, column) in data.rows.schema().names().zip(data.rows.columns()) {
            let value = match column {
                tripline_core::Column::Numeric(values) => Value::Number(values[index]),
                tripline_core::Column::Category(category) => {
                    category.value(index).map_or(Value::Missing, Value::Text)
                }
            };
            one.set(name, value).unwrap();
        }
        let ask = Ask { record: false, ..Ask::default() };
        let answer = service.predict(&Event::of(&one), &ask).unwrap();
        assert_eq!(answer.score.to_bits(), expected.raw[index].to_bits(), "row {index}");
        assert_eq!(answer.attack, expected.alert[index]);
    }
    service.shut_down().await;
}

#[tokio::test]
async fn a_detection_is_on_disk_once_it_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let mut listening = service.detection_events();
    let row = at(&service, 4.0);
    let text = r#"{"bytes":4,"time":4,"service":"http","srcip":"192.0.2.1"}"#;
    let event = Event {
        entity: Some("192.0.2.1"),
        text: Some(text),
        request: Some("req-1"),
        ..Event::of(&row)
    };
    let answer = service.predict(&event, &Ask::default()).unwrap();
    assert!(answer.attack && answer.probability > 0.5, "{answer:?}");
    assert!(answer.severity > Severity::Info);
    let told = answer.explanation.clone().unwrap();
    assert!(told.reasons.len() <= 3 && told.reasons.iter().all(|reason| reason.effect > 0.0));
    let id = answer.detection.clone().unwrap();
    assert_eq!(listening.recv().await.unwrap().id, id);
    service.stored(&answer).await.unwrap();
    let stored = service.store().detection(&id).await.unwrap().unwrap().what;
    assert_eq!(stored.event, text);
    assert_eq!(stored.entity.as_deref(), Some("192.0.2.1"));
    assert_eq!(stored.request.as_deref(), Some("req-1"));
    assert_eq!((stored.kind.as_str(), stored.score), ("attack", answer.score));
    let reasons: serde_json::Value = serde_json::from_str(&stored.reasons).unwrap();
    assert_eq!(reasons["reasons"][0]["feature"], told.reasons[0].feature);
    let benign = ask(&service, 0.0).unwrap();
    assert!(!benign.attack && benign.detection.is_none() && benign.explanation.is_none());
    service.stored(&benign).await.unwrap();
    service.shut_down().await;
    // What comes after the end is refused, not lost.
    assert!(matches!(ask(&service, 4.0), Err(ServiceError::ShuttingDown)));
}

#[tokio::test]
async fn reasons_sum_to_the_score() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let row = at(&service, 0.3);
    let ask = Ask { reasons: Reasons::All(usize::MAX), record: false, ..Ask::default() };
    let answer = service.predict(&Event::of(&row), &ask).unwrap();
    let told = answer.explanation.unwrap();
    let sum: f64 = told.base + told.reasons.iter().map(|reason| reason.effect).sum::<f64>();
    assert!((sum - answer.score).abs() < 1e-9, "{sum} is not {}", answer.score);
    assert_eq!(told.reasons.len(), 3);
    service.shut_down().await;
}

#[tokio::test]
async fn what_a_record_lacks_is_named_with_what_may_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let few = row(&service, &[("byts", Value::Number(1.0)), ("service", Value::Text("http"))]);
    let error = service.predict(&Event::of(&few), &Ask::default()).unwrap_err();
    assert_eq!(error.to_string(), "the record lacks `bytes`, `time`; is `byts` meant as `bytes`?");
    let ask = Ask { missing_columns: MissingColumns::Fill, ..Ask::default() };
    let answer = service.predict(&Event::of(&few), &ask).unwrap();
    let filled: Vec<&str> = answer.filled.iter().map(AsRef::as_ref).collect();
    assert_eq!((filled.as_slice(), answer.ignored), (["bytes", "time"].as_slice(), 1));

    // Label and identifier of published layouts are no news to anybody.
    let mut quiet = at(&service, 0.0);
    for (name, value) in [
        ("id", Value::Number(1.0)),
        ("attack_cat", Value::Text("Normal")),
        ("label", Value::Bool(false)),
    ] {
        quiet.set(name, value).unwrap();
    }
    let answer = service.predict(&Event::of(&quiet), &Ask::default()).unwrap();
    assert_eq!(answer.ignored, 0);

    let text = row(
        &service,
        &[("bytes", Value::Text("many")), ("time", Value::Missing), ("service", Value::Missing)],
    );
    let error = service.predict(&Event::of(&text), &Ask::default()).unwrap_err();
    assert_eq!(error.to_string(), "`bytes` must be a number, got the text \"many\"");
    let twice = at(&service, 0.0).set("bytes", Value::Number(2.0)).unwrap_err();
    assert_eq!(twice.to_string(), "`bytes` must be given once, got it twice");

    let unseen = row(
        &service,
        &[
            ("bytes", Value::Number(0.0)),
            ("time", Value::Number(0.0)),
            ("service", Value::Text("gopher")),
        ],
    );
    let answer = service.predict(&Event::of(&unseen), &Ask::default()).unwrap();
    let columns: Vec<&str> = answer.unseen.iter().map(AsRef::as_ref).collect();
    assert_eq!(columns, ["service"]);

    let other = Ask { model: Some("nobody"), ..Ask::default() };
    let error = service.predict(&Event::of(&unseen), &other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no version `nobody` is active or in the shadow; there are: `flow_detector_v1.0.0`"
    );
    assert!(matches!(service.live().row("http"), Err(ServiceError::NoTask { .. })));
    // None of this is the model's fault.
    assert_eq!(service.live().active().next().unwrap().counts().errors, 0);
    service.shut_down().await;
}

#[tokio::test]
async fn the_cache_gives_the_same_answer_until_a_deploy() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServiceSettings::new(folder.path());
    settings.cache_bytes = 1 << 20;
    let service = ready(settings).await;
    let (first, second) = (ask(&service, 4.0).unwrap(), ask(&service, 4.0).unwrap());
    assert!(!first.cached && second.cached);
    assert_eq!((first.score, &first.explanation), (second.score, &second.explanation));
    assert_ne!(first.detection, second.detection, "each is a detection of its own");
    assert!(!ask(&service, 4.5).unwrap().cached, "another record");
    let past = Ask { cached: false, ..Ask::default() };
    assert!(!service.predict(&Event::of(&at(&service, 4.0)), &past).unwrap().cached);
    let counts = service.counts();
    assert_eq!((counts.cache_hits, counts.cache_misses), (1, 2));
    let next = super::registered(&service, 2).await;
    service.deploy(&next.id, &super::by("local")).await.unwrap();
    let third = ask(&service, 4.0).unwrap();
    assert!(!third.cached && Arc::ptr_eq(&third.model.id, &third.model.id));
    assert_eq!(&*third.model.id, "flow_detector_v1.1.0");
    service.shut_down().await;
}

#[tokio::test]
async fn what_is_kept_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let long = "x".repeat(300);
    let row = at(&service, 4.0);
    let event = Event { entity: Some(&long), ..Event::of(&row) };
    let error = service.predict(&event, &Ask::default()).unwrap_err();
    assert_eq!(error.to_string(), "`entity` must be at most 256 bytes, got 300");
    let padded = format!("{{\"padding\":\"{}\"}}", "x".repeat(9000));
    let at = Some(tripline_store::Timestamp(1_759_933_800_000_000));
    let event = Event { text: Some(&padded), at, ..Event::of(&row) };
    let answer = service.predict(&event, &Ask::default()).unwrap();
    service.stored(&answer).await.unwrap();
    let id = answer.detection.unwrap();
    let stored = service.store().detection(&id).await.unwrap().unwrap().what;
    let event: serde_json::Value = serde_json::from_str(&stored.event).unwrap();
    let expected = serde_json::json!({
        "bytes": 4.0, "time": 4.0, "service": "http", "timestamp": "2025-10-08T14:30:00Z",
    });
    assert_eq!(event, expected);
    let huge = "y".repeat(1 << 16);
    let mut row = service.live().row("flow").unwrap();
    row.set("bytes", Value::Number(1.0)).unwrap();
    let error = match row.set("service", Value::Text(&huge)) {
        Ok(()) => row.set("time", Value::Text("one more")).unwrap_err(),
        Err(error) => error,
    };
    assert!(error.to_string().contains("at most 64 KiB of text"), "{error}");
    service.shut_down().await;
}
