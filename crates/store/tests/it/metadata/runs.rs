//! Runs: figures by step, artefacts, a second attempt.

use std::collections::BTreeMap;

use tripline_store::MetadataError;
use tripline_store::records::{Artefact, NewRun, PageRequest, RunFilter, RunState};

use super::{at, each};

fn new_run(experiment: &str, job: Option<&str>) -> NewRun {
    NewRun {
        experiment: experiment.to_owned(),
        job: job.map(str::to_owned),
        detector: "gradient_boosting".to_owned(),
        params: BTreeMap::from([("trees".to_owned(), "300".to_owned())]),
        data: BTreeMap::from([("training".to_owned(), r#"{"rows":5}"#.to_owned())]),
    }
}

fn metrics(values: &[(&str, f64)]) -> Vec<(String, f64)> {
    values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[test]
fn the_last_value_of_a_figure_stands_for_it_and_all_are_kept() {
    each(async |store| {
        let run = store.begin_run(&new_run("flow_detector", None), at(1)).await.unwrap();
        store
            .log_metrics(&run.id, 2, &metrics(&[("loss", f64::INFINITY), ("auc", 0.1 + 0.2)]))
            .await
            .unwrap();
        store.log_metrics(&run.id, 0, &metrics(&[("loss", 1.0)])).await.unwrap();
        store.log_metrics(&run.id, 1, &metrics(&[("loss", f64::NAN)])).await.unwrap();
        store.log_metrics(&run.id, 1, &metrics(&[("auc", 0.5)])).await.unwrap();
        let history = store.metric_history(&run.id, "loss").await.unwrap();
        assert_eq!(format!("{history:?}"), "[(0, 1.0), (1, NaN), (2, inf)]");
        let history = store.metric_history(&run.id, "auc").await.unwrap();
        assert_eq!(history, [(1, 0.5), (2, 0.1 + 0.2)]);
        let artefacts = [Artefact {
            name: "report.html".to_owned(),
            blob: "reports/1".to_owned(),
            digest: "ab".to_owned(),
            bytes: 1 << 33,
        }];
        let end = store.end_run(&run.id, RunState::Finished, &artefacts, Some("m_v1.0.0"), at(9));
        end.await.unwrap();
        let read = store.run(&run.id).await.unwrap().unwrap();
        assert_eq!(
            read.metrics,
            metrics(&[("auc", 0.1 + 0.2), ("loss", f64::INFINITY)]).into_iter().collect()
        );
        assert_eq!(read.artefacts, artefacts);
        assert_eq!((read.state, read.ended_at), (RunState::Finished, Some(at(9))));
        assert_eq!(read.model_id.as_deref(), Some("m_v1.0.0"));
        let what = new_run("flow_detector", None);
        assert_eq!(format!("{:?}", read.what), format!("{what:?}"));
        let late = store.log_metrics(&run.id, 3, &metrics(&[("loss", 0.0)])).await;
        assert!(matches!(late, Err(MetadataError::Conflict { .. })));
        let lost = store.log_metrics("run-none", 3, &[]).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
    });
}

#[test]
fn a_second_attempt_gets_the_run_of_the_first_emptied() {
    each(async |store| {
        let first = store.begin_run(&new_run("flow_detector", Some("job-1")), at(1)).await.unwrap();
        store.log_metrics(&first.id, 0, &metrics(&[("loss", 1.0)])).await.unwrap();
        store.end_run(&first.id, RunState::Failed, &[], None, at(2)).await.unwrap();
        let second = store.begin_run(&new_run("other", Some("job-1")), at(3)).await.unwrap();
        assert_eq!(second.id, first.id);
        assert_eq!(
            (second.state, second.started_at, second.ended_at),
            (RunState::Running, at(3), None)
        );
        assert!(second.metrics.is_empty());
        assert_eq!(second.what.experiment, "other");
        let no_job = store.begin_run(&new_run("other", None), at(4)).await.unwrap();
        let no_job_either = store.begin_run(&new_run("other", None), at(4)).await.unwrap();
        assert_ne!(no_job.id, no_job_either.id);
        let filter = RunFilter { experiment: Some("other".to_owned()), detector: None };
        let page = PageRequest { limit: 2, after: None };
        let part = store.runs(&filter, &page).await.unwrap();
        let ids: Vec<_> = part.items.iter().map(|run| run.id.clone()).collect();
        assert_eq!(ids, [no_job_either.id, no_job.id]);
        let page = PageRequest { limit: 2, after: part.next };
        let part = store.runs(&filter, &page).await.unwrap();
        assert_eq!((part.items[0].id.as_str(), part.next), (first.id.as_str(), None));
        let filter = RunFilter { detector: Some("knn".to_owned()), ..RunFilter::default() };
        assert!(store.runs(&filter, &PageRequest::default()).await.unwrap().items.is_empty());
    });
}
