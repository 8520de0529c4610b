//! Figures of merit where each class is told from each other.

use serde::Serialize;
use tripline_core::Labels;

use super::ranking::{MetricError, Ranking};

/// The probability of each class for each row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassProbabilities {
    /// k class names, the first benign.
    pub names: Vec<String>,
    /// n × k, row-major.
    pub values: Vec<f64>,
}

/// One class against the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassRow {
    /// Its name.
    pub class: String,
    /// Rows of it.
    pub rows: usize,
    /// Share of the rows called so that are so; 0 if none is called so.
    pub precision: f64,
    /// Share of its rows that are called so; 0 if it has no rows.
    pub recall: f64,
    /// Harmonic mean of the two; 0 if both are 0.
    pub f1: f64,
    /// Area under its ROC against the rest; none if it has no rows, or all.
    pub roc_auc: Option<f64>,
}

/// All classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassMetrics {
    /// Share of rows called what they are.
    pub accuracy: f64,
    /// Mean over classes with rows or calls.
    pub macro_precision: f64,
    /// Mean over classes with rows or calls.
    pub macro_recall: f64,
    /// Mean over classes with rows or calls.
    pub macro_f1: f64,
    /// Mean by rows of the class.
    pub weighted_precision: f64,
    /// Mean by rows of the class.
    pub weighted_recall: f64,
    /// Mean by rows of the class.
    pub weighted_f1: f64,
    /// k × k: rows of class `i` called class `j` stand at `[i][j]`.
    pub confusion: Vec<Vec<u64>>,
    /// By class, in the order of the confusion matrix.
    pub classes: Vec<ClassRow>,
}

impl ClassMetrics {
    /// Judges the most probable class of each row (the first of equals).
    ///
    /// A class that only the labels know gets a row that nothing is called; none for no rows.
    pub fn new(
        probabilities: &ClassProbabilities,
        labels: &Labels,
    ) -> Result<Option<Self>, MetricError> {
        let known = probabilities.names.len();
        let expected = labels.len() * known;
        if probabilities.values.len() != expected {
            let got = probabilities.values.len();
            return Err(MetricError::Length { what: "class probabilities", expected, got });
        }
        if labels.is_empty() || known == 0 {
            return Ok(None);
        }
        let mut names = probabilities.names.clone();
        let counts = labels.counts();
        let mut table = Vec::with_capacity(labels.classes().len());
        for (code, name) in labels.classes().iter().enumerate() {
            let at = names.iter().position(|known| known == name);
            table.push(at.or_else(|| {
                (counts[code] > 0).then(|| {
                    names.push(name.clone());
                    names.len() - 1
                })
            }));
        }
        let truth: Vec<usize> =
            labels.codes().iter().map(|&code| table[code as usize].unwrap_or(0)).collect();
        let mut confusion = vec![vec![0u64; names.len()]; names.len()];
        for (row, &class) in truth.iter().enumerate() {
            let values = &probabilities.values[row * known..(row + 1) * known];
            if values.iter().any(|value| value.is_nan()) {
                return Err(MetricError::NotANumber { what: "class probability", row });
            }
            confusion[class][most_probable(values)] += 1;
        }
        let mut classes = Vec::with_capacity(names.len());
        for (class, name) in names.into_iter().enumerate() {
            let attacks: Vec<bool> = truth.iter().map(|&other| other == class).collect();
            let mut roc_auc = None;
            if class < known {
                let scores: Vec<f64> =
                    (0..truth.len()).map(|row| probabilities.values[row * known + class]).collect();
                roc_auc = Ranking::new(&scores, &attacks, None)?.curve().roc_auc();
            }
            classes.push(class_row(name, class, &confusion, roc_auc));
        }
        Ok(Some(summary(classes, confusion)))
    }
}

impl ClassMetrics {
    /// Several parts together, such as folds: outcomes are summed, each class's ROC AUC is the
    /// mean over the parts that have one. None for no part.
    pub fn sum(parts: &[&Self]) -> Option<Self> {
        let first = parts.first()?;
        let mut names: Vec<String> = first.classes.iter().map(|c| c.class.clone()).collect();
        for class in parts.iter().flat_map(|part| &part.classes) {
            if !names.contains(&class.class) {
                names.push(class.class.clone());
            }
        }
        let mut confusion = vec![vec![0u64; names.len()]; names.len()];
        let mut areas: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
        for part in parts {
            let at: Vec<usize> = part
                .classes
                .iter()
                .map(|class| names.iter().position(|name| *name == class.class).unwrap_or(0))
                .collect();
            for (class, row) in part.confusion.iter().enumerate() {
                for (called, count) in row.iter().enumerate() {
                    confusion[at[class]][at[called]] += count;
                }
                areas[at[class]].extend(part.classes[class].roc_auc);
            }
        }
        let classes = names
            .into_iter()
            .enumerate()
            .map(|(class, name)| {
                let areas = &areas[class];
                let mean = areas.iter().sum::<f64>() / areas.len() as f64;
                class_row(name, class, &confusion, (!areas.is_empty()).then_some(mean))
            })
            .collect();
        Some(summary(classes, confusion))
    }
}

fn most_probable(values: &[f64]) -> usize {
    let mut best = 0;
    for (class, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = class;
        }
    }
    best
}

fn class_row(name: String, class: usize, confusion: &[Vec<u64>], roc_auc: Option<f64>) -> ClassRow {
    let right = confusion[class][class] as f64;
    let rows: u64 = confusion[class].iter().sum();
    let called: u64 = confusion.iter().map(|row| row[class]).sum();
    let share = |whole: f64| if whole > 0.0 { right / whole } else { 0.0 };
    let both = (rows + called) as f64;
    ClassRow {
        class: name,
        rows: rows as usize,
        precision: share(called as f64),
        recall: share(rows as f64),
        f1: 2.0 * share(both),
        roc_auc,
    }
}

fn summary(classes: Vec<ClassRow>, confusion: Vec<Vec<u64>>) -> ClassMetrics {
    let whole: usize = classes.iter().map(|class| class.rows).sum();
    let right: u64 = (0..classes.len()).map(|class| confusion[class][class]).sum();
    let present: Vec<&ClassRow> = classes
        .iter()
        .enumerate()
        .filter(|(at, class)| class.rows > 0 || confusion.iter().any(|row| row[*at] > 0))
        .map(|(_, class)| class)
        .collect();
    let mean = |value: fn(&ClassRow) -> f64| {
        present.iter().map(|class| value(class)).sum::<f64>() / present.len().max(1) as f64
    };
    let weighted = |value: fn(&ClassRow) -> f64| {
        classes.iter().map(|class| class.rows as f64 * value(class)).sum::<f64>() / whole as f64
    };
    ClassMetrics {
        accuracy: right as f64 / whole as f64,
        macro_precision: mean(|class| class.precision),
        macro_recall: mean(|class| class.recall),
        macro_f1: mean(|class| class.f1),
        weighted_precision: weighted(|class| class.precision),
        weighted_recall: weighted(|class| class.recall),
        weighted_f1: weighted(|class| class.f1),
        confusion,
        classes,
    }
}
