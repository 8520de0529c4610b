//! Models ranked over data sets, as a page.

use super::DataSource;
use super::html::{self, Text};
use super::page::Page;
use super::provenance::{protocol, source};
use crate::metrics::METRICS;
use crate::plot::{self, Bar, BarUnit, percent};
use crate::protocol::Protocol;
use crate::rank::{Place, RankedModel, Ranking};

/// Bars drawn at most.
const DRAWN: usize = 60;

/// All that the page tells.
#[derive(Debug, Clone)]
pub struct RankingPage<'a> {
    /// What was ranked.
    pub title: String,
    /// When, as it shall be shown.
    pub when: String,
    /// The command that made it.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Seed of splits with training.
    pub seed: u64,
    /// The order.
    pub ranking: &'a Ranking,
    /// Each data set with how its rows were parted.
    pub data: Vec<(DataSource, Protocol)>,
    /// Why the figures may be too good: each reason of the guard's that the user set aside.
    pub leakage_accepted: Vec<String>,
    /// What each model is, by id.
    pub summaries: Vec<(String, String)>,
    /// Further remarks, such as models that could not be trained.
    pub notes: Vec<String>,
}

/// The page.
pub fn render_ranking(input: &RankingPage<'_>) -> String {
    let mut page = Page::new(&input.title);
    page.put(format_args!(
        "<header><h1>{}</h1><p class=\"meta\">{}</p></header>",
        Text(&input.title),
        Text(&input.when)
    ));
    page.leakage(&input.leakage_accepted, "Ranks may be those of what leaks, not of the models.");
    let ranking = input.ranking;
    let metric = METRICS.iter().find(|card| card.id == ranking.metric);
    let name = metric.map_or(ranking.metric, |card| card.name);
    page.section("ranking", "Ranking");
    page.put(format_args!(
        "<p>{} models on {} data sets by {}. Rank 1 is best; a model's rank is the mean over data \
         sets. Intervals tell how the order depends on the rows judged: models whose intervals \
         overlap are not told apart by these data.</p>",
        ranking.models.len(),
        ranking.data.len(),
        Text(name)
    ));
    table(&mut page, input);
    page.put(format_args!("<div class=\"figures\">"));
    page.figure(&plot::bars(
        "Mean rank",
        &ranking.models.iter().map(bar).collect::<Vec<_>>(),
        BarUnit::Number,
        "1 is best, with interval",
        DRAWN,
    ));
    page.put(format_args!("</div>"));
    page.end_section();
    page.section("provenance", "Where the figures come from");
    page.put(format_args!(
        "<dl class=\"pairs\"><dt>Command</dt><dd><code>{}</code></dd><dt>Version</dt><dd>{}</dd>\
         <dt>Seed</dt><dd>{}</dd></dl>",
        Text(&input.command),
        Text(&input.version),
        input.seed
    ));
    for (data, how) in &input.data {
        source(&mut page, data);
        page.put(format_args!("<p>{}</p>", Text(&protocol(*how))));
    }
    page.put(format_args!("<h3>How each number was got</h3><ul>"));
    page.put(format_args!(
        "<li>On each data set all models are trained and judged on the same splits. Equal values \
         share a rank; a model that could not be judged stands last.</li><li>Intervals and the \
         share of first places come from a paired bootstrap: each replicate ranks all models on \
         the same drawn rows. They hold no noise of training again, and none of other data \
         sets.</li><li>Times are of this run on this machine, over all splits.</li>"
    ));
    for note in &input.notes {
        page.put(format_args!("<li>{}</li>", Text(note)));
    }
    page.put(format_args!("</ul>"));
    page.end_section();
    page.finish(&input.version)
}

fn bar(model: &RankedModel) -> Bar {
    Bar {
        name: model.model.clone(),
        value: model.mean_rank,
        interval: model.interval.map(|interval| (interval.low, interval.high)),
        note: String::new(),
    }
}

fn table(page: &mut Page, input: &RankingPage<'_>) {
    let ranking = input.ranking;
    page.put(format_args!(
        "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Model</th>\
         <th class=\"n\">Mean rank</th><th class=\"n\" title=\"Share of replicates in which no \
         model ranks better\">First</th>"
    ));
    for name in &ranking.data {
        page.put(format_args!("<th class=\"n\">{}</th>", Text(name)));
    }
    page.put(format_args!(
        "<th class=\"n\">Training, s</th><th class=\"n\">Scoring, s</th></tr></thead><tbody>"
    ));
    for model in &ranking.models {
        let summary = input.summaries.iter().find(|(id, _)| *id == model.model);
        page.put(format_args!(
            "<tr><th scope=\"row\" title=\"{}\">{}</th><td class=\"n\" data-v=\"{}\">\
             <span>{:.2}</span>",
            Text(summary.map_or("", |(_, summary)| summary)),
            Text(&model.model),
            model.mean_rank,
            model.mean_rank
        ));
        if let Some(interval) = model.interval {
            page.put(format_args!("<small>{:.1}–{:.1}</small>", interval.low, interval.high));
        }
        page.put(format_args!("</td>"));
        match model.share_first {
            Some(share) => page.put(format_args!(
                "<td class=\"n\" data-v=\"{share}\">{}</td>",
                Text(&percent(share))
            )),
            None => page.put(format_args!("<td class=\"n none\">–</td>")),
        }
        model.places.iter().for_each(|place| cell(page, ranking.metric, place.as_ref()));
        for seconds in [model.fit_seconds, model.score_seconds] {
            page.put(format_args!(
                "<td class=\"n\" data-v=\"{seconds}\">{}</td>",
                Text(&plot::short((seconds * 100.0).round() / 100.0))
            ));
        }
        page.put(format_args!("</tr>"));
    }
    page.put(format_args!("</tbody></table></div>"));
}

fn cell(page: &mut Page, metric: &str, place: Option<&Place>) {
    let Some(place) = place else {
        page.put(format_args!("<td class=\"n none\" title=\"not judged\">–</td>"));
        return;
    };
    page.put(format_args!(
        "<td class=\"n\" data-v=\"{}\" title=\"rank {}\"><span>{}</span>",
        place.value,
        place.rank,
        Text(&html::value(metric, place.value))
    ));
    if let Some(interval) = &place.interval {
        page.put(format_args!("<small>{}</small>", Text(&html::interval(metric, interval))));
    }
    page.put(format_args!("</td>"));
}
