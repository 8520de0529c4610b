//! Published data: UNSW-NB15, NSL-KDD.

use std::path::PathBuf;
use std::time::Instant;

use tripline_assess::bootstrap::{Bootstrap, Replicates};
use tripline_assess::guard::{GuardOptions, Severity, check, decide};
use tripline_assess::metrics::{BaseRate, METRICS, Sample, SampleInput};
use tripline_assess::protocol::{Groups, Protocol, RandomParts, Rounding};
use tripline_core::{Column, Dataset, Labels};

use crate::tables::{dataset, from_source};

/// The folder of real data, or a line that says why not.
fn folder(test: &str) -> Option<PathBuf> {
    match std::env::var_os("TRIPLINE_DATA") {
        Some(folder) => {
            println!("data test ran: {test}");
            Some(folder.into())
        }
        None => {
            eprintln!("skipped: TRIPLINE_DATA is not set");
            None
        }
    }
}

/// The named columns of a plain comma-separated text; a column is numeric if all its cells are.
fn table(text: &str, names: &[&str], skip: &[&str], label: usize, layout: &str) -> Dataset {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let mut columns = Vec::new();
    for (at, &name) in names.iter().enumerate().filter(|(_, name)| !skip.contains(name)) {
        let numbers: Result<Vec<f64>, _> = rows.iter().map(|row| row[at].parse()).collect();
        columns.push((
            name,
            match numbers {
                Ok(numbers) => Column::numeric(numbers),
                Err(_) => {
                    Column::category(&rows.iter().map(|row| Some(row[at])).collect::<Vec<_>>())
                }
            },
        ));
    }
    let names: Vec<String> = rows.iter().map(|row| row[label].to_lowercase()).collect();
    let data = dataset(columns, Some(Labels::from_names(&names, "normal")));
    from_source(data, layout, layout, "")
}

fn unsw(folder: &std::path::Path) -> Dataset {
    let text = std::fs::read_to_string(folder.join("unsw-nb15/UNSW_NB15_82332.csv")).unwrap();
    let (header, body) = text.trim_start_matches('\u{feff}').split_once('\n').unwrap();
    let names: Vec<&str> = header.trim().split(',').collect();
    let label = names.iter().position(|name| *name == "attack_cat").unwrap();
    table(body, &names, &["id", "attack_cat", "label"], label, "unsw-nb15")
}

fn nsl_kdd(folder: &std::path::Path, file: &str) -> Dataset {
    let text = std::fs::read_to_string(folder.join("nsl-kdd").join(file)).unwrap();
    let names = std::fs::read_to_string(folder.join("nsl-kdd/field_names.csv")).unwrap();
    let names: Vec<&str> =
        names.lines().filter_map(|line| line.split(',').next()).take(41).collect();
    table(&text, &names, &[], 41, "nsl-kdd")
}

#[test]
fn data_unsw_repeats_a_third_of_its_rows() {
    let Some(folder) = folder("data_unsw_repeats_a_third_of_its_rows") else { return };
    let data = unsw(&folder);
    assert_eq!((data.len(), data.rows.width()), (82_332, 42));
    let start = Instant::now();
    let report = check(&data, None, &GuardOptions::default());
    println!("guard on 82,332 × 42: {:.2} s", start.elapsed().as_secs_f64());
    for finding in &report.findings {
        println!("{:?} {}: {} | {}", finding.severity, finding.code, finding.title, finding.detail);
    }
    println!("sets: {:?}", report.sets);
    // pandas: X.duplicated().mean()
    assert!((report.duplicates.repeating_share - 0.344_774_8).abs() < 1e-6);
    assert!((report.duplicates.twin_share - 0.421_512_9).abs() < 1e-6);
    let random = Protocol::Random(RandomParts::Folds(5));
    assert_eq!(decide(&report, &random, false).unwrap_err().code, "random-split-over-duplicates");
    assert!(decide(&report, &Protocol::DuplicateGrouped { folds: 5 }, false).unwrap().is_empty());
    assert!(report.conflicts.unwrap().class_rows > 0);
    assert_eq!(report.of_code("official-test-part").count(), 1);
}

#[test]
fn data_unsw_has_the_marks_of_its_test_bed() {
    let Some(folder) = folder("data_unsw_has_the_marks_of_its_test_bed") else { return };
    let report = check(&unsw(&folder), None, &GuardOptions::default());
    let mark = report
        .of_code("values-settle-class")
        .find(|finding| finding.columns.iter().any(|column| column == "sttl"))
        .unwrap();
    let mut columns = mark.columns.clone();
    columns.sort_unstable();
    assert_eq!(columns, ["ct_state_ttl", "dttl", "sttl"]);
    assert_eq!(mark.severity, Severity::Warning);
    assert!(mark.numbers["coverage"] > 0.29, "{mark:?}");
    let settled = report.settled.iter().flatten();
    let ttl = settled.clone().find(|column| column.column == "sttl").unwrap();
    assert_eq!((ttl.values[0].value.as_str(), ttl.values[0].attack), ("31", false));
}

#[test]
fn data_unsw_splits_part_no_duplicates() {
    let Some(folder) = folder("data_unsw_splits_part_no_duplicates") else { return };
    let data = unsw(&folder);
    let labels = data.labels.as_ref().unwrap();
    let groups = Groups::new(&data.rows, Rounding::Exact);
    let start = Instant::now();
    let splits = Protocol::DuplicateGrouped { folds: 5 }.splits(&data, 0).unwrap();
    println!("five grouped folds: {:.2} s", start.elapsed().as_secs_f64());
    for split in &splits {
        assert_eq!(groups.shared(&split.train, &split.test), 0);
        assert!(split.test.len().abs_diff(82_332 / 5) < 400, "{}", split.test.len());
        let attacks = split.test.iter().filter(|&&row| labels.is_attack(row)).count();
        let share = attacks as f64 / split.test.len() as f64;
        assert!((share - 0.5506).abs() < 0.005, "{share}");
    }
    let splits = Protocol::LeaveOneFamilyOut { benign_holdout: 0.3 }.splits(&data, 0).unwrap();
    assert_eq!(splits.len(), 9);
    for split in &splits {
        assert_eq!(split.repeated, 0);
        let benign = split.test.iter().filter(|&&row| !labels.is_attack(row)).count();
        assert!(benign.abs_diff(11_100) < 100, "{benign}");
    }
}

#[test]
fn data_nsl_kdd_drifts_to_its_test_part() {
    let Some(folder) = folder("data_nsl_kdd_drifts_to_its_test_part") else { return };
    let (train, test) = (nsl_kdd(&folder, "KDDTrain+.txt"), nsl_kdd(&folder, "KDDTest+.txt"));
    assert_eq!((train.len(), test.len(), train.rows.width()), (125_973, 22_544, 41));
    let start = Instant::now();
    let report = check(&train, Some(&test), &GuardOptions::default());
    println!("guard on 125,973 + 22,544 × 41: {:.2} s", start.elapsed().as_secs_f64());
    for finding in &report.findings {
        println!("{:?} {}: {} | {}", finding.severity, finding.code, finding.title, finding.detail);
    }
    assert_eq!(report.balance.only_test.len(), 17);
    let unknown = report.of_code("families-only-in-test").next().unwrap();
    assert!(unknown.detail.starts_with("17 of its 37 attack families"), "{}", unknown.detail);
    let drift = report.of_code("train-test-drift").next().unwrap();
    assert_eq!(drift.severity, Severity::Warning);
    assert!(drift.numbers["psi_at_least_0.25"] >= 3.0, "{drift:?}");
    // pandas: X.duplicated().sum()
    assert_eq!(report.duplicates.rows - report.duplicates.distinct, 16);
}

#[test]
fn data_a_thousand_replicates_are_quick() {
    let Some(folder) = folder("data_a_thousand_replicates_are_quick") else { return };
    let data = unsw(&folder);
    let attacks = data.labels.as_ref().unwrap().attacks();
    let Some(Column::Numeric(scores)) = data.rows.column("sload") else { panic!("no sload") };
    let largest = scores.iter().fold(1.0_f64, |a, &b| a.max(b));
    let probability: Vec<f64> = scores.iter().map(|score| score / largest).collect();
    let sample = Sample::new(&SampleInput {
        scores,
        probability: Some(&probability),
        attacks: &attacks,
        weights: None,
        threshold: 1e8,
        base_rate: BaseRate::default(),
        seconds_per_row: None,
        bins: 15,
    })
    .unwrap();
    let start = Instant::now();
    let all = Replicates::rows(&sample, &attacks, Bootstrap::default()).unwrap();
    println!("1000 replicates of 82,332 rows: {:.2} s", start.elapsed().as_secs_f64());
    let position = METRICS.iter().position(|card| card.id == "roc_auc").unwrap();
    let (value, interval) = (sample.values()[position].unwrap(), all.interval(position).unwrap());
    assert!(interval.low < value && value < interval.high);
    assert!(interval.high - interval.low < 0.01, "{interval:?}");
}
