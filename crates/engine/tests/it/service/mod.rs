//! The service on a folder of its own.

mod audit;
mod batches;
mod experiments;
mod faulty;
mod folder;
mod halves;
mod loading;
mod names;
mod order;
mod predict;
mod recorder;
mod registry;
mod retention;
mod rollback;
mod rules;
mod shipped;
mod uploads;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Column, Dataset, Rng, Silent};
use tripline_engine::service::{
    Answer, Ask, Event, Registration, Row, Service, ServiceError, ServiceSettings, Value,
};
use tripline_engine::{Plan, TrainingSettings};
use tripline_store::Timestamp;
use tripline_store::records::{Change, ModelVersion};

use crate::made::dataset;

pub(crate) const NAME: &str = "flow_detector";

/// Flows of which a quarter are attacks, with a category.
pub(crate) fn flows(rows: usize, seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let attacks: Vec<bool> = (0..rows).map(|row| row % 4 == 0).collect();
    let one = |rng: &mut Rng, attack: bool| rng.normal() + if attack { 3.0 } else { 0.0 };
    let bytes: Vec<f64> = attacks.iter().map(|&attack| one(&mut rng, attack)).collect();
    let time: Vec<f64> = attacks.iter().map(|&attack| one(&mut rng, attack)).collect();
    let mut data = dataset(&[("bytes", bytes), ("time", time)], Some(&attacks));
    let service: Vec<Option<&str>> = attacks
        .iter()
        .map(|&attack| Some(if attack || rng.below(2) == 0 { "http" } else { "dns" }))
        .collect();
    let mut columns = data.rows.into_columns();
    columns.push(("service".to_owned(), Column::category(&service)));
    data.rows = tripline_core::Rows::new(columns).unwrap();
    data
}

/// A small model's file; another seed gives another one.
pub(crate) fn model(seed: u64) -> Bytes {
    static FIRST: OnceLock<Bytes> = OnceLock::new();
    let train = |seed| {
        let params = vec![("n_estimators".to_owned(), "20".to_owned())];
        let settings = TrainingSettings {
            params: BTreeMap::from([("gradient_boosting".to_owned(), params)]),
            threshold: ThresholdRule::Fpr(0.02),
            ..TrainingSettings::default()
        };
        let plan = Plan::new("gradient_boosting", &settings).unwrap();
        let fitted = plan.fit(&flows(1500, seed), seed, &Silent).unwrap();
        Bytes::from(fitted.model.to_file(None).unwrap().to_bytes())
    };
    match seed {
        1 => FIRST.get_or_init(|| train(1)).clone(),
        seed => train(seed),
    }
}

pub(crate) fn by(actor: &str) -> Change {
    Change { at: Timestamp(1), actor: actor.to_owned(), request: None, reason: None }
}

pub(crate) fn named(name: &str) -> Registration {
    Registration { name: name.to_owned(), task: "flow".to_owned(), ..Registration::default() }
}

pub(crate) async fn open(folder: &Path) -> Arc<Service> {
    Service::open(ServiceSettings::new(folder), &[]).await.unwrap()
}

pub(crate) async fn registered(service: &Arc<Service>, seed: u64) -> ModelVersion {
    service.register(model(seed), named(NAME), &by("local")).await.unwrap()
}

/// A service with one active version.
pub(crate) async fn ready(settings: ServiceSettings) -> Arc<Service> {
    let service = Service::open(settings, &[]).await.unwrap();
    let version = registered(&service, 1).await;
    service.deploy(&version.id, &by("local")).await.unwrap();
    service
}

pub(crate) fn row(service: &Service, values: &[(&str, Value<'_>)]) -> Row {
    let mut row = service.live().row("flow").unwrap();
    for (name, value) in values {
        row.set(name, *value).unwrap();
    }
    row
}

/// An attack at 3, a benign flow at 0.
pub(crate) fn at(service: &Service, level: f64) -> Row {
    let number = Value::Number(level);
    row(service, &[("bytes", number), ("time", number), ("service", Value::Text("http"))])
}

pub(crate) fn ask(service: &Service, level: f64) -> Result<Answer, ServiceError> {
    service.predict(&Event::of(&at(service, level)), &Ask::default())
}
