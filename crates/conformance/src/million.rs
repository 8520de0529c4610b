//! A million rows are scored.

use tripline_core::Task;

use crate::subject::{Subject, same};

const ROWS: usize = 1_000_000;

pub(crate) fn check(subject: &Subject) {
    let sample = subject.sample(400, 11);
    let detector = subject.fit(&sample, Task::Binary);
    let scores = subject.scores(detector.as_ref(), &sample.frame());
    let index: Vec<usize> = (0..ROWS).map(|row| row % sample.labels.len()).collect();
    let frame = sample.frame().select(&index);
    subject.at("scoring a million rows");
    let many = subject.scores(detector.as_ref(), &frame);
    for chunk in many.chunks_exact(scores.len()) {
        same("among a million rows", &scores, chunk);
    }
}
