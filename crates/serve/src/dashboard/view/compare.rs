//! Versions side by side.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tripline_assess::plot::{self, Curve, RocAxis};
use tripline_store::records::ModelVersion;

use super::super::fields::encode;
use super::super::parts::{empty, figure, head, panel, tag, words};
use super::super::text::{bytes, day};
use super::figures::{self, Line};
use super::model::Curves;

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
                (panel("On held-out rows", &html! {}, &html! {
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

/// Curves with the names of what they are of.
fn curves<'a>(named: &[(&'a str, &'a [(f64, f64)])]) -> Vec<Curve<'a>> {
    named.iter().map(|&(name, points)| Curve { name, points }).collect()
}

fn table(versions: &[(ModelVersion, Curves)]) -> Markup {
    let all: BTreeSet<&String> =
        versions.iter().flat_map(|(version, _)| version.what.metrics.keys()).collect();
    let lines = figures::lines(all);
    let columns = versions.len() + 1;
    html! {
        section.panel aria-label="Figures" { div.scroll { table.compared {
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
            }
            @for (part, name) in figures::PARTS.iter().enumerate() {
                @let own: Vec<&Line> = lines.iter().filter(|line| versions.iter().any(|(v, _)| line.value(part, &v.what.metrics).is_some())).collect();
                @if !own.is_empty() { tbody {
                    tr.group { th colspan=(columns) scope="rowgroup" { (name) } }
                    @for line in own {
                        @let values: Vec<Option<f64>> = versions.iter().map(|(v, _)| line.value(part, &v.what.metrics)).collect();
                        @let best = best(line, &values);
                        tr {
                            th scope="row" title=(line.doc) { (line.name) }
                            @for value in values {
                                td.n.best[value.is_some() && value == best] { (line.shown(value)) }
                            }
                        }
                    }
                } }
            }
        } } }
        p.small.dim { span.best-mark { "●" } " the better value, where the versions differ. Only figures on the same rows compare." }
    }
}

/// The best of several values; none unless the register of metrics says which way is better and two
/// of them differ.
fn best(line: &Line, values: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let higher = line.higher_is_better?;
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (known.len() > 1 && least < most).then_some(if higher { most } else { least })
}
