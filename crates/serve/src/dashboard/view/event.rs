//! The event of a detection: what the reasons name first, the rest folded.

use maud::{Markup, html};

use super::super::parts::{empty, panel};
use super::why::{Why, typical};

/// Fields of the reasons that stand above the fold.
const NAMED: usize = 12;

/// The panel. `known` are the model's columns: what else a record has tells whom it is about.
pub(crate) fn panel_of(event: &[(String, String)], why: Option<&Why>, known: &[String]) -> Markup {
    let reasons = why.map(|why| why.reasons.as_slice()).unwrap_or_default();
    let value = |name: &str| event.iter().find(|(field, _)| field == name).map(|(_, v)| v.as_str());
    let named: Vec<(&str, &str, &str)> = reasons
        .iter()
        .filter_map(|r| Some((r.feature.as_str(), value(&r.feature)?, r.typical.as_str())))
        .take(NAMED)
        .collect();
    let is_named = |name: &str| named.iter().any(|(field, ..)| *field == name);
    let beside: Vec<&(String, String)> = event
        .iter()
        .filter(|(name, value)| {
            !known.is_empty() && !value.is_empty() && !known.contains(name) && !is_named(name)
        })
        .collect();
    let others: Vec<&(String, String)> = event
        .iter()
        .filter(|field| !is_named(&field.0) && !beside.iter().any(|b| b.0 == field.0))
        .collect();
    let filled = others.iter().filter(|(_, value)| !value.is_empty()).count();
    // What is folded away must not be all there is.
    let folded = !named.is_empty() || !beside.is_empty();
    panel(
        "Event",
        &html! {
            span.filter data-filter-box hidden {
                label.sr for="event-filter" { "Filter the fields" }
                input #event-filter type="search" placeholder="filter fields" autocomplete="off"
                    data-filter="event" aria-keyshortcuts="/";
                span.dim data-filter-count role="status" {}
            }
            span.dim { (event.len()) " fields" }
        },
        &html! {
            @if event.is_empty() { (empty("The event was not stored.", &html! {})) } @else {
                div #event {
                    @if !named.is_empty() {
                        div.scroll { table {
                            thead { tr {
                                th scope="col" { "Named in the reasons" } th.n scope="col" { "Value" }
                                th.m scope="col" { "Most benign events" }
                            } }
                            tbody { @for (name, value, usual) in &named { tr data-field=(name) {
                                th scope="row" { code { (name) } }
                                td.n { div.clip title=(value) { (shown(value)) } }
                                td.m.dim { (typical(usual)) }
                            } } }
                        } }
                    }
                    @if !beside.is_empty() {
                        div.body.kv-head { h3 { "Beside the model's columns" } (fields(&beside)) }
                    }
                    @if !others.is_empty() {
                        details.more.body open[!folded] data-fold {
                            summary { (others.len()) " other fields" @if filled < others.len() { ", " (others.len() - filled) " without a value" } }
                            (fields(&others))
                        }
                    }
                }
            }
        },
    )
}

fn fields(fields: &[&(String, String)]) -> Markup {
    html! { dl.kv { @for (name, value) in fields {
        div data-field=(name) { dt { code { (name) } } dd title=(value) { (shown(value)) } }
    } } }
}

fn shown(value: &str) -> &str {
    if value.is_empty() { "–" } else { value }
}

#[cfg(test)]
mod tests {
    use super::super::why::Reason;
    use super::*;

    #[test]
    fn what_the_reasons_name_stands_first_and_the_rest_is_folded() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let event =
            [field("a", "1"), field("b", ""), field("flow_src", "10.0.0.5"), field("sttl", "254")];
        let reason = Reason {
            feature: "sttl".to_owned(),
            value: "254".to_owned(),
            effect: 2.0,
            typical: "benign rows: 31".to_owned(),
            text: String::new(),
        };
        let why =
            Why { base: None, output: None, unit: String::new(), reasons: vec![reason.clone()] };
        let known = ["a", "b", "sttl"].map(str::to_owned);
        let text = panel_of(&event, Some(&why), &known).into_string();
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
        assert!(place("data-field=\"sttl\"") < place("data-field=\"flow_src\""));
        assert!(place("data-field=\"flow_src\"") < place("<details"));
        assert!(place("<details") < place("data-field=\"a\""));
        assert!(text.contains("2 other fields, 1 without a value") && !text.contains(" open"));
        assert_eq!(text.matches("data-field=").count(), event.len());
        // Without reasons nothing would be left above the fold: it is open then.
        let text = panel_of(&event, None, &[]).into_string();
        assert!(text.contains(" open") && text.matches("data-field=").count() == event.len());
    }
}
