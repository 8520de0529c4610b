//! Versions: numbers, states, deploys, rollbacks, aliases, experiments.

use tripline_store::MetadataError;
use tripline_store::records::{Experiment, ModelVersion, RollbackRule, Status, VersionFilter};

use super::{Metadata, at, change, each, new_version};

async fn add(store: &dyn Metadata, name: &str) -> String {
    store.add_version(&new_version(name), &change(1)).await.unwrap().id
}

async fn status(store: &dyn Metadata, id: &str) -> Status {
    store.version(id).await.unwrap().unwrap().status
}

fn conflict<T: std::fmt::Debug>(result: Result<T, MetadataError>) -> String {
    match result {
        Err(MetadataError::Conflict { reason, .. }) => reason,
        other => panic!("no conflict: {other:?}"),
    }
}

#[test]
fn the_next_version_is_the_next_minor_of_its_name() {
    each(async |store| {
        assert_eq!(add(store, "flow_detector").await, "flow_detector_v1.0.0");
        assert_eq!(add(store, "flow_detector").await, "flow_detector_v1.1.0");
        assert_eq!(add(store, "other").await, "other_v1.0.0");
        let mut asked = new_version("flow_detector");
        asked.version = Some("v2.9.3".to_owned());
        let version = store.add_version(&asked, &change(2)).await.unwrap();
        assert_eq!(
            (version.id.as_str(), version.version.as_str()),
            ("flow_detector_v2.9.3", "v2.9.3")
        );
        conflict(store.add_version(&asked, &change(2)).await);
        assert_eq!(add(store, "flow_detector").await, "flow_detector_v2.10.0");
        // A smaller number that was asked for does not lead back.
        asked.version = Some("v1.5.0".to_owned());
        store.add_version(&asked, &change(3)).await.unwrap();
        assert_eq!(add(store, "flow_detector").await, "flow_detector_v2.11.0");
        // The number of a deleted version is not given again.
        store.delete_version("flow_detector_v2.11.0", &change(4)).await.unwrap();
        assert!(store.version("flow_detector_v2.11.0").await.unwrap().is_none());
        assert_eq!(add(store, "flow_detector").await, "flow_detector_v2.12.0");
        asked.version = Some("v2.11.0".to_owned());
        conflict(store.add_version(&asked, &change(5)).await);
        for wrong in ["2.1.0", "v2", "v2.1.x", ""] {
            asked.version = Some(wrong.to_owned());
            let refused = store.add_version(&asked, &change(5)).await;
            assert!(matches!(refused, Err(MetadataError::Invalid { field: "version", .. })));
        }
        for wrong in ["", "Flow", "flow-detector", "../x", &"x".repeat(65)] {
            let refused = store.add_version(&new_version(wrong), &change(5)).await;
            assert!(matches!(refused, Err(MetadataError::Invalid { field: "name", .. })));
        }
    });
}

#[test]
fn a_version_comes_back_as_it_was_registered() {
    each(async |store| {
        let mut new = new_version("flow_detector");
        new.metrics.insert("f1_score".to_owned(), 0.1 + 0.2);
        new.card = r#"{"about": "\u0000 ü"}"#.to_owned();
        new.report = Some("reports/1".to_owned());
        new.signer = Some("ab".to_owned());
        new.canaries = Some("canaries/1".to_owned());
        new.parent = Some("flow_detector_v0.9.0".to_owned());
        new.job = Some("job-1".to_owned());
        new.run = Some("run-1".to_owned());
        let added = store.add_version(&new, &change(5)).await.unwrap();
        new.version = Some("v1.0.0".to_owned());
        let read = store.version(&added.id).await.unwrap().unwrap();
        let expected = ModelVersion {
            id: "flow_detector_v1.0.0".to_owned(),
            version: "v1.0.0".to_owned(),
            status: Status::Candidate,
            created_at: at(5),
            deployed_at: None,
            aliases: vec![],
            what: new.clone(),
        };
        assert_eq!(format!("{read:?}"), format!("{expected:?}"));
        assert_eq!(format!("{added:?}"), format!("{expected:?}"));
        // A job that is done again after a crash does not register twice.
        new.version = None;
        let again = store.add_version(&new, &change(9)).await.unwrap();
        assert_eq!(format!("{again:?}"), format!("{expected:?}"));
        new.metrics.insert("loss".to_owned(), f64::NAN);
        new.job = None;
        let refused = store.add_version(&new, &change(9)).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "metrics", .. })));
    });
}

#[test]
fn a_deploy_takes_the_place_of_the_one_before() {
    each(async |store| {
        let one = add(store, "flow_detector").await;
        let two = add(store, "flow_detector").await;
        let first = store.deploy(&one, &change(10)).await.unwrap();
        assert_eq!((first.active.as_str(), first.previous), (one.as_str(), None));
        let second = store.deploy(&two, &change(20)).await.unwrap();
        assert_eq!(
            (second.name.as_str(), second.previous.as_deref()),
            ("flow_detector", Some(one.as_str()))
        );
        assert_eq!(status(store, &one).await, Status::Archived);
        assert_eq!(status(store, &two).await, Status::Active);
        let filter = VersionFilter { status: Some(Status::Active), ..VersionFilter::default() };
        let active = store.versions(&filter).await.unwrap();
        assert_eq!(active.len(), 1);
        assert_eq!(active[0].deployed_at, Some(at(20)));
        // Again: nothing changes, nothing is written down.
        let head = store.head().await.unwrap();
        store.deploy(&two, &change(30)).await.unwrap();
        assert_eq!(store.head().await.unwrap(), head);
        assert_eq!(store.version(&two).await.unwrap().unwrap().deployed_at, Some(at(20)));
        assert!(matches!(
            store.deploy("flow_detector_v9.0.0", &change(30)).await,
            Err(MetadataError::NotFound { .. })
        ));
        let newest_first: Vec<_> = store
            .versions(&VersionFilter::default())
            .await
            .unwrap()
            .into_iter()
            .map(|v| v.id)
            .collect();
        assert_eq!(newest_first, [two, one]);
    });
}

#[test]
fn rollbacks_go_further_back_and_never_to_what_was_left() {
    each(async |store| {
        assert_eq!(
            conflict(store.roll_back("flow_detector", &change(0)).await),
            "no version of it is active"
        );
        let mut ids = Vec::new();
        for number in 0..4 {
            ids.push(add(store, "flow_detector").await);
            store.deploy(&ids[number], &change(number as i64)).await.unwrap();
        }
        let back = store.roll_back("flow_detector", &change(10)).await.unwrap();
        assert_eq!((back.active, back.previous), (ids[2].clone(), Some(ids[3].clone())));
        // A version deleted meanwhile is passed over.
        store.delete_version(&ids[1], &change(11)).await.unwrap();
        let back = store.roll_back("flow_detector", &change(12)).await.unwrap();
        assert_eq!(back.active, ids[0]);
        assert_eq!(
            conflict(store.roll_back("flow_detector", &change(13)).await),
            "no version was active before it"
        );
        // After a deploy the way back leads to what was active then.
        store.deploy(&ids[3], &change(14)).await.unwrap();
        let back = store.roll_back("flow_detector", &change(15)).await.unwrap();
        assert_eq!(back.active, ids[0]);
        let history = store.history("flow_detector").await.unwrap();
        let expected: Vec<_> = [(0, 15), (3, 14), (0, 12), (2, 10), (3, 3), (2, 2), (1, 1), (0, 0)]
            .into_iter()
            .map(|(version, second)| (ids[version].clone(), at(second)))
            .collect();
        assert_eq!(history, expected);
        assert_eq!(status(store, &ids[0]).await, Status::Active);
        assert_eq!(status(store, &ids[3]).await, Status::Archived);
    });
}

#[test]
fn a_status_is_set_but_for_what_answers() {
    each(async |store| {
        let one = add(store, "flow_detector").await;
        let two = add(store, "flow_detector").await;
        let shadow = store.set_status(&two, Status::Shadow, &change(1)).await.unwrap();
        assert_eq!(shadow.status, Status::Shadow);
        store.deploy(&one, &change(2)).await.unwrap();
        conflict(store.set_status(&one, Status::Archived, &change(3)).await);
        conflict(store.delete_version(&one, &change(3)).await);
        let wrong = store.set_status(&two, Status::Active, &change(3)).await;
        assert!(matches!(wrong, Err(MetadataError::Invalid { field: "status", .. })));
        store.deploy(&two, &change(4)).await.unwrap();
        conflict(store.set_status(&one, Status::Candidate, &change(5)).await);
        store.set_status(&one, Status::Shadow, &change(5)).await.unwrap();
        assert_eq!(status(store, &one).await, Status::Shadow);
    });
}

#[test]
fn an_alias_stands_for_a_version() {
    each(async |store| {
        let one = add(store, "flow_detector").await;
        let two = add(store, "flow_detector").await;
        store.set_alias("champion", Some(&one), &change(1)).await.unwrap();
        store.set_alias("best", Some("champion"), &change(1)).await.unwrap();
        let read = store.version("champion").await.unwrap().unwrap();
        assert_eq!(
            (read.id.as_str(), read.aliases),
            (one.as_str(), vec!["best".to_owned(), "champion".to_owned()])
        );
        store.set_alias("champion", Some(&two), &change(2)).await.unwrap();
        assert_eq!(store.version("champion").await.unwrap().unwrap().id, two);
        assert!(conflict(store.delete_version(&two, &change(3)).await).contains("champion"));
        // Deployed by its alias.
        assert_eq!(store.deploy("best", &change(3)).await.unwrap().active, one);
        store.set_alias("champion", None, &change(4)).await.unwrap();
        assert!(store.version("champion").await.unwrap().is_none());
        store.delete_version(&two, &change(5)).await.unwrap();
        conflict(store.set_alias(&one, Some(&one), &change(6)).await);
        let lost = store.set_alias("champion", Some("nothing"), &change(6)).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
        let lost = store.set_alias("champion", None, &change(6)).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
    });
}

#[test]
fn an_experiment_ends_with_a_deploy_and_holds_its_versions() {
    each(async |store| {
        let one = add(store, "flow_detector").await;
        let two = add(store, "flow_detector").await;
        let other = add(store, "other").await;
        let experiment = Experiment {
            name: "flow_detector".to_owned(),
            control: one.clone(),
            treatment: two.clone(),
            share: 0.1,
            salt: "s1".to_owned(),
            started_at: at(3),
        };
        let set = async |experiment: &Experiment| {
            store.set_experiment("flow_detector", Some(experiment), &change(3)).await
        };
        conflict(set(&experiment).await);
        store.deploy(&one, &change(2)).await.unwrap();
        for wrong in [
            Experiment { share: 0.0, ..experiment.clone() },
            Experiment { share: f64::NAN, ..experiment.clone() },
            Experiment { treatment: one.clone(), ..experiment.clone() },
            Experiment { treatment: other, ..experiment.clone() },
            Experiment { name: "other".to_owned(), ..experiment.clone() },
        ] {
            assert!(matches!(set(&wrong).await, Err(MetadataError::Invalid { .. })), "{wrong:?}");
        }
        set(&experiment).await.unwrap();
        assert_eq!(store.experiments().await.unwrap(), std::slice::from_ref(&experiment));
        conflict(store.set_status(&two, Status::Archived, &change(4)).await);
        conflict(store.delete_version(&two, &change(4)).await);
        let changed = Experiment { share: 0.5, salt: "s2".to_owned(), ..experiment.clone() };
        set(&changed).await.unwrap();
        assert_eq!(store.experiments().await.unwrap(), [changed]);
        store.deploy(&two, &change(5)).await.unwrap();
        assert_eq!(store.experiments().await.unwrap(), []);
        let none = store.set_experiment("flow_detector", None, &change(6)).await;
        assert!(matches!(none, Err(MetadataError::NotFound { .. })));
    });
}

#[test]
fn a_rollback_rule_stays_until_it_is_taken_away() {
    each(async |store| {
        let rule = RollbackRule {
            name: "flow_detector".to_owned(),
            max_error_rate: Some(0.01),
            max_p99_seconds: None,
            min_requests: 100,
            window_seconds: 60,
        };
        store.set_rollback_rule("flow_detector", Some(&rule), &change(1)).await.unwrap();
        assert_eq!(store.rollback_rules().await.unwrap(), std::slice::from_ref(&rule));
        let wrong = RollbackRule { max_error_rate: Some(f64::NAN), ..rule };
        let refused = store.set_rollback_rule("flow_detector", Some(&wrong), &change(1)).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { .. })));
        store.set_rollback_rule("flow_detector", None, &change(1)).await.unwrap();
        assert_eq!(store.rollback_rules().await.unwrap(), []);
    });
}
