//! What the guard finds in made-up data.

use expect_test::expect;
use tripline_assess::guard::{Finding, GuardOptions, GuardReport, Severity, check, decide};
use tripline_assess::protocol::{Protocol, RandomParts};
use tripline_core::{Column, Dataset, Labels, Rng};

use crate::tables::{dataset, flows, from_source};

fn report(train: &Dataset, test: Option<&Dataset>) -> GuardReport {
    check(train, test, &GuardOptions::default())
}

fn one<'a>(report: &'a GuardReport, code: &'static str) -> &'a Finding {
    let found: Vec<&Finding> = report.of_code(code).collect();
    assert_eq!(found.len(), 1, "{code}: {:?}", codes(report));
    found[0]
}

fn codes(report: &GuardReport) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn labels(rows: usize, seed: u64) -> (Labels, Vec<bool>) {
    let mut rng = Rng::new(seed);
    let attacks: Vec<bool> = (0..rows).map(|_| rng.unit() < 0.4).collect();
    (Labels::binary(&attacks), attacks)
}

fn noise(rows: usize, seed: u64) -> Column {
    let mut rng = Rng::new(seed);
    Column::numeric((0..rows).map(|_| rng.normal()).collect())
}

#[test]
fn clean_data_gives_no_warning() {
    let report = report(&flows(4000, 0.0, 1), Some(&flows(2000, 0.0, 2)));
    let warnings: Vec<_> =
        report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    assert!(decide(&report, &Protocol::Official, false).unwrap().is_empty());
}

#[test]
fn a_random_split_over_repeated_rows_is_refused_with_two_ways_out() {
    let data = flows(2000, 0.3, 1);
    let report = report(&data, None);
    let share = report.duplicates.repeating_share;
    assert!((share - 0.3).abs() < 0.03, "{share}");
    let random = Protocol::Random(RandomParts::Folds(5));
    let refusal = decide(&report, &random, false).unwrap_err();
    assert_eq!(refusal.ways_out.len(), 2);
    expect!["refused: 29.1 % of the rows repeat another (limit 5.00 %), so a random split puts the same rows into training and test; ways out: choose --protocol duplicate-grouped, leave-one-family-out or time-ordered; or repeat with --accept-leakage, which is recorded in the model and in every report made from it"]
    .assert_eq(&refusal.to_string());
    let accepted = decide(&report, &random, true).unwrap();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].code, "random-split-over-duplicates");
    assert!(decide(&report, &Protocol::DuplicateGrouped { folds: 5 }, false).unwrap().is_empty());
    let few = check(&flows(2000, 0.03, 1), None, &GuardOptions::default());
    assert!(decide(&few, &random, false).unwrap().is_empty());
}

#[test]
fn one_file_in_both_places_is_refused() {
    let train = from_source(flows(300, 0.0, 1), "a.csv", "table", "ab12");
    let test = from_source(train.clone(), "copy.csv", "table", "ab12");
    let report = report(&train, Some(&test));
    assert_eq!(report.worst(), Some(Severity::Refusal));
    let refusal = decide(&report, &Protocol::Official, false).unwrap_err();
    assert_eq!(refusal.code, "same-file");
    assert!(refusal.reason.contains("`a.csv` and `copy.csv` have the same SHA-256, ab12"));
    assert_eq!(decide(&report, &Protocol::Official, true).unwrap().len(), 1);
}

#[test]
fn test_rows_known_from_training_are_counted_by_verdict() {
    let train = dataset(
        vec![("a", Column::numeric(vec![1.0, 2.0, 3.0, 4.0]))],
        Some(Labels::binary(&[false, true, false, true])),
    );
    let test = dataset(
        vec![
            ("b", Column::numeric(vec![9.0; 5])),
            ("a", Column::numeric(vec![1.0, 2.0, 3.0, 8.0, 9.0])),
        ],
        Some(Labels::binary(&[false, true, true, true, false])),
    );
    let report = report(&train, Some(&test));
    let across = report.across.as_ref().unwrap();
    assert_eq!((across.repeated, across.same_verdict, across.other_verdict), (3, 2, 1));
    assert_eq!(across.only_test, ["b"]);
    assert_eq!(one(&report, "test-rows-in-training").severity, Severity::Warning);
    // Categories are compared by text, whatever their codes.
    let category = |values: &[&str]| {
        let values: Vec<Option<&str>> = values.iter().map(|value| Some(*value)).collect();
        dataset(vec![("p", Column::category(&values))], Some(Labels::binary(&[true, false])))
    };
    let report = check(
        &category(&["tcp", "udp"]),
        Some(&category(&["icmp", "udp"])),
        &GuardOptions::default(),
    );
    assert_eq!(report.across.unwrap().repeated, 1);
}

#[test]
fn equal_rows_with_other_labels_bound_the_accuracy() {
    let values = vec![1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 4.0];
    let names = ["n", "n", "dos", "n", "n", "dos", "scan", "dos", "dos", "n"];
    let data = dataset(vec![("a", Column::numeric(values))], Some(Labels::from_names(&names, "n")));
    let conflicts = report(&data, None).conflicts.unwrap();
    assert_eq!((conflicts.verdict_rows, conflicts.class_rows), (3, 7));
    assert_eq!(conflicts.accuracy_ceiling, 0.9);
}

#[test]
fn a_column_that_holds_the_label_is_named() {
    let (labels, attacks) = labels(3000, 1);
    let mut rng = Rng::new(5);
    let leak = attacks.iter().map(|&attack| {
        let side = if attack { 5.0 } else { 0.0 };
        side + rng.normal()
    });
    // Benign in the middle, attacks at both ends: no order tells, bins do.
    let ends = attacks.iter().enumerate().map(|(row, &attack)| {
        let sign = if row % 2 == 0 { 1.0 } else { -1.0 };
        let jitter = (row % 97) as f64 / 100.0;
        if attack { sign * (3.0 + jitter) } else { sign * jitter }
    });
    let data = dataset(
        vec![
            ("noise", noise(3000, 2)),
            ("leak", Column::numeric(leak.collect())),
            ("ends", Column::numeric(ends.collect())),
            ("id", Column::numeric((0..3000).map(f64::from).collect())),
        ],
        Some(labels),
    );
    let report = report(&data, None);
    let finding = one(&report, "column-decides");
    assert_eq!(finding.columns, ["ends", "leak"]);
    assert!(report.columns[0].auc().unwrap() < 0.55);
    assert!(report.columns[2].power.unwrap().monotone_auc.unwrap() < 0.6);
    assert_eq!(one(&report, "identifier-columns").columns, ["id"]);
}

#[test]
fn a_pair_that_decides_together_is_found() {
    // Exclusive or: neither column says anything alone.
    let mut rng = Rng::new(8);
    let bits: Vec<(bool, bool)> = (0..4000).map(|_| (rng.unit() < 0.5, rng.unit() < 0.5)).collect();
    let attacks: Vec<bool> = bits.iter().map(|(a, b)| a != b).collect();
    let column = |pick: fn(&(bool, bool)) -> bool, rng: &mut Rng| {
        let values = bits.iter().map(|bit| f64::from(u8::from(pick(bit))) * 2.0 + rng.unit());
        Column::numeric(values.collect())
    };
    let data = dataset(
        vec![
            ("noise", noise(4000, 2)),
            ("left", column(|bit| bit.0, &mut rng)),
            ("right", column(|bit| bit.1, &mut rng)),
        ],
        Some(Labels::binary(&attacks)),
    );
    let report = report(&data, None);
    assert!(report.columns.iter().all(|column| column.auc().unwrap() < 0.56));
    let finding = one(&report, "columns-together-decide");
    assert_eq!(finding.columns, ["left", "right"]);
    assert_eq!(finding.severity, Severity::Warning);
}

#[test]
fn values_that_settle_the_same_rows_are_told_together() {
    let (labels, attacks) = labels(6000, 3);
    let mut rng = Rng::new(4);
    // A mark on half of the benign rows, in two columns; the rest looks alike.
    let marked: Vec<bool> = attacks.iter().map(|&attack| !attack && rng.unit() < 0.5).collect();
    let ttl: Vec<f64> = marked.iter().map(|&m| if m { 31.0 } else { 254.0 }).collect();
    let state: Vec<Option<&str>> =
        marked.iter().map(|&m| Some(if m { "A" } else { "B" })).collect();
    let data = dataset(
        vec![
            ("noise", noise(6000, 2)),
            ("ttl", Column::numeric(ttl)),
            ("state", Column::category(&state)),
        ],
        Some(labels),
    );
    let report = report(&data, None);
    let finding = one(&report, "values-settle-class");
    assert_eq!(finding.columns, ["state", "ttl"]);
    assert_eq!(finding.severity, Severity::Warning);
    assert!((finding.numbers["coverage"] - 0.3).abs() < 0.02);
    assert_eq!(report.judged_rows, 6000);
    let sampled = check(&data, None, &GuardOptions { most_rows: 2000, ..GuardOptions::default() });
    assert!(sampled.judged_rows.abs_diff(2000) < 150, "{}", sampled.judged_rows);
    assert_eq!(one(&sampled, "values-settle-class").columns, ["state", "ttl"]);
    assert_eq!(report.settled[0][1].values[0].value, "31");
    assert!(!report.settled[0][1].values[0].attack);
}

#[test]
fn row_order_and_constants_are_told() {
    let attacks: Vec<bool> = (0..400).map(|row| row >= 250).collect();
    let data = dataset(
        vec![
            ("noise", noise(400, 2)),
            ("clock", Column::numeric((0..400).map(|row| 7.5 + f64::from(row) / 3.0).collect())),
            ("empty", Column::numeric(vec![0.0; 400])),
        ],
        Some(Labels::binary(&attacks)),
    );
    let report = report(&data, None);
    assert_eq!(one(&report, "labels-in-blocks").numbers["label_changes"], 1.0);
    assert_eq!(one(&report, "columns-follow-row-order").columns, ["clock"]);
    assert_eq!(one(&report, "constant-columns").columns, ["empty"]);
}

#[test]
fn drift_with_unknown_families_is_told() {
    let train = flows(3000, 0.0, 1);
    let mut columns = flows(2000, 0.0, 2).rows.into_columns();
    if let Column::Numeric(values) = &columns[0].1 {
        columns[0].1 = Column::numeric(values.iter().map(|value| value + 2.0).collect());
    }
    let columns = columns.iter().map(|(name, column)| (name.as_str(), column.clone())).collect();
    let names: Vec<&str> =
        (0..2000).map(|row| if row % 4 == 0 { "new" } else { "benign" }).collect();
    let test = dataset(columns, Some(Labels::from_names(&names, "benign")));
    let report = report(&train, Some(&test));
    assert_eq!(one(&report, "train-test-drift").columns[0], "bytes");
    assert_eq!(report.balance.only_test, ["new"]);
    assert_eq!(report.balance.only_train, ["dos", "scan", "worm"]);
    assert_eq!(one(&report, "families-only-in-test").numbers["rows"], 500.0);
}

#[test]
fn published_files_in_the_wrong_place_are_told() {
    let part = |rows: u64, layout: &str| {
        let mut data = from_source(flows(200, 0.0, rows), "x.csv", layout, "");
        let source = tripline_core::Source { rows, ..data.source.as_ref().clone() };
        data.source = std::sync::Arc::new(source);
        data
    };
    let alone = report(&part(82_332, "unsw-nb15"), None);
    assert_eq!(one(&alone, "official-test-part").severity, Severity::Info);
    let swapped = report(&part(82_332, "unsw-nb15"), Some(&part(175_341, "unsw-nb15")));
    assert_eq!(one(&swapped, "official-test-part").severity, Severity::Warning);
    let right = report(&part(175_341, "unsw-nb15"), Some(&part(82_332, "unsw-nb15")));
    assert_eq!(right.of_code("official-test-part").count(), 0);
}

#[test]
fn poor_data_give_findings_instead_of_panics() {
    let unlabelled = Dataset { labels: None, ..flows(50, 0.5, 1) };
    assert_eq!(one(&report(&unlabelled, None), "no-labels").severity, Severity::Warning);
    let data = flows(50, 0.0, 1);
    let empty = data.select(&[]);
    report(&empty, Some(&empty));
    report(&data, Some(&empty));
    report(&data.select(&[3]), Some(&data));
    let benign: Vec<usize> =
        (0..50).filter(|&row| !data.labels.as_ref().unwrap().is_attack(row)).collect();
    assert_eq!(one(&report(&data.select(&benign), None), "one-class").title, "All rows are benign");
    let odd = dataset(
        vec![
            ("nan", Column::numeric(vec![f64::NAN; 40])),
            (
                "inf",
                Column::numeric(
                    (0..40)
                        .map(|row| if row % 2 == 0 { f64::INFINITY } else { f64::NEG_INFINITY })
                        .collect(),
                ),
            ),
            ("none", Column::category::<&str>(&[None; 40])),
        ],
        Some(Labels::binary(&(0..40).map(|row| row % 3 == 0).collect::<Vec<_>>())),
    );
    let report = report(&odd, Some(&odd));
    for column in &report.columns {
        assert!(column.auc().is_none_or(|auc| auc.is_finite()), "{column:?}");
        assert!(column.drift.as_ref().is_some_and(|drift| drift.psi == 0.0), "{column:?}");
    }
    let other_kind = dataset(vec![("nan", Column::category(&[Some("x")]))], None);
    let across = check(&odd, Some(&other_kind), &GuardOptions::default()).across.unwrap();
    assert_eq!((across.columns, across.other_kind), (0, vec!["nan".to_owned()]));
}

#[test]
fn the_training_file_in_another_form_is_refused() {
    let train = flows(400, 0.0, 1);
    let order: Vec<usize> = (0..400).rev().collect();
    let report = report(&train, Some(&train.select(&order)));
    assert_eq!(one(&report, "test-rows-in-training").severity, Severity::Refusal);
    assert!(decide(&report, &Protocol::Official, false).is_err());
    let unlabelled = Dataset { labels: None, ..train.clone() };
    let across = check(&train, Some(&unlabelled), &GuardOptions::default()).across.unwrap();
    assert_eq!((across.repeated, across.same_verdict, across.other_verdict), (400, 0, 0));
}
