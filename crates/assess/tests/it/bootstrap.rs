//! Intervals that hold what they promise.

use rayon::prelude::*;
use tripline_assess::bootstrap::{Bootstrap, BootstrapError, Replicates};
use tripline_assess::metrics::{BaseRate, METRICS, Sample, SampleInput};
use tripline_core::Rng;

fn position(id: &str) -> usize {
    METRICS.iter().position(|card| card.id == id).unwrap()
}

fn sample(scores: &[f64], attacks: &[bool]) -> Sample {
    Sample::new(&SampleInput {
        scores,
        probability: None,
        attacks,
        weights: None,
        threshold: 0.5,
        base_rate: BaseRate::default(),
        seconds_per_row: None,
        bins: 10,
    })
    .unwrap()
}

/// Normal scores, attacks shifted by `shift`.
fn draw(rows: usize, attacks: usize, shift: f64, rng: &mut Rng) -> (Vec<f64>, Vec<bool>) {
    let attack: Vec<bool> = (0..rows).map(|row| row < attacks).collect();
    let scores = attack.iter().map(|&a| rng.normal() + if a { shift } else { 0.0 }).collect();
    (scores, attack)
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    // SciPy 1.17.1: norm.cdf(1 / sqrt(2)) is the AUC of two unit normals one apart,
    // norm.cdf(0.5) the recall at 0.5.
    const AUC: f64 = 0.760_249_938_906_523_7;
    const RECALL: f64 = 0.691_462_461_274_013_1;
    const SIMULATIONS: u64 = 600;
    let options = Bootstrap { replicates: 400, level: 0.95, seed: 3 };
    let hits: Vec<(bool, bool)> = (0..SIMULATIONS)
        .into_par_iter()
        .map(|simulation| {
            let (scores, attacks) = draw(800, 300, 1.0, &mut Rng::for_part(11, simulation));
            let all = Replicates::rows(&sample(&scores, &attacks), &attacks, options).unwrap();
            let holds = |id: &str, truth: f64| {
                let interval = all.interval(position(id)).unwrap();
                interval.low <= truth && truth <= interval.high
            };
            (holds("roc_auc", AUC), holds("recall", RECALL))
        })
        .collect();
    let share = |pick: fn(&(bool, bool)) -> bool| {
        hits.iter().filter(|hit| pick(hit)).count() as f64 / SIMULATIONS as f64
    };
    let (auc, recall) = (share(|hit| hit.0), share(|hit| hit.1));
    println!("covered: AUC {auc:.4}, recall {recall:.4}");
    assert!((0.92..=0.98).contains(&auc), "AUC covered in {auc}");
    assert!((0.92..=0.98).contains(&recall), "recall covered in {recall}");
}

#[test]
fn differences_of_models_are_paired() {
    let mut rng = Rng::new(5);
    let (scores, attacks) = draw(2000, 800, 1.0, &mut rng);
    // The same judgement with little noise of its own: far closer to the first than chance.
    let noisy: Vec<f64> = scores.iter().map(|score| score + 0.1 * rng.normal()).collect();
    let options = Bootstrap { replicates: 500, level: 0.95, seed: 1 };
    let (first, second) = (sample(&scores, &attacks), sample(&noisy, &attacks));
    let (a, b) = (
        Replicates::rows(&first, &attacks, options).unwrap(),
        Replicates::rows(&second, &attacks, options).unwrap(),
    );
    let at = position("roc_auc");
    let values = (first.values()[at].unwrap(), second.values()[at].unwrap());
    let difference = a.difference(&b, "auc_roc", values).unwrap();
    let interval = difference.interval.unwrap();
    let alone = a.interval(at).unwrap();
    assert!(interval.low <= difference.value && difference.value <= interval.high);
    assert!(interval.high - interval.low < (alone.high - alone.low) / 4.0, "{interval:?}");

    let same = a.difference(&a, "roc_auc", (values.0, values.0)).unwrap();
    assert_eq!((same.value, same.share_above), (0.0, Some(0.5)));

    let other = Bootstrap { seed: 2, ..options };
    let unpaired = Replicates::rows(&second, &attacks, other).unwrap();
    assert_eq!(a.difference(&unpaired, "roc_auc", values), Err(BootstrapError::NotPaired));
    let fewer = Replicates::rows(&sample(&scores[1..], &attacks[1..]), &attacks[1..], options);
    assert_eq!(a.difference(&fewer.unwrap(), "roc_auc", values), Err(BootstrapError::NotPaired));
}

#[test]
fn repeated_rows_are_no_further_evidence_for_groups() {
    let (scores, attacks) = draw(300, 120, 1.0, &mut Rng::new(9));
    let four = |row: usize| row / 4;
    let scores: Vec<f64> = (0..1200).map(|row| scores[four(row)]).collect();
    let attacks: Vec<bool> = (0..1200).map(|row| attacks[four(row)]).collect();
    let groups: Vec<u32> = (0..1200).map(|row| four(row) as u32).collect();
    let sample = sample(&scores, &attacks);
    let options = Bootstrap::default();
    let width = |all: Replicates| {
        let interval = all.interval(position("roc_auc")).unwrap();
        interval.high - interval.low
    };
    let rows = width(Replicates::rows(&sample, &attacks, options).unwrap());
    let grouped = width(Replicates::groups(&sample, &attacks, &groups, options).unwrap());
    // Four times the rows make an interval look half as wide as it is.
    assert!((grouped / rows - 2.0).abs() < 0.2, "{grouped} against {rows}");
}

#[test]
fn replicates_do_not_depend_on_threads() {
    let (scores, attacks) = draw(500, 100, 0.7, &mut Rng::new(2));
    let sample = sample(&scores, &attacks);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let options = Bootstrap { replicates: 64, ..Bootstrap::default() };
        let all = pool.install(|| Replicates::rows(&sample, &attacks, options)).unwrap();
        (0..METRICS.len()).map(|at| format!("{:?}", all.interval(at))).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn wrong_lengths_are_errors() {
    let sample = sample(&[0.1, 0.9], &[false, true]);
    let error = Replicates::rows(&sample, &[true], Bootstrap::default()).unwrap_err();
    assert_eq!(error.to_string(), "labels has length 1, expected 2");
}
