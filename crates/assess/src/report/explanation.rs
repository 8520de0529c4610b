//! Why a model decides as it does, drawn with words.

use super::AlertView;
use super::html::{Text, Ticked};
use super::page::Page;
use crate::explain::{Dependence, GlobalExplanation, RowExplanation};
use crate::plot::{self, BarUnit, SwarmRow, Width, percent, short, signed};

/// Reasons listed in words.
const LISTED: usize = 10;
/// Columns drawn.
const DRAWN: usize = 12;

/// A page about one row, about the model on the whole, or about both.
#[derive(Debug, Clone)]
pub struct ExplanationPage<'a> {
    /// What is explained.
    pub title: String,
    /// When, as it shall be shown.
    pub when: String,
    /// The command that made it.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// The model: id with file.
    pub model: String,
    /// How effects were computed, in one sentence.
    pub method: String,
    /// The guard's reasons that the user set aside when the model was trained.
    pub leakage_accepted: Vec<String>,
    /// Further facts, such as fingerprints.
    pub facts: Vec<(String, String)>,
    /// One row.
    pub row: Option<RowView<'a>>,
    /// The whole.
    pub global: Option<GlobalView<'a>>,
}

/// One row with its reasons.
#[derive(Debug, Clone)]
pub struct RowView<'a> {
    /// The reasons.
    pub explanation: &'a RowExplanation,
    /// What the model decided.
    pub decision: Option<Decision>,
    /// What the row really is, where known.
    pub label: Option<String>,
}

/// What a model decided on a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// Raw score.
    pub score: f64,
    /// Alert from this raw score on.
    pub threshold: f64,
    /// Calibrated probability of an attack.
    pub probability: Option<f64>,
}

/// A model over many rows.
#[derive(Debug, Clone)]
pub struct GlobalView<'a> {
    /// Mean effects.
    pub explanation: &'a GlobalExplanation,
    /// Clouds, most important column first.
    pub swarm: Vec<SwarmRow>,
    /// Effects over values, for some columns.
    pub dependences: Vec<Dependence>,
}

/// The page.
pub fn render_explanation(explanation: &ExplanationPage<'_>) -> String {
    let mut page = Page::new(&explanation.title);
    page.put(format_args!(
        "<header><h1>{}</h1><p class=\"meta\">{} · {}</p></header>",
        Text(&explanation.title),
        Text(&explanation.model),
        Text(&explanation.when)
    ));
    page.leakage(
        &explanation.leakage_accepted,
        "The model was judged so: its stated figures may be far better than it is.",
    );
    if let Some(row) = &explanation.row {
        page.section("row", &format!("Row {}", row.explanation.row));
        write_row(&mut page, row);
        page.end_section();
    }
    if let Some(global) = &explanation.global {
        write_global(&mut page, global);
    }
    page.section("method", "How this was got");
    page.put(format_args!("<p>{}</p>", Text(&explanation.method)));
    page.put(format_args!(
        "<p>Effects tell what moved this model's score, not what causes attacks. Effects of columns \
         that go along with each other are shared among them.</p><dl class=\"pairs\">\
         <dt>Command</dt><dd><code>{}</code></dd>",
        Text(&explanation.command)
    ));
    for (name, value) in &explanation.facts {
        page.put(format_args!("<dt>{}</dt><dd>{}</dd>", Text(name), Text(value)));
    }
    page.put(format_args!("</dl>"));
    page.end_section();
    page.finish(&explanation.version)
}

/// A section about one alert, inside a report.
pub(super) fn write_alert(page: &mut Page, alert: &AlertView<'_>) {
    page.section("alert", "An alert explained");
    page.put(format_args!(
        "<p>Row {} as {} sees it.</p>",
        alert.row.explanation.row,
        Text(&alert.model)
    ));
    write_row(page, &alert.row);
    page.end_section();
}

fn write_row(page: &mut Page, row: &RowView<'_>) {
    let explanation = row.explanation;
    page.put(format_args!("<p class=\"verdict\">{}</p>", Text(&decision(row))));
    page.put(format_args!("<ol class=\"reasons\">"));
    let telling = |effect: f64| effect != 0.0;
    for reason in explanation.reasons.iter().filter(|reason| telling(reason.effect)).take(LISTED) {
        let class = if reason.effect > 0.0 { "up" } else { "down" };
        page.put(format_args!("<li class=\"{class}\">{}</li>", Ticked(&reason.text)));
    }
    page.put(format_args!("</ol>"));
    let rest: Vec<f64> = explanation
        .reasons
        .iter()
        .filter(|reason| telling(reason.effect))
        .skip(LISTED)
        .map(|reason| reason.effect)
        .collect();
    if !rest.is_empty() {
        page.put(format_args!(
            "<p class=\"facts\">{} further columns together: {} {}.</p>",
            rest.len(),
            signed(rest.iter().sum()),
            explanation.unit
        ));
    }
    let parts = explanation.parts();
    page.put(format_args!("<div class=\"figures two\">"));
    page.figure_pair(
        &plot::waterfall(&parts, DRAWN, Width::Wide),
        &plot::waterfall(&parts, DRAWN, Width::Narrow),
    );
    page.figure_pair(&plot::force(&parts, Width::Wide), &plot::force(&parts, Width::Narrow));
    page.put(format_args!("</div>"));
}

/// What was decided, in words.
fn decision(row: &RowView<'_>) -> String {
    let mut text = match row.decision {
        Some(Decision { score, threshold, probability }) => {
            let verdict = if score >= threshold { "Alert" } else { "No alert" };
            let (compared, against) = (
                if score >= threshold { "reaches" } else { "stays below" },
                short(round(threshold)),
            );
            let chance = probability
                .map(|probability| format!(", a probability of {},", percent(probability)))
                .unwrap_or_default();
            format!(
                "{verdict}: the score of {}{chance} {compared} the threshold {against}.",
                short(round(score))
            )
        }
        None => format!(
            "The score is {} ({}).",
            short(round(row.explanation.output)),
            row.explanation.unit
        ),
    };
    if let Some(label) = &row.label {
        text.push_str(&format!(" The row is labelled {label}."));
    }
    text
}

fn write_global(page: &mut Page, global: &GlobalView<'_>) {
    let explanation = global.explanation;
    page.section("global", "The model on the whole");
    page.put(format_args!(
        "<p>Over {} rows: what each column adds to a score, in {}.</p><div class=\"figures two\">",
        plot::count(explanation.rows),
        explanation.unit
    ));
    page.figure(&plot::beeswarm(&global.swarm, explanation.unit, DRAWN + 8));
    let axis = format!("mean absolute effect ({})", explanation.unit);
    page.figure(&plot::bars("Mean effects", &explanation.bars(), BarUnit::Number, &axis, 20));
    page.put(format_args!("</div>"));
    if !global.dependences.is_empty() {
        page.put(format_args!("<h3>Effects over values</h3><div class=\"figures two\">"));
        for dependence in &global.dependences {
            page.figure(&dependence.figure());
        }
        page.put(format_args!("</div>"));
    }
    page.put(format_args!(
        "<details><summary>All columns</summary><div class=\"scroll\"><table class=\"sortable\">\
         <thead><tr><th>Column</th><th class=\"n\">Mean absolute effect</th><th class=\"n\">Share</th>\
         <th class=\"n\">Mean effect</th><th class=\"n\">Largest</th></tr></thead><tbody>"
    ));
    for feature in &explanation.features {
        page.put(format_args!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\" data-v=\"{}\">{}</td>\
             <td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\" data-v=\"{}\">{}</td>\
             <td class=\"n\" data-v=\"{}\">{}</td></tr>",
            Text(&feature.feature),
            feature.mean_absolute,
            short(feature.mean_absolute),
            feature.share,
            percent(feature.share),
            feature.mean,
            signed(feature.mean),
            feature.largest,
            short(feature.largest)
        ));
    }
    page.put(format_args!("</tbody></table></div></details>"));
    page.end_section();
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
