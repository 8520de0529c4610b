//! The threshold of a version: what it is, how it was chosen, how a version with another is made.

use maud::{Markup, html};
use tripline_assess::plot::{percent, short};
use tripline_store::records::{ModelVersion, Scope};

use super::super::fields::{Fields, encode};
use super::super::page::Viewer;
use super::super::parts::{empty, pairs, panel, text_panel};

/// A version's threshold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    /// The version.
    pub(crate) model_id: String,
    /// An event alerts when its score is at least this.
    pub(crate) value: f64,
    /// How it was found: `fpr:0.001`, `f1`, `fixed:2.5`.
    pub(crate) rule: String,
    /// What its user should know.
    pub(crate) note: String,
    /// The rate of false alarms that it had on validation rows, if it was measured.
    pub(crate) false_alarms: Option<f64>,
}

/// How it was chosen, in words.
fn chosen(rule: &str) -> String {
    let number = |text: &str| text.parse::<f64>().ok();
    match rule.split_once(':') {
        Some(("fpr", rate)) if number(rate).is_some() => format!(
            "for at most {} false alarms among benign events",
            percent(number(rate).unwrap_or_default())
        ),
        Some(("fixed", _)) => "given as a number".to_owned(),
        _ if rule == "f1" => "where F1 is best".to_owned(),
        _ => rule.to_owned(),
    }
}

/// On the page of a version.
pub(crate) fn panel_of(viewer: &Viewer, version: &ModelVersion, threshold: &Threshold) -> Markup {
    let mut lines = vec![
        ("Score", html! { b { (short(threshold.value)) } " or more is an alert" }),
        ("Chosen", html! { (chosen(&threshold.rule)) }),
    ];
    if let Some(rate) = threshold.false_alarms {
        lines.push(("Measured", html! { (percent(rate)) " false alarms on validation rows" }));
    }
    if !threshold.note.is_empty() {
        lines.push(("Note", html! { (threshold.note) }));
    }
    let form =
        Fields::default().with("name", &version.what.name).with("model", &version.what.detector);
    text_panel(
        "Threshold",
        &html! {
            (pairs(&lines))
            details.more {
                summary { "Take another threshold" }
                p.small { "A threshold is part of its version, and a version never changes: what was judged by it stays true. Another threshold is another version of the name, which you compare, try in the shadow and deploy." }
                ul.steps {
                    @if viewer.may(Scope::Train) {
                        li { a href=(form.url("/ui/jobs/new")) { "Train it" } " with another false-positive rate." }
                    }
                    li { "Or adapt the model's file to benign traffic of your own, then register it:"
                        pre { "tripline adapt MODEL.trip BENIGN.csv --fpr 0.0001 -o adapted.trip" br;
                            "curl --data-binary @adapted.trip '" (viewer.origin) "/api/v1/models?name=" (encode(&version.what.name)) "'" }
                        "The file of the model that comes with the program is " code { "shipped" } "." }
                }
            }
        },
    )
}

/// On the page of settings: those of all versions that answer.
pub(crate) fn all(thresholds: &[Threshold]) -> Markup {
    panel(
        "Thresholds",
        &html! { span.dim { "part of a version; its page says how to take another" } },
        &html! {
            @if thresholds.is_empty() { (empty("No model answers.", &html! { a.button href="/ui/models" { "To the models" } })) } @else { div.scroll { table {
                thead { tr {
                    th scope="col" { "Version" } th.n scope="col" { "Score" } th scope="col" { "Chosen" }
                    th.n.m scope="col" { "Measured false alarms" }
                } }
                tbody { @for one in thresholds { tr.go {
                    th scope="row" { a.row.break href={ "/ui/models/" (encode(&one.model_id)) } { (one.model_id) } }
                    td.n { (short(one.value)) }
                    td { (chosen(&one.rule)) }
                    td.n.m { (one.false_alarms.map_or_else(|| "not measured".to_owned(), percent)) }
                } } }
            } } }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn a_rule_is_told_in_words() {
        let rate = chosen("fpr:0.001").replace('\u{a0}', " ");
        assert_eq!(rate, "for at most 0.1 % false alarms among benign events");
        assert_eq!(chosen("f1"), "where F1 is best");
        assert_eq!(chosen("fixed:2.5"), "given as a number");
        assert_eq!(chosen("something new"), "something new");
    }
}
