//! Outliers: the rows of one data set scored among each other.

use std::time::Instant;

use tripline_assess::evaluate::{PartMetrics, Scored, metrics_of};
use tripline_assess::explain::shown_value;
use tripline_core::{Card, Column, Dataset, FitContext, Frame, Params, Progress, Rows, Task};
use tripline_features::{PrepareContext, Recipe};

use crate::error::EngineError;
use crate::model::Verdicts;
use crate::register;
use crate::settings::JudgingSettings;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct OutlierSettings {
    /// Parameters of the detector from text.
    pub params: Vec<(String, String)>,
    /// How columns are prepared; none takes what fits the detector.
    pub recipe: Option<Recipe>,
    /// Rows told by themselves, those of the highest scores.
    pub top: usize,
    /// Columns told of each of them.
    pub columns: usize,
}

/// What was found.
#[derive(Debug)]
pub struct OutlierReport {
    /// The detector.
    pub card: &'static Card,
    /// Its parameters, defaults included.
    pub params: Params,
    /// How columns were prepared.
    pub recipe: String,
    /// Each row's score; as probability the share of rows that score no higher; as alerts the rows
    /// of `top`.
    pub verdicts: Verdicts,
    /// The rows of the highest scores, highest first, equal ones in their order.
    pub top: Vec<Outlier>,
    /// Figures by the labels of the data, which serve judging alone.
    pub judged: Option<PartMetrics>,
    /// Seconds of preparing and scoring.
    pub seconds: f64,
}

/// One row that is unlike the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlier {
    /// Its number, from 0.
    pub row: usize,
    /// Its score.
    pub score: f64,
    /// What the data say of it.
    pub label: Option<String>,
    /// The columns that stand out most, rarest first.
    pub columns: Vec<Rare>,
}

/// A value that few rows have, or few are as far from the median as it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rare {
    /// The column.
    pub column: String,
    /// Its value in the row.
    pub value: String,
    /// Rows whose value is the same, or at least as far from the median; the row itself counts.
    pub rows: usize,
}

/// The detector of that id, if it finds outliers among the rows it is given; errors list those that
/// do.
pub fn finder_card(id: &str) -> Result<&'static Card, EngineError> {
    let card = register::trainable_card(id)?;
    if card.abilities.outliers {
        return Ok(card);
    }
    Err(no_outliers(card))
}

fn no_outliers(card: &Card) -> EngineError {
    let finders = register::trainable().iter().filter(|card| card.abilities.outliers);
    EngineError::NoOutliers {
        model: card.id.to_owned(),
        known: finders.map(|card| card.id).collect::<Vec<_>>().join(", "),
    }
}

/// Scores the rows of a data set as outliers among each other. Labels are not looked at, but for
/// the figures of the report.
pub fn outliers(
    id: &str,
    data: &Dataset,
    settings: &OutlierSettings,
    judging: &JudgingSettings,
    seed: u64,
    progress: &dyn Progress,
) -> Result<OutlierReport, EngineError> {
    let start = Instant::now();
    let card = finder_card(id)?;
    let params = register::params(card, &settings.params)?;
    let estimator = (card.build)(&params, &register::register())
        .map_err(|source| register::refused(card, source))?;
    let finder = estimator.outliers().ok_or_else(|| no_outliers(card))?;
    let recipe = settings.recipe.clone().unwrap_or_else(|| Recipe::for_input(card.input));
    let refused = |source| EngineError::Prepare { file: data.source.name.clone(), source };
    let context = PrepareContext { labels: None, rater: None, seed };
    let preparer = recipe.fit(&data.rows, &context).map_err(refused)?.preparer;
    let prepared = preparer.apply(&data.rows).map_err(refused)?;
    let frame = Frame::from(prepared.rows);
    let context = FitContext {
        labels: None,
        weights: None,
        validation: None,
        task: Task::Binary,
        seed,
        progress,
    };
    let raw = finder
        .outlier_scores(&frame, &context)
        .map_err(|source| EngineError::Fit { model: card.id.to_owned(), source })?;
    let seconds = start.elapsed().as_secs_f64();
    let order = by_score(&raw);
    let probability = shares(&raw, &order);
    let mut alert = vec![false; raw.len()];
    order.iter().take(settings.top).for_each(|&row| alert[row] = true);
    let judged = judged(data, &raw, &probability, &alert, judging, seed)?;
    let shown = &order[..settings.top.min(order.len())];
    let rare = rare(&data.rows, shown, settings.columns);
    let top = shown
        .iter()
        .zip(rare)
        .map(|(&row, columns)| Outlier {
            row,
            score: raw[row],
            label: data.labels.as_ref().map(|labels| labels.class(row).to_owned()),
            columns,
        })
        .collect();
    let verdicts = Verdicts { raw, probability, alert, class: None, report: prepared.report };
    let recipe = recipe.to_string();
    Ok(OutlierReport { card, params, recipe, verdicts, top, judged, seconds })
}

/// Rows by falling score, equal ones in their order.
fn by_score(raw: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..raw.len()).collect();
    order.sort_by(|&a, &b| raw[b].total_cmp(&raw[a]));
    order
}

/// Of each row the share of rows that score no higher.
fn shares(raw: &[f64], order: &[usize]) -> Vec<f64> {
    let mut shares = vec![0.0; raw.len()];
    let mut above = 0;
    for equal in order.chunk_by(|&a, &b| raw[a] == raw[b]) {
        for &row in equal {
            shares[row] = (raw.len() - above) as f64 / raw.len() as f64;
        }
        above += equal.len();
    }
    shares
}

/// Figures where the labels know rows of both kinds.
fn judged(
    data: &Dataset,
    raw: &[f64],
    probability: &[f64],
    alert: &[bool],
    judging: &JudgingSettings,
    seed: u64,
) -> Result<Option<PartMetrics>, EngineError> {
    let Some(labels) = &data.labels else { return Ok(None) };
    let attacks = labels.attacks();
    if attacks.iter().all(|attack| *attack) || !attacks.iter().any(|attack| *attack) {
        return Ok(None);
    }
    let alerts = raw.iter().zip(alert).filter(|(_, alert)| **alert).map(|(score, _)| *score);
    let threshold = alerts.fold(f64::INFINITY, f64::min);
    let scored = Scored::new(raw.to_vec(), probability.to_vec(), labels.clone());
    let scored = scored.grouped(&data.rows);
    Ok(Some(metrics_of(&scored, threshold, &judging.options(seed))?))
}

/// Of each of these rows the columns whose values are rarest, equally rare ones in their order.
fn rare(rows: &Rows, shown: &[usize], count: usize) -> Vec<Vec<Rare>> {
    let mut found: Vec<Vec<Rare>> = vec![Vec::new(); shown.len()];
    for (name, column) in rows.schema().names().zip(rows.columns()) {
        let rows = rarity(column, shown);
        for (found, (&row, rows)) in found.iter_mut().zip(shown.iter().zip(rows)) {
            found.push(Rare { column: name.to_owned(), value: shown_value(column, row), rows });
        }
    }
    for found in &mut found {
        found.sort_by_key(|rare| rare.rows);
        found.truncate(count);
    }
    found
}

/// Of each of these rows the number of rows whose value is no more usual than its own.
fn rarity(column: &Column, shown: &[usize]) -> Vec<usize> {
    match column {
        Column::Numeric(values) => {
            let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
            sorted.sort_by(f64::total_cmp);
            let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
            let far = |value: f64| if value == median { 0.0 } else { (value - median).abs() };
            let missing = values.len() - sorted.len();
            let mut distances: Vec<f64> = sorted.into_iter().map(far).collect();
            distances.sort_by(f64::total_cmp);
            let rows = shown.iter().map(|&row| match values[row] {
                value if value.is_nan() => missing,
                value => distances.len() - distances.partition_point(|&d| d < far(value)),
            });
            rows.collect()
        }
        Column::Category(category) => {
            // The last one counts missing values.
            let last = category.values.len();
            let mut counts = vec![0; last + 1];
            category.codes.iter().for_each(|&code| counts[last.min(code as usize)] += 1);
            shown.iter().map(|&row| counts[last.min(category.codes[row] as usize)]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_have_equal_shares() {
        let raw = [2.0, 5.0, 2.0, 1.0];
        let order = by_score(&raw);
        assert_eq!(order, [1, 0, 2, 3]);
        assert_eq!(shares(&raw, &order), [0.75, 1.0, 0.75, 0.25]);
    }

    #[test]
    fn rare_values_stand_before_usual_ones() {
        let rows = Rows::new(vec![
            ("usual".to_owned(), Column::numeric(vec![1.0; 5])),
            ("bytes".to_owned(), Column::numeric(vec![10.0, 11.0, 9.0, 1e6, f64::NAN])),
            ("proto".to_owned(), Column::category(&["a", "a", "b", "b", "a"].map(Some))),
        ])
        .unwrap();
        let found = rare(&rows, &[3, 4], 2);
        let told = |rares: &[Rare]| -> Vec<(String, usize)> {
            rares.iter().map(|rare| (rare.column.clone(), rare.rows)).collect()
        };
        let one = |column: &str, rows| (column.to_owned(), rows);
        assert_eq!(told(&found[0]), [one("bytes", 1), one("proto", 2)]);
        assert_eq!(told(&found[1]), [one("bytes", 1), one("proto", 3)]);
        assert_eq!(found[0][1].value, "b");
    }
}
