//! Boosting that goes on from a fitted forest.

use tripline_core::{
    Column, Detector, FitContext, FitError, Frame, Labels, Params, Rng, Rows, Silent, Task,
};
use tripline_models::tree::gradient_boosting::CARD;

use crate::conformance::register;

/// Three columns with gaps and a category; three classes, the first benign. `from` is added to a
/// number.
fn rows(count: usize, seed: u64, from: f64) -> (Frame, Labels) {
    let mut rng = Rng::new(seed);
    let (mut a, mut b, mut kind, mut class) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let (x, y) = (rng.normal() + from, rng.exponential());
        let k = ["tcp", "udp", "icmp"][rng.index(3)];
        let risk = x * y + if k == "udp" { 1.0 } else { 0.0 } + 0.3 * rng.normal() - from;
        a.push(if rng.unit() < 0.05 { f64::NAN } else { x });
        b.push(y);
        kind.push(Some(k));
        class.push(if risk < 0.8 {
            "benign"
        } else if risk < 1.6 {
            "scan"
        } else {
            "flood"
        });
    }
    let columns = vec![
        ("a".to_owned(), Column::numeric(a)),
        ("b".to_owned(), Column::numeric(b)),
        ("kind".to_owned(), Column::category(&kind)),
    ];
    (Frame::from(Rows::new(columns).unwrap()), Labels::from_names(&class, "benign"))
}

fn params(rounds: &str, more: &[(&str, &str)]) -> Params {
    let mut given = vec![("n_estimators".to_owned(), rounds.to_owned())];
    given.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Params::parse(CARD.params, &given).unwrap()
}

fn context(labels: &Labels, task: Task) -> FitContext<'_> {
    FitContext {
        labels: Some(labels),
        weights: None,
        validation: None,
        task,
        seed: 1,
        progress: &Silent,
    }
}

fn fit(
    rounds: &str,
    more: &[(&str, &str)],
    data: &(Frame, Labels),
    task: Task,
) -> Box<dyn Detector> {
    let estimator = (CARD.build)(&params(rounds, more), &register()).unwrap();
    estimator.fit(&data.0, &context(&data.1, task)).unwrap()
}

fn go_on(
    from: &dyn Detector,
    rounds: &str,
    more: &[(&str, &str)],
    data: &(Frame, Labels),
    task: Task,
) -> Result<Box<dyn Detector>, FitError> {
    let estimator = (CARD.build)(&params(rounds, more), &register()).unwrap();
    let warm = estimator.warm_start().unwrap();
    warm.fit_from(&from.save(), &data.0, &context(&data.1, task))
}

/// Mean log loss of attack against benign.
fn log_loss(detector: &dyn Detector, data: &(Frame, Labels)) -> f64 {
    let scores = detector.score(&data.0).unwrap();
    let one = |(row, score): (usize, &f64)| {
        let margin = if data.1.is_attack(row) { *score } else { -*score };
        tripline_core::math::softplus(-margin)
    };
    scores.iter().enumerate().map(one).sum::<f64>() / scores.len() as f64
}

#[test]
fn rounds_after_rounds_are_rounds_at_once() {
    let data = rows(1500, 1, 0.0);
    for (task, more) in [
        (Task::Binary, &[][..]),
        (Task::Binary, &[("subsample", "0.7"), ("colsample_bytree", "0.7")][..]),
        (Task::Multiclass, &[][..]),
    ] {
        let whole = fit("30", more, &data, task);
        let half = fit("12", more, &data, task);
        let both = go_on(half.as_ref(), "18", more, &data, task).unwrap();
        let (one, other) = (whole.score(&data.0).unwrap(), both.score(&data.0).unwrap());
        let largest = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(largest < 1e-9, "{task:?} {more:?}: {largest}");
    }
}

#[test]
fn what_is_new_is_learnt_on_top() {
    let (old, new) = (rows(3000, 2, 0.0), rows(1000, 3, 3.0));
    let first = fit("60", &[], &old, Task::Binary);
    let later = go_on(first.as_ref(), "60", &[], &new, Task::Binary).unwrap();
    let unseen = rows(2000, 4, 3.0);
    let (before, after) = (log_loss(first.as_ref(), &unseen), log_loss(later.as_ref(), &unseen));
    assert!(after < 0.7 * before, "{before} to {after}");
    let loaded = (CARD.load)(&later.save(), &register()).unwrap();
    assert_eq!(loaded.score(&unseen.0).unwrap(), later.score(&unseen.0).unwrap());
}

/// The share of pairs in which the attack scores higher.
fn auc(detector: &dyn Detector, data: &(Frame, Labels)) -> f64 {
    let scores = detector.score(&data.0).unwrap();
    let of = |attack: bool| {
        let rows =
            scores.iter().enumerate().filter(move |(row, _)| data.1.is_attack(*row) == attack);
        rows.map(|(_, score)| *score).collect::<Vec<f64>>()
    };
    let (attacks, benign) = (of(true), of(false));
    let wins = attacks.iter().map(|a| benign.iter().filter(|b| a > b).count()).sum::<usize>();
    wins as f64 / (attacks.len() * benign.len()) as f64
}

#[test]
fn a_forest_that_is_sure_and_wrong_is_not_thrown_off() {
    // Fitted until it is sure of every row; then rows of another site, some of them against it.
    let (old, new, unseen) = (rows(1500, 6, 0.0), rows(1000, 7, 0.3), rows(2000, 8, 0.3));
    for task in [Task::Binary, Task::Multiclass] {
        let first = fit("400", &[("learning_rate", "0.3")], &old, task);
        let later = go_on(first.as_ref(), "5", &[("learning_rate", "0.3")], &new, task).unwrap();
        let (before, after) = (auc(first.as_ref(), &unseen), auc(later.as_ref(), &unseen));
        assert!(after > before - 0.005, "{task:?}: {before} to {after}");
        let (one, other) = (first.score(&unseen.0).unwrap(), later.score(&unseen.0).unwrap());
        let moved = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // Five rounds of at most 10, times the learning rate, by each of the class margins.
        assert!(moved < 5.0 * 10.0 * 0.3 * 2.0 + 1e-9, "{task:?}: {moved}");
    }
}

#[test]
fn what_does_not_go_on_is_an_error() {
    let data = rows(500, 5, 0.0);
    let binary = fit("5", &[], &data, Task::Binary);
    let refused = |task| go_on(binary.as_ref(), "5", &[], &data, task).err().unwrap();
    assert!(matches!(refused(Task::Multiclass), FitError::WarmStart { .. }));
    let mut damaged = binary.save();
    damaged.put_texts("classes", vec!["benign".to_owned()]);
    let estimator = (CARD.build)(&params("5", &[]), &register()).unwrap();
    let warm = estimator.warm_start().unwrap();
    let error = warm.fit_from(&damaged, &data.0, &context(&data.1, Task::Binary)).err().unwrap();
    assert!(matches!(error, FitError::WarmStart { .. }), "{error}");
}
