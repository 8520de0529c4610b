//! The form that starts a training: built from the detectors' cards.

use maud::{Markup, html};
use tripline_assess::plot::short;
use tripline_core::{Card, ParamSpec, ParamValue, Range};

use super::super::fields::Fields;
use super::super::page::{Viewer, csrf};
use super::super::parts::{empty, head, panel};
use super::why::sentence;

/// Parameters that stand above the fold.
const SHOWN: usize = 9;

/// What the page shows.
pub(crate) struct Shown<'a> {
    /// The detectors that can be trained.
    pub(crate) cards: &'a [&'static Card],
    /// The one chosen.
    pub(crate) card: Option<&'static Card>,
    /// What was filled in before.
    pub(crate) fields: &'a Fields,
    /// Uploads: id, name.
    pub(crate) uploads: &'a [(String, String)],
    /// What was refused: field, message.
    pub(crate) errors: &'a [(String, String)],
    /// What each posted form carries, so that a second press starts nothing twice.
    pub(crate) key: &'a str,
}

/// The page.
pub(crate) fn page(viewer: &Viewer, shown: &Shown<'_>) -> Markup {
    html! {
        (head(&html! { "Train a model" }, &html! { a.button href="/ui/jobs" { "Jobs" } }))
        @for (field, message) in shown.errors {
            p.note.bad role="alert" { @if !field.is_empty() { b { (field) } ": " } (message) }
        }
        div.cols {
            div.stack {
                (panel("Detector", &html! {}, &html! { div.body {
                    form.buttons method="get" action="/ui/jobs/new" {
                        label.sr for="model" { "Detector" }
                        select #model name="model" data-submit {
                            @for card in shown.cards {
                                option value=(card.id) selected[shown.card.is_some_and(|c| c.id == card.id)] {
                                    (card.name) " · " (card.family.name())
                                }
                            }
                        }
                        button type="submit" { "Show its parameters" }
                    }
                    @if let Some(card) = shown.card {
                        p { (card.summary) }
                        p.small.dim { (card.source) }
                    }
                } }))
                @if let Some(card) = shown.card { (form(viewer, shown, card)) }
            }
            div.stack { (panel("What happens", &html! {}, &html! { ul.list {
                li { "Names, parameters and the file are checked before the job is queued." }
                li { "The guard looks for leaks between training and judging; a leaky protocol fails the job and says the ways out." }
                li { "The job runs beside predictions, on threads of its own, and goes on after a restart." }
                li { "What it makes is a candidate with its report: it answers only when you deploy it." }
            } })) }
        }
    }
}

fn form(viewer: &Viewer, shown: &Shown<'_>, card: &'static Card) -> Markup {
    let value = |name: &str| shown.fields.get(name).unwrap_or_default();
    let refused = |name: &str| shown.errors.iter().any(|(field, _)| field == name);
    html! {
        form method="post" action="/ui/jobs/new" {
            (csrf(viewer))
            input type="hidden" name="model" value=(card.id);
            input type="hidden" name="key" value=(shown.key);
            div.stack {
                (panel("Data", &html! {}, &html! { div.body { div.fields {
                    @if !shown.uploads.is_empty() {
                        div.field {
                            label for="upload" { "Upload" }
                            select #upload name="upload" {
                                option value="" { "none: the source below" }
                                @for (id, name) in shown.uploads {
                                    option value=(id) selected[value("upload") == id] { (name) }
                                }
                            }
                        }
                    }
                    div.field {
                        label for="source" { "Source" }
                        input #source name="source" value=(value("source")) placeholder="file:/data/flows.csv"
                            aria-invalid=[refused("training_data_source").then_some("true")];
                        small { code { "upload:ID" } ", " code { "file:PATH" } " under an allowed folder, or " code { "detections:" } " for what you judged" }
                    }
                    div.field {
                        label for="test" { "Source to judge on, if apart" }
                        input #test name="test" value=(value("test")) aria-invalid=[refused("test_data_source").then_some("true")];
                    }
                    div.field {
                        label for="name" { "Name of the model" }
                        input #name name="name" value=(value("name")) placeholder=(card.id) pattern="[a-z0-9_]{1,64}"
                            aria-invalid=[refused("name").then_some("true")];
                        small { "the next version of this name is made" }
                    }
                    div.field { label for="seed" { "Seed" } input #seed name="seed" inputmode="numeric" value=(value("seed")) placeholder="0"; }
                    div.field { label for="fpr" { "False-positive rate of the threshold" }
                        input #fpr name="fpr" inputmode="decimal" value=(value("fpr")) placeholder="0.001"; }
                    div.field { label for="priority" { "Priority" }
                        input #priority name="priority" inputmode="numeric" value=(value("priority")) placeholder="0";
                        small { "higher goes first" } }
                } } }))
                (panel("Parameters", &html! { span.dim { "empty takes the default" } }, &html! {
                    @if card.params.is_empty() { (empty("It has no parameters.", &html! {})) } @else {
                        @let (first, more) = card.params.split_at(card.params.len().min(SHOWN));
                        // What was filled in or refused must not be folded away.
                        @let open = more.iter().any(|spec| !value(&format!("p.{}", spec.name)).is_empty());
                        div.body {
                            div.fields { @for spec in first { (param(spec, &value, &refused)) } }
                            @if !more.is_empty() { details.more open[open] {
                                summary { (more.len()) " more parameters" }
                                div.fields { @for spec in more { (param(spec, &value, &refused)) } }
                            } }
                        }
                    }
                }))
                div.buttons { button.primary type="submit" { "Start training" } }
            }
        }
    }
}

fn param<'a>(
    spec: &ParamSpec,
    value: &impl Fn(&str) -> &'a str,
    refused: &impl Fn(&str) -> bool,
) -> Markup {
    let id = format!("p.{}", spec.name);
    let (value, refused) = (value(&id), refused(&format!("hyperparameters.{}", spec.name)));
    let default = shown_value(&spec.default);
    html! {
        div.field {
            label for=(id) { (spec.name) }
            @match spec.range {
                Range::Bool => (choice(&id, &["true", "false"], value, &default)),
                Range::Choice(choices) => (choice(&id, choices, value, &default)),
                _ => input #(id) name=(id) value=(value) placeholder=(default)
                    inputmode=[number(&spec.range).then_some("decimal")] aria-invalid=[refused.then_some("true")];,
            }
            small { (sentence(spec.doc)) @if let Some(range) = range(&spec.range) { " " (range) } }
        }
    }
}

fn choice(id: &str, choices: &[&str], value: &str, default: &str) -> Markup {
    html! { select #(id) name=(id) {
        option value="" { (default) " (default)" }
        @for choice in choices { @if *choice != default { option value=(choice) selected[*choice == value] { (choice) } } }
    } }
}

fn number(range: &Range) -> bool {
    matches!(range, Range::Int { .. } | Range::Float { .. })
}

/// In words; a bound that only keeps numbers finite is none to a reader.
fn range(range: &Range) -> Option<String> {
    let bounds = |min: f64, max: f64| match (min > -1e12, max < 1e12) {
        (true, true) => Some(format!("From {} to {}.", short(min), short(max))),
        (true, false) => Some(format!("From {}.", short(min))),
        (false, true) => Some(format!("Up to {}.", short(max))),
        (false, false) => None,
    };
    match *range {
        Range::Int { min, max, .. } => bounds(min as f64, max as f64),
        Range::Float { min, max, .. } => bounds(min, max),
        _ => None,
    }
}

fn shown_value(value: &ParamValue) -> String {
    match value {
        ParamValue::Int(value) => value.to_string(),
        ParamValue::Float(value) => value.to_string(),
        ParamValue::Bool(value) => value.to_string(),
        ParamValue::Static(value) => (*value).to_owned(),
        ParamValue::Text(value) => value.clone(),
    }
}
