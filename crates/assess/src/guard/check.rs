//! The whole check of one or two data sets.

use rayon::prelude::*;
use serde::Serialize;
use tripline_core::{Column, Dataset};

use super::across::{self, Across};
use super::balance::{self, Balance};
use super::columns::{self, ColumnReport};
use super::finding::{Finding, Severity};
use super::power::{Bench, Bins, ColumnPower, FINE};
use super::repeats::{self, Conflicts, Duplicates};
use super::sets::{COARSE, ColumnSet, best, joint_auc};
use super::settled::{self, SettledColumn};
use super::source::{self, SourceCard};
use super::{identifiers, shift};
use crate::drift::ColumnDrift;
use crate::protocol::{Groups, Rounding, row_hashes};

/// What the guard is asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GuardOptions {
    /// A column, or a small set, with at least this AUC decides by itself.
    pub decides_auc: f64,
    /// Whether pairs with triples of columns are tried.
    pub small_sets: bool,
    /// Columns are judged on at most about so many distinct rows, chosen by a hash of their
    /// features.
    pub most_rows: usize,
}

impl Default for GuardOptions {
    fn default() -> Self {
        // 200,000 rows tell an AUC to the third digit, and a check of a large file takes seconds.
        Self { decides_auc: 0.98, small_sets: true, most_rows: 200_000 }
    }
}

/// What the guard found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GuardReport {
    /// Most serious first.
    pub findings: Vec<Finding>,
    /// The files.
    pub sources: Vec<SourceCard>,
    /// Distinct rows that columns were judged on; 0 without labels of both sides.
    pub judged_rows: usize,
    /// Repeating rows of the training file.
    pub duplicates: Duplicates,
    /// Equal features with different labels.
    pub conflicts: Option<Conflicts>,
    /// Rows by class.
    pub balance: Balance,
    /// What the files share.
    pub across: Option<Across>,
    /// Each column, in the training file's order.
    pub columns: Vec<ColumnReport>,
    /// The pair, then the triple, of columns with the largest AUC.
    pub sets: Vec<ColumnSet>,
    /// Columns of which single values settle the class, by the rows that they settle.
    pub settled: Vec<Vec<SettledColumn>>,
}

impl GuardReport {
    /// The gravest severity found; none without findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// The findings of that code.
    pub fn of_code<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.code == code)
    }
}

/// Checks a training file, with a test file where there is one. Nothing in it is random.
pub fn check(train: &Dataset, test: Option<&Dataset>, options: &GuardOptions) -> GuardReport {
    let positions: Vec<usize> = (0..train.rows.width()).collect();
    let hashes = row_hashes(&train.rows, &positions, Rounding::Exact);
    let groups = Groups::from_hashes(&hashes);
    // Four digits: what a text export of single precision keeps at least.
    let near = Groups::new(&train.rows, Rounding::Significant(4));
    let duplicates = repeats::duplicates(&groups, &near);
    let conflicts = train.labels.as_ref().map(|labels| repeats::conflicts(&groups, labels));
    let bench = train.labels.as_ref().and_then(|labels| {
        let rows = first_rows(&groups, &hashes, options.most_rows);
        Bench::new(&hashes, &rows, &labels.attacks())
    });
    let benign_rows = test.and_then(|test| Some((benign(train)?, benign(test)?)));
    let checked: Vec<Checked> = positions
        .par_iter()
        .map(|&position| Checked::new(train, test, position, bench.as_ref(), benign_rows.as_ref()))
        .collect();
    let names = |keep: fn(&Checked) -> bool| -> Vec<String> {
        checked.iter().filter(|c| keep(c)).map(|c| c.report.name.clone()).collect()
    };
    let constant = names(|c| c.report.distinct <= 1 && c.report.missing == 0);
    let identifiers = names(|c| c.identifier);
    let following = names(|c| c.follows && !c.identifier);
    let mut findings = source::findings(train, test);
    findings.extend(repeats::findings(&duplicates, conflicts.as_ref()));
    findings.extend(identifiers::findings(&identifiers, &following, &constant));
    findings.extend(train.labels.as_ref().and_then(|l| identifiers::label_order(train, l)));
    let across = test.map(|test| across::across(train, test));
    // That one file stands in both places says it all.
    if findings.iter().all(|finding: &Finding| finding.code != "same-file") {
        findings.extend(across.iter().flat_map(across::findings));
    }
    let balance = balance::balance(train, test);
    findings.extend(balance::findings(&balance));

    let mut settled = Vec::new();
    let mut sets = Vec::new();
    let mut reports = Vec::with_capacity(checked.len());
    let mut coarse: Vec<Bins> = Vec::new();
    for column in checked {
        reports.push(column.report);
        settled.extend(column.settled);
        coarse.extend(column.coarse);
    }
    let settled = settled::clusters(settled);
    if let Some(bench) = &bench {
        let bins_of = |name: &str| train.rows.schema().position(name).map(|at| &coarse[at]);
        for cluster in &settled {
            let bins: Vec<&Bins> =
                cluster.iter().take(3).filter_map(|column| bins_of(&column.column)).collect();
            let together = (bins.len() > 1).then(|| joint_auc(&bins, bench));
            findings.push(settled::finding(cluster, together));
        }
        if options.small_sets {
            let named: Vec<(&str, f64, Bins)> = reports
                .iter()
                .zip(coarse)
                .map(|(report, bins)| (report.name.as_str(), report.auc().unwrap_or(0.5), bins))
                .collect();
            sets = best(&named, bench);
        }
    }
    findings.extend(columns::findings(&reports, &sets, options.decides_auc));
    findings.extend(shift::findings(&reports));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let sources = std::iter::once(("train", train)).chain(test.map(|test| ("test", test)));
    GuardReport {
        findings,
        sources: sources.map(|(part, data)| source::card(part, &data.source)).collect(),
        judged_rows: bench.as_ref().map_or(0, |bench| bench.rows.len()),
        duplicates,
        conflicts,
        balance,
        across,
        columns: reports,
        sets,
        settled,
    }
}

/// One column with what the set search needs of it.
struct Checked {
    report: ColumnReport,
    identifier: bool,
    follows: bool,
    settled: Option<SettledColumn>,
    coarse: Option<Bins>,
}

impl Checked {
    fn new(
        train: &Dataset,
        test: Option<&Dataset>,
        position: usize,
        bench: Option<&Bench>,
        benign: Option<&(Vec<usize>, Vec<usize>)>,
    ) -> Self {
        let column = &train.rows.columns()[position];
        let name = train.rows.schema().fields()[position].name.clone();
        let (distinct, missing) = identifiers::spread(column);
        let power = bench.map(|bench| ColumnPower {
            auc: bench.auc(&bench.bins(column, FINE)),
            monotone_auc: match column {
                Column::Numeric(values) => Some(bench.monotone_auc(values)),
                Column::Category(_) => None,
            },
        });
        let other = test.and_then(|test| test.rows.column(&name));
        let benign_drift = other.zip(benign).and_then(|(other, (own_rows, other_rows))| {
            ColumnDrift::new(&column.select(own_rows), &other.select(other_rows))
        });
        Self {
            identifier: identifiers::is_identifier(column, distinct),
            follows: identifiers::follows_rows(column, distinct),
            settled: bench.and_then(|bench| settled::settled(&train.rows, position, bench)),
            coarse: bench.map(|bench| bench.bins(column, COARSE)),
            report: ColumnReport {
                kind: column.kind().name(),
                distinct,
                missing,
                power,
                drift: other.and_then(|other| ColumnDrift::new(column, other)),
                benign_drift,
                name,
            },
        }
    }
}

/// The first row of each group; of more than `most` groups a sample by hash.
fn first_rows(groups: &Groups, hashes: &[u128], most: usize) -> Vec<u32> {
    let mut first = Vec::with_capacity(groups.count);
    for (row, &group) in groups.of.iter().enumerate() {
        // Groups are numbered by first row.
        if group as usize == first.len() {
            first.push(row as u32);
        }
    }
    if first.len() > most {
        // The low half of a hash chooses rows, a bit of the high half parts them in two.
        let limit = (u64::MAX as f64 * (most as f64 / first.len() as f64)) as u64;
        first.retain(|&row| (hashes[row as usize] as u64) < limit);
    }
    first
}

fn benign(data: &Dataset) -> Option<Vec<usize>> {
    let labels = data.labels.as_ref()?;
    Some((0..data.len()).filter(|&row| !labels.is_attack(row)).collect())
}
