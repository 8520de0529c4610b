//! The splits of each protocol.

use tripline_core::{Dataset, Labels};

use super::duplicates::{Groups, Rounding};
use super::folds::deal;
use super::holdout::{labels_of, require, rows_of};
use super::{Protocol, ProtocolError, RandomParts, Split};

pub(super) fn splits(
    protocol: &Protocol,
    data: &Dataset,
    seed: u64,
    rounding: Rounding,
) -> Result<Vec<Split>, ProtocolError> {
    let labels = labels_of(data)?;
    let groups = Groups::new(&data.rows, rounding);
    let mut splits = match *protocol {
        Protocol::Official => return Err(ProtocolError::NeedsTestFile),
        Protocol::DuplicateGrouped { folds } => {
            require(data, &groups, folds)?;
            k_folds(&deal(&groups, labels.codes(), &equal(folds), seed), folds)
        }
        Protocol::LeaveOneFamilyOut { benign_holdout } => {
            leave_one_out(data, labels, &groups, benign_holdout, seed)?
        }
        Protocol::TimeOrdered { test_share } => vec![by_time(data, test_share)?],
        Protocol::Random(parts) => {
            let rows = Groups { of: (0..data.len() as u32).collect(), count: data.len() };
            match parts {
                RandomParts::Folds(folds) => {
                    require(data, &rows, folds)?;
                    k_folds(&deal(&rows, labels.codes(), &equal(folds), seed), folds)
                }
                RandomParts::TestShare(share) => {
                    require(data, &rows, 2)?;
                    let side = deal(&rows, labels.codes(), &[1.0 - share, share], seed);
                    vec![split(
                        "random split",
                        rows_of(&side, |s| s == 0),
                        rows_of(&side, |s| s == 1),
                    )]
                }
            }
        }
    };
    for split in &mut splits {
        split.repeated = groups.shared(&split.train, &split.test);
    }
    Ok(splits)
}

fn equal(folds: usize) -> Vec<f64> {
    vec![1.0 / folds as f64; folds]
}

fn split(name: &str, train: Vec<usize>, test: Vec<usize>) -> Split {
    Split { name: name.to_owned(), train, test, test_family: None, repeated: 0 }
}

fn k_folds(fold_of: &[u32], folds: usize) -> Vec<Split> {
    (0..folds as u32)
        .map(|fold| {
            let name = format!("fold {} of {folds}", fold + 1);
            split(&name, rows_of(fold_of, |f| f != fold), rows_of(fold_of, |f| f == fold))
        })
        .collect()
}

/// For each family: judged are its rows with the benign rows held out, the same for every family;
/// trained are all rows that share no features with these.
fn leave_one_out(
    data: &Dataset,
    labels: &Labels,
    groups: &Groups,
    benign_holdout: f64,
    seed: u64,
) -> Result<Vec<Split>, ProtocolError> {
    let benign = rows_of(labels.codes(), |code| code == 0);
    let hashes: Vec<u128> = benign.iter().map(|&row| u128::from(groups.of[row])).collect();
    let benign_groups = Groups::from_hashes(&hashes);
    require(data, &benign_groups, 2)?;
    let side =
        deal(&benign_groups, &vec![0; benign.len()], &[1.0 - benign_holdout, benign_holdout], seed);
    let held: Vec<usize> = rows_of(&side, |s| s == 1).into_iter().map(|at| benign[at]).collect();
    let counts = labels.counts();
    let mut splits = Vec::new();
    for (family, name) in labels.classes().iter().enumerate().skip(1) {
        if counts[family] == 0 {
            continue;
        }
        let mut test = rows_of(labels.codes(), |code| code as usize == family);
        test.extend(&held);
        test.sort_unstable();
        let mut judged = vec![false; groups.count];
        test.iter().for_each(|&row| judged[groups.of[row] as usize] = true);
        let train = (0..data.len()).filter(|&row| !judged[groups.of[row] as usize]).collect();
        let mut part = split(&format!("without {name}"), train, test);
        part.test_family = Some(name.clone());
        splits.push(part);
    }
    if splits.is_empty() {
        return Err(ProtocolError::NoFamily { source_name: data.source.name.clone() });
    }
    Ok(splits)
}

/// Rows of one time are never parted, so the share judged is the nearest that times allow.
fn by_time(data: &Dataset, test_share: f64) -> Result<Split, ProtocolError> {
    let source_name = || data.source.name.clone();
    let time =
        data.time.as_ref().ok_or_else(|| ProtocolError::NoTime { source_name: source_name() })?;
    let mut sorted: Vec<i64> = time.as_ref().clone();
    sorted.sort_unstable();
    let wanted = (((1.0 - test_share) * sorted.len() as f64).round() as usize)
        .min(sorted.len().saturating_sub(1));
    let one_time = |reason| ProtocolError::OneTime { source_name: source_name(), reason };
    let at = *sorted.get(wanted).ok_or_else(|| one_time("there are no rows"))?;
    // The first row judged: either end of the run of equal times around the wanted place.
    let (before, after) =
        (sorted.partition_point(|&t| t < at), sorted.partition_point(|&t| t <= at));
    let first = if before > 0 && (wanted - before <= after - wanted || after == sorted.len()) {
        before
    } else {
        after
    };
    if first == 0 || first >= sorted.len() {
        return Err(one_time("all rows have the same time"));
    }
    let cut = sorted[first];
    let train = (0..data.len()).filter(|&row| time[row] < cut).collect();
    let test = (0..data.len()).filter(|&row| time[row] >= cut).collect();
    Ok(split("later rows", train, test))
}
