//! An experiment: two versions, each with its part of the entities.

use maud::{Markup, html};
use tripline_assess::plot::metric;
use tripline_engine::service::{ArmResult, ExperimentResult};
use tripline_store::records::{ModelVersion, Scope};

use super::super::fields::encode;
use super::super::page::{Viewer, ask, csrf, token_field};
use super::super::parts::{panel, text_panel};
use super::super::text::{count, time};

/// What is shown of it.
pub(crate) type Result = ExperimentResult;

/// Both arms side by side.
pub(crate) fn panel_of(viewer: &Viewer, result: &Result) -> Markup {
    let experiment = &result.experiment;
    let interval = |low: f64, high: f64| {
        if low.is_finite() && high.is_finite() {
            format!(" ({:.2}\u{2013}{:.2}\u{202f}%)", low * 100.0, high * 100.0)
        } else {
            String::new()
        }
    };
    let percent = |value: f64| {
        if value.is_finite() { format!("{:.2}\u{202f}%", value * 100.0) } else { "–".to_owned() }
    };
    let arm = |arm: &ArmResult, name: &str| {
        html! {
            tr {
                th scope="row" { (name) div.small.dim.break { (arm.model_id) } }
                td.n { (count(arm.predictions)) }
                td.n { (percent(arm.alert_rate)) span.dim { (interval(arm.alert_rate_interval.low, arm.alert_rate_interval.high)) } }
                td.n { (arm.precision.map_or_else(|| "–".to_owned(), metric))
                    @if arm.precision.is_some() { span.dim { (interval(arm.precision_interval.low, arm.precision_interval.high)) } } }
                td.n { (count(arm.errors)) }
                td.n { @if arm.predictions > 0 { (format!("{:.0}\u{202f}µs", arm.mean_seconds * 1e6)) } @else { "–" } }
            }
        }
    };
    let low = result.difference_interval.low;
    let high = result.difference_interval.high;
    panel(
        "Experiment",
        &html! {
            span.dim { (format!("{:.0}", experiment.share * 100.0)) " % of the entities since " (time(experiment.started_at)) }
            @if viewer.may(Scope::Deploy) {
                (ask(viewer, ("End…", ""), &format!("/ui/experiments/{}/end", encode(&experiment.name)), true, &html! {
                    p { "All entities go to " b { (experiment.control) } " again." }
                }))
            }
        },
        &html! {
            div.scroll { table {
                thead { tr {
                    th scope="col" { "Arm" } th.n scope="col" { "Answers" } th.n scope="col" { "Alerts, 95 % interval" }
                    th.n scope="col" { "Precision, 95 % interval" } th.n scope="col" { "Errors" } th.n scope="col" { "Mean" }
                } }
                tbody { (arm(&result.control, "Control")) (arm(&result.treatment, "Treatment")) }
            } }
            div.body { p {
                @if result.difference.is_finite() && low.is_finite() && high.is_finite() {
                    "The treatment alerts on " (format!("{:+.2}", result.difference * 100.0)) " percentage points of its events more than the control (95 % interval "
                    (format!("{:+.2} to {:+.2}", low * 100.0, high * 100.0)) ")"
                    @if low <= 0.0 && high >= 0.0 { ": no difference is shown yet." } @else { "." }
                } @else { "No arm can be compared before both have answered." }
            } }
        },
    )
}

/// The form that begins one.
pub(crate) fn begin(
    viewer: &Viewer,
    active: &ModelVersion,
    others: &[ModelVersion],
    under_way: bool,
) -> Markup {
    if under_way || others.is_empty() || !viewer.may(Scope::Deploy) {
        return html! {};
    }
    text_panel(
        "Try another version on live traffic",
        &html! {
            form method="post" action={ "/ui/experiments/" (encode(&active.what.name)) "/begin" } {
                (csrf(viewer))
                div.fields {
                    div.field {
                        label for="treatment" { "Version" }
                        select #treatment name="treatment" {
                            @for other in others { option value=(other.id) { (other.id) " (" (other.status.name()) ")" } }
                        }
                    }
                    div.field {
                        label for="share" { "Share of the entities, %" }
                        input #share name="share" type="number" min="1" max="99" value="10" required;
                    }
                }
                (token_field(viewer, "experiment"))
                div.buttons { button type="submit" { "Begin" } }
                p.small.dim { "An entity always goes to the same arm. A deploy ends the experiment." }
            }
        },
    )
}
