//! Names and aliases do not hide one another.

use tripline_engine::service::{Ask, Event, ServiceError, ServiceSettings};

use super::{NAME, at, by, model, named, ready};

#[tokio::test]
async fn an_alias_is_no_name_and_a_name_no_alias() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let other = service.register(model(2), named("other"), &by("local")).await.unwrap();
    let error = service.set_alias(NAME, Some(&other.id), &by("local")).await.unwrap_err();
    assert!(matches!(error, ServiceError::Argument { field: "alias", .. }), "{error}");
    service.set_alias("champion", Some(&other.id), &by("local")).await.unwrap();
    let taken = service.register(model(2), named("champion"), &by("local")).await.unwrap_err();
    assert!(matches!(taken, ServiceError::Argument { field: "name", .. }), "{taken}");
    let row = at(&service, 0.0);
    let by_name = Ask { model: Some(NAME), ..Ask::default() };
    let answer = service.predict(&Event::of(&row), &by_name).unwrap();
    assert_eq!(&*answer.model.id, "flow_detector_v1.0.0");
    service.shut_down().await;
}

#[tokio::test]
async fn an_alias_that_was_set_in_the_database_does_not_hide_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let other = service.register(model(2), named("other"), &by("local")).await.unwrap();
    service.deploy(&other.id, &by("local")).await.unwrap();
    service.store().set_alias(NAME, Some(&other.id), &by("local")).await.unwrap();
    service.set_alias("further", Some(&other.id), &by("local")).await.unwrap();
    assert_eq!(&*service.live().find(NAME).unwrap().id, "flow_detector_v1.0.0");
    assert_eq!(&*service.live().find("further").unwrap().id, "other_v1.0.0");
    service.shut_down().await;
}
