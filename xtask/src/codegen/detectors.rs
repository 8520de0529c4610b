//! The detectors with their parameters, from their cards.

use std::fmt::Write as _;

use tripline_core::{Abilities, Card, Input, MissingPolicy, ParamValue, Range, Supervision};

use super::cell;

/// A table of all detectors, then each with its parameters.
pub(super) fn document(cards: &[&Card], imported: &[&Card]) -> String {
    let mut text = String::from(
        "# Detectors\n\n\
         A score is higher for what is more suspicious, whatever the detector.\n\n\
         | id | family | learns from | columns | missing values | abilities |\n\
         |---|---|---|---|---|---|\n",
    );
    for card in cards.iter().chain(imported) {
        let _ = writeln!(
            text,
            "| [`{}`](#{}) | {} | {} | {} | {} | {} |",
            card.id,
            card.id,
            card.family.name(),
            supervision(card.supervision),
            input(card.input),
            missing(card.missing),
            abilities(card.abilities),
        );
    }
    for card in cards {
        section(&mut text, card);
    }
    if !imported.is_empty() {
        text.push_str("\n# Models of other programs\n\nThey score; they are fitted elsewhere.\n");
    }
    for card in imported {
        section(&mut text, card);
    }
    text
}

fn section(text: &mut String, card: &Card) {
    let _ = writeln!(text, "\n## `{}`\n\n{}: {}\n", card.id, card.name, card.summary);
    let _ = writeln!(text, "- Source: {}.", card.source.trim_end_matches('.'));
    let _ = writeln!(text, "- Cost: {}.", card.cost.trim_end_matches('.'));
    for exemption in card.exemptions {
        let _ = writeln!(text, "- Not promised, {:?}: {}", exemption.promise, exemption.reason);
    }
    if card.params.is_empty() {
        return;
    }
    text.push_str(
        "\n| parameter | default | valid | tuned over | meaning |\n|---|---|---|---|---|\n",
    );
    for param in card.params {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            param.name,
            value(&param.default),
            cell(&param.range.to_string()),
            param.search.as_ref().map_or_else(|| "—".to_owned(), searched),
            cell(param.doc),
        );
    }
}

fn supervision(supervision: Supervision) -> &'static str {
    match supervision {
        Supervision::Supervised => "labels",
        Supervision::Benign => "benign rows",
        Supervision::Optional => "labels or benign rows",
    }
}

fn input(input: Input) -> &'static str {
    match input {
        Input::Mixed => "numbers, categories",
        Input::Numeric => "numbers",
        Input::Scaled => "scaled numbers",
    }
}

fn missing(policy: MissingPolicy) -> &'static str {
    match policy {
        MissingPolicy::Native => "handled",
        MissingPolicy::Reject => "refused",
    }
}

fn abilities(abilities: Abilities) -> String {
    let words = abilities.words();
    if words.is_empty() { "—".to_owned() } else { words.join(", ") }
}

fn value(value: &ParamValue) -> String {
    let text = value.to_string();
    if text.is_empty() { "none".to_owned() } else { format!("`{text}`") }
}

/// The values that tuning tries.
fn searched(range: &Range) -> String {
    let log = match range {
        Range::Int { log: true, .. } | Range::Float { log: true, .. } => " by its logarithm",
        _ => "",
    };
    cell(&format!("{range}{log}"))
}

#[cfg(test)]
mod tests {
    use tripline_models::CARDS;
    use tripline_models::import::IMPORTED_CARDS;

    use super::*;

    #[test]
    fn every_card_has_a_row_with_its_section() {
        let text = document(CARDS, IMPORTED_CARDS);
        for card in CARDS.iter().chain(IMPORTED_CARDS) {
            assert!(text.contains(&format!("| [`{}`]", card.id)), "{}", card.id);
            assert!(text.contains(&format!("\n## `{}`\n", card.id)), "{}", card.id);
            for param in card.params {
                assert!(text.contains(&format!("| `{}` |", param.name)), "{}", param.name);
            }
        }
    }
}
