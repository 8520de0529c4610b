//! The rule by which the service itself goes back to the version before.

use maud::{Markup, html};
use tripline_store::records::{ModelVersion, RollbackRule, Scope};

use super::super::fields::encode;
use super::super::page::{Viewer, csrf, token_field};
use super::super::parts::text_panel;
use super::super::text::count;

/// The rule of a version's name, with the form that changes it.
pub(crate) fn panel(
    viewer: &Viewer,
    version: &ModelVersion,
    rule: Option<&RollbackRule>,
) -> Markup {
    let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    text_panel(
        "Automatic rollback",
        &html! {
            p.small {
                @match rule {
                    Some(rule) => {
                        "The service goes back to the version before if, over " (rule.window_seconds) " s and at least "
                        (count(rule.min_requests)) " requests,"
                        @if let Some(rate) = rule.max_error_rate { " more than " (format!("{:.2}", rate * 100.0)) " % fail" }
                        @if rule.max_error_rate.is_some() && rule.max_p99_seconds.is_some() { " or" }
                        @if let Some(p99) = rule.max_p99_seconds { " the 99th percentile passes " (format!("{:.1}", p99 * 1e3)) " ms" }
                        "."
                    },
                    None => { "No rule: the service never goes back by itself." },
                }
            }
            @if viewer.may(Scope::Deploy) {
                details.more {
                    summary { "Change" }
                    form method="post" action={ "/ui/models/" (encode(&version.id)) "/rule" } {
                        (csrf(viewer))
                        div.fields {
                            div.field { label for="rule-errors" { "Largest share of failures" }
                                input #rule-errors name="max_error_rate" inputmode="decimal" placeholder="0.01"
                                    value=(number(rule.and_then(|r| r.max_error_rate))); }
                            div.field { label for="rule-p99" { "Largest 99th percentile, s" }
                                input #rule-p99 name="max_p99_seconds" inputmode="decimal" placeholder="0.005"
                                    value=(number(rule.and_then(|r| r.max_p99_seconds))); }
                            div.field { label for="rule-min" { "Least requests" }
                                input #rule-min name="min_requests" inputmode="numeric"
                                    value=(rule.map_or(100, |r| r.min_requests)); }
                            div.field { label for="rule-window" { "Window, s" }
                                input #rule-window name="window_seconds" inputmode="numeric"
                                    value=(rule.map_or(60, |r| r.window_seconds)); }
                        }
                        (token_field(viewer, "rule"))
                        div.buttons {
                            button type="submit" { "Set rule" }
                            @if rule.is_some() { button.danger type="submit" name="remove" value="yes" { "Take away" } }
                        }
                    }
                }
            }
        },
    )
}
