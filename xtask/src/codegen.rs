//! Documents that are written from the code.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use tripline_core::{Abilities, Card, Input, MissingPolicy, ParamValue, Range, Supervision};
use tripline_models::CARDS;
use tripline_models::import::IMPORTED_CARDS;

/// Path from the root with the text that is to stand there.
pub(crate) fn documents() -> Vec<(&'static str, String)> {
    vec![("docs/detectors.md", detectors(CARDS, IMPORTED_CARDS))]
}

/// Writes every document.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    for (path, text) in documents() {
        let file = root.join(path);
        let folder = file.parent().context("a document lies in a folder")?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder of {path}"))?;
        std::fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

/// A table of all detectors, then each with its parameters.
fn detectors(cards: &[&Card], imported: &[&Card]) -> String {
    let mut text = String::from(
        "<!-- Written by `cargo xtask codegen` from the cards. Do not edit. -->\n\n# Detectors\n\n\
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
            range(&param.range),
            param.search.as_ref().map_or_else(|| "—".to_owned(), range),
            cell(param.doc),
        );
    }
}

fn supervision(supervision: Supervision) -> &'static str {
    match supervision {
        Supervision::Supervised => "labels",
        Supervision::Benign => "benign rows",
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
    let all = [
        (abilities.multiclass, "classes"),
        (abilities.weights, "weights"),
        (abilities.explain, "explanation"),
        (abilities.importance, "importance"),
        (abilities.online, "further rows"),
        (abilities.early_stopping, "early stopping"),
    ];
    let has: Vec<&str> = all.iter().filter(|entry| entry.0).map(|entry| entry.1).collect();
    if has.is_empty() { "—".to_owned() } else { has.join(", ") }
}

fn value(value: &ParamValue) -> String {
    let text = value.to_string();
    if text.is_empty() { "none".to_owned() } else { format!("`{text}`") }
}

fn range(range: &Range) -> String {
    let log = match range {
        Range::Int { log: true, .. } | Range::Float { log: true, .. } => ", logarithmic",
        _ => "",
    };
    cell(&format!("{range}{log}"))
}

/// Text that does not end a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_has_a_row_with_its_section() {
        let text = detectors(CARDS, IMPORTED_CARDS);
        for card in CARDS.iter().chain(IMPORTED_CARDS) {
            assert!(text.contains(&format!("| [`{}`]", card.id)), "{}", card.id);
            assert!(text.contains(&format!("\n## `{}`\n", card.id)), "{}", card.id);
            for param in card.params {
                assert!(text.contains(&format!("| `{}` |", param.name)), "{}", param.name);
            }
        }
    }
}
