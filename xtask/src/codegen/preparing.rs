//! The steps that prepare rows, from their cards.

use std::fmt::Write as _;

use tripline_core::Input;
use tripline_features::{Recipe, STEPS};

use super::cell;

/// A table of all steps with the recipes used by default.
pub(super) fn document() -> String {
    let mut text = String::from(
        "# Preparing\n\nA recipe is a list of steps with commas between them. It is fitted to \
         training rows alone, saved inside the model, the same in training as in scoring.\n\n\
         | step | what | source |\n|---|---|---|\n",
    );
    for card in STEPS {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            cell(card.syntax),
            cell(card.summary),
            cell(card.source)
        );
    }
    text.push_str("\nWithout a recipe, a detector gets what its card asks for:\n\n");
    for (input, name) in [
        (Input::Mixed, "numbers with categories"),
        (Input::Numeric, "numbers"),
        (Input::Scaled, "scaled numbers"),
    ] {
        let recipe = Recipe::for_input(input).to_string();
        let shown =
            if recipe.is_empty() { "rows as they are".to_owned() } else { format!("`{recipe}`") };
        let _ = writeln!(text, "- {name}: {shown}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_row() {
        let text = document();
        assert!(STEPS.iter().all(|card| text.contains(&format!("\n| `{}", cell(card.id)))));
    }
}
