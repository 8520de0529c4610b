//! Runs, and runs side by side.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tripline_assess::plot::metric;
use tripline_store::records::Run;

use super::super::chart::{Kind, Series, X, chart};
use super::super::fields::encode;
use super::super::parts::{empty, head, panel, tag, words};
use super::super::text::{short_time, span, time};
use super::figures::{self, Line};
use super::models::figures_of;

/// The list.
pub(crate) fn list(runs: &[Run], next: Option<&str>) -> Markup {
    html! {
        (head(&html! { "Runs" }, &html! {
            @if runs.len() > 1 { button form="compare" type="submit" { "Compare chosen" } }
            a.button href="/ui/jobs" { "Jobs" }
        }))
        section.panel aria-label="Runs" {
            @if runs.is_empty() { (empty("No training has run yet.", &html! { a.button.primary href="/ui/jobs/new" { "Train a model" } })) } @else {
                form #compare method="get" action="/ui/runs" { div.scroll { table {
                    thead { tr {
                        th scope="col" { span.sr { "Choose" } } th scope="col" { "Run" } th scope="col" { "State" }
                        th.m scope="col" { "Detector" } th scope="col" { "Figures" } th.l scope="col" { "Model" } th.n.m scope="col" { "Began" }
                    } }
                    tbody { @for run in runs { tr.go {
                        td { input type="checkbox" name="id" value=(run.id) aria-label={ "Compare " (run.id) }; }
                        td { a.row href={ "/ui/runs?id=" (encode(&run.id)) } { (words(&run.what.experiment)) } div.small.dim.break { (run.id) } }
                        td { (tag(run.state.name(), run.state.name())) }
                        td.m { (words(&run.what.detector)) }
                        td { @for (name, value) in figures_of(&run.metrics).iter().take(2) { div.nowrap { span.dim { (name) " " } (metric(*value)) } } }
                        td.l { @if let Some(model) = &run.model_id { (model) } }
                        td.n.m { (short_time(run.started_at)) }
                    } } }
                } } }
                @if let Some(next) = next { div.pages { a.button rel="next" href={ "/ui/runs?after=" (encode(next)) } { "Older" } } }
            }
        }
    }
}

/// One run or several side by side, with a chart for each figure that has a history.
pub(crate) fn compared(runs: &[Run], histories: Vec<(String, X, Vec<Series>)>) -> Markup {
    let names =
        |of: fn(&Run) -> Vec<&str>| -> BTreeSet<&str> { runs.iter().flat_map(of).collect() };
    let params = names(|run| run.what.params.keys().map(String::as_str).collect());
    let all: BTreeSet<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    let lines = figures::lines(all);
    let data = names(|run| run.what.data.keys().map(String::as_str).collect());
    let title = if runs.len() == 1 { "Run" } else { "Runs compared" };
    html! {
        (head(&html! { (title) }, &html! { a.button href="/ui/runs" { "All runs" } }))
        section.panel { div.scroll { table {
            thead { tr { th scope="col" { span.sr { "What" } } @for run in runs { th.n scope="col" { (run.id) } } } }
            tbody {
                tr { th scope="row" { "State" } @for run in runs { td.n { (tag(run.state.name(), run.state.name())) } } }
                tr { th scope="row" { "Began" } @for run in runs { td.n { (time(run.started_at)) } } }
                tr { th scope="row" { "Took" } @for run in runs { td.n { (run.ended_at.map_or_else(|| "–".to_owned(), |end| span((end.0 - run.started_at.0).max(0)))) } } }
                tr { th scope="row" { "Detector" } @for run in runs { td.n { (words(&run.what.detector)) } } }
                tr { th scope="row" { "Job" } @for run in runs { td.n { @if let Some(job) = &run.what.job { a href={ "/ui/jobs/" (encode(job)) } { (job) } } @else { "–" } } } }
                tr { th scope="row" { "Model" } @for run in runs { td.n { @if let Some(id) = &run.model_id { a href={ "/ui/models/" (encode(id)) } { (id) } } @else { "–" } } } }
            }
            @for (part, name) in figures::PARTS.iter().enumerate() { (figure_rows(name, part, &lines, runs)) }
            @if !params.is_empty() { (rows("Parameters", &params, runs, |run, name| run.what.params.get(name).cloned())) }
            @if !data.is_empty() { (rows("Data", &data, runs, |run, name| run.what.data.get(name).map(|text| super::data::fingerprint(text)))) }
        } } }
        @for (name, x, series) in histories {
            (panel(&words(&name), &html! { span.dim { "by step" } }, &html! { div.body { (chart((&name, "low"), Kind::Lines, &x, &series, None)) } }))
        }
    }
}

fn rows(
    title: &str,
    names: &BTreeSet<&str>,
    runs: &[Run],
    value: impl Fn(&Run, &str) -> Option<String>,
) -> Markup {
    html! {
        tbody {
            tr.group { th colspan=(runs.len() + 1) scope="rowgroup" { (title) } }
            @for &name in names {
                @let values: Vec<Option<String>> = runs.iter().map(|run| value(run, name)).collect();
                @let differ = values.windows(2).any(|pair| pair[0] != pair[1]);
                tr {
                    th scope="row" { code { (name) } }
                    @for value in &values { (cell(value.as_deref().unwrap_or("–"), differ)) }
                }
            }
        }
    }
}

/// Figures on one part of the rows; nothing where there are none.
fn figure_rows(title: &str, part: usize, lines: &[Line], runs: &[Run]) -> Markup {
    let there = |line: &&Line| runs.iter().any(|run| line.value(part, &run.metrics).is_some());
    let lines: Vec<&Line> = lines.iter().filter(there).collect();
    html! { @if !lines.is_empty() { tbody {
        tr.group { th colspan=(runs.len() + 1) scope="rowgroup" { (title) } }
        @for line in lines {
            @let values: Vec<Option<f64>> = runs.iter().map(|run| line.value(part, &run.metrics)).collect();
            @let differ = values.windows(2).any(|pair| pair[0] != pair[1]);
            tr {
                th scope="row" title=(line.doc) { (line.name) }
                @for value in values { (cell(&line.shown(value), differ)) }
            }
        }
    } } }
}

/// A value; bold where runs differ in it.
fn cell(value: &str, differ: bool) -> Markup {
    html! { td.n.break { @if differ { b { (value) } } @else { (value) } } }
}
