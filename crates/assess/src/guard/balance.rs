//! How many rows each class has.

use serde::Serialize;
use tripline_core::{Dataset, Labels};

use super::finding::{Finding, Severity, listed, percent};

/// Rows of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassShare {
    /// Its name.
    pub class: String,
    /// Rows of the training file.
    pub train: usize,
    /// Rows of the test file, where there is one.
    pub test: Option<usize>,
}

/// Classes of both files.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Balance {
    /// Benign first, then attack families by name.
    pub classes: Vec<ClassShare>,
    /// Share of attacks in the training file.
    pub attack_share: Option<f64>,
    /// Share of attacks in the test file.
    pub test_attack_share: Option<f64>,
    /// Attack families that only the test file has.
    pub only_test: Vec<String>,
    /// Attack families that only the training file has.
    pub only_train: Vec<String>,
}

pub(super) fn balance(train: &Dataset, test: Option<&Dataset>) -> Balance {
    let train_labels = train.labels.as_ref();
    let test_labels = test.and_then(|test| test.labels.as_ref());
    let mut names: Vec<String> = Vec::new();
    for labels in train_labels.iter().chain(&test_labels) {
        for name in labels.classes().iter() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    // The benign class stays first; the test file's own families are sorted in among the rest.
    if let Some(rest) = names.get_mut(1..) {
        rest.sort_unstable();
    }
    let rows_of = |labels: &Labels, name: &str| {
        let at = labels.classes().iter().position(|class| class == name);
        at.map_or(0, |at| labels.counts()[at])
    };
    let classes: Vec<ClassShare> = names
        .iter()
        .map(|name| ClassShare {
            class: name.clone(),
            train: train_labels.map_or(0, |labels| rows_of(labels, name)),
            test: test_labels.map(|labels| rows_of(labels, name)),
        })
        .filter(|class| class.train + class.test.unwrap_or(0) > 0)
        .collect();
    let attack_share = |labels: &Labels| {
        let benign = labels.counts().first().copied().unwrap_or(0);
        1.0 - benign as f64 / labels.len().max(1) as f64
    };
    let benign_name = names.first().cloned();
    let families = |keep: fn(&ClassShare) -> bool| -> Vec<String> {
        classes
            .iter()
            .filter(|class| Some(&class.class) != benign_name.as_ref() && keep(class))
            .map(|class| class.class.clone())
            .collect()
    };
    Balance {
        only_test: families(|class| class.train == 0),
        only_train: families(|class| class.test == Some(0)),
        attack_share: train_labels.map(attack_share),
        test_attack_share: test_labels.map(attack_share),
        classes,
    }
}

/// Fewer rows than this tell a detection rate only to about ± 15 points (Wilson 1927).
const FEW_ROWS: usize = 30;

pub(super) fn findings(balance: &Balance) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(share) = balance.attack_share else {
        findings.push(Finding::new(
            "no-labels",
            Severity::Warning,
            "The file has no labels",
            "Without labels only repeated rows, identifiers and constant columns can be checked.",
            "name the label column with --label COLUMN --benign VALUE",
        ));
        return findings;
    };
    if share == 0.0 || share == 1.0 {
        let only = if share == 0.0 { "benign" } else { "attacks" };
        findings.push(Finding::new(
            "one-class",
            Severity::Warning,
            format!("All rows are {only}"),
            "A model cannot be taught to tell two kinds apart from rows of one kind.",
            "check --label and --benign, or add rows of the other kind",
        ));
    } else {
        findings.push(
            Finding::new(
                "class-balance",
                Severity::Info,
                format!("{} of the training rows are attacks", percent(share)),
                match balance.test_attack_share {
                    Some(test) => format!(
                        "In the test file {} are. Networks see far fewer: precision here says little about precision there.",
                        percent(test)
                    ),
                    None => "Networks see far fewer: precision here says little about precision there.".to_owned(),
                },
                "read the precision at your own base rate (--base-rate)",
            )
            .number("attack_share", share),
        );
    }
    if !balance.only_test.is_empty() {
        let rows: usize = balance
            .classes
            .iter()
            .filter(|class| balance.only_test.contains(&class.class))
            .map(|class| class.test.unwrap_or(0))
            .sum();
        let families = balance.classes.iter().filter(|class| class.test.unwrap_or(0) > 0).count();
        findings.push(
            Finding::new(
                "families-only-in-test",
                Severity::Warning,
                format!("Only in the test file: {}", families_counted(balance.only_test.len())),
                format!(
                    "{} of its {} attack families, {rows} rows, are unknown to training: {}.",
                    balance.only_test.len(),
                    families.saturating_sub(1),
                    listed(&balance.only_test)
                ),
                "read the detection rate by family; overall figures mix known with unknown attacks",
            )
            .number("families", balance.only_test.len() as f64)
            .number("rows", rows as f64),
        );
    }
    let rare: Vec<&str> = balance
        .classes
        .iter()
        .filter(|class| class.train > 0 && class.train < FEW_ROWS)
        .map(|class| class.class.as_str())
        .collect();
    if !rare.is_empty() {
        findings.push(
            Finding::new(
                "rare-classes",
                Severity::Info,
                format!(
                    "Fewer than {FEW_ROWS} rows in {}",
                    if rare.len() == 1 {
                        "1 class".to_owned()
                    } else {
                        format!("{} classes", rare.len())
                    }
                ),
                format!("{}: a detection rate from so few rows is hardly known.", listed(&rare)),
                "read the interval beside their detection rate",
            )
            .number("classes", rare.len() as f64),
        );
    }
    findings
}

fn families_counted(count: usize) -> String {
    if count == 1 { "1 attack family".to_owned() } else { format!("{count} attack families") }
}
