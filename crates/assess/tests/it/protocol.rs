//! Splits that leak nothing.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;
use tripline_assess::protocol::{
    Groups, Protocol, RandomParts, Rounding, Split, holdout, out_of_fold,
};
use tripline_core::Dataset;

use crate::tables::{dataset, flows};

fn attack_share(data: &Dataset, rows: &[usize]) -> f64 {
    let labels = data.labels.as_ref().unwrap();
    rows.iter().filter(|&&row| labels.is_attack(row)).count() as f64 / rows.len() as f64
}

fn disjoint(split: &Split) {
    let train: HashSet<usize> = split.train.iter().copied().collect();
    assert!(split.test.iter().all(|row| !train.contains(row)), "{}", split.name);
    assert!(split.train.is_sorted() && split.test.is_sorted());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What scikit-learn's `StratifiedGroupKFold` promises: every row is judged once, no group is
    /// parted, each fold has about its share of rows with about the overall share of attacks.
    #[test]
    fn grouped_folds_keep_their_promise(
        rows in 60usize..600,
        repeat in 0.0f64..0.6,
        folds in 2usize..7,
        seed in 0u64..1000,
    ) {
        let data = flows(rows, repeat, seed);
        let groups = Groups::new(&data.rows, Rounding::Exact);
        let largest = groups.sizes().into_iter().max().unwrap() as f64;
        let splits = Protocol::DuplicateGrouped { folds }.splits(&data, seed).unwrap();
        let mut judged = vec![0; rows];
        let overall = attack_share(&data, &(0..rows).collect::<Vec<_>>());
        for split in &splits {
            disjoint(split);
            prop_assert_eq!(split.train.len() + split.test.len(), rows);
            prop_assert_eq!(split.repeated, 0);
            prop_assert_eq!(groups.shared(&split.train, &split.test), 0);
            split.test.iter().for_each(|&row| judged[row] += 1);
            let size = split.test.len() as f64;
            // Four classes are dealt out by themselves: each may be off by a group.
            let slack = 4.0 * largest;
            prop_assert!((size - rows as f64 / folds as f64).abs() <= slack, "{} rows", size);
            prop_assert!((attack_share(&data, &split.test) - overall).abs() <= slack / size);
        }
        prop_assert!(judged.iter().all(|&times| times == 1));
    }

    #[test]
    fn a_holdout_shares_no_features(
        rows in 40usize..400,
        repeat in 0.0f64..0.5,
        share in 0.1f64..0.5,
        seed in 0u64..1000,
    ) {
        let data = flows(rows, repeat, seed);
        let parts = holdout(&data, share, seed).unwrap();
        prop_assert_eq!(parts.fit.len() + parts.validation.len(), rows);
        let groups = Groups::new(&data.rows, Rounding::Exact);
        prop_assert_eq!(groups.shared(&parts.fit, &parts.validation), 0);
        let largest = groups.sizes().into_iter().max().unwrap() as f64;
        let off = parts.validation.len() as f64 - share * rows as f64;
        prop_assert!(off.abs() <= 4.0 * largest + 1.0, "{} rows off", off);
    }
}

#[test]
fn the_seed_alone_decides() {
    let data = flows(500, 0.3, 1);
    let protocol = Protocol::DuplicateGrouped { folds: 5 };
    let first = protocol.splits(&data, 7).unwrap();
    assert_eq!(first, protocol.splits(&data, 7).unwrap());
    assert_ne!(first, protocol.splits(&data, 8).unwrap());
}

#[test]
fn a_family_is_left_out_with_all_that_repeats_it() {
    let data = flows(2000, 0.3, 4);
    let labels = data.labels.as_ref().unwrap();
    let groups = Groups::new(&data.rows, Rounding::Exact);
    let splits = Protocol::LeaveOneFamilyOut { benign_holdout: 0.3 }.splits(&data, 3).unwrap();
    let families: Vec<&str> =
        splits.iter().map(|split| split.test_family.as_deref().unwrap()).collect();
    assert_eq!(families, ["dos", "scan", "worm"]);
    let mut held: Option<Vec<usize>> = None;
    for split in &splits {
        disjoint(split);
        let family = split.test_family.as_deref().unwrap();
        assert!(split.train.iter().all(|&row| labels.class(row) != family));
        assert_eq!(groups.shared(&split.train, &split.test), 0);
        let (benign, attacks): (Vec<usize>, Vec<usize>) =
            split.test.iter().partition(|&&row| !labels.is_attack(row));
        assert!(attacks.iter().all(|&row| labels.class(row) == family));
        assert_eq!(
            attacks.len(),
            labels.codes().iter().filter(|&&c| labels.classes()[c as usize] == family).count()
        );
        let share = benign.len() as f64 / labels.counts()[0] as f64;
        assert!((share - 0.3).abs() < 0.01, "{share}");
        // Every family is judged against the same benign rows.
        assert_eq!(held.get_or_insert(benign.clone()), &benign);
    }
}

#[test]
fn later_rows_are_judged() {
    let mut data = flows(100, 0.5, 4);
    // Ten rows of each time, out of order in the file.
    data.time = Some(Arc::new((0..100).map(|row| (row * 7 % 100) / 10).collect()));
    let split = &Protocol::TimeOrdered { test_share: 0.33 }.splits(&data, 0).unwrap()[0];
    disjoint(split);
    let time = data.time.as_ref().unwrap();
    assert_eq!((split.train.len(), split.test.len()), (70, 30));
    assert!(split.train.iter().all(|&row| time[row] < 7));
    let groups = Groups::new(&data.rows, Rounding::Exact);
    assert_eq!(split.repeated, groups.shared(&split.train, &split.test));
    assert!(split.repeated > 0);
}

#[test]
fn a_random_split_tells_what_it_repeats() {
    let data = flows(1000, 0.4, 2);
    let splits = Protocol::Random(RandomParts::Folds(5)).splits(&data, 0).unwrap();
    assert_eq!(splits.len(), 5);
    assert!(
        splits.iter().all(|split| split.test.len() == 200 || split.test.len().abs_diff(200) < 4)
    );
    assert!(splits.iter().all(|split| split.repeated > 40), "{}", splits[0].repeated);
    let one = Protocol::Random(RandomParts::TestShare(0.25)).splits(&data, 0).unwrap();
    assert_eq!((one.len(), one[0].test.len()), (1, 250));
}

#[test]
fn out_of_fold_parts_cover_every_row() {
    let data = flows(300, 0.2, 2);
    let parts = out_of_fold(&data, 4, 1).unwrap();
    let mut rows: Vec<usize> = parts.into_iter().flat_map(|part| part.validation).collect();
    rows.sort_unstable();
    assert_eq!(rows, (0..300).collect::<Vec<_>>());
}

#[test]
fn names_are_those_of_the_command_line() {
    for &name in Protocol::NAMES {
        assert_eq!(Protocol::parse(name, None, None).unwrap().name(), name);
    }
    let error = |name, folds, share| Protocol::parse(name, folds, share).unwrap_err().to_string();
    assert_eq!(
        error("kfold", None, None),
        "unknown protocol `kfold`, known are: official, duplicate-grouped, leave-one-family-out, time-ordered, random"
    );
    assert_eq!(
        error("duplicate-grouped", Some(1), None),
        "the number of folds must be at least 2, got 1"
    );
    assert_eq!(
        error("time-ordered", None, Some(1.5)),
        "the share of rows held out must be between 0 and 1, got 1.5"
    );
}

#[test]
fn what_cannot_be_split_is_told_with_a_way_out() {
    let data = flows(50, 0.0, 1);
    let error =
        |protocol: Protocol, data: &Dataset| protocol.splits(data, 0).unwrap_err().to_string();
    assert_eq!(
        error(Protocol::Official, &data),
        "the protocol `official` needs the publisher's test file; give it with --test FILE, or choose duplicate-grouped"
    );
    assert_eq!(
        error(Protocol::TimeOrdered { test_share: 0.3 }, &data),
        "`made` has no time column, so its rows have no order in time; choose duplicate-grouped"
    );
    let mut same = data.clone();
    same.time = Some(Arc::new(vec![3; 50]));
    assert_eq!(
        error(Protocol::TimeOrdered { test_share: 0.3 }, &same),
        "the rows of `made` cannot be parted by time: all rows have the same time"
    );
    assert_eq!(
        error(Protocol::DuplicateGrouped { folds: 60 }, &data),
        "60 parts need at least as many distinct rows, `made` has 50; ask for fewer folds, or give more rows"
    );
    let unlabelled = Dataset { labels: None, ..data.clone() };
    assert_eq!(
        error(Protocol::DuplicateGrouped { folds: 5 }, &unlabelled),
        "`made` has no labels; name the label column with --label COLUMN --benign VALUE"
    );
    let labels = data.labels.as_ref().unwrap();
    let benign: Vec<usize> = (0..50).filter(|&row| !labels.is_attack(row)).collect();
    assert_eq!(
        error(Protocol::LeaveOneFamilyOut { benign_holdout: 0.3 }, &data.select(&benign)),
        "`made` has no attack family to leave out"
    );
    let empty = dataset(vec![], Some(labels.select(&[])));
    assert!(error(Protocol::TimeOrdered { test_share: 0.3 }, &empty).contains("no time column"));
    assert!(error(Protocol::DuplicateGrouped { folds: 2 }, &empty).contains("has 0"));
}

#[test]
fn near_duplicates_can_be_kept_together() {
    let values: Vec<f64> =
        (0..200).map(|row| f64::from(row / 2) + f64::from(row % 2) * 1e-9).collect();
    let attacks: Vec<bool> = (0..200).map(|row| row % 4 < 2).collect();
    let labels = tripline_core::Labels::binary(&attacks);
    let data = dataset(vec![("a", tripline_core::Column::numeric(values))], Some(labels));
    let protocol = Protocol::DuplicateGrouped { folds: 5 };
    let near = Groups::new(&data.rows, Rounding::Significant(4));
    // The pair at 0 differs in its first digit.
    assert_eq!(near.count, 101);
    let shared = |rounding| -> usize {
        let splits = protocol.splits_with(&data, 0, rounding).unwrap();
        splits.iter().map(|split| near.shared(&split.train, &split.test)).sum()
    };
    assert!(shared(Rounding::Exact) > 50);
    assert_eq!(shared(Rounding::Significant(4)), 0);
}
