//! Detections with filters and pages, judgements, counts, shadow scores, retention.

use std::collections::BTreeMap;

use tripline_core::verdict::Severity;
use tripline_store::MetadataError;
use tripline_store::records::{
    DetectionFilter, Feedback, Judgement, NewDetection, PageRequest, ShadowComparison, ShadowScore,
    Tally, TallyFilter,
};

use super::{Metadata, at, change, each, new_detection};

async fn fill(store: &dyn Metadata, number: i64) -> Vec<NewDetection> {
    let all: Vec<_> = (0..number).map(new_detection).collect();
    store.add_detections(&all).await.unwrap();
    all
}

fn feedback(id: &str, detection: &str, judgement: Judgement) -> Feedback {
    Feedback {
        id: id.to_owned(),
        detection: detection.to_owned(),
        judgement,
        label: Some("dos".to_owned()),
        comment: Some("seen\nbefore".to_owned()),
        actor: "user:ada".to_owned(),
        at: at(1),
    }
}

#[test]
fn a_detection_comes_back_as_it_was_stored() {
    each(async |store| {
        // More than fit into one statement, with a rest.
        let all = fill(store, 150).await;
        for new in &all {
            let read = store.detection(&new.id).await.unwrap().unwrap();
            assert_eq!(format!("{:?}", read.what), format!("{new:?}"));
            assert_eq!(read.judgement, None);
        }
        let mut bare = new_detection(200);
        bare.entity = None;
        bare.arm = None;
        bare.techniques.clear();
        bare.event = "\u{0}'; DROP TABLE detections; --".to_owned();
        bare.score = f64::NEG_INFINITY;
        bare.threshold = f64::NAN;
        store.add_detections(std::slice::from_ref(&bare)).await.unwrap();
        let read = store.detection(&bare.id).await.unwrap().unwrap();
        assert_eq!(format!("{:?}", read.what), format!("{bare:?}"));
        // An id that is there is left as it is, the others of the call are stored.
        let mut other = new_detection(201);
        let again = NewDetection { risk: 1, ..bare.clone() };
        other.id = "det-new".to_owned();
        store.add_detections(&[again, other]).await.unwrap();
        assert_eq!(store.detection(&bare.id).await.unwrap().unwrap().what.risk, 61);
        assert!(store.detection("det-new").await.unwrap().is_some());
        assert!(store.detection("det-none").await.unwrap().is_none());
        store.add_detections(&[]).await.unwrap();
    });
}

/// Whether a detection is meant by a filter.
type Holds = fn(&NewDetection) -> bool;

#[test]
fn filters_agree_with_a_scan() {
    each(async |store| {
        let all = fill(store, 120).await;
        let judged = feedback("fbk-1", &all[9].id, Judgement::Benign);
        store.add_feedback(&judged, &change(1)).await.unwrap();
        let filter = DetectionFilter::default;
        let filters: [(DetectionFilter, Holds); 9] = [
            (filter(), |_| true),
            (DetectionFilter { since: Some(at(50)), ..filter() }, |d| d.at >= at(50)),
            (DetectionFilter { until: Some(at(50)), ..filter() }, |d| d.at < at(50)),
            (DetectionFilter { severity: Some(Severity::High), ..filter() }, |d| {
                d.severity >= Severity::High
            }),
            (DetectionFilter { kind: Some("dos".to_owned()), ..filter() }, |d| d.kind == "dos"),
            (DetectionFilter { task: Some("http".to_owned()), ..filter() }, |d| d.task == "http"),
            (DetectionFilter { entity: Some("10.0.0.3".to_owned()), ..filter() }, |d| {
                d.entity.as_deref() == Some("10.0.0.3")
            }),
            (DetectionFilter { judged: Some(true), ..filter() }, |d| d.id == "det-00000009"),
            (
                DetectionFilter {
                    since: Some(at(20)),
                    kind: Some("dos".to_owned()),
                    judged: Some(false),
                    model_id: Some("flow_detector_v1.0.0".to_owned()),
                    ..filter()
                },
                |d| d.at >= at(20) && d.kind == "dos",
            ),
        ];
        for (filter, holds) in filters {
            let mut expected: Vec<_> =
                all.iter().filter(|d| holds(d)).map(|d| d.id.clone()).collect();
            expected.reverse();
            assert_eq!(store.count_detections(&filter).await.unwrap(), expected.len() as u64);
            let mut page = PageRequest { limit: 7, after: None };
            let mut seen = Vec::new();
            loop {
                let part = store.detections(&filter, &page).await.unwrap();
                assert!(part.items.len() <= 7);
                seen.extend(part.items.into_iter().map(|d| d.what.id));
                page.after = part.next;
                if page.after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected, "{filter:?}");
        }
    });
}

#[test]
fn pages_hold_while_detections_of_the_same_time_come_in() {
    each(async |store| {
        let same: Vec<_> =
            (0..30).map(|number| NewDetection { at: at(5), ..new_detection(number) }).collect();
        store.add_detections(&same).await.unwrap();
        let page = PageRequest { limit: 20, after: None };
        let first = store.detections(&DetectionFilter::default(), &page).await.unwrap();
        store.add_detections(&[NewDetection { at: at(6), ..new_detection(99) }]).await.unwrap();
        let page = PageRequest { limit: 20, after: first.next };
        let second = store.detections(&DetectionFilter::default(), &page).await.unwrap();
        let mut ids: Vec<_> =
            first.items.iter().chain(&second.items).map(|d| d.what.id.clone()).collect();
        ids.sort();
        assert_eq!(ids, same.iter().map(|d| d.id.clone()).collect::<Vec<_>>());
        assert_eq!(second.next, None);
        for wrong in ["", "5", "x.y", "5.det' OR '1"] {
            let page = PageRequest { limit: 20, after: Some(wrong.to_owned()) };
            let part = store.detections(&DetectionFilter::default(), &page).await;
            match wrong {
                // A time with any text is a place in the order, and nothing else.
                "5.det' OR '1" => assert!(part.unwrap().items.is_empty()),
                _ => assert!(matches!(part, Err(MetadataError::Invalid { field: "after", .. }))),
            }
        }
    });
}

#[test]
fn counts_over_time_agree_with_a_scan() {
    each(async |store| {
        let mut all: Vec<_> = (0..100).map(new_detection).collect();
        // Before 1970 a bucket begins before its times too.
        all[0].at = tripline_store::Timestamp(-1);
        store.add_detections(&all).await.unwrap();
        let bucket = 30_000_000;
        let mut expected = BTreeMap::new();
        for d in &all {
            let start = d.at.0.div_euclid(bucket) * bucket;
            *expected.entry((start, d.kind.clone(), d.severity)).or_insert(0) += 1;
        }
        let counted =
            store.detections_over_time(&DetectionFilter::default(), bucket).await.unwrap();
        assert!(counted.is_sorted_by_key(|(start, ..)| *start));
        let counted: BTreeMap<_, _> = counted
            .into_iter()
            .map(|(start, kind, severity, count)| ((start.0, kind, severity), count))
            .collect();
        assert_eq!(counted, expected);
        for wrong in [0, -5] {
            let refused = store.detections_over_time(&DetectionFilter::default(), wrong).await;
            assert!(matches!(refused, Err(MetadataError::Invalid { field: "bucket", .. })));
        }
    });
}

#[test]
fn the_last_judgement_counts_and_all_are_kept() {
    each(async |store| {
        let all = fill(store, 8).await;
        let id = &all[2].id;
        store
            .add_feedback(&feedback("fbk-1", id, Judgement::FalsePositive), &change(1))
            .await
            .unwrap();
        store
            .add_feedback(&feedback("fbk-2", id, Judgement::TruePositive), &change(2))
            .await
            .unwrap();
        let judged = store.detection(id).await.unwrap().unwrap();
        assert_eq!(judged.judgement, Some(Judgement::TruePositive));
        let said = store.feedback(id).await.unwrap();
        assert_eq!(said.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["fbk-2", "fbk-1"]);
        let expected = feedback("fbk-2", id, Judgement::TruePositive);
        assert_eq!(format!("{:?}", said[0]), format!("{expected:?}"));
        // Refused as a whole: the detection keeps its judgement.
        let twice = feedback("fbk-1", id, Judgement::Benign);
        let refused = store.add_feedback(&twice, &change(3)).await;
        assert!(matches!(refused, Err(MetadataError::Conflict { .. })));
        let judged = store.detection(id).await.unwrap().unwrap();
        assert_eq!(judged.judgement, Some(Judgement::TruePositive));
        let lost = feedback("fbk-3", "det-none", Judgement::Benign);
        let refused = store.add_feedback(&lost, &change(3)).await;
        assert!(matches!(refused, Err(MetadataError::NotFound { .. })));
        for (number, detection) in [(4, &all[3]), (5, &all[5]), (6, &all[4])] {
            let judgement = if number == 6 { Judgement::Benign } else { Judgement::FalsePositive };
            let new = feedback(&format!("fbk-{number}"), &detection.id, judgement);
            store.add_feedback(&new, &change(4)).await.unwrap();
        }
        let model = "flow_detector_v1.0.0".to_owned();
        assert_eq!(
            store.judged_by_arm(at(0)).await.unwrap(),
            [(model.clone(), String::new(), 0, 2), (model, "control".to_owned(), 1, 0)]
        );
        assert_eq!(store.judged_by_arm(at(6)).await.unwrap(), []);
    });
}

#[test]
fn counts_of_the_same_hour_are_added() {
    each(async |store| {
        let tally = |hour: i64, arm: &str, predictions| Tally {
            model_id: "m_v1.0.0".to_owned(),
            arm: arm.to_owned(),
            hour: at(hour * 3600),
            predictions,
            alerts: 2,
            errors: 1,
            seconds: 0.5,
        };
        let many: Vec<_> = (0..130).map(|number| tally(number % 2, "", 10)).collect();
        store.add_tallies(&many).await.unwrap();
        store.add_tallies(&[tally(1, "shadow", 7)]).await.unwrap();
        let found = store.tallies(&TallyFilter::default()).await.unwrap();
        let mut expected = [tally(0, "", 650), tally(1, "", 650), tally(1, "shadow", 7)];
        for sum in &mut expected[..2] {
            sum.alerts = 130;
            sum.errors = 65;
            sum.seconds = 32.5;
        }
        assert_eq!(found, expected);
        let filter = TallyFilter { since: Some(at(3600)), model_id: Some("m_v1.0.0".to_owned()) };
        assert_eq!(store.tallies(&filter).await.unwrap(), expected[1..]);
    });
}

#[test]
fn shadow_versions_stand_beside_what_answered() {
    each(async |store| {
        let score = |second: i64, alert, active_alert| ShadowScore {
            at: at(second),
            prediction: format!("pred-{second}"),
            model_id: "m_v1.1.0".to_owned(),
            probability: 0.75,
            alert,
            active_id: "m_v1.0.0".to_owned(),
            active_probability: if active_alert { 1.0 } else { 0.25 },
            active_alert,
        };
        let scores = [score(1, true, true), score(2, true, false), score(3, false, false)];
        store.add_shadow_scores(&scores).await.unwrap();
        store.add_shadow_scores(&scores[..1]).await.unwrap();
        let expected = ShadowComparison {
            model_id: "m_v1.1.0".to_owned(),
            active_id: "m_v1.0.0".to_owned(),
            events: 3,
            both: 1,
            shadow_only: 1,
            active_only: 0,
            mean_difference: (0.25 + 0.5 + 0.5) / 3.0,
        };
        assert_eq!(store.shadow_comparisons(at(0)).await.unwrap(), [expected]);
        assert_eq!(store.shadow_comparisons(at(3)).await.unwrap()[0].events, 1);
    });
}
