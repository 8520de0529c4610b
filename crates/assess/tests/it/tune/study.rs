//! What a study promises: the same trials after an interruption, points in its space, progress.

use tripline_assess::tune::{Direction, Outcome, Pruner, Sampler, Study, StudyPlan, Tpe, Trial};

use super::space;

pub(super) fn plan(directions: &[Direction], sampler: Sampler, parallel: usize) -> StudyPlan {
    StudyPlan {
        space: space(),
        directions: directions.to_vec(),
        sampler,
        pruner: Pruner::None,
        seed: 3,
        parallel,
        first: None,
    }
}

/// A valley in `alpha` with `rate`, lower for one booster.
fn valley(point: &[f64]) -> f64 {
    let rate = tripline_core::math::log10(point[4]) + 1.5;
    (point[0] - 1.5).powi(2) + 3.0 * rate * rate + if point[1] == 2.0 { 0.0 } else { 1.0 }
}

fn outcome(point: &[f64], directions: &[Direction]) -> Outcome {
    let loss = valley(point);
    Outcome::Complete(match directions {
        [Direction::Maximize] => vec![-loss],
        [_] => vec![loss],
        _ => vec![-loss, point[3]],
    })
}

/// Runs a study up to so many trials; each batch ends in a wrong order if that is asked for.
pub(super) fn run(study: &mut Study, trials: usize) {
    let directions = study.plan().directions.clone();
    while study.trials().len() < trials {
        for (number, point) in study.next_batch() {
            if study.trials().len() < trials {
                let outcome = outcome(&point, &directions);
                study.tell(Trial { number, point, reported: Vec::new(), outcome }).unwrap();
            }
        }
    }
}

#[test]
fn an_interrupted_study_goes_on_as_if_it_had_not_been() {
    for parallel in [1, 4] {
        for ways in [vec![Direction::Maximize], vec![Direction::Maximize, Direction::Minimize]] {
            let plan = plan(&ways, Sampler::Tpe(Tpe::default()), parallel);
            let mut whole = Study::new(plan.clone());
            run(&mut whole, 31);
            for cut in [1, 10, 13, 30] {
                let mut resumed = Study::new(plan.clone());
                for trial in &whole.trials()[..cut] {
                    resumed.tell(trial.clone()).unwrap();
                }
                run(&mut resumed, 31);
                assert_eq!(resumed, whole, "{parallel} side by side, cut after {cut}");
            }
        }
    }
}

#[test]
fn trials_of_a_batch_differ_and_stay_in_the_space() {
    let mut study = Study::new(plan(&[Direction::Minimize], Sampler::Tpe(Tpe::default()), 6));
    for _ in 0..5 {
        let batch = study.next_batch();
        for (place, (number, point)) in batch.iter().enumerate() {
            assert!(study.plan().space.holds(point), "{point:?}");
            assert!(batch[..place].iter().all(|(_, other)| other != point));
            let outcome = outcome(point, &[Direction::Minimize]);
            let trial =
                Trial { number: *number, point: point.clone(), reported: Vec::new(), outcome };
            study.tell(trial).unwrap();
        }
    }
}

#[test]
fn parzen_estimators_find_the_valley_sooner_than_chance() {
    let median = |sampler: Sampler| {
        let mut best: Vec<f64> = (0..15)
            .map(|seed| {
                let plan = StudyPlan { seed, ..plan(&[Direction::Minimize], sampler, 1) };
                let mut study = Study::new(plan);
                run(&mut study, 60);
                study.best()[0].values().unwrap()[0]
            })
            .collect();
        best.sort_by(f64::total_cmp);
        best[7]
    };
    let (tpe, random) = (median(Sampler::Tpe(Tpe::default())), median(Sampler::Random));
    assert!(tpe < 0.5 * random, "{tpe} against {random}");
}

#[test]
fn the_front_holds_what_nothing_beats() {
    let ways = [Direction::Maximize, Direction::Minimize];
    let mut study = Study::new(plan(&ways, Sampler::Tpe(Tpe::default()), 1));
    run(&mut study, 50);
    let front = study.best();
    assert!(front.len() > 2);
    let beats = |a: &[f64], b: &[f64]| a[0] >= b[0] && a[1] <= b[1] && a != b;
    for trial in study.trials() {
        let values = trial.values().unwrap();
        let beaten = study.trials().iter().any(|other| beats(other.values().unwrap(), values));
        let on_front = front.iter().any(|best| best.number == trial.number);
        assert_eq!(on_front, !beaten, "trial {}", trial.number);
    }
    let shares = study.importance();
    assert!((shares.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn what_failed_teaches_nothing() {
    let mut study = Study::new(plan(&[Direction::Minimize], Sampler::Tpe(Tpe::default()), 1));
    for _ in 0..15 {
        let (number, point) = study.next_batch().remove(0);
        let outcome = Outcome::Failed("too few rows".to_owned());
        study.tell(Trial { number, point, reported: vec![], outcome }).unwrap();
    }
    assert!(study.best().is_empty());
    assert!(study.importance().iter().all(|(_, share)| *share == 0.0));
    run(&mut study, 30);
    assert_eq!(study.trials().len(), 30);
}

#[test]
fn a_trial_that_does_not_continue_the_study_is_refused() {
    let mut study = Study::new(plan(&[Direction::Minimize], Sampler::Random, 1));
    let good = Trial {
        number: 0,
        point: vec![0.0, 1.0, 3.0, 10.0, 0.1],
        reported: vec![],
        outcome: Outcome::Complete(vec![1.0]),
    };
    let refused = [
        Trial { number: 1, ..good.clone() },
        Trial { point: vec![0.0, 3.0, 3.0, 10.0, 0.1], ..good.clone() },
        Trial { point: vec![0.0, 1.0, 3.5, 10.0, 0.1], ..good.clone() },
        Trial { point: vec![0.0, 1.0, 3.0, 10.0, f64::NAN], ..good.clone() },
        Trial { point: vec![0.0], ..good.clone() },
        Trial { reported: vec![f64::INFINITY], ..good.clone() },
        Trial { outcome: Outcome::Complete(vec![f64::NAN]), ..good.clone() },
        Trial { outcome: Outcome::Complete(vec![1.0, 2.0]), ..good.clone() },
        Trial { outcome: Outcome::Running, ..good.clone() },
    ];
    for trial in refused {
        assert!(study.tell(trial.clone()).is_err(), "{trial:?}");
    }
    study.tell(good).unwrap();
}
