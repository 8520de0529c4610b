//! Synthetic outliers: what they learn without labels, and of attacks that no label told.

use tripline_conformance::{PROMISES, check_with};
use tripline_core::{
    Column, Detector, FitContext, FitError, Frame, Labels, Params, Promise, Rng, Rows, Silent, Task,
};
use tripline_models::ensembles::synthetic_outliers::CARD;

use crate::conformance::register;

fn params(given: &[(&str, &str)]) -> Params {
    let given: Vec<(String, String)> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Params::parse(CARD.params, &given).unwrap()
}

fn fit(
    given: &[(&str, &str)],
    rows: &Rows,
    labels: Option<&Labels>,
) -> Result<Box<dyn Detector>, FitError> {
    let estimator = (CARD.build)(&params(given), &register()).unwrap();
    let context = FitContext {
        labels,
        weights: None,
        validation: None,
        task: Task::Binary,
        seed: 3,
        progress: &Silent,
    };
    estimator.fit(&Frame::from(rows.clone()), &context)
}

fn plane(points: &[[f64; 2]]) -> Rows {
    let column = |at: usize| Column::numeric(points.iter().map(|point| point[at]).collect());
    Rows::new(vec![("x".to_owned(), column(0)), ("y".to_owned(), column(1))]).unwrap()
}

/// Places in rising order.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    order.iter().enumerate().for_each(|(rank, &at)| ranks[at] = rank as f64);
    ranks
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| {
        a.iter().zip(b).map(|(a, b)| f(a - mean_a, b - mean_b)).sum::<f64>()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

/// For a plane of normal numbers with correlation r, ln of the density of the product of the
/// margins over the joint one is, but for a constant, (r²(x² + y²) − 2rxy) / (2(1 − r²)).
#[test]
fn swapping_all_cells_gives_the_ratio_of_densities() {
    const R: f64 = 0.9;
    let mut rng = Rng::new(1);
    let draw = |rng: &mut Rng| {
        let x = rng.normal();
        [x, R * x + (1.0 - R * R).sqrt() * rng.normal()]
    };
    let benign: Vec<[f64; 2]> = (0..6000).map(|_| draw(&mut rng)).collect();
    let given = [
        ("swap", "1"),
        ("share", "1"),
        ("n_estimators", "5"),
        ("base", "gradient_boosting(n_estimators=60,num_leaves=15,min_child_samples=50)"),
    ];
    let detector = fit(&given, &plane(&benign), None).unwrap();
    let probe: Vec<[f64; 2]> =
        (0..2000).map(|_| [rng.normal().clamp(-2.0, 2.0), rng.normal().clamp(-2.0, 2.0)]).collect();
    let truth: Vec<f64> = probe
        .iter()
        .map(|[x, y]| (R * R * (x * x + y * y) - 2.0 * R * x * y) / (2.0 * (1.0 - R * R)))
        .collect();
    let scores = detector.score(&Frame::from(plane(&probe))).unwrap();
    let correlation = correlation(&ranks(&scores), &ranks(&truth));
    assert!(correlation > 0.93, "rank correlation {correlation}");
}

/// Benign rows lie on one diagonal, attacks at its upper end; rows off the diagonal are unlike
/// both. A classifier of the attacks alone finds half of them at most.
#[test]
fn attacks_that_no_label_told_are_found() {
    let mut rng = Rng::new(2);
    let on =
        |centre: f64, rng: &mut Rng| [centre + 0.1 * rng.normal(), centre + 0.1 * rng.normal()];
    let mut points = Vec::new();
    for _ in 0..1500 {
        let centre = 4.0 * rng.unit() - 2.0;
        points.push(on(centre, &mut rng));
    }
    let benign = points.len();
    for _ in 0..500 {
        points.push(on(2.6, &mut rng));
    }
    let attacks: Vec<bool> = (0..points.len()).map(|row| row >= benign).collect();
    let labels = Labels::binary(&attacks);
    let detector = fit(&[], &plane(&points), Some(&labels)).unwrap();
    let mut probe: Vec<[f64; 2]> = Vec::new();
    for _ in 0..200 {
        let centre = 4.0 * rng.unit() - 2.0;
        probe.push(on(centre, &mut rng));
    }
    for _ in 0..200 {
        probe.push([-1.5 + 0.1 * rng.normal(), 1.5 + 0.1 * rng.normal()]);
    }
    for _ in 0..200 {
        probe.push(on(2.6, &mut rng));
    }
    let scores = detector.score(&Frame::from(plane(&probe))).unwrap();
    let mut known = scores[..200].to_vec();
    known.sort_by(f64::total_cmp);
    let threshold = known[190];
    let found = |part: &[f64]| part.iter().filter(|&&score| score > threshold).count();
    assert!(found(&scores[200..400]) > 190, "unknown: {}", found(&scores[200..400]));
    assert!(found(&scores[400..]) > 190, "known: {}", found(&scores[400..]));
}

#[test]
fn a_base_that_learns_no_attacks_is_refused() {
    let refused = (CARD.build)(&params(&[("base", "isolation_forest")]), &register());
    let Err(error) = refused else { panic!("a base without labels is taken") };
    assert!(error.to_string().contains("does not learn from attacks"), "{error}");
}

#[test]
fn other_bases_keep_every_promise() {
    let register = register();
    for base in ["random_forest(n_estimators=20)", "extra_trees(n_estimators=20)"] {
        let params = params(&[("base", base), ("swap", "1"), ("n_estimators", "2")]);
        for &promise in PROMISES.iter().filter(|&&promise| promise != Promise::MillionRows) {
            check_with(&CARD, &register, &params, promise);
        }
    }
}
