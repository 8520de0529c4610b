//! What is written down, and what happens when too much is to be.

use std::time::Duration;

use tripline_engine::service::{OnFull, ServiceError, ServiceSettings};
use tripline_store::records::{DetectionFilter, TallyFilter};

use super::{ask, ready};

fn narrow(folder: &std::path::Path, on_full: OnFull) -> ServiceSettings {
    let mut settings = ServiceSettings::new(folder);
    settings.queue = 5;
    settings.on_full = on_full;
    settings.commit_every = Duration::from_millis(300);
    settings
}

#[tokio::test]
async fn a_full_queue_refuses_or_drops_as_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(narrow(folder.path(), OnFull::Refuse)).await;
    let answers: Vec<_> = (0..8).map(|_| ask(&service, 4.0)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    assert!(matches!(answers[7], Err(ServiceError::Busy { waiting: 5 })));
    for answer in answers.iter().flatten() {
        service.stored(answer).await.unwrap();
    }
    let filter = DetectionFilter::default();
    assert_eq!(service.store().count_detections(&filter).await.unwrap(), 5);
    assert!(ask(&service, 4.0).is_ok(), "there is room again");
    service.shut_down().await;
    let counts = service.counts();
    assert_eq!((counts.written, counts.refused, counts.dropped, counts.waiting), (6, 3, 0, 0));

    let folder = tempfile::tempdir().unwrap();
    let service = ready(narrow(folder.path(), OnFull::Drop)).await;
    let answers: Vec<_> = (0..8).map(|_| ask(&service, 4.0).unwrap()).collect();
    let kept = answers.iter().filter(|answer| answer.detection.is_some()).count();
    service.shut_down().await;
    let counts = service.counts();
    assert_eq!((kept, counts.written, counts.dropped), (5, 5, 3));
}

#[tokio::test]
async fn many_detections_are_few_commits_and_every_answer_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let mut last = None;
    for number in 0..3000 {
        let answer = ask(&service, if number % 10 == 0 { 4.0 } else { 0.0 }).unwrap();
        last = answer.detection.is_some().then_some(answer).or(last);
    }
    service.stored(&last.unwrap()).await.unwrap();
    service.shut_down().await;
    let counts = service.counts();
    assert_eq!(counts.written, 300);
    assert!(counts.commits <= 60, "{} commits", counts.commits);
    let tallies = service.store().tallies(&TallyFilter::default()).await.unwrap();
    let sum = tallies.iter().fold((0, 0), |sum, t| (sum.0 + t.predictions, sum.1 + t.alerts));
    assert_eq!(sum, (3000, 300));
    assert!(tallies.iter().all(|tally| tally.hour.0 % 3_600_000_000 == 0));
}
