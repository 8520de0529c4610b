//! What takes long does not keep a rollback waiting.

use std::sync::mpsc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tripline_engine::service::ServiceSettings;
use tripline_store::records::Status;

use super::faulty::Faulty;
use super::{NAME, ask, by, model, named, registered};

const FIRST: &str = "flow_detector_v1.0.0";

/// The one thread on which models are loaded is kept busy, so that everything which loads one
/// stands still; a rollback needs none of it.
#[test]
fn a_rollback_waits_for_no_model_that_is_loaded() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Faulty::new(folder.path()).await;
        let service = store.service(ServiceSettings::new(folder.path())).await;
        let mut ids = Vec::new();
        for seed in 1..=5 {
            ids.push(registered(&service, seed).await.id);
        }
        let new = model(6);
        service.deploy(&ids[0], &by("local")).await.unwrap();
        service.deploy(&ids[1], &by("local")).await.unwrap();

        let (go, wait) = mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        let registering = {
            let service = service.clone();
            tokio::spawn(async move { service.register(new, named(NAME), &by("local")).await })
        };
        let (own, id) = (service.clone(), ids[2].clone());
        let deploying = tokio::spawn(async move { own.deploy(&id, &by("local")).await });
        let (own, id) = (service.clone(), ids[3].clone());
        let shadowing =
            tokio::spawn(async move { own.set_status(&id, Status::Shadow, &by("local")).await });
        let (own, id) = (service.clone(), ids[4].clone());
        let trying =
            tokio::spawn(async move { own.start_experiment(NAME, &id, 0.5, &by("local")).await });
        sleep(Duration::from_millis(300)).await;

        let change = by("local");
        let rolled = timeout(Duration::from_secs(20), service.roll_back(NAME, &change));
        assert_eq!(rolled.await.expect("it waits for a model").unwrap().active, FIRST);
        assert_eq!(&*ask(&service, 0.0).unwrap().model.id, FIRST);
        let pending = [
            registering.is_finished(),
            deploying.is_finished(),
            shadowing.is_finished(),
            trying.is_finished(),
        ];
        assert_eq!(pending, [false; 4]);

        go.send(()).unwrap();
        busy.await.unwrap().unwrap();
        registering.await.unwrap().unwrap();
        shadowing.await.unwrap().unwrap();
        deploying.await.unwrap().unwrap();
        // An experiment with what is active by then, or none if it was deployed in between.
        let _ = trying.await.unwrap();
        assert_eq!(&*ask(&service, 0.0).unwrap().model.version.what.name, NAME);
        service.shut_down().await;
    });
}
