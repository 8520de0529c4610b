//! The same seed gives the same bytes on any number of threads.

use tripline_core::Task;

use crate::subject::{Subject, same};

/// More rows than one block of any detector, so that work is really shared among threads.
const ROWS: usize = 5000;

pub(crate) fn check(subject: &Subject) {
    let sample = subject.sample(ROWS, 1);
    let tasks: &[Task] = if subject.card.abilities.multiclass {
        &[Task::Binary, Task::Multiclass]
    } else {
        &[Task::Binary]
    };
    for &task in tasks {
        let run = |threads: usize| {
            subject.at(&format!("{task:?} on {threads} threads"));
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a pool of a few threads");
            pool.install(|| {
                let detector = subject.fit(&sample, task);
                let scores = subject.scores(detector.as_ref(), &sample.frame());
                (detector.save().to_bytes(), scores)
            })
        };
        let (bytes, scores) = run(1);
        for threads in [1, 3] {
            let (again, scores_again) = run(threads);
            assert!(bytes == again, "another fit on {threads} threads saves other bytes");
            same("scores of another fit", &scores, &scores_again);
        }
    }
}
