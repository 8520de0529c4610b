//! What is written together.

use super::*;

fn score() -> ShadowScore {
    ShadowScore {
        at: tripline_store::Timestamp(1),
        prediction: "pred-1".to_owned(),
        model_id: "a_v1.1.0".to_owned(),
        probability: 0.5,
        alert: false,
        active_id: "a_v1.0.0".to_owned(),
        active_probability: 0.5,
        active_alert: false,
    }
}

#[test]
fn shadow_scores_keep_detections_waiting_for_a_short_transaction_alone() {
    let recorder = Recorder::new(5000, OnFull::Refuse);
    recorder.push_shadow(vec![score(); 5000]);
    let mut written = 0;
    loop {
        let (detections, shadow, closed) = recorder.take();
        assert!(detections.is_empty() && !closed);
        if shadow.is_empty() {
            break;
        }
        assert!(shadow.len() <= SHADOW_BATCH);
        written += shadow.len();
    }
    assert_eq!(written, 5000);
}
