//! One detection: why, what came, what is like it, what an analyst says.

use maud::{Markup, html};
use tripline_assess::plot::{Part, Parts, Width, short, signed, waterfall};
use tripline_store::records::{Detection, Feedback, Judgement, Scope};

use super::super::chart::{Kind, Series, X, chart};
use super::super::fields::{Fields, encode};
use super::super::page::{Viewer, csrf};
use super::super::parts::{
    empty, figure, head, judgement, pairs, panel, severity, tag, text_panel, words,
};
use super::super::text::{probability, time};
use super::detections;

/// Columns drawn one by one; the others are one bar.
const DRAWN: usize = 10;

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reason {
    /// The column.
    pub(crate) feature: String,
    /// Its value.
    pub(crate) value: String,
    /// What it adds.
    pub(crate) effect: f64,
    /// What benign events have.
    pub(crate) typical: String,
    /// All of it in words.
    pub(crate) text: String,
}

/// Why it is a detection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Why {
    /// The output without any column.
    pub(crate) base: Option<f64>,
    /// The output.
    pub(crate) output: Option<f64>,
    /// Its unit.
    pub(crate) unit: String,
    /// Largest effect first.
    pub(crate) reasons: Vec<Reason>,
}

/// What the page shows.
pub(crate) struct Shown<'a> {
    /// The detection.
    pub(crate) detection: &'a Detection,
    /// Why; none where it was not asked for.
    pub(crate) why: Option<&'a Why>,
    /// The event's fields: name, value.
    pub(crate) event: &'a [(String, String)],
    /// Techniques: id, name, tactic; name may be empty.
    pub(crate) techniques: &'a [(String, String, String)],
    /// What was said of it, newest first.
    pub(crate) feedback: &'a [Feedback],
    /// Others of the same kind.
    pub(crate) similar: &'a [Detection],
    /// Others about the same entity.
    pub(crate) history: &'a [Detection],
    /// Detections of the entity by hour or day.
    pub(crate) times: Option<(X, Vec<Series>)>,
}

/// The page.
pub(crate) fn page(viewer: &Viewer, shown: &Shown<'_>) -> Markup {
    let what = &shown.detection.what;
    html! {
        (head(
            &html! { (words(&what.kind)) @if let Some(entity) = &what.entity { " · " span.break { (entity) } } },
            &html! { (judgement(shown.detection.judgement)) },
        ))
        div.tiles {
            div.tile { span { "Severity" } b { (severity(what.severity)) } small { "risk " (what.risk) " of 100" } }
            div.tile { span { "Probability" } b { (probability(what.probability)) } small { "calibrated" } }
            div.tile {
                span { "Score" } b { (short(what.score)) }
                small { "threshold " (short(what.threshold)) }
            }
            div.tile { span { "Task" } b { (words(&what.task)) } small title=(what.model_id) { (what.model_id) } }
            div.tile { span { "Seen" } b { (super::super::text::day(what.at)) } small { (time(what.at)) } }
        }
        div.cols {
            div.stack {
                (why(shown))
                (event(shown))
            }
            div.stack {
                (feedback(viewer, shown))
                (text_panel("What to do", &html! {
                    p { (what.action) }
                    @for (id, name, tactic) in shown.techniques {
                        p.small { span.tag { (id) } " " (name) @if !tactic.is_empty() { span.dim { " · " (tactic) } } }
                    }
                }))
                (text_panel("Origin", &pairs(&origin(shown))))
            }
        }
        @if let Some(entity) = &what.entity {
            (panel(
                &format!("History of {entity}"),
                &html! { a href=(Fields::default().with("entity", entity).url("/ui/detections")) { "all of this entity" } },
                &html! {
                    @if let Some((x, series)) = &shown.times {
                        div.body { (chart(("Detections of this entity by type", "low"), Kind::Stacked, x, series, None)) }
                    }
                    @if shown.history.is_empty() { (empty("No other detection is about this entity.", &html! {})) }
                    @else { (detections::table(shown.history, None)) }
                },
            ))
        }
        (detections::titled(
            "Similar ones",
            Some(&Fields::default().with("kind", &what.kind).url("/ui/detections")),
            shown.similar,
            "No other detection is of this type.",
        ))
    }
}

fn origin(shown: &Shown<'_>) -> Vec<(&'static str, Markup)> {
    let what = &shown.detection.what;
    let mut origin = vec![
        ("Model", html! { a href={ "/ui/models/" (encode(&what.model_id)) } { (what.model_id) } }),
        ("Detection", html! { code { (what.id) } }),
    ];
    if let Some(arm) = &what.arm {
        origin.push(("Arm", html! { (arm) }));
    }
    if let Some(request) = &what.request {
        origin.push(("Request", html! { code { (request) } }));
    }
    origin
}

fn why(shown: &Shown<'_>) -> Markup {
    let Some(why) = shown.why.filter(|why| !why.reasons.is_empty()) else {
        return text_panel(
            "Why",
            &html! {
                p { "The request did not ask for reasons. Send " code { "?reasons=over_threshold" }
                    " with it, and they are stored with the detection." }
            },
        );
    };
    let parts = why.base.zip(why.output).map(|(base, output)| Parts {
        base,
        output,
        unit: why.unit.clone(),
        parts: drawn(why, base, output),
    });
    panel(
        "Why",
        &html! { span.dim { "effects in " (why.unit) } },
        &html! {
            div.body {
                @if let Some(parts) = &parts {
                    (figure(&waterfall(parts, DRAWN, Width::Wide), "wide"))
                    (figure(&waterfall(parts, DRAWN, Width::Narrow), "thin"))
                }
                h3 { "In words" }
                ul.reasons {
                    @for reason in why.reasons.iter().take(6) {
                        li.up[reason.effect > 0.0] { (sentence(&reason.text)) "." }
                    }
                }
            }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "Column" } th.n scope="col" { "Value" }
                        th scope="col" { "Most benign events" } th.n scope="col" { "Effect" }
                    } }
                    tbody {
                        @for reason in &why.reasons {
                            tr {
                                th scope="row" { code { (reason.feature) } }
                                td.n { (reason.value) }
                                td { (reason.typical) }
                                td.n { (signed(reason.effect)) }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The reasons as parts; where only the largest were stored, the others are one part, so that the
/// drawing ends at the output.
fn drawn(why: &Why, base: f64, output: f64) -> Vec<Part> {
    let mut parts: Vec<Part> = why
        .reasons
        .iter()
        .map(|reason| Part {
            name: format!("{} = {}", reason.feature, reason.value),
            value: reason.effect,
        })
        .collect();
    let rest = output - base - parts.iter().map(|part| part.value).sum::<f64>();
    if rest.abs() > 1e-6 * output.abs().max(1.0) {
        parts.push(Part { name: "columns not stored".to_owned(), value: rest });
    }
    parts
}

fn event(shown: &Shown<'_>) -> Markup {
    let typical = |name: &str| {
        let reasons = shown.why.map(|why| why.reasons.as_slice()).unwrap_or_default();
        reasons.iter().find(|reason| reason.feature == name).map(|reason| reason.typical.as_str())
    };
    panel(
        "Event",
        &html! { span.dim { (shown.event.len()) " fields" } },
        &html! {
            @if shown.event.is_empty() { (empty("The event was not stored.", &html! {})) } @else {
                div.scroll {
                    table {
                        thead { tr {
                            th scope="col" { "Field" } th.n scope="col" { "Value" }
                            th scope="col" { "Most benign events" }
                        } }
                        tbody {
                            @for (name, value) in shown.event {
                                tr {
                                    th scope="row" { code { (name) } }
                                    td.n { div.clip title=(value) { (value) } }
                                    td.dim { (typical(name).unwrap_or_default()) }
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

fn feedback(viewer: &Viewer, shown: &Shown<'_>) -> Markup {
    let what = &shown.detection.what;
    text_panel(
        "Your verdict",
        &html! {
            @if viewer.may(Scope::Predict) {
                form method="post" action={ "/ui/detections/" (encode(&what.id)) "/feedback" } {
                    (csrf(viewer))
                    fieldset {
                        legend.sr { "Verdict" }
                        @for (judgement, meaning) in [
                            (Judgement::TruePositive, "an attack indeed"),
                            (Judgement::FalsePositive, "a false alarm"),
                            (Judgement::Benign, "harmless: a scan of our own, for example"),
                        ] {
                            div { label.pick {
                                input type="radio" name="judgement" value=(judgement.name()) required
                                    checked[shown.detection.judgement == Some(judgement)];
                                (meaning)
                            } }
                        }
                    }
                    div.field {
                        label for="label" { "Right type, if another" }
                        input #label name="label" maxlength="64" autocomplete="off";
                    }
                    div.field {
                        label for="comment" { "Remark" }
                        textarea #comment name="comment" maxlength="2000" {}
                    }
                    button.primary type="submit" { "Save verdict" }
                }
            } @else { p.dim { "Judging takes the scope predict." } }
            @if !shown.feedback.is_empty() {
                h3 { "Said before" }
                ul.reasons {
                    @for said in shown.feedback {
                        li {
                            (tag(said.judgement.name(), said.judgement.name()))
                            @if let Some(label) = &said.label { " " b { (words(label)) } }
                            span.dim { " " (said.actor) ", " (time(said.at)) }
                            @if let Some(comment) = &said.comment { div { (comment) } }
                        }
                    }
                }
            }
        },
    )
}

/// A sentence whose names stand between backticks.
fn sentence(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
