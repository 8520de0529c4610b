//! The search of hyperparameters against Optuna.

mod page;
mod space;
mod study;

use serde_json::Value;
use tripline_assess::tune::{
    Dimension, Direction, Domain, MedianPruner, Outcome, ParzenEstimator, Pruner, Space,
    SuccessiveHalving, Tpe, Trial, importance, non_domination_ranks, pareto_front,
};
use tripline_core::ParamValue;

use crate::oracle::{numbers, text};

/// What `bench/oracles/tune.py` wrote with Optuna 5.0.0.
fn oracle() -> Value {
    serde_json::from_str(include_str!("../../data/tune.json")).unwrap()
}

pub(super) fn space() -> Space {
    let choices = ["gbdt", "dart", "goss"].map(|name| ParamValue::Text(name.to_owned()));
    let domains = [
        ("rate", Domain::Float { low: 1e-3, high: 0.3, log: true }),
        ("alpha", Domain::Float { low: -3.0, high: 5.0, log: false }),
        ("booster", Domain::Choice(choices.to_vec())),
        ("depth", Domain::Int { low: 2, high: 9, log: false }),
        ("leaves", Domain::Int { low: 8, high: 256, log: true }),
    ];
    let dimension = |(name, domain): (&str, Domain)| Dimension { name: name.to_owned(), domain };
    Space::new(domains.map(dimension).to_vec()).unwrap()
}

fn directions(value: &Value) -> Vec<Direction> {
    let direction = |way: &Value| match way.as_str().unwrap() {
        "minimize" => Direction::Minimize,
        _ => Direction::Maximize,
    };
    value.as_array().unwrap().iter().map(direction).collect()
}

fn trials(value: &Value) -> Vec<Trial> {
    let trial = |(number, trial): (usize, &Value)| Trial {
        number: number as u64,
        point: numbers(&trial["point"]),
        reported: numbers(&trial["reported"]),
        outcome: match trial["state"].as_str().unwrap() {
            "complete" => Outcome::Complete(numbers(&trial["values"])),
            "pruned" => Outcome::Pruned,
            _ => Outcome::Running,
        },
    };
    value.as_array().unwrap().iter().enumerate().map(trial).collect()
}

fn indices(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|at| at.as_u64().unwrap() as usize).collect()
}

#[track_caller]
fn near(what: &str, own: f64, expected: f64) {
    assert!((own - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {own}, {expected}");
}

// Optuna 5.0.0: bench/oracles/tune.py
#[test]
fn densities_with_their_ratio_are_those_of_optuna() {
    let space = space();
    for case in oracle()["densities"].as_array().unwrap() {
        let name = text(&case["name"]);
        let (ways, trials) = (directions(&case["directions"]), trials(&case["trials"]));
        let good = indices(&case["good"]);
        let points = |wanted: bool| -> Vec<&[f64]> {
            let part = (0..trials.len()).filter(|at| good.contains(at) == wanted);
            part.map(|at| &trials[at].point[..]).collect()
        };
        let all = [0, 1, 2, 3, 4];
        let below = ParzenEstimator::new(&space, &all, &points(true), 1.0, ways.len() == 1);
        let above = ParzenEstimator::new(&space, &all, &points(false), 1.0, true);
        let asked = case["points"].as_array().unwrap();
        for (at, point) in asked.iter().map(numbers).enumerate() {
            near(&name, below.ln_density(&point), numbers(&case["ln_good"])[at]);
            near(&name, above.ln_density(&point), numbers(&case["ln_others"])[at]);
            // The parting of trials into good ones and others is ours here.
            let ratio = Tpe::default().ln_ratio(&space, &ways, &trials, &point);
            near(&name, ratio, numbers(&case["ln_ratio"])[at]);
        }
    }
}

// Optuna 5.0.0: bench/oracles/tune.py
#[test]
fn fronts_are_those_of_optuna() {
    for case in oracle()["fronts"].as_array().unwrap() {
        let losses: Vec<[f64; 2]> = case["losses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| numbers(point).try_into().unwrap())
            .collect();
        assert_eq!(non_domination_ranks(&losses), indices(&case["ranks"]));
        assert_eq!(pareto_front(&losses), indices(&case["front"]));
    }
}

// Optuna 5.0.0: bench/oracles/tune.py
#[test]
fn pruners_decide_as_optuna() {
    for case in oracle()["pruners"].as_array().unwrap() {
        let name = text(&case["name"]);
        let (kind, settings) = name.split_once(' ').unwrap();
        let (first, second) = settings.split_once(' ').unwrap();
        let (first, second) = (first.parse().unwrap(), second.parse().unwrap());
        let pruner = match kind {
            "median" => {
                Pruner::Median(MedianPruner { startup_trials: first, warmup_steps: second })
            }
            _ => Pruner::Halving(SuccessiveHalving { min_resource: first, reduction: second }),
        };
        let direction = match case["direction"].as_str().unwrap() {
            "minimize" => Direction::Minimize,
            _ => Direction::Maximize,
        };
        let mut known: Vec<Trial> = Vec::new();
        let mut given_up = 0;
        for trial in case["trials"].as_array().unwrap() {
            let reported = numbers(&trial["reported"]);
            let pruned = trial["pruned"].as_bool().unwrap();
            for steps in 1..=reported.len() {
                let expected = pruned && steps == reported.len();
                let own = pruner.prunes(direction, &known, &reported[..steps]);
                assert_eq!(own, expected, "{name}: trial {} step {steps}", known.len());
            }
            let last = *reported.last().unwrap();
            known.push(Trial {
                number: known.len() as u64,
                point: Vec::new(),
                reported,
                outcome: if pruned { Outcome::Pruned } else { Outcome::Complete(vec![last]) },
            });
            given_up += usize::from(pruned);
        }
        assert!(given_up > 5 && given_up < 40, "{name}: {given_up}");
    }
}

// Optuna 5.0.0: bench/oracles/tune.py
#[test]
fn importances_are_those_of_optuna() {
    for case in oracle()["importances"].as_array().unwrap() {
        let shares =
            importance(&space(), &directions(&case["directions"]), &trials(&case["trials"]));
        for (own, expected) in shares.iter().zip(numbers(&case["shares"])) {
            near("importance", *own, expected);
        }
    }
}
