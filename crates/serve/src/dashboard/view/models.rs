//! Models by name, with their versions.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tripline_assess::metrics::MetricCard;
use tripline_assess::plot::metric;
use tripline_store::records::{ModelVersion, Status};

use super::super::fields::encode;
use super::super::page::Viewer;
use super::super::parts::{empty, head, panel, tag, words};
use super::super::text::day;
use super::figures::card;

/// Figures shown first, by the ids of [`METRICS`].
const FIRST: [&str; 5] = ["roc_auc", "pr_auc", "tpr_at_fpr_1e-3", "f1", "accuracy"];
/// The most versions that are set side by side.
pub(crate) const MOST_COMPARED: usize = 6;

/// The versions of a name, newest first.
pub(crate) struct Group<'a> {
    /// The name.
    pub(crate) name: String,
    /// Its versions.
    pub(crate) versions: Vec<&'a ModelVersion>,
}

/// The page.
pub(crate) fn page(viewer: &Viewer, groups: &[Group<'_>], unloaded: &[(String, String)]) -> Markup {
    let many = groups.iter().map(|group| group.versions.len()).sum::<usize>() > 1;
    html! {
        (head(
            &html! { "Models" },
            &html! {
                @if many { button form="compare" type="submit" { "Compare chosen" } }
                a.button.primary href="/ui/jobs/new" { "Train a model" }
            },
        ))
        @for (id, reason) in unloaded {
            p.note.bad role="alert" { "Version " b { (id) } " ought to answer and could not be loaded: " (reason) "." }
        }
        @if groups.is_empty() {
            (panel("Models", &html! {}, &empty("No model is registered.", &html! {
                p { "Train one here, or upload a file:" }
                pre { "curl --data-binary @model.trip '" (viewer.origin) "/api/v1/models?name=my_detector'" }
                a.button href="/ui/jobs/new" { "Train a model" }
            })))
        } @else {
            form #compare method="get" action="/ui/models/compare" {
                (table(groups, many))
            }
        }
    }
}

/// All versions in one table, so that figures of different names stand in one column.
fn table(groups: &[Group<'_>], many: bool) -> Markup {
    let figures: Vec<&str> = FIRST
        .iter()
        .filter_map(|id| card(id))
        .map(|card| card.name)
        .filter(|name| {
            let mut all = groups.iter().flat_map(|group| &group.versions);
            all.any(|version| figures_of(&version.what.metrics).iter().any(|(n, _)| n == name))
        })
        .collect();
    let width = 5 + usize::from(many) + figures.len();
    html! {
        section.panel aria-label="Versions" { div.scroll { table.versions {
            thead { tr {
                @if many { th scope="col" { span.sr { "Choose for comparison" } } }
                th scope="col" { "Version" }
                th scope="col" { "Status" }
                th.m scope="col" { "Detector" }
                @for (at, name) in figures.iter().enumerate() { th.n.m[at > 0] scope="col" { (name) } }
                th.l scope="col" { "Registered" }
                th.l scope="col" { "Deployed" }
            } }
            @for group in groups {
                tbody {
                    tr.group { th colspan=(width) scope="rowgroup" {
                        (group.name)
                        span.dim { (words(group.versions.first().map_or("", |v| v.what.task.as_str()))) " · "
                            (group.versions.len()) @if group.versions.len() == 1 { " version" } @else { " versions" } }
                    } }
                    @for version in &group.versions { (row(version, &figures, many)) }
                }
            }
        } } }
    }
}

fn row(version: &ModelVersion, figures: &[&str], many: bool) -> Markup {
    let own = figures_of(&version.what.metrics);
    let value = |name: &str| own.iter().find(|(known, _)| *known == name).map(|(_, v)| metric(*v));
    html! { tr.go {
        @if many { td {
            input type="checkbox" name="id" value=(version.id) aria-label={ "Compare " (version.id) };
        } }
        td {
            a.row href={ "/ui/models/" (encode(&version.id)) } { (version.version) }
            @for alias in &version.aliases { " " (tag("info", alias)) }
        }
        td { (tag(version.status.name(), version.status.name())) }
        td.m { (words(&version.what.detector)) }
        @for (at, name) in figures.iter().enumerate() {
            td.n.m[at > 0] { @match value(name) { Some(value) => (value), None => span.dim { "–" } } }
        }
        td.l { (day(version.created_at)) }
        td.l { @match version.deployed_at { Some(at) => (day(at)), None => span.dim { "never" } } }
    } }
}

/// Versions by name, in the order of the active ones' names.
pub(crate) fn grouped(versions: &[ModelVersion]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for version in versions {
        match groups.iter_mut().find(|group| group.name == version.what.name) {
            Some(group) => group.versions.push(version),
            None => {
                groups.push(Group { name: version.what.name.clone(), versions: vec![version] });
            }
        }
    }
    for group in &mut groups {
        // The active version stands first, then the newest.
        group.versions.sort_by_key(|version| version.status != Status::Active);
    }
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups
}

/// The figures to be shown first, as far as they are there: name, value.
pub(crate) fn figures_of(metrics: &BTreeMap<String, f64>) -> Vec<(&'static str, f64)> {
    let value = |card: &MetricCard| {
        let names = std::iter::once(&card.id).chain(card.aliases);
        names.filter_map(|name| metrics.get(*name)).copied().next()
    };
    let cards = FIRST.iter().filter_map(|id| card(id));
    cards.filter_map(|card| Some((card.name, value(card)?))).collect()
}
