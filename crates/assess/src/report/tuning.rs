//! The page of a search of parameters.

use super::html::{self, Text};
use super::page::Page;
use super::{DataSource, findings, provenance, tuning_parts};
use crate::evaluate::Evaluation;
use crate::guard::Finding;
use crate::metrics::METRICS;
use crate::plot::{count, short};
use crate::protocol::Protocol;
use crate::tune::{Direction, Outcome, Study, Trial};

/// All that the page tells.
#[derive(Debug, Clone)]
pub struct TuningPage<'a> {
    /// What was searched, such as `gradient_boosting on flows.csv`.
    pub title: String,
    /// When, as it shall be shown.
    pub when: String,
    /// The command that made it.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// The file, as it was read.
    pub data: Vec<DataSource>,
    /// Rows that the search saw.
    pub rows: usize,
    /// How these were parted.
    pub protocol: Protocol,
    /// Each reason of the guard's that the user set aside.
    pub leakage_accepted: Vec<String>,
    /// What the guard found.
    pub findings: &'a [Finding],
    /// What was made better; as many as the study has directions.
    pub objectives: Vec<ObjectiveView>,
    /// The trials.
    pub study: &'a Study,
    /// The chosen trial on rows that had no say.
    pub held_out: Option<HeldOutView<'a>>,
    /// Further remarks.
    pub notes: Vec<String>,
}

/// What was made better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectiveView {
    /// Its stable name.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether the same seed gives the same value.
    pub seed_stable: bool,
}

/// The chosen trial with the parameters that the search began with, on rows held out.
#[derive(Debug, Clone, Copy)]
pub struct HeldOutView<'a> {
    /// Figures of the chosen parameters.
    pub tuned: &'a Evaluation,
    /// Figures of the others.
    pub untuned: &'a Evaluation,
    /// Rows held out.
    pub rows: usize,
}

impl ObjectiveView {
    /// A value as text.
    pub(super) fn show(&self, value: f64) -> String {
        if METRICS.iter().any(|card| card.id == self.id) {
            html::value(&self.id, value)
        } else {
            short(value)
        }
    }
}

/// The page.
pub fn render_tuning(input: &TuningPage<'_>) -> String {
    let mut page = Page::new(&input.title);
    page.put(format_args!(
        "<header><h1>{}</h1><p class=\"meta\">{} rows · {} protocol · seed {} · {}</p></header>",
        Text(&input.title),
        count(input.rows),
        input.protocol.name(),
        input.study.plan().seed,
        Text(&input.when)
    ));
    page.leakage(
        &input.leakage_accepted,
        "The figures on this page may be far better than the models are, and the search may have \
         chosen what leaks best.",
    );
    verdict(&mut page, input);
    if let Some(held_out) = &input.held_out {
        tuning_parts::held_out(&mut page, input, held_out);
    }
    tuning_parts::search(&mut page, input);
    tuning_parts::slices(&mut page, input);
    tuning_parts::trials(&mut page, input);
    findings::write(&mut page, input.findings);
    sources(&mut page, input);
    page.finish(&input.version)
}

fn verdict(page: &mut Page, input: &TuningPage<'_>) {
    page.section("verdict", "Verdict");
    let best = input.study.best();
    let (Some(first), Some(objective)) = (best.first(), input.objectives.first()) else {
        page.put(format_args!("<p class=\"verdict\">No trial came to a result.</p>"));
        page.end_section();
        return;
    };
    let values = first.values().unwrap_or_default();
    let shown: Vec<String> = input
        .objectives
        .iter()
        .zip(values)
        .map(|(objective, &value)| {
            format!("{} {}", html::name(&objective.name), objective.show(value))
        })
        .collect();
    let which = if best.len() > 1 {
        format!(
            "{} trials stand on the Pareto front; the best of them by {} is",
            best.len(),
            objective.name
        )
    } else {
        "The best trial is".to_owned()
    };
    page.put(format_args!(
        "<p class=\"verdict\">{} trial <strong>{}</strong>: {}.</p>",
        Text(&which),
        first.number,
        Text(&shown.join(", "))
    ));
    page.put(format_args!(
        "<p class=\"warn-text\">This figure is optimistic: of {} trials this one was chosen because \
         of it. {}</p>",
        count(input.study.trials().len()),
        match input.held_out {
            Some(_) => "What it is worth on rows that had no say stands below.",
            None => "Rows held out of the search (<code>--holdout</code>) or a test file tell what \
                     it is worth.",
        }
    ));
    if input.study.plan().first.is_some()
        && let Some(begin) = input.study.trials().first().filter(|t| t.number != first.number)
    {
        began(page, objective, begin, values, input.study.plan().directions[0]);
    }
    values_table(page, input, first);
    page.end_section();
}

/// How far the first trial, that of the defaults, stands behind.
fn began(page: &mut Page, objective: &ObjectiveView, begin: &Trial, best: &[f64], way: Direction) {
    let sentence = match (&begin.outcome, best.first()) {
        (Outcome::Complete(values), Some(&best)) if way.better(best, values[0]) => format!(
            "Trial 0, which has the parameters that the search began with, has {} {}.",
            objective.name,
            objective.show(values[0])
        ),
        (Outcome::Complete(_), _) => return,
        _ => "Trial 0, which has the parameters that the search began with, came to no result."
            .to_owned(),
    };
    page.put(format_args!("<p>{}</p>", Text(&sentence)));
}

fn values_table(page: &mut Page, input: &TuningPage<'_>, best: &Trial) {
    page.put(format_args!(
        "<div class=\"scroll\"><table><thead><tr><th>Parameter</th><th class=\"n\">Value</th>\
         <th>Searched</th></tr></thead><tbody>"
    ));
    let space = &input.study.plan().space;
    for (dimension, (name, value)) in space.dimensions().iter().zip(space.values(&best.point)) {
        let whole = value.to_string();
        page.put(format_args!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\" title=\"{}\">{}</td>\
             <td><code>{}</code></td></tr>",
            Text(&name),
            Text(&whole),
            Text(&tuning_parts::shown(&value)),
            Text(&dimension.domain.to_string())
        ));
    }
    page.put(format_args!("</tbody></table></div>"));
}

fn sources(page: &mut Page, input: &TuningPage<'_>) {
    page.section("provenance", "Where the figures come from");
    page.put(format_args!(
        "<dl class=\"pairs\"><dt>Command</dt><dd><code>{}</code></dd><dt>Version</dt><dd>{}</dd>\
         <dt>Made</dt><dd>{}</dd></dl>",
        Text(&input.command),
        Text(&input.version),
        Text(&input.when)
    ));
    input.data.iter().for_each(|data| provenance::source(page, data));
    page.put(format_args!(
        "<h3>How each number was got</h3><ul><li>{}</li><li>All trials are judged on the same parts \
         with the same seeds; a trial's value is the mean over them.</li>",
        Text(&provenance::protocol(input.protocol))
    ));
    if input.objectives.iter().any(|objective| !objective.seed_stable) {
        page.put(format_args!(
            "<li>A measured time is an objective: another run gives other values, and from them \
             other trials.</li>"
        ));
    }
    for note in &input.notes {
        page.put(format_args!("<li>{}</li>", Text(note)));
    }
    page.put(format_args!("</ul>"));
    page.end_section();
}
