//! Figures of merit under the names of the register of metrics, one line for each.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tripline_assess::metrics::{METRICS, MetricCard};
use tripline_assess::plot::{metric, short};

use super::super::parts::words;

/// What stands before the name of a figure that was measured on validation rows.
const VALIDATION: &str = "validation_";
/// The rows on which figures are measured: name, and what its columns are called.
pub(crate) const PARTS: [&str; 2] = ["Held-out rows", "Validation rows"];

/// A figure under one or more stored names: the register knows some by several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// Its name for people.
    pub(crate) name: String,
    /// What it means, with its unit.
    pub(crate) doc: &'static str,
    /// Which way is better, where the register says so.
    pub(crate) higher_is_better: Option<bool>,
    /// The names under which it is stored, by part.
    ids: [Vec<String>; 2],
    /// Its place among others.
    order: usize,
}

impl Line {
    /// Its value in one set of figures, of one part of the rows.
    pub(crate) fn value(&self, part: usize, figures: &BTreeMap<String, f64>) -> Option<f64> {
        self.ids.get(part)?.iter().find_map(|id| figures.get(id)).copied()
    }

    /// A value as people read it.
    pub(crate) fn shown(&self, value: Option<f64>) -> String {
        let Some(value) = value.filter(|value| value.is_finite()) else { return "–".to_owned() };
        if self.name == "Detection time" && value < 0.1 {
            return format!("{}\u{202f}µs", short(value * 1e3));
        }
        if self.name == "Detection time" {
            return format!("{}\u{202f}ms", short(value));
        }
        if value.abs() > 1.0 { short(value) } else { metric(value) }
    }
}

/// The register's card of a figure, by its id or one of its other names.
pub(crate) fn card(name: &str) -> Option<&'static MetricCard> {
    METRICS.iter().find(|card| card.id == name || card.aliases.contains(&name))
}

/// The lines of all figures that are there, in the order of the register; others come after.
pub(crate) fn lines<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for id in names {
        let (part, plain) = match id.strip_prefix(VALIDATION) {
            Some(plain) => (1, plain),
            None => (0, id.as_str()),
        };
        let known = card(plain);
        let name = known.map_or_else(|| words(plain), |card| card.name.to_owned());
        let at = match lines.iter().position(|line| line.name == name) {
            Some(at) => at,
            None => {
                let place = |card: &MetricCard| METRICS.iter().position(|c| c.id == card.id);
                lines.push(Line {
                    name,
                    doc: known.map_or("", |card| card.doc),
                    higher_is_better: known.map(|card| card.higher_is_better),
                    ids: [Vec::new(), Vec::new()],
                    order: known.and_then(place).unwrap_or(METRICS.len()),
                });
                lines.len() - 1
            }
        };
        let ids = &mut lines[at].ids[part];
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    lines.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| a.name.cmp(&b.name)));
    lines
}

/// One set of figures: a line each, a column for each part of the rows that has any.
pub(crate) fn table(figures: &BTreeMap<String, f64>) -> Markup {
    let lines = lines(figures.keys());
    let there = [0, 1].map(|part| lines.iter().any(|line| line.value(part, figures).is_some()));
    html! {
        div.scroll { table.figures-table {
            thead { tr {
                th scope="col" { "Figure" }
                @for (name, _) in PARTS.iter().zip(there).filter(|(_, there)| *there) { th.n scope="col" { (name) } }
                th.l scope="col" { "Meaning" }
            } }
            tbody { @for line in &lines { tr {
                th scope="row" { (line.name) }
                @for part in [0, 1] { @if there[part] { td.n { (line.shown(line.value(part, figures))) } } }
                td.l.dim { (line.doc) }
            } } }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_with_two_names_is_one_line() {
        let figures: BTreeMap<String, f64> = [
            ("f1", 0.5),
            ("f1_score", 0.5),
            ("validation_f1", 0.25),
            ("validation_f1_score", 0.25),
            ("roc_auc", 0.9),
            ("own_thing", 3.0),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let lines = lines(figures.keys());
        let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["ROC AUC", "F1", "own thing"]);
        assert_eq!(lines[1].value(0, &figures), Some(0.5));
        assert_eq!(lines[1].value(1, &figures), Some(0.25));
        assert_eq!(lines[0].value(1, &figures), None);
        let text = table(&figures).into_string();
        assert_eq!(text.matches(">F1<").count(), 1, "{text}");
    }

    #[test]
    fn a_figure_is_shown_in_its_size() {
        let ids = ["alerts_per_day".to_owned(), "detection_time_ms".to_owned(), "ece".to_owned()];
        let lines = lines(&ids);
        let line = |name: &str| lines.iter().find(|line| line.name == name).expect("a line");
        assert_eq!(line("Alerts a day").shown(Some(2022.8807)), "2,023");
        assert_eq!(line("Detection time").shown(Some(0.2049)), "0.2049\u{202f}ms");
        assert_eq!(line("Calibration error").shown(Some(0.021_34)), "0.0213");
        assert_eq!(line("Calibration error").shown(None), "–");
    }
}
