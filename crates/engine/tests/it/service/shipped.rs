//! Models that come with the program.

use tripline_engine::service::{Service, ServiceSettings, Shipped};
use tripline_store::records::{Status, VersionFilter};

use super::{NAME, ask, by, model, registered};

#[tokio::test]
async fn a_shipped_model_is_deployed_once_and_never_again() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: &'static [u8] = Box::leak(model(1).to_vec().into_boxed_slice());
    let newer: &'static [u8] = Box::leak(model(3).to_vec().into_boxed_slice());
    let shipped = |bytes| [Shipped { name: NAME, task: "flow", bytes }];
    let start = async |bytes| {
        Service::open(ServiceSettings::new(folder.path()), &shipped(bytes)).await.unwrap()
    };
    let service = start(bytes).await;
    assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.0.0");
    let own = registered(&service, 2).await;
    service.deploy(&own.id, &by("local")).await.unwrap();
    service.shut_down().await;
    drop(service);
    // The user's own version stays; what a later program brings is a candidate.
    for _ in 0..2 {
        let service = start(newer).await;
        assert_eq!(&*ask(&service, 0.0).unwrap().model.id, "flow_detector_v1.1.0");
        let versions = service.store().versions(&VersionFilter::default()).await.unwrap();
        assert_eq!(versions.len(), 3);
        assert_eq!(versions[0].status, Status::Candidate);
        service.shut_down().await;
    }
}
