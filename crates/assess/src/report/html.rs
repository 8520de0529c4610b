//! Pieces of HTML that several sections write.

use std::fmt;

use crate::bootstrap::Interval;
use crate::metrics::METRICS;
use crate::plot::{self, Figure, escape};

/// Text that is escaped where it is written.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(self.0))
    }
}

/// Text that is escaped, with `code` between backticks set as code.
pub(super) struct Ticked<'a>(pub(super) &'a str);

impl fmt::Display for Ticked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.split('`').peekable();
        let mut code = false;
        while let Some(part) = parts.next() {
            // A backtick without a partner stays what it is.
            match (code, parts.peek().is_some()) {
                (true, true) => write!(f, "<code>{}</code>", Text(part))?,
                (true, false) => write!(f, "`{}", Text(part))?,
                (false, _) => write!(f, "{}", Text(part))?,
            }
            code = !code;
        }
        Ok(())
    }
}

/// A figure with its title and caption; wide charts scroll on narrow screens instead of shrinking.
pub(super) fn figure(figure: &Figure) -> String {
    let class = if figure.svg.contains("viewBox=\"0 0 560 ") { "figure wide" } else { "figure" };
    let caption = if figure.caption.is_empty() {
        String::new()
    } else {
        format!("<p class=\"caption\">{}</p>", Text(&figure.caption))
    };
    format!(
        "<figure class=\"{class}\"><figcaption>{}</figcaption><div class=\"draw\">{}</div>\
         {caption}</figure>",
        Text(&figure.title),
        figure.svg
    )
}

/// A figure drawn twice, of which style shows one.
pub(super) fn figure_pair(wide: &Figure, narrow: &Figure) -> String {
    format!(
        "<figure class=\"figure wide\"><figcaption>{}</figcaption>\
         <div class=\"draw wide-only\">{}</div><div class=\"draw narrow-only\">{}</div>\
         <p class=\"caption\">{}</p></figure>",
        Text(&wide.title),
        wide.svg,
        narrow.svg,
        Text(&wide.caption)
    )
}

/// How a metric's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// From 0 to 1, read as a percentage.
    Share,
    /// Without a unit.
    Merit,
    /// A count a day.
    PerDay,
    /// Milliseconds.
    Milliseconds,
}

/// The kind of a metric, by its id.
pub(super) fn kind(id: &str) -> Kind {
    match id {
        "precision"
        | "recall"
        | "fpr"
        | "fnr"
        | "accuracy"
        | "balanced_accuracy"
        | "precision_at_base_rate" => Kind::Share,
        "alerts_per_day" => Kind::PerDay,
        "detection_time_ms" => Kind::Milliseconds,
        id if id.starts_with("tpr_at_fpr") => Kind::Share,
        _ => Kind::Merit,
    }
}

/// A metric's value as text.
pub(super) fn value(id: &str, value: f64) -> String {
    match kind(id) {
        Kind::Share => plot::percent(value),
        Kind::Merit => plot::metric(value),
        Kind::PerDay => per_day(value),
        Kind::Milliseconds => format!("{}\u{a0}ms", plot::short(value)),
    }
}

/// An interval as text: `0.9971–0.9983`, `58.5–63.0 %`.
pub(super) fn interval(id: &str, interval: &Interval) -> String {
    let (low, high) = (value(id, interval.low), value(id, interval.high));
    let low = low.strip_suffix("\u{a0}%").unwrap_or(&low);
    format!("{low}–{high}")
}

/// How sure an interval is: `95 %`.
pub(super) fn level(interval: &Interval) -> String {
    format!("{:.0}\u{a0}%", interval.level * 100.0)
}

/// A number of events a day.
pub(super) fn per_day(value: f64) -> String {
    if value.is_finite() && (10.0..1e15).contains(&value) {
        plot::count(value.round() as usize)
    } else {
        plot::short((value * 10.0).round() / 10.0)
    }
}

/// A metric's name for people; its id where the register has none.
pub(super) fn name(id: &str) -> String {
    let name = METRICS.iter().find(|card| card.id == id).map_or(id, |card| card.name);
    // Set as powers, names do not break at a line's end.
    name.replace("1e-2", "10⁻²").replace("1e-3", "10⁻³").replace("1e-4", "10⁻⁴")
}

/// A count that comes as a number with a fraction where rows are weighted.
pub(super) fn rows(value: f64) -> usize {
    if value.is_finite() { value.max(0.0).round() as usize } else { 0 }
}
