//! A detector has the abilities that its card lists, no others.

use tripline_core::{Classes, Detector, FitContext, Silent, Task, Validation};

use crate::sample::Sample;
use crate::subject::{Fit, Subject, same};

/// Rounding of a sum over classes.
const TOLERANCE: f64 = 1e-9;

pub(crate) fn check(subject: &Subject) {
    let abilities = subject.card.abilities;
    let sample = subject.sample(400, 19);
    let mut detector = subject.fit(&sample, Task::Binary);
    assert_eq!(
        detector.explain().is_some(),
        abilities.explain,
        "`explain` is not as the card says"
    );
    let importance = detector.importance();
    assert_eq!(importance.is_some(), abilities.importance, "`importance` is not as the card says");
    if let Some(importance) = importance {
        let values = importance.importance();
        assert_eq!(values.len(), detector.schema().len(), "not one importance for each column");
        let valid = values.iter().all(|value| value.is_finite() && *value >= 0.0);
        assert!(valid, "importances {values:?}");
        assert!(values.iter().any(|&value| value > 0.0), "no column has any importance");
    }

    let online = detector.online().is_some();
    assert_eq!(online, abilities.online, "`online` is not as the card says");
    if online {
        further_rows(subject, &sample, detector);
    }
    if abilities.multiclass {
        subject.at("telling classes apart");
        let detector = subject.fit(&sample, Task::Multiclass);
        let classes = detector.classes().expect("the card says that it tells classes apart");
        probabilities(subject, &sample, detector.as_ref(), classes);
    }
    if abilities.early_stopping {
        subject.at("stopping early");
        let part = subject.sample(200, 20);
        let frame = part.frame();
        let training = subject.training(&sample);
        let labels = subject.supervised().then_some(&training.labels);
        let validation = Some(Validation { frame: &frame, labels: &part.labels, weights: None });
        let detector = subject
            .try_fit(&training.frame(), Fit { labels, validation, ..Fit::default() })
            .unwrap_or_else(|error| panic!("a validation part is refused: {error}"));
        subject.scores(detector.as_ref(), &frame);
    }
}

/// Learns from more rows twice; both times the same must come out.
fn further_rows(subject: &Subject, sample: &Sample, first: Box<dyn Detector>) {
    subject.at("learning from further rows");
    let further = subject.training(&subject.sample(200, 21));
    let labels = subject.supervised().then_some(&further.labels);
    let context = FitContext {
        labels,
        weights: None,
        validation: None,
        task: Task::Binary,
        seed: 7,
        progress: &Silent,
    };
    let before = first.save().to_bytes();
    let mut after = Vec::new();
    for mut detector in [first, subject.fit(sample, Task::Binary)] {
        let online = detector.online().expect("the ability checked above");
        if let Err(error) = online.partial_fit(&further.frame(), &context) {
            panic!("further rows are refused: {error}");
        }
        subject.scores(detector.as_ref(), &sample.frame());
        after.push(detector.save().to_bytes());
    }
    subject.at("scoring each row, then learning from it");
    let part = further.select(&(0..60).collect::<Vec<_>>());
    let mut together = subject.fit(sample, Task::Binary);
    let mut apart = subject.fit(sample, Task::Binary);
    let labels = subject.supervised().then_some(&part.labels);
    let context = FitContext { labels, ..context };
    let online = together.online().expect("the ability checked above");
    let scores = online
        .test_then_train(&part.frame(), &context)
        .unwrap_or_else(|error| panic!("further rows are refused: {error}"));
    let mut one_by_one = Vec::new();
    for row in 0..part.labels.len() {
        let one = part.select(&[row]);
        one_by_one.extend(subject.scores(apart.as_ref(), &one.frame()));
        let labels = subject.supervised().then_some(&one.labels);
        let context = FitContext { labels, ..context };
        let online = apart.online().expect("the ability checked above");
        if let Err(error) = online.partial_fit(&one.frame(), &context) {
            panic!("a further row is refused: {error}");
        }
    }
    same("scoring before learning, against one row after the other", &one_by_one, &scores);
    assert!(
        together.save().to_bytes() == apart.save().to_bytes(),
        "learning row by row gives other bytes than scoring before learning"
    );
    assert!(after[0] != before, "further rows change nothing");
    assert!(after[0] == after[1], "the same further rows give other bytes");
}

fn probabilities(
    subject: &Subject,
    sample: &Sample,
    detector: &dyn Detector,
    classes: &dyn Classes,
) {
    assert_eq!(classes.names(), sample.labels.classes().as_slice(), "other class names");
    let count = classes.names().len();
    let values = classes
        .probabilities(&sample.frame())
        .unwrap_or_else(|error| panic!("no probabilities: {error}"));
    assert_eq!(values.len(), sample.labels.len() * count, "not one probability for each class");
    for (row, parts) in values.chunks_exact(count).enumerate() {
        let sum: f64 = parts.iter().sum();
        assert!((sum - 1.0).abs() < TOLERANCE, "row {row}: probabilities sum to {sum}");
        assert!(parts.iter().all(|p| (0.0..=1.0).contains(p)), "row {row}: {parts:?}");
    }
    // The score orders rows as the probability of being no benign row does.
    let scores = subject.scores(detector, &sample.frame());
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    for pair in order.windows(2) {
        let [lower, higher] = [pair[0], pair[1]].map(|row| 1.0 - values[row * count]);
        assert!(
            higher >= lower - TOLERANCE,
            "row {} scores above row {}, its probability of an attack is lower",
            pair[1],
            pair[0]
        );
    }
    let hits = values
        .chunks_exact(count)
        .zip(sample.labels.codes())
        .filter(|(parts, code)| {
            let best = (0..count).max_by(|&a, &b| parts[a].total_cmp(&parts[b]));
            best == Some(**code as usize)
        })
        .count();
    // Two thirds of the rows are benign: guessing that alone would be right there.
    assert!(hits * 3 > scores.len() * 2, "only {hits} of {} classes are right", scores.len());
}
