//! Versions side by side.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tripline_assess::plot::{self, Curve, RocAxis, metric};
use tripline_store::records::ModelVersion;

use super::super::fields::encode;
use super::super::parts::{empty, figure, head, panel, tag, words};
use super::super::text::{bytes, day};
use super::model::Curves;
use super::models::{card, figure_name};

/// The page.
pub(crate) fn page(versions: &[(ModelVersion, Curves)]) -> Markup {
    let roc: Vec<(&str, &[(f64, f64)])> = versions
        .iter()
        .filter(|(_, curves)| curves.roc.len() > 1)
        .map(|(version, curves)| (version.id.as_str(), curves.roc.as_slice()))
        .collect();
    let pr: Vec<(&str, &[(f64, f64)])> = versions
        .iter()
        .filter(|(_, curves)| curves.precision_recall.len() > 1)
        .map(|(version, curves)| (version.id.as_str(), curves.precision_recall.as_slice()))
        .collect();
    html! {
        (head(&html! { "Versions compared" }, &html! { a.button href="/ui/models" { "All models" } }))
        @if versions.len() < 2 {
            (panel("Comparison", &html! {}, &empty("Choose two versions or more on the list of models.", &html! {
                a.button href="/ui/models" { "To the list" }
            })))
        } @else {
            (table(versions))
            @if !roc.is_empty() || !pr.is_empty() {
                (panel("On held-out rows", &html! { span.dim { "each on its own; only figures on the same rows compare" } }, &html! {
                    div.body { div.figures {
                        @if !roc.is_empty() { (figure(&plot::roc(&curves(&roc), &[], RocAxis::Linear), "")) }
                        @if !pr.is_empty() { (figure(&plot::precision_recall(&curves(&pr), &[], None), "")) }
                        @for (version, curves) in versions {
                            @if !curves.calibration.is_empty() {
                                div { h3 { (version.id) } (figure(&plot::calibration(&curves.calibration), "")) }
                            }
                        }
                    } }
                }))
            }
        }
    }
}

fn curves<'a>(named: &[(&'a str, &'a [(f64, f64)])]) -> Vec<Curve<'a>> {
    named.iter().map(|&(name, points)| Curve { name, points }).collect()
}

fn table(versions: &[(ModelVersion, Curves)]) -> Markup {
    let names: BTreeSet<&str> = versions
        .iter()
        .flat_map(|(version, _)| version.what.metrics.keys().map(String::as_str))
        .collect();
    html! {
        section.panel { div.scroll { table {
            thead { tr {
                th scope="col" { "Figure" }
                @for (version, _) in versions {
                    th.n scope="col" { a href={ "/ui/models/" (encode(&version.id)) } { (version.id) } }
                }
            } }
            tbody {
                tr { th scope="row" { "Status" } @for (v, _) in versions { td.n { (tag(v.status.name(), v.status.name())) } } }
                tr { th scope="row" { "Detector" } @for (v, _) in versions { td.n { (words(&v.what.detector)) } } }
                tr { th scope="row" { "Registered" } @for (v, _) in versions { td.n { (day(v.created_at)) } } }
                tr { th scope="row" { "Size" } @for (v, _) in versions { td.n { (bytes(v.what.bytes)) } } }
                @for name in names {
                    @let best = best(name, versions);
                    tr {
                        th scope="row" { (figure_name(name)) }
                        @for (version, _) in versions {
                            @match version.what.metrics.get(name) {
                                Some(&value) => td.n.best[Some(value) == best] { (metric(value)) },
                                None => td.n.dim { "–" },
                            }
                        }
                    }
                }
            }
        } } }
    }
}

/// The best value of a figure; none unless the register of metrics says which way is better and two
/// versions differ.
fn best(name: &str, versions: &[(ModelVersion, Curves)]) -> Option<f64> {
    let values: Vec<f64> = versions
        .iter()
        .filter_map(|(version, _)| version.what.metrics.get(name).copied())
        .collect();
    let higher = card(name)?.higher_is_better;
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (values.len() > 1 && least < most).then_some(if higher { most } else { least })
}
