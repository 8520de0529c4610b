//! What is old is forgotten by the service itself, and said so.

use std::sync::Arc;
use std::time::Duration;

use tripline_core::verdict::Severity;
use tripline_engine::service::{Clock, RetentionSettings, Service, ServiceSettings};
use tripline_store::Timestamp;
use tripline_store::records::{DetectionFilter, Feedback, Judgement, Kept, NewDetection};

use super::by;

const DAY: i64 = 86_400_000_000;
/// Some time in 2025.
const NOW: i64 = 1_760_000_000_000_000;

async fn open(folder: &std::path::Path, retention: RetentionSettings) -> Arc<Service> {
    let mut settings = ServiceSettings::new(folder);
    settings.clock = Clock::from_fn(|| Timestamp(NOW));
    settings.retention = retention;
    Service::open(settings, &[]).await.unwrap()
}

/// Detections of so many days ago, each with an event of that many bytes.
async fn fill(service: &Service, count: usize, days: i64, bytes: usize) {
    let new = |number| NewDetection {
        id: format!("det-{days}-{number}"),
        at: Timestamp(NOW - days * DAY),
        task: "flow".to_owned(),
        entity: None,
        model_id: "m_v1.0.0".to_owned(),
        arm: None,
        kind: "dos".to_owned(),
        severity: Severity::High,
        probability: 0.9,
        score: 1.0,
        threshold: 0.5,
        risk: 90,
        action: "block_ip".to_owned(),
        techniques: Vec::new(),
        reasons: "[]".to_owned(),
        event: format!("\"{}\"", "x".repeat(bytes)),
        request: None,
    };
    let all: Vec<_> = (0..count).map(new).collect();
    service.store().add_detections(&all).await.unwrap();
}

async fn judge(service: &Service, detection: &str) {
    let feedback = Feedback {
        id: format!("fbk-{detection}"),
        detection: detection.to_owned(),
        judgement: Judgement::FalsePositive,
        label: None,
        comment: None,
        actor: "user:ada".to_owned(),
        at: Timestamp(NOW),
    };
    service.store().add_feedback(&feedback, &by("user:ada")).await.unwrap();
}

async fn left(service: &Service) -> u64 {
    service.store().count_detections(&DetectionFilter::default()).await.unwrap()
}

/// Objects and details of what the trail says was forgotten.
async fn entries(service: &Service) -> Vec<(String, String)> {
    let all = service.store().entries_from(0, 1000).await.unwrap();
    let forgotten = all.into_iter().filter(|entry| entry.action == "data.forget");
    forgotten.map(|entry| (entry.object, entry.detail)).collect()
}

#[tokio::test]
async fn what_is_older_than_the_settings_allow_goes_but_not_what_people_judged() {
    let folder = tempfile::tempdir().unwrap();
    let service = open(folder.path(), RetentionSettings::default()).await;
    // More than one part.
    fill(&service, 4100, 91, 10).await;
    fill(&service, 7, 89, 10).await;
    judge(&service, "det-91-5").await;
    let forgotten = service.forget_old().await.unwrap();
    assert_eq!((forgotten.of(Kept::Detections), forgotten.of(Kept::Judged)), (4099, 0));
    assert_eq!(left(&service).await, 8);
    let told = entries(&service).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "detections");
    assert!(told[0].1.contains(r#""rows":4099"#), "{}", told[0].1);
    assert_eq!(service.counts().forgotten, forgotten);
    // Nothing is left to forget, so nothing is told.
    assert_eq!(service.forget_old().await.unwrap().of(Kept::Detections), 0);
    assert_eq!(entries(&service).await.len(), 1);
    service.shut_down().await;
}

#[tokio::test]
async fn what_people_judged_goes_where_the_settings_say_so_and_never_means_never() {
    let folder = tempfile::tempdir().unwrap();
    let judged = Some(Duration::from_secs(86_400 * 30));
    let never = RetentionSettings { detections: None, judged, ..RetentionSettings::default() };
    let service = open(folder.path(), never).await;
    fill(&service, 10, 5000, 10).await;
    judge(&service, "det-5000-1").await;
    let forgotten = service.forget_old().await.unwrap();
    assert_eq!((forgotten.of(Kept::Detections), forgotten.of(Kept::Judged)), (0, 1));
    assert_eq!(left(&service).await, 9);
    assert_eq!(entries(&service).await[0].0, "judged_detections");
    service.shut_down().await;
}

#[tokio::test]
async fn a_flood_does_not_fill_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let few = RetentionSettings { max_detections: Some(50), ..RetentionSettings::default() };
    let service = open(folder.path(), few).await;
    fill(&service, 300, 1, 10).await;
    judge(&service, "det-1-3").await;
    assert_eq!(service.keep_bounds().await.unwrap().of(Kept::Detections), 249);
    assert_eq!(left(&service).await, 51);
    assert_eq!(entries(&service).await.len(), 1);
    service.shut_down().await;
    drop(service);

    let folder = tempfile::tempdir().unwrap();
    let most = 12 << 20;
    let small =
        RetentionSettings { max_database_bytes: Some(most), ..RetentionSettings::default() };
    let service = open(folder.path(), small).await;
    fill(&service, 1000, 2, 3000).await;
    assert_eq!(service.keep_bounds().await.unwrap().of(Kept::Detections), 0, "still room");
    fill(&service, 3000, 1, 3000).await;
    let used = async || service.store().bytes_in_use().await.unwrap();
    assert!(used().await > most);
    assert!(service.keep_bounds().await.unwrap().of(Kept::Detections) >= 2000);
    assert!(used().await <= most);
    // The oldest went, the youngest are there.
    assert!(service.store().detection("det-2-0").await.unwrap().is_none());
    assert!(service.store().detection("det-1-2999").await.unwrap().is_some());
    assert!(entries(&service).await[0].1.contains("bytes of the database are in use"));
    service.shut_down().await;
}

#[tokio::test]
async fn others_write_while_much_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let service = open(folder.path(), RetentionSettings::default()).await;
    fill(&service, 40_000, 100, 300).await;
    let forgetting = tokio::spawn({
        let service = service.clone();
        async move { service.forget_old().await.unwrap().of(Kept::Detections) }
    });
    let mut written = 0;
    let mut longest = Duration::ZERO;
    while !forgetting.is_finished() {
        let begin = std::time::Instant::now();
        fill(&service, 1, -written, 10).await;
        longest = longest.max(begin.elapsed());
        written += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(forgetting.await.unwrap(), 40_000);
    // One transaction for all of them would let in nobody.
    assert!(written > 10, "{written} written meanwhile, the slowest in {longest:?}");
    service.shut_down().await;
}
