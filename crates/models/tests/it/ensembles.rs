//! Ensembles: what members are given, how they are combined, what is refused.

use tripline_conformance::{PROMISES, check_with, sample};
use tripline_core::{
    Card, Detector, FitContext, FitError, Frame, Input, Labels, Link, Params, Promise, Silent, Task,
};
use tripline_models::ensembles::{feature_bagging, stacking, voting};

use crate::conformance::register;

/// Members that are quick to fit.
const QUICK: &str = "gradient_boosting(n_estimators=10)+isolation_forest(n_estimators=20)";

fn params(card: &Card, given: &[(&str, &str)]) -> Params {
    let given: Vec<(String, String)> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Params::parse(card.params, &given).unwrap()
}

fn fit(
    card: &Card,
    given: &[(&str, &str)],
    frame: &Frame,
    labels: Option<&Labels>,
) -> Result<Box<dyn Detector>, FitError> {
    let estimator = (card.build)(&params(card, given), &register()).unwrap();
    let context = FitContext {
        labels,
        weights: None,
        validation: None,
        task: Task::Binary,
        seed: 5,
        progress: &Silent,
    };
    estimator.fit(frame, &context)
}

fn refusal(card: &Card, given: &[(&str, &str)]) -> String {
    match (card.build)(&params(card, given), &register()) {
        Ok(_) => panic!("{given:?} is taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn one_distinct_attack_is_enough() {
    let mut values: Vec<Vec<f64>> =
        (0..60).map(|row| vec![f64::from(row % 8), f64::from(row % 7)]).collect();
    values.extend(vec![vec![90.0, -90.0]; 3]);
    let frame: Frame = tripline_core::Rows::from_matrix(&["a", "b"], &values).unwrap().into();
    let labels = Labels::binary(&(0..63).map(|row| row >= 60).collect::<Vec<_>>());
    let members = ("members", "random_forest(n_estimators=20)+isolation_forest(n_estimators=20)");
    for (card, given) in [
        (&voting::CARD, vec![members]),
        (&voting::CARD, vec![members, ("combine", "hard"), ("fpr", "0.1")]),
        (&stacking::CARD, vec![members]),
    ] {
        let model = fit(card, &given, &frame, Some(&labels)).unwrap();
        let scores = model.score(&frame).unwrap();
        let highest = scores[..60].iter().fold(f64::NEG_INFINITY, |highest, s| highest.max(*s));
        assert!(scores[60] > highest, "{}: {} and {highest}", card.id, scores[60]);
    }
}

#[test]
fn every_combination_keeps_every_promise() {
    let register = register();
    let nested = "voting(members=isolation_forest(n_estimators=10)+extra_trees(n_estimators=5),\
                  folds=2)+isolation_forest(n_estimators=20)";
    let benign = "a:isolation_forest(n_estimators=20)+b:isolation_forest(n_estimators=20)";
    let settings: &[(&'static Card, &[(&str, &str)])] = &[
        (&voting::CARD, &[("combine", "hard"), ("fpr", "0.1"), ("members", QUICK)]),
        (&voting::CARD, &[("combine", "maximum"), ("normalise", "tail"), ("members", benign)]),
        (&voting::CARD, &[("combine", "median"), ("normalise", "rank"), ("members", QUICK)]),
        (&stacking::CARD, &[("members", nested), ("folds", "2")]),
        (
            &stacking::CARD,
            &[
                ("members", QUICK),
                ("passthrough", "true"),
                ("final", "gradient_boosting(n_estimators=10)"),
            ],
        ),
        (&feature_bagging::CARD, &[("combine", "maximum"), ("n_estimators", "4")]),
        (
            &feature_bagging::CARD,
            &[("base", "random_forest(n_estimators=5)"), ("n_estimators", "4")],
        ),
    ];
    for (card, given) in settings {
        let params = params(card, given);
        // Classes are told apart by soft voting alone; what is asked of scores of a million rows
        // is asked of the defaults.
        let soft = card.id != "voting" || params.text("combine") == "soft";
        for &promise in PROMISES {
            let apart = matches!(
                promise,
                Promise::Abilities | Promise::SameSeedSameBytes | Promise::HigherIsSuspicious
            );
            // Members that take no weights cannot follow them.
            let weightless =
                promise == Promise::WeightsRepeatRows && !given.contains(&("members", QUICK));
            if promise != Promise::MillionRows && (soft || !apart) && !weightless {
                check_with(card, &register, &params, promise);
            }
        }
    }
}

#[test]
fn a_member_that_needs_labels_is_named_where_there_are_none() {
    let sample = sample(Input::Mixed, 200, 3.0, 1);
    let error = fit(&voting::CARD, &[("members", QUICK)], &sample.frame(), None).err().unwrap();
    let told = error.to_string();
    assert!(told.starts_with("member `gradient_boosting`: labels of attacks"), "{told}");
    let members = [("members", "isolation_forest+second:isolation_forest")];
    let detector = fit(&voting::CARD, &members, &sample.frame(), None).unwrap();
    assert_eq!(detector.link(), Link::Rank);
    let detector = fit(&voting::CARD, &members, &sample.frame(), Some(&sample.labels)).unwrap();
    assert_eq!(detector.link(), Link::Probability);
}

#[test]
fn numbers_alone_are_asked_for_where_nothing_prepares_columns() {
    let sample = sample(Input::Mixed, 200, 3.0, 1);
    let members = [("members", "isolation_forest+sgd")];
    let error = fit(&voting::CARD, &members, &sample.frame(), Some(&sample.labels)).err().unwrap();
    assert_eq!(error.to_string(), "member `sgd`: column `proto` must be numeric, got category");
    let text = refusal(&voting::CARD, &[("members", "isolation_forest+sgd[log1p]")]);
    assert!(text.contains("member `sgd`") && text.contains("nothing that prepares"), "{text}");
}

#[test]
fn what_is_wrong_with_members_is_told() {
    let text = refusal(&voting::CARD, &[("members", "isolation_forest+forest")]);
    assert!(
        text.contains("no detector of rows `forest`") && text.contains("extra_trees"),
        "{text}"
    );
    let text = refusal(&voting::CARD, &[("members", "isolation_forest(max_samples=1)")]);
    assert!(text.contains("member `isolation_forest`") && text.contains("max_samples"), "{text}");
    let text = refusal(&voting::CARD, &[("members", "isolation_forest+")]);
    assert!(text.contains("at character 18"), "{text}");
    let text = refusal(&voting::CARD, &[("weights", "1,2,3")]);
    assert!(text.contains("2 numbers"), "{text}");
    let text = refusal(&voting::CARD, &[("normalise", "tail")]);
    assert!(text.contains("use `average`"), "{text}");
    let text = refusal(&stacking::CARD, &[("final", "sgd+sgd")]);
    assert!(text.contains("one detector is wanted"), "{text}");
    let inner = "voting(members=isolation_forest(max_samples=1))";
    let text = refusal(&stacking::CARD, &[("members", inner)]);
    assert!(text.contains("member `voting`") && text.contains("max_samples"), "{text}");
}

#[test]
fn a_hard_vote_is_a_weighted_share() {
    let sample = sample(Input::Mixed, 600, 4.0, 1);
    let given = [
        ("members", "isolation_forest+gradient_boosting(n_estimators=10)"),
        ("combine", "hard"),
        ("weights", "1,3"),
        ("fpr", "0.05"),
    ];
    let detector = fit(&voting::CARD, &given, &sample.frame(), Some(&sample.labels)).unwrap();
    let scores = detector.score(&sample.frame()).unwrap();
    assert!(scores.iter().all(|score| [0.0, 0.25, 0.75, 1.0].contains(score)));
    assert!([0.0, 1.0].iter().all(|vote| scores.contains(vote)));
}
