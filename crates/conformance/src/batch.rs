//! A batch scores as its rows one by one.

use tripline_core::Task;

use crate::subject::{Subject, same};

pub(crate) fn check(subject: &Subject) {
    let detector = subject.fit(&subject.sample(400, 3), Task::Binary);
    let frame = subject.sample(1500, 4).frame();
    let scores = subject.scores(detector.as_ref(), &frame);

    subject.at("scoring rows one by one");
    let single: Vec<f64> = (0..frame.len())
        .map(|row| subject.scores(detector.as_ref(), &frame.select(&[row]))[0])
        .collect();
    same("one by one", &scores, &single);

    for size in [3, 64, 257, 1024] {
        subject.at(&format!("scoring in batches of {size}"));
        let index: Vec<usize> = (0..frame.len()).collect();
        let batched: Vec<f64> = index
            .chunks(size)
            .flat_map(|chunk| subject.scores(detector.as_ref(), &frame.select(chunk)))
            .collect();
        same("in batches", &scores, &batched);
    }

    subject.at("scoring rows in reverse order");
    let index: Vec<usize> = (0..frame.len()).rev().collect();
    let mut reversed = subject.scores(detector.as_ref(), &frame.select(&index));
    reversed.reverse();
    same("in reverse order", &scores, &reversed);
}
