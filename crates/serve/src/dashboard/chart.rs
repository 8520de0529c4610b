//! Charts over time: a table that stands by itself, drawn by script where there are scripts.

use maud::{Markup, html};

use super::text::shown;
use tripline_store::time::Timestamp;

/// One series.
pub(super) struct Series {
    /// What events of it are called, for adding them live.
    pub(super) key: String,
    /// Its name for people.
    pub(super) name: String,
    /// A colour of the style sheet, such as `--k0`.
    pub(super) colour: String,
    /// A value for each x; none leaves a gap.
    pub(super) values: Vec<Option<f64>>,
}

/// How values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bars on top of each other: counts.
    Stacked,
    /// Lines.
    Lines,
}

/// What the x axis is.
pub(super) enum X {
    /// Starts of buckets.
    Time(Vec<Timestamp>),
    /// Numbers, with what they count.
    Number(&'static str, Vec<f64>),
}

/// A chart with its table. `by` is the field of a live event that names its series.
pub(super) fn chart(
    (title, class): (&str, &str),
    kind: Kind,
    x: &X,
    series: &[Series],
    by: Option<&str>,
) -> Markup {
    let drawn = match kind {
        Kind::Stacked => "stacked",
        Kind::Lines => "lines",
    };
    let (x_kind, x_name, rows) = match x {
        X::Time(times) => {
            let rows: Vec<(f64, String)> = times
                .iter()
                .map(|&at| (at.0 as f64 / 1e6, shown(at, "%Y-%m-%d %H:%M UTC")))
                .collect();
            ("time", "from", rows)
        }
        X::Number(name, numbers) => {
            ("number", *name, numbers.iter().map(|&n| (n, n.to_string())).collect())
        }
    };
    html! {
        figure.chart.(class) data-chart=(drawn) data-x=(x_kind) data-name=(x_name) data-by=[by] {
            div.draw role="img" aria-label={ (title) "; the numbers are in the table that follows" } {}
            details.more {
                summary { "Numbers" }
                div.scroll {
                    table {
                        thead {
                            tr {
                                th scope="col" { (x_name) }
                                @for one in series {
                                    th.n scope="col" data-colour=(one.colour) data-key=(one.key) { (one.name) }
                                }
                            }
                        }
                        tbody {
                            @for (at, (x, label)) in rows.iter().enumerate() {
                                tr data-x=(x) {
                                    th scope="row" { (label) }
                                    @for one in series {
                                        @let value = one.values.get(at).copied().flatten();
                                        td.n data-v=(value.map(|v| v.to_string()).unwrap_or_default()) {
                                            (value.map_or_else(|| "–".to_owned(), tripline_assess::plot::short))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
