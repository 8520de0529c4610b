//! What is old is forgotten, in parts, and nothing else.

use std::collections::BTreeMap;

use tripline_store::metadata::{Begun, StoredAnswer};
use tripline_store::records::{
    Artefact, DetectionFilter, FeatureRow, FeatureView, Feedback, JobFilter, Judgement, Kept,
    NewJob, NewRun, NewVersion, Old, Outcome, PageRequest, RunFilter, RunState, Scopes, Session,
    ShadowScore, Tally, TallyFilter, User,
};
use tripline_store::{Metadata, MetadataError};

use super::{at, change, each, new_detection, new_version};

/// Forgets all that is old in parts of that many rows; gives the sizes of the parts.
async fn forgotten(store: &dyn Metadata, what: Kept, old: Old, limit: u32) -> Vec<u64> {
    let mut parts = Vec::new();
    loop {
        let gone = store.forget_old(what, old, limit).await.unwrap();
        parts.push(gone);
        if gone < u64::from(limit) {
            return parts;
        }
    }
}

async fn count(store: &dyn Metadata) -> u64 {
    store.count_detections(&DetectionFilter::default()).await.unwrap()
}

#[test]
fn detections_go_in_parts_and_what_people_judged_stays() {
    each(async |store| {
        let all: Vec<_> = (0..25).map(new_detection).collect();
        store.add_detections(&all).await.unwrap();
        for number in [3, 20] {
            let feedback = Feedback {
                id: format!("fbk-{number}"),
                detection: all[number].id.clone(),
                judgement: Judgement::Benign,
                label: None,
                comment: None,
                actor: "user:ada".to_owned(),
                at: at(30),
            };
            store.add_feedback(&feedback, &change(30)).await.unwrap();
        }
        let old = Old::Before(at(15));
        assert_eq!(store.count_old(Kept::Detections, old).await.unwrap(), 14);
        assert_eq!(forgotten(store, Kept::Detections, old, 6).await, [6, 6, 2]);
        assert_eq!(count(store).await, 11);
        assert!(store.detection(&all[3].id).await.unwrap().is_some());
        assert!(store.detection(&all[15].id).await.unwrap().is_some());
        // The newest five stored: 20 to 24, and the judged one of before.
        assert_eq!(store.count_old(Kept::Detections, Old::AllBut(5)).await.unwrap(), 5);
        assert_eq!(forgotten(store, Kept::Detections, Old::AllBut(5), 100).await, [5]);
        assert_eq!(count(store).await, 6);
        assert_eq!(forgotten(store, Kept::Judged, old, 100).await, [1]);
        assert!(store.feedback(&all[3].id).await.unwrap().is_empty());
        assert_eq!(store.feedback(&all[20].id).await.unwrap().len(), 1);
        let refused = store.forget_old(Kept::Tallies, Old::AllBut(5), 1).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "old", .. })));
    });
}

#[test]
fn counts_shadow_scores_and_features_go_by_their_time() {
    each(async |store| {
        let tally = |hour: i64| Tally {
            model_id: "m".to_owned(),
            arm: String::new(),
            hour: at(hour * 3600),
            predictions: 1,
            alerts: 0,
            errors: 0,
            seconds: 0.1,
        };
        store.add_tallies(&[tally(0), tally(1), tally(2)]).await.unwrap();
        let score = |second: i64| ShadowScore {
            at: at(second),
            prediction: format!("p{second}"),
            model_id: "m2".to_owned(),
            probability: 0.5,
            alert: false,
            active_id: "m".to_owned(),
            active_probability: 0.5,
            active_alert: false,
        };
        store.add_shadow_scores(&[score(1), score(2), score(9)]).await.unwrap();
        let (name, features) = ("hosts".to_owned(), vec!["a".to_owned()]);
        let view = FeatureView { name, features, time_to_live: None };
        store.define_view(&view, &change(1)).await.unwrap();
        let row = |second| FeatureRow {
            entity: "x".to_owned(),
            at: at(second),
            values: BTreeMap::from([("a".to_owned(), second as f64)]),
        };
        store.put_features("hosts", &[row(1), row(5)], &change(2)).await.unwrap();

        assert_eq!(forgotten(store, Kept::Tallies, Old::Before(at(3601)), 9).await, [2]);
        assert_eq!(store.tallies(&TallyFilter::default()).await.unwrap().len(), 1);
        assert_eq!(forgotten(store, Kept::ShadowScores, Old::Before(at(5)), 2).await, [2, 0]);
        assert_eq!(store.shadow_comparisons(at(0)).await.unwrap()[0].events, 1);
        assert_eq!(forgotten(store, Kept::FeatureRows, Old::Before(at(5)), 9).await, [1]);
        let points = [("x".to_owned(), at(2)), ("x".to_owned(), at(6))];
        let found = store.features_as_of("hosts", &points).await.unwrap();
        assert!(found[0].is_none() && found[1].is_some());
    });
}

#[test]
fn ended_jobs_and_runs_go_but_not_those_of_a_version_that_is_there() {
    each(async |store| {
        let mut jobs = Vec::new();
        for number in 0..3 {
            let (kind, spec) = ("training".to_owned(), "{}".to_owned());
            let new = NewJob { kind, priority: 0, spec, max_attempts: 1 };
            jobs.push(store.submit(&new, &change(number)).await.unwrap().id);
        }
        // Two have ended, the third waits.
        let mut runs = Vec::new();
        for (number, job) in jobs.iter().take(2).enumerate() {
            store.claim(at(1)).await.unwrap().unwrap();
            let run = NewRun {
                experiment: "m".to_owned(),
                job: Some(job.clone()),
                detector: "gradient_boosting".to_owned(),
                params: BTreeMap::new(),
                data: BTreeMap::new(),
            };
            let run = store.begin_run(&run, at(1)).await.unwrap();
            store.log_metrics(&run.id, 1, &[("f1".to_owned(), 0.5)]).await.unwrap();
            let artefact = Artefact {
                name: "report.html".to_owned(),
                blob: "b".to_owned(),
                digest: "d".to_owned(),
                bytes: 1,
            };
            store.end_run(&run.id, RunState::Finished, &[artefact], None, at(2)).await.unwrap();
            let outcome = Outcome::Completed { metrics: "{}".to_owned(), result: None };
            store.finish(job, &outcome, &change(2 + number as i64 * 10)).await.unwrap();
            runs.push(run.id);
        }
        let of_run = NewVersion { run: Some(runs[0].clone()), ..new_version("m") };
        let version = store.add_version(&of_run, &change(3)).await.unwrap();
        let old = Old::Before(at(10));
        assert_eq!(forgotten(store, Kept::Jobs, old, 9).await, [1]);
        let page = PageRequest::default();
        let left = store.jobs(&JobFilter::default(), &page).await.unwrap().items;
        assert_eq!(left.len(), 2);
        assert!(left.iter().all(|job| job.id != jobs[0]));
        assert_eq!(store.count_old(Kept::Runs, old).await.unwrap(), 1);
        assert_eq!(forgotten(store, Kept::Runs, old, 9).await, [1]);
        let left = store.runs(&RunFilter::default(), &page).await.unwrap().items;
        assert_eq!(left.iter().map(|run| &run.id).collect::<Vec<_>>(), [&runs[0]]);
        store.delete_version(&version.id, &change(4)).await.unwrap();
        assert_eq!(forgotten(store, Kept::Runs, old, 9).await, [1]);
        assert!(store.metric_history(&runs[0], "f1").await.unwrap().is_empty());
    });
}

#[test]
fn sessions_that_are_over_and_old_keys_go() {
    each(async |store| {
        let user = User {
            name: "ada".to_owned(),
            password: "hash".to_owned(),
            scopes: Scopes::parse(["read"]).unwrap(),
            created_at: at(0),
        };
        store.put_user(&user, &change(0)).await.unwrap();
        for (number, until) in [(1, 10), (2, 20)] {
            let session = Session {
                hash: [number; 32],
                user: "ada".to_owned(),
                created_at: at(0),
                expires_at: at(until),
            };
            store.add_session(&session, &change(1)).await.unwrap();
        }
        assert_eq!(forgotten(store, Kept::Sessions, Old::Before(at(15)), 9).await, [1]);
        assert!(store.session(&[2; 32], at(15)).await.unwrap().is_some());
        for (key, second) in [("old", 1), ("new", 12)] {
            let begun = store.begin("key:a", key, &[1; 32], None, at(second)).await.unwrap();
            assert_eq!(begun, Begun::New);
            let answer = StoredAnswer { status: 200, body: vec![] };
            store.complete("key:a", key, &answer).await.unwrap();
        }
        assert_eq!(forgotten(store, Kept::IdempotencyKeys, Old::Before(at(10)), 9).await, [1]);
        let begin = async |key: &str| store.begin("key:a", key, &[1; 32], None, at(13)).await;
        assert_eq!(begin("old").await.unwrap(), Begun::New);
        assert!(matches!(begin("new").await.unwrap(), Begun::Answered(_)));
    });
}
