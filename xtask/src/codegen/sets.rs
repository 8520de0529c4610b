//! The feature sets with the definition of every column, from their cards.

use std::fmt::Write as _;

use tripline_features::flow::{ColumnDoc, ColumnKind, SetCard};

use super::cell;

/// What a set is, then its columns in order.
pub(super) fn document(card: &SetCard) -> String {
    let columns = (card.columns)();
    let used = columns.iter().filter(|column| column.in_models).count();
    let mut text = format!(
        "# `{}`\n\n{}.\n\n- Source: {}.\n- {} columns, {} of them in models by default.\n",
        card.id,
        sentence(card.summary),
        card.source.trim_end_matches('.'),
        columns.len(),
        used,
    );
    if !card.identifiers.is_empty() {
        let names: Vec<String> =
            card.identifiers.iter().map(|(name, _)| format!("`{name}`")).collect();
        let _ = writeln!(text, "- Columns that name a flow beside them: {}.", names.join(", "));
    }
    let _ = writeln!(text, "\n{}\n", card.notes);
    let differs = columns.iter().any(|column| !column.fidelity.is_empty());
    let (head, line) = if differs { (" published data |", "---|") } else { ("", "") };
    let _ = writeln!(text, "| column | unit | in models | definition |{head}");
    let _ = writeln!(text, "|---|---|---|---|{line}");
    for column in &columns {
        row(&mut text, column, differs);
    }
    text
}

fn row(text: &mut String, column: &ColumnDoc, differs: bool) {
    let unit = match column.kind {
        ColumnKind::Number => column.unit.to_owned(),
        ColumnKind::Category(values) => format!("one of {}", values.len()),
    };
    let _ = write!(
        text,
        "| `{}` | {} | {} | {} |",
        cell(column.name),
        cell(&unit),
        if column.in_models { "yes" } else { "no" },
        cell(column.definition),
    );
    if differs {
        let _ = write!(text, " {} |", cell(column.fidelity));
    }
    text.push('\n');
}

fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use tripline_features::flow::SETS;

    use super::*;

    #[test]
    fn every_column_has_a_row() {
        for card in SETS {
            let text = document(card);
            for column in (card.columns)() {
                let row = format!("\n| `{}` |", cell(column.name));
                assert!(text.contains(&row), "{}: {}", card.id, column.name);
                assert!(column.definition.ends_with('.'), "{}: {}", card.id, column.name);
            }
        }
    }
}
