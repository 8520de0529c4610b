//! Documents that are written from the registers in the code.

mod detectors;
mod metrics;
mod preparing;
mod sets;

use std::path::Path;

use anyhow::Context as _;
use tripline_features::flow::SETS;
use tripline_models::CARDS;
use tripline_models::import::IMPORTED_CARDS;

const HEAD: &str = "<!-- Written by `cargo xtask codegen` from the code. Do not edit. -->\n\n";

/// Path from the root with the text that is to stand there.
pub(crate) fn documents() -> Vec<(String, String)> {
    let fixed = [
        ("docs/detectors.md", detectors::document(CARDS, IMPORTED_CARDS)),
        ("docs/metrics.md", metrics::document()),
        ("docs/preparing.md", preparing::document()),
    ];
    let fixed = fixed.into_iter().map(|(path, text)| (path.to_owned(), text));
    let sets = SETS.iter().map(|card| (format!("docs/sets/{}.md", card.id), sets::document(card)));
    fixed.chain(sets).map(|(path, text)| (path, format!("{HEAD}{text}"))).collect()
}

/// Writes every document.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    for (path, text) in documents() {
        let file = root.join(&path);
        let folder = file.parent().context("a document lies in a folder")?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder of {path}"))?;
        std::fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

/// Text that does not end a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
