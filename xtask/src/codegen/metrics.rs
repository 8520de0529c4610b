//! The metrics, from their cards.

use std::fmt::Write as _;

use tripline_assess::metrics::METRICS;

use super::cell;

/// A table of all metrics in the order of reports.
pub(super) fn document() -> String {
    let mut text = String::from(
        "# Metrics\n\nEach stands under its id in machine-readable output; where what it needs is not \
         there, it is left out.\n\n| id | better | meaning | needs | other names |\n\
         |---|---|---|---|---|\n",
    );
    for card in METRICS {
        let aliases: Vec<String> = card.aliases.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {}: {} | {} | {} |",
            card.id,
            if card.higher_is_better { "higher" } else { "lower" },
            cell(card.name),
            cell(card.doc),
            cell(card.needs.trim_start_matches("needs ")),
            cell(&aliases.join(", ")),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_row() {
        let text = document();
        assert!(METRICS.iter().all(|card| text.contains(&format!("\n| `{}` |", card.id))));
    }
}
