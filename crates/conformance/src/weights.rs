//! Weights of whole numbers equal repeated rows.

use tripline_core::{Card, Link, Params, Register, Task, math};

use crate::sample::sample;
use crate::subject::{Fit, Subject};

/// Share of the way from no weights to repeated rows that may be left. Methods that draw rows at
/// random, count rows in a leaf or step once a row come near, not nearer.
const TOLERANCE: f64 = 0.5;

pub(crate) fn check(subject: &Subject) {
    if subject.card.abilities.weights {
        compare(subject, TOLERANCE);
    }
}

/// Checks weights against repeated rows to a tolerance: the distance between the two scorings, as
/// a share of the distance between repeated rows and no weights at all. A method that is exact
/// passes with 1e-6.
///
/// # Panics
/// If the distance is larger.
pub fn weights_repeat_rows(
    card: &'static Card,
    register: &Register,
    params: &Params,
    tolerance: f64,
) {
    compare(&Subject::new(card, register, params), tolerance);
}

fn compare(subject: &Subject, tolerance: f64) {
    // Clouds that overlap, so that weights move the boundary.
    let sample = subject.training(&sample(subject.card.input, 600, 1.0, 14));
    let times: Vec<usize> = (0..sample.labels.len())
        .map(|row| match (subject.supervised(), sample.labels.is_attack(row)) {
            (true, true) => 4 + row % 3,
            (true, false) => usize::from(row % 5 != 0),
            // Without labels, one side of the cloud outweighs the other.
            (false, _) => usize::from(first_number(&sample.rows, row) > 0.0) * 5,
        })
        .collect();
    let weights: Vec<f64> = times.iter().map(|&times| times as f64).collect();
    let index: Vec<usize> = times
        .iter()
        .enumerate()
        .flat_map(|(row, &times)| std::iter::repeat_n(row, times))
        .collect();
    let repeated = sample.select(&index);
    let probe = self::sample(subject.card.input, 600, 1.0, 15).frame();

    let score = |what: &str, part: &crate::Sample, weights: Option<&[f64]>| {
        subject.at(&format!("fitting to {what}"));
        let labels = subject.supervised().then_some(&part.labels);
        let fit = Fit { labels, weights, task: Task::Binary, ..Fit::default() };
        let detector = subject
            .try_fit(&part.frame(), fit)
            .unwrap_or_else(|error| panic!("fitting fails: {error}"));
        let mut scores = subject.scores(detector.as_ref(), &probe);
        if detector.link() == Link::Logit {
            // Log-odds far out differ much where it matters to nobody.
            scores.iter_mut().for_each(|score| *score = math::sigmoid(*score));
        }
        scores
    };
    let weighted = score("weighted rows", &sample, Some(&weights));
    let again = score("repeated rows", &repeated, None);
    let plain = score("rows without weights", &sample, None);
    let (left, whole) = (distance(&weighted, &again), distance(&plain, &again));
    assert!(whole > 0.0, "repeating rows changes nothing");
    assert!(
        left <= tolerance * whole,
        "weighted rows score {left:.3e} from repeated rows, unweighted ones {whole:.3e}; \
         allowed is a share of {tolerance:e}"
    );
}

fn first_number(rows: &tripline_core::Rows, row: usize) -> f64 {
    match rows.columns().first() {
        Some(tripline_core::Column::Numeric(numbers)) => numbers[row],
        _ => 0.0,
    }
}

/// Root of the mean squared difference.
fn distance(left: &[f64], right: &[f64]) -> f64 {
    let squares: f64 = left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum();
    (squares / left.len() as f64).sqrt()
}
