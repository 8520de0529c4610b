//! Evaluation of a trainer whose figures can be foreseen.

use tripline_assess::bootstrap::{Bootstrap, BootstrapError};
use tripline_assess::evaluate::{
    EvaluateError, EvaluateOptions, Evaluation, Scored, Scores, Trained, Trainer, TrainerError,
    evaluate, evaluate_official, metrics_of,
};
use tripline_assess::protocol::{Protocol, holdout};
use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Column, Dataset, Labels, Progress, Silent, math};

use crate::tables::flows;

/// Scores a row by one column; its threshold comes from rows held out of training.
struct ByColumn(&'static str);

struct Fitted {
    column: &'static str,
    threshold: f64,
    validation: Scored,
}

impl Trainer for ByColumn {
    fn id(&self) -> &str {
        self.0
    }

    fn train(
        &self,
        train: &Dataset,
        seed: u64,
        _: &dyn Progress,
    ) -> Result<Box<dyn Trained>, TrainerError> {
        let parts = holdout(train, 0.3, seed).map_err(TrainerError::new)?;
        let held = train.select(&parts.validation);
        let labels = held.labels.clone().ok_or_else(|| TrainerError::new("no labels"))?;
        let scores = scores(self.0, &held)?;
        let rule = ThresholdRule::fpr(0.1).map_err(TrainerError::new)?;
        let chosen = rule.choose_supported(&scores.raw, &labels.attacks());
        let threshold = chosen.map_err(TrainerError::new)?.value;
        let validation = Scored::of(scores, labels, &held);
        Ok(Box::new(Fitted { column: self.0, threshold, validation }))
    }
}

impl Trained for Fitted {
    fn score(&self, data: &Dataset) -> Result<Scores, TrainerError> {
        scores(self.column, data)
    }

    fn threshold(&self) -> f64 {
        self.threshold
    }

    fn validation(&self) -> Option<&Scored> {
        Some(&self.validation)
    }

    fn fit_seconds(&self) -> f64 {
        0.5
    }

    fn importance(&self) -> Option<Vec<(String, f64)>> {
        Some(vec![("other".to_owned(), 0.0), (self.column.to_owned(), 1.0)])
    }
}

fn scores(column: &str, data: &Dataset) -> Result<Scores, TrainerError> {
    let raw = match data.rows.column(column) {
        Some(Column::Numeric(values)) => values.as_ref().clone(),
        _ => return Err(TrainerError::new(format!("column `{column}` is missing"))),
    };
    let probability = raw.iter().map(|&score| math::sigmoid(score)).collect();
    Ok(Scores { raw, probability, seconds: 0.01, classes: None })
}

fn options() -> EvaluateOptions {
    EvaluateOptions {
        bootstrap: Bootstrap { replicates: 200, ..Bootstrap::default() },
        ..EvaluateOptions::default()
    }
}

fn run(column: &'static str, data: &Dataset, protocol: Protocol) -> Evaluation {
    let splits = protocol.splits(data, 1).unwrap();
    evaluate(&ByColumn(column), data, &splits, &options(), &Silent).unwrap()
}

#[test]
fn folds_are_told_as_mean_with_values() {
    let data = flows(3000, 0.2, 6);
    let result = run("bytes", &data, Protocol::DuplicateGrouped { folds: 4 });
    let test = result.parts.test.as_ref().unwrap();
    assert_eq!((test.rows, result.splits.len(), test.thresholds.len()), (3000, 4, 4));
    let auc = test.metric("roc_auc").unwrap();
    let mean = auc.folds.iter().map(|fold| fold.unwrap()).sum::<f64>() / 4.0;
    assert_eq!(auc.value, Some(mean));
    let interval = auc.interval.unwrap();
    assert!(interval.low < mean && mean < interval.high);
    assert!(interval.high - interval.low < 0.06, "{interval:?}");
    // Counts are summed: every row is judged once.
    let counted = test.confusion.attacks() + test.confusion.benign();
    assert_eq!(counted, 3000.0);
    let families: usize = test.families.iter().map(|family| family.rows).sum();
    assert_eq!(families, test.attacks);
    // The budget set on held-out training rows holds about on test rows.
    assert!((test.value("fpr").unwrap() - 0.1).abs() < 0.03, "{:?}", test.value("fpr"));
    assert_eq!(result.importance.as_ref().unwrap()[0].0, "bytes");
    assert_eq!(result.pooled.raw.len(), 3000);
    assert_eq!(result.timing.fit_seconds, 2.0);
    assert!(result.parts.train.is_some() && result.parts.validation.is_some());
}

#[test]
fn machines_read_numbers_by_metric_id() {
    let data = flows(800, 0.0, 6);
    let result = run("bytes", &data, Protocol::DuplicateGrouped { folds: 2 });
    let json = serde_json::to_value(&result.parts).unwrap();
    assert!(json["test"]["roc_auc"]["mean"].is_f64());
    assert_eq!(json["test"]["roc_auc"]["values"].as_array().unwrap().len(), 2);
    // Too few benign rows for this rate.
    assert!(json["test"]["tpr_at_fpr_1e-4"]["mean"].is_null());
    let test = result.parts.test.as_ref().unwrap();
    assert_eq!(
        test.metric("tpr_at_fpr_1e-4").unwrap().missing,
        Some("needs attacks, at least 10000 benign rows")
    );
    let one =
        evaluate_official(&ByColumn("bytes"), &data, &flows(500, 0.0, 7), &options(), &Silent)
            .unwrap();
    let json = serde_json::to_value(&one.parts).unwrap();
    assert!(json["test"]["roc_auc"].is_f64());
    assert!(json["test"]["intervals"]["roc_auc"]["low"].is_f64());
    assert!(json["test"]["detection_time_ms"].is_f64());
    assert!(json["test"]["intervals"]["detection_time_ms"].is_null());
    let none = evaluate_official(
        &ByColumn("bytes"),
        &data,
        &data,
        &EvaluateOptions { train_metrics: false, ..options() },
        &Silent,
    )
    .unwrap();
    assert!(serde_json::to_value(&none.parts).unwrap().get("train").is_none());
    assert_eq!(none.splits[0].repeated, 800);
}

#[test]
fn models_are_compared_row_for_row() {
    let data = flows(3000, 0.0, 6);
    let protocol = Protocol::DuplicateGrouped { folds: 3 };
    let (bytes, packets) = (run("bytes", &data, protocol), run("packets", &data, protocol));
    let difference = bytes.difference(&packets, "roc_auc").unwrap();
    // Both columns carry the same shift, `packets` three times as large with as much noise.
    let interval = difference.interval.unwrap();
    assert!(interval.low < difference.value && difference.value < interval.high);
    assert!(interval.low < 0.0 && interval.high > 0.0, "{difference:?}");
    let other = run("packets", &flows(3000, 0.0, 7), protocol);
    assert_eq!(bytes.difference(&other, "roc_auc"), Err(BootstrapError::NotPaired));
    assert!(bytes.difference(&packets, "auk").is_err());
}

#[test]
fn a_left_out_family_is_judged_alone() {
    let data = flows(3000, 0.0, 6);
    let result = run("bytes", &data, Protocol::LeaveOneFamilyOut { benign_holdout: 0.3 });
    for split in &result.splits {
        assert_eq!(split.test.families.len(), 1);
        assert_eq!(Some(&split.test.families[0].family), split.test_family.as_ref());
    }
}

#[test]
fn failures_name_model_with_split() {
    let data = flows(200, 0.0, 6);
    let splits = Protocol::DuplicateGrouped { folds: 2 }.splits(&data, 1).unwrap();
    let error = evaluate(&ByColumn("ports"), &data, &splits, &options(), &Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ports: training on `fold 1 of 2` failed: column `ports` is missing"
    );
    let error = evaluate(&ByColumn("bytes"), &data, &[], &options(), &Silent).unwrap_err();
    assert!(matches!(error, EvaluateError::NoSplit));
    let unlabelled = Dataset { labels: None, ..data.clone() };
    let error = evaluate(&ByColumn("bytes"), &unlabelled, &splits, &options(), &Silent);
    assert!(error.unwrap_err().to_string().contains("--label COLUMN --benign VALUE"));
    struct Never;
    impl Progress for Never {
        fn step(&self, _: &str, _: u64, _: u64) {}
        fn go_on(&self) -> bool {
            false
        }
    }
    let error = evaluate(&ByColumn("bytes"), &data, &splits, &options(), &Never).unwrap_err();
    assert!(matches!(error, EvaluateError::Cancelled));
}

#[test]
fn scores_that_are_no_numbers_are_errors() {
    let data = flows(10, 0.0, 6);
    let labels = data.labels.clone().unwrap();
    let bad = Scored::new(vec![f64::NAN; 10], vec![0.5; 10], labels.clone());
    let error = metrics_of(&bad, 0.5, &options()).unwrap_err();
    assert_eq!(error.to_string(), "the score of row 0 is not a number");
    let bad = Scored::new(vec![0.5; 10], vec![1.5; 10], labels.clone());
    let error = metrics_of(&bad, 0.5, &options()).unwrap_err();
    assert_eq!(error.to_string(), "the probability of row 0 lies outside 0 to 1");
    let bad = Scored::new(vec![0.5; 9], vec![0.5; 9], labels);
    let error = metrics_of(&bad, 0.5, &options()).unwrap_err();
    assert_eq!(error.to_string(), "labels has length 10, expected 9");
}

#[test]
fn a_part_without_rows_has_no_figures_but_no_panic() {
    let data = flows(10, 0.0, 6).select(&[]);
    let empty = Scored::new(vec![], vec![], data.labels.unwrap());
    let part = metrics_of(&empty, 0.5, &options()).unwrap();
    assert_eq!((part.rows, part.value("roc_auc"), part.value("accuracy")), (0, None, None));
}

#[test]
fn a_rate_of_nothing_is_not_certain() {
    let labels = Labels::binary(&(0..120).map(|row| row < 20).collect::<Vec<_>>());
    let raw: Vec<f64> = (0..120).map(|row| if row < 20 { 0.9 } else { 0.1 }).collect();
    let part = metrics_of(&Scored::new(raw.clone(), raw, labels), 0.5, &options()).unwrap();
    let fpr = part.metric("fpr").unwrap();
    // SciPy 1.17.1: binomtest(0, 100).proportion_ci(method="wilson").high
    let high = fpr.interval.unwrap().high;
    assert_eq!((fpr.value, fpr.interval.unwrap().low), (Some(0.0), 0.0));
    assert!((high - 0.036_993_498_206_985_68).abs() < 1e-12, "{high}");
    let recall = part.metric("recall").unwrap().interval.unwrap();
    assert!(recall.low < 0.85 && recall.high == 1.0, "{recall:?}");
}

#[test]
fn intervals_of_repeated_rows_draw_groups() {
    let data = flows(4000, 0.6, 6);
    let protocol = Protocol::DuplicateGrouped { folds: 2 };
    let splits = protocol.splits(&data, 1).unwrap();
    let run = |group_duplicates| {
        let options = EvaluateOptions { group_duplicates, ..options() };
        let result = evaluate(&ByColumn("bytes"), &data, &splits, &options, &Silent).unwrap();
        let test = result.parts.test.unwrap();
        let interval = test.metric("roc_auc").unwrap().interval.unwrap();
        (test.resampled, interval.high - interval.low)
    };
    let ((by_groups, wide), (by_rows, narrow)) = (run(true), run(false));
    assert_eq!((by_groups, by_rows), (Some("groups of equal rows"), Some("rows")));
    assert!(wide > 1.3 * narrow, "{wide} against {narrow}");
}

#[test]
fn folds_without_a_false_alarm_are_not_certain_either() {
    // Attacks far above all benign rows.
    let mut data = flows(400, 0.0, 6);
    let attacks = data.labels.as_ref().unwrap().attacks();
    let far = attacks.iter().enumerate().map(|(row, &attack)| {
        let base = if attack { 1e3 } else { 0.0 };
        base + f64::from(row as u32) * 1e-3
    });
    data = crate::tables::dataset(vec![("far", Column::numeric(far.collect()))], data.labels);
    let result = run("far", &data, Protocol::DuplicateGrouped { folds: 2 });
    let recall = result.parts.test.as_ref().unwrap().metric("recall").unwrap().clone();
    let interval = recall.interval.unwrap();
    assert_eq!(recall.value, Some(1.0));
    assert!(interval.low < 0.99 && interval.high == 1.0, "{interval:?}");
}
