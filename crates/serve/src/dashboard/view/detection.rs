//! One detection: why, what came, what is like it, what an analyst says.

use maud::{Markup, html};
use tripline_assess::plot::short;
use tripline_store::records::{Detection, Feedback, Judgement, Scope};

use super::super::chart::{Kind, Series, X, chart};
use super::super::fields::{Fields, encode};
use super::super::page::{Viewer, csrf};
use super::super::parts::{empty, head, judgement, pairs, panel, tag, text_panel, words};
use super::super::text::{clock, day, probability, time};
use super::sums::Reading;
use super::why::{self, Why};
use super::{detections, event};
use crate::rest::feedback::{MAX_COMMENT, MAX_LABEL};

/// What the page shows.
pub(crate) struct Shown<'a> {
    /// The detection.
    pub(crate) detection: &'a Detection,
    /// Why; none where it was not asked for.
    pub(crate) why: Option<&'a Why>,
    /// How the reasons become score and probability.
    pub(crate) reading: &'a Reading,
    /// The columns of its model, as far as they are known.
    pub(crate) columns: &'a [String],
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
            div.tile { span { "Severity" } b.word.(what.severity.name()) { (what.severity.name()) } small { (words(&what.task)) } }
            div.tile { span { "Probability" } b { (probability(what.probability)) } small { "calibrated" } }
            div.tile {
                span { "Score" } b { (short(what.score)) }
                small { "threshold " (short(what.threshold)) }
            }
            div.tile { span { "Risk" } b { (what.risk) } small { "of 100" } }
            div.tile { span { "Seen" } b { (clock(what.at)) } small { (day(what.at)) } }
        }
        div.cols {
            div.stack {
                (why::panel_of(shown.why, shown.reading))
                (event::panel_of(shown.event, shown.why, shown.columns))
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
                        input #label name="label" maxlength=(MAX_LABEL) autocomplete="off";
                    }
                    div.field {
                        label for="comment" { "Remark" }
                        textarea #comment name="comment" maxlength=(MAX_COMMENT) {}
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
