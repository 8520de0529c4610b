//! Two versions, each for its share of the entities.

use bytes::Bytes;
use tripline_engine::service::{Arm, Ask, Event, ServiceSettings, Value};
use tripline_store::records::{Feedback, Judgement};

use super::{NAME, at, by, flows, named, ready, registered, row};

#[tokio::test]
async fn entities_keep_their_arm_and_arms_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let second = registered(&service, 2).await;
    let begun = service.start_experiment(NAME, &second.id, 0.25, &by("local")).await.unwrap();
    assert_eq!(begun.control, "flow_detector_v1.0.0");
    let row = at(&service, 4.0);
    let ask = Ask::default();
    let mut treated = 0_u64;
    let mut found = Vec::new();
    for number in 0..400 {
        let entity = format!("192.0.2.{number}");
        let event = Event { entity: Some(&entity), ..Event::of(&row) };
        let answer = service.predict(&event, &ask).unwrap();
        let again = service.predict(&event, &ask).unwrap();
        assert_eq!(answer.arm, again.arm, "an entity stays in its arm");
        let expected = match answer.arm.unwrap() {
            Arm::Control => "flow_detector_v1.0.0",
            Arm::Treatment => "flow_detector_v1.1.0",
        };
        assert_eq!(&*answer.model.id, expected);
        treated += u64::from(answer.arm == Some(Arm::Treatment));
        found.push(again);
    }
    // Four standard deviations of a binomial around a quarter of 400.
    assert!((65..=135).contains(&treated), "{treated} of 400");
    // Who asks for a version by its id gets it, outside the experiment.
    let control = Ask { model: Some("flow_detector_v1.0.0"), ..Ask::default() };
    assert_eq!(service.predict(&Event::of(&row), &control).unwrap().arm, None);
    // Without an entity the event itself decides, each time the same.
    let alone = service.predict(&Event::of(&row), &ask).unwrap().arm;
    assert_eq!(service.predict(&Event::of(&row), &ask).unwrap().arm, alone);

    let judged = found.iter().filter(|answer| answer.arm == Some(Arm::Control)).take(4);
    for (number, answer) in judged.enumerate() {
        service.stored(answer).await.unwrap();
        let feedback = Feedback {
            id: format!("fbk-{number}"),
            detection: answer.detection.clone().unwrap(),
            judgement: match number {
                0 => Judgement::FalsePositive,
                _ => Judgement::TruePositive,
            },
            label: None,
            comment: None,
            actor: "local".to_owned(),
            at: service.clock().now(),
        };
        service.store().add_feedback(&feedback, &by("local")).await.unwrap();
    }
    let result = service.experiment_result(NAME).await.unwrap().unwrap();
    let own = |arm| 2 * u64::from(alone == Some(arm));
    assert_eq!(result.treatment.predictions, 2 * treated + own(Arm::Treatment));
    assert_eq!(result.control.predictions, 2 * (400 - treated) + own(Arm::Control));
    assert_eq!(result.control.alert_rate, 1.0);
    assert_eq!((result.control.true_positives, result.control.false_positives), (3, 1));
    assert_eq!(result.control.precision, Some(0.75));
    // statsmodels 0.15.0: proportion_confint(3, 4, method="wilson")
    let interval = result.control.precision_interval;
    assert!((interval.low - 0.300_641_842_582_5).abs() < 1e-9, "{interval:?}");
    assert!(result.difference_interval.low < 0.0 && result.difference_interval.high > 0.0);

    service.end_experiment(NAME, &by("local")).await.unwrap();
    let row = at(&service, 4.0);
    assert_eq!(service.predict(&Event::of(&row), &ask).unwrap().arm, None);
    assert!(service.experiment_result(NAME).await.unwrap().is_none());
    service.shut_down().await;
}

#[tokio::test]
async fn an_experiment_needs_another_version_of_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let start = async |treatment: &str, share: f64| {
        service
            .start_experiment(NAME, treatment, share, &by("local"))
            .await
            .unwrap_err()
            .to_string()
    };
    assert!(start("flow_detector_v1.0.0", 0.5).await.contains("other than the active one"));
    assert!(start("flow_detector_v9.0.0", 0.5).await.contains("there is no model"));
    assert!(start("flow_detector_v1.0.0", 1.0).await.contains("above 0 and below 1"));
    service.shut_down().await;
}

#[tokio::test]
async fn a_record_without_an_entity_keeps_its_arm_when_other_models_come() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServiceSettings::new(folder.path());
    // The columns of the other model come first.
    settings.precedence = vec!["wider".to_owned()];
    let service = ready(settings).await;
    let second = registered(&service, 2).await;
    service.start_experiment(NAME, &second.id, 0.5, &by("local")).await.unwrap();
    let arms = || -> Vec<Option<Arm>> {
        let of = |level: u32| {
            let number = Value::Number(f64::from(level));
            let text = Value::Text("http");
            let row = row(&service, &[("time", number), ("bytes", number), ("service", text)]);
            service.predict(&Event::of(&row), &Ask::default()).unwrap().arm
        };
        (0..60).map(of).collect()
    };
    let before = arms();
    assert!(before.contains(&Some(Arm::Control)) && before.contains(&Some(Arm::Treatment)));
    let mut data = flows(800, 3);
    let mut columns = data.rows.into_columns();
    columns.insert(0, ("ttl".to_owned(), columns[0].1.clone()));
    data.rows = tripline_core::Rows::new(columns).unwrap();
    let settings = tripline_engine::TrainingSettings::default();
    let plan = tripline_engine::Plan::new("sgd", &settings).unwrap();
    let wider = plan.fit(&data, 0, &tripline_core::Silent).unwrap().model;
    let file = Bytes::from(wider.to_file(None).unwrap().to_bytes());
    let other = service.register(file, named("wider"), &by("local")).await.unwrap();
    service.deploy(&other.id, &by("local")).await.unwrap();
    assert_eq!(arms(), before);
    service.shut_down().await;
}
