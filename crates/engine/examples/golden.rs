//! Writes golden model files of the present format version for every detector that has none yet.
//!
//! `cargo run --release -p tripline-engine --example golden`. A file that is there is never
//! replaced: golden files load for ever. Beside each model stand the bits of its scores of
//! `rows.csv`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tripline_core::{Rng, Silent};
use tripline_engine::{Model, Plan, TrainingSettings, trainable};
use tripline_ingest::{ReadOptions, read};
use tripline_store::SecretKey;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    // From inside the folder, so that the models name their training file without the machine's path.
    std::env::set_current_dir(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/golden/v1"),
    )?;
    let folder = Path::new("");
    let table = folder.join("rows.csv");
    if !table.exists() {
        fs::write(&table, rows())?;
    }
    let options = ReadOptions {
        label: Some("label".to_owned()),
        benign: Some("benign".to_owned()),
        require_labels: true,
        ..ReadOptions::default()
    };
    let data = read(&table, &options, &Silent)?;
    for card in trainable() {
        let file = folder.join(format!("{}.trip", card.id));
        if file.exists() {
            continue;
        }
        let mut params = Vec::new();
        if card.params.iter().any(|spec| spec.name == "n_estimators") {
            params.push(("n_estimators".to_owned(), "5".to_owned()));
        }
        let settings = TrainingSettings {
            params: BTreeMap::from([(card.id.to_owned(), params)]),
            ..TrainingSettings::default()
        };
        let model = Plan::new(card.id, &settings)?.fit(&data, 1, &Silent)?.model;
        // One of them is signed; the key is public knowledge.
        let key = (card.id == "gradient_boosting").then(|| SecretKey::from_bytes([1; 32]));
        model.write(&file, key.as_ref())?;
        write_scores(&file, &model, &data.rows)?;
    }
    Ok(())
}

fn write_scores(file: &Path, model: &Model, rows: &tripline_core::Rows) -> Outcome<()> {
    let verdicts = model.score(rows)?;
    let lines: Vec<String> = verdicts
        .raw
        .iter()
        .zip(&verdicts.probability)
        .map(|(raw, probability)| format!("{:016x} {:016x}", raw.to_bits(), probability.to_bits()))
        .collect();
    let scores: PathBuf = file.with_extension("scores");
    Ok(fs::write(scores, lines.join("\n") + "\n")?)
}

/// 240 rows of two overlapping kinds, with gaps and a category.
fn rows() -> String {
    let mut rng = Rng::new(1);
    let mut text = "bytes,duration,protocol,label\n".to_owned();
    for row in 0..240 {
        let attack = row % 3 == 0;
        let bytes = 100.0 * rng.exponential() + if attack { 150.0 } else { 0.0 };
        let duration = rng.normal() + if attack { 1.0 } else { 0.0 };
        let protocol = ["tcp", "udp", "icmp"][rng.index(3)];
        let gap = rng.unit() < 0.05;
        let duration = if gap { String::new() } else { format!("{duration:.3}") };
        let label = if attack { "scan" } else { "benign" };
        text.push_str(&format!("{bytes:.1},{duration},{protocol},{label}\n"));
    }
    text
}
