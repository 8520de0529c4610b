//! Drift statistics against SciPy.

use tripline_assess::drift::{
    ColumnDrift, chi_square, chi_square_survival, js_distance, kolmogorov_survival, ks, psi,
    wasserstein,
};
use tripline_core::{Column, math};

use crate::oracle::{close, numbers, oracle};

/// Tail probabilities: to ten digits of themselves.
#[track_caller]
fn tail(what: &str, own: f64, expected: f64) {
    assert!(
        (own - expected).abs() <= 1e-10 * expected.max(1e-290),
        "{what}: {own} is not {expected}"
    );
}

#[test]
fn tests_of_two_samples_are_those_of_scipy() {
    // SciPy 1.17.1: ks_2samp, special.kolmogorov, wasserstein_distance
    for case in oracle()["samples"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (mut one, mut other) = (numbers(&case["one"]), numbers(&case["other"]));
        one.sort_unstable_by(f64::total_cmp);
        other.sort_unstable_by(f64::total_cmp);
        let test = ks(&one, &other);
        close(name, test.statistic, case["ks"].as_f64().unwrap());
        tail(name, test.p_value, case["ks_p"].as_f64().unwrap());
        close(name, wasserstein(&one, &other), case["wasserstein"].as_f64().unwrap());
    }
}

#[test]
fn tests_of_tables_are_those_of_scipy() {
    // SciPy 1.17.1: chi2_contingency(correction=False), jensenshannon(base=2)
    for case in oracle()["tables"].as_array().unwrap() {
        let (one, other) = (numbers(&case["one"]), numbers(&case["other"]));
        let test = chi_square(&one, &other);
        close("statistic", test.statistic, case["statistic"].as_f64().unwrap());
        assert_eq!(test.degrees as u64, case["degrees"].as_u64().unwrap());
        tail("p", test.p_value, case["p"].as_f64().unwrap());
        close("distance", js_distance(&one, &other), case["js"].as_f64().unwrap());
    }
}

#[test]
fn tails_are_those_of_scipy() {
    // SciPy 1.17.1: special.kolmogorov, stats.chi2.sf
    let oracle = oracle();
    for point in oracle["kolmogorov"].as_array().unwrap() {
        let point = numbers(point);
        tail("kolmogorov", kolmogorov_survival(point[0]), point[1]);
    }
    for point in oracle["chi2"].as_array().unwrap() {
        let point = numbers(point);
        tail("chi-square", chi_square_survival(point[0], point[1] as usize), point[2]);
    }
}

#[test]
fn the_stability_index_is_a_sum_over_bins() {
    // By hand: (0.2 − 0.5) ln(0.2 / 0.5) + (0.8 − 0.5) ln(0.8 / 0.5)
    let expected = -0.3 * math::ln(0.4) + 0.3 * math::ln(1.6);
    close("psi", psi(&[50.0, 50.0], &[20.0, 80.0]), expected);
    assert_eq!(psi(&[50.0, 50.0], &[5.0, 5.0]), 0.0);
}

#[test]
fn a_column_like_itself_does_not_drift() {
    let values: Vec<f64> = (0..500).map(|row| f64::from(row % 37)).collect();
    let column = Column::numeric(values.clone());
    let drift = ColumnDrift::new(&column, &column).unwrap();
    assert_eq!((drift.psi, drift.js_distance, drift.wasserstein), (0.0, 0.0, Some(0.0)));
    assert_eq!(drift.ks.unwrap().p_value, 1.0);
    let moved = Column::numeric(values.iter().map(|value| value + 20.0).collect());
    let drift = ColumnDrift::new(&column, &moved).unwrap();
    assert!(drift.psi > 0.25, "{drift:?}");
    // The deviation of 0..36 is √((37² − 1) / 12) but for the last, incomplete round.
    assert!((drift.wasserstein.unwrap() - 20.0 / 10.677).abs() < 0.01, "{drift:?}");
}

#[test]
fn categories_are_compared_by_name() {
    let one = Column::category(&[Some("tcp"), Some("udp"), None, Some("tcp")]);
    let other = Column::category(&[Some("udp"), None, Some("tcp"), Some("tcp")]);
    let drift = ColumnDrift::new(&one, &other).unwrap();
    assert_eq!((drift.psi, drift.js_distance), (0.0, 0.0));
    assert_eq!(drift.missing_after, 0.25);
    let foreign = Column::category(&[Some("gre"); 4]);
    let drift = ColumnDrift::new(&one, &foreign).unwrap();
    assert_eq!(drift.js_distance, 1.0);
    assert!(ColumnDrift::new(&one, &Column::numeric(vec![1.0])).is_none());
    assert!(ColumnDrift::new(&one, &Column::category::<&str>(&[])).is_none());
}

#[test]
fn what_goes_missing_is_drift() {
    let full = Column::numeric((0..100).map(f64::from).collect());
    let half = (0..100).map(|row| if row % 2 == 0 { f64::NAN } else { f64::from(row) }).collect();
    let drift = ColumnDrift::new(&full, &Column::numeric(half)).unwrap();
    assert!(drift.psi > 0.25, "{drift:?}");
    assert_eq!(drift.missing_after, 0.5);
    let none = ColumnDrift::new(&full, &Column::numeric(vec![f64::NAN; 5])).unwrap();
    assert!(none.psi.is_finite() && none.js_distance.is_finite());
}
