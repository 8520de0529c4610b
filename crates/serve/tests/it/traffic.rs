//! Made-up traffic for tests: a capture with attacks in it.

use tripline_ingest::synthetic::packets::{PacketOptions, packets};

use super::harness::{Answer, Site};

/// A capture of some hundred conversations, a third of them attacks.
pub(crate) fn capture() -> Vec<u8> {
    let options = PacketOptions { attack_share: 0.3, ..PacketOptions::flows(400, 21) };
    let mut capture = Vec::new();
    packets(&options, &mut capture, &mut Vec::new()).expect("a capture");
    capture
}

/// Sends it to be judged.
pub(crate) fn judged(site: &Site) -> Answer {
    let headers = [("Content-Type", "application/vnd.tcpdump.pcap")];
    site.send("POST", "/api/v1/predict/capture", &headers, &capture())
}

/// A record that the shipped model calls an attack, as it was stored, with its detection.
pub(crate) fn attack(site: &Site) -> (serde_json::Value, serde_json::Value) {
    let answer = judged(site).json();
    let id = answer["flows"]
        .as_array()
        .expect("flows")
        .iter()
        .find_map(|flow| flow["detection_id"].as_str())
        .expect("a detection")
        .to_owned();
    // Detections are written within 50 ms.
    for _ in 0..100 {
        let detail = site.get(&format!("/api/v1/detections/{id}"));
        if detail.status == 200 {
            let detail = detail.json();
            return (detail["event"].clone(), detail);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the detection {id} was not stored");
}
