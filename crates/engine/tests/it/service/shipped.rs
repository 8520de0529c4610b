//! Models that come with the program.

use tripline_engine::service::{Ask, Event, Service, ServiceSettings, Shipped, Value};
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

const UNSW_NB15: &[u8] = include_bytes!("../../../../tripline/models/unsw_nb15.trip");
const TRAFFIC: &[u8] = include_bytes!("../../../../tripline/models/traffic.trip");

/// The first record of the published partition, as its file has it.
const HEADER: &str = "id,dur,proto,service,state,spkts,dpkts,sbytes,dbytes,rate,sttl,dttl,sload,\
    dload,sloss,dloss,sinpkt,dinpkt,sjit,djit,swin,stcpb,dtcpb,dwin,tcprtt,synack,ackdat,smean,\
    dmean,trans_depth,response_body_len,ct_srv_src,ct_state_ttl,ct_dst_ltm,ct_src_dport_ltm,\
    ct_dst_sport_ltm,ct_dst_src_ltm,is_ftp_login,ct_ftp_cmd,ct_flw_http_mthd,ct_src_ltm,\
    ct_srv_dst,is_sm_ips_ports,attack_cat,label";
const RECORD: &str = "1,0.000011,udp,-,INT,2,0,496,0,90909.0902,254,0,180363632,0,0,0,0.011,0,0,\
    0,0,0,0,0,0,0,0,248,0,0,0,2,2,1,1,1,2,0,0,0,1,2,0,Normal,0";

#[tokio::test]
async fn the_shipped_models_share_the_records_by_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = [
        Shipped { name: NAME, task: "flow", bytes: TRAFFIC },
        Shipped { name: "unsw_nb15_detector", task: "flow", bytes: UNSW_NB15 },
    ];
    let started = std::time::Instant::now();
    let service = Service::open(ServiceSettings::new(folder.path()), &shipped).await.unwrap();
    println!("first start: {:?}", started.elapsed());
    let live = service.live();
    let mut row = live.row("flow").unwrap();
    for (name, text) in HEADER.split(',').zip(RECORD.split(',')) {
        let value = text.parse().map_or(Value::Text(text), Value::Number);
        row.set(name, value).unwrap();
    }
    let answer = service.predict(&Event::of(&row), &Ask::default()).unwrap();
    assert_eq!(&*answer.model.id, "unsw_nb15_detector_v1.0.0");
    // Of 45 fields three are number and label, 24 are columns of a model.
    assert_eq!(answer.ignored, 18);
    let mut own = live.row("flow").unwrap();
    for field in live.find(NAME).unwrap().input().fields() {
        own.set(&field.name, Value::Missing).unwrap();
    }
    let answer = service.predict(&Event::of(&own), &Ask::default()).unwrap();
    assert_eq!(&*answer.model.id, "flow_detector_v1.0.0");
    service.shut_down().await;
}
