//! Labels, weights, validation that do not go with the frame are an error, never a panic.

use std::sync::atomic::{AtomicU64, Ordering};

use tripline_core::{FitError, Frame, Labels, Progress, Rows, Supervision, Task, Validation};

use crate::subject::{Fit, Subject};

pub(crate) fn check(subject: &Subject) {
    let sample = subject.sample(240, 10);
    if subject.supervised() {
        labels(subject, &sample.frame(), &sample.labels);
    }
    let training = subject.training(&sample);
    let frame = training.frame();
    let labels = subject.supervised().then_some(&training.labels);
    let base = Fit { labels, ..Fit::default() };

    if subject.card.abilities.weights {
        let negative = vec![-1.0; frame.len()];
        let missing = vec![f64::NAN; frame.len()];
        let zero = vec![0.0; frame.len()];
        for (what, weights) in [
            ("too few weights", &negative[1..]),
            ("negative weights", &negative),
            ("weights that are NaN", &missing),
            ("weights that are all 0", &zero),
        ] {
            subject.at(&format!("fitting with {what}"));
            let outcome = subject.try_fit(&frame, Fit { weights: Some(weights), ..base });
            assert!(outcome.is_err(), "{what} are taken");
        }
    }

    let no_columns = Frame::Rows(Rows::new(Vec::new()).expect("no columns"));
    let empty = sample.select(&[]);
    let empty_frame = empty.frame();
    for (what, part, part_labels) in [
        ("empty", &empty_frame, &empty.labels),
        ("without columns", &no_columns, &empty.labels),
        ("of other length than its labels", &empty_frame, &sample.labels),
    ] {
        subject.at(&format!("fitting with a validation part {what}"));
        let validation = Some(Validation { frame: part, labels: part_labels, weights: None });
        if let Ok(detector) = subject.try_fit(&frame, Fit { validation, ..base }) {
            subject.scores(detector.as_ref(), &sample.frame());
        }
    }

    subject.at("fitting told to stop");
    let watch = Watch { most: AtomicU64::new(0) };
    match subject.try_fit(&frame, Fit { progress: &watch, ..base }) {
        // Work too short to ask is done before it could stop.
        Ok(_) | Err(FitError::Cancelled) => {}
        Err(other) => panic!("being told to stop gives another error: {other}"),
    }
    assert_eq!(watch.most.load(Ordering::Relaxed), 0, "more steps done than there are");
}

fn labels(subject: &Subject, frame: &Frame, labels: &Labels) {
    // Benign rows alone are enough for a method that may do without labels.
    let optional = subject.card.supervision == Supervision::Optional;
    subject.at("fitting without labels");
    if let Ok(detector) = subject.try_fit(frame, Fit::default()) {
        assert!(optional, "no labels are needed");
        subject.scores(detector.as_ref(), frame);
    }

    subject.at("fitting with too few labels");
    let few = labels.select(&[0, 1, 2, 3, 4]);
    let outcome = subject.try_fit(frame, Fit { labels: Some(&few), ..Fit::default() });
    assert!(outcome.is_err(), "labels for five rows are taken");

    for code in [0, 1] {
        subject.at(&format!("fitting to class {code} alone"));
        let one = Labels::new(labels.classes().as_ref().clone(), vec![code; frame.len()])
            .expect("codes below the number of classes");
        for task in [Task::Binary, Task::Multiclass] {
            let outcome =
                subject.try_fit(frame, Fit { labels: Some(&one), task, ..Fit::default() });
            if let Ok(detector) = outcome {
                assert!(optional && code == 0, "one class alone is fitted");
                subject.scores(detector.as_ref(), frame);
            }
        }
    }
}

/// Says stop at once; counts steps beyond the total.
struct Watch {
    most: AtomicU64,
}

impl Progress for Watch {
    fn step(&self, _task: &str, done: u64, total: u64) {
        if done > total {
            self.most.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn go_on(&self) -> bool {
        false
    }
}
