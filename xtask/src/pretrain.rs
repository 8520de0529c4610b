//! The model that is shipped: trained on synthetic traffic from fixed seeds, the same bytes each
//! time.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context as _, ensure};
use sha2::{Digest, Sha256};
use tripline_core::{Silent, Task};
use tripline_engine::traffic::{
    DatasetSettings, TrafficDataset, TrafficSettings, labelled_dataset,
};
use tripline_engine::{Plan, TrainingSettings};
use tripline_features::flow;
use tripline_ingest::flow_labels::{FlowLabels, LabelOptions};
use tripline_ingest::synthetic::packets::{PacketOptions, packets};

/// Where the model lies, from the root.
pub(crate) const MODEL: &str = "crates/tripline/models/traffic.trip";
/// Largest model that is shipped.
const MAX_BYTES: usize = 1 << 20;
/// What everyone who sees an output of it must know.
const NOTICE: &str = "synthetic training data; no measured performance on your network";
/// Seeds of the captures that train: three offices, so that addresses and habits of one do not
/// become the model's.
const SEEDS: [u64; 3] = [101, 102, 103];
/// Conversations of each.
const FLOWS: usize = 20_000;

/// Trains the model, writes it with its hash.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let set = flow::set("tripline").context("the set `tripline` is there")?;
    let mut parts = Vec::new();
    for seed in SEEDS {
        // Names without the folder: they stand in the model.
        let capture = folder.path().join(format!("office-{seed}.pcap"));
        let truth = folder.path().join(format!("office-{seed}.csv"));
        let made = packets(
            &PacketOptions::flows(FLOWS, seed),
            &mut BufWriter::new(File::create(&capture)?),
            &mut BufWriter::new(File::create(&truth)?),
        )?;
        println!("seed {seed}: {} packets, {} flows", made.packets, made.flows);
        let labels = FlowLabels::read(&truth, &LabelOptions::default())?;
        let settings = DatasetSettings { labels: Some(&labels), all_columns: false };
        let traffic = TrafficSettings::default();
        let TrafficDataset { data, .. } =
            labelled_dataset(&capture, set, &traffic, settings, &Silent)?;
        for note in &data.notes {
            println!("  {}", note.text);
        }
        parts.push(data);
    }
    let data = tripline_engine::traffic::concatenated(parts, "three synthetic offices")?;
    let mut settings = TrainingSettings { task: Task::Multiclass, ..TrainingSettings::default() };
    let params = [
        ("n_estimators", "40"),
        ("num_leaves", "15"),
        ("learning_rate", "0.15"),
        ("min_child_samples", "40"),
    ];
    settings.params.insert(
        "gradient_boosting".to_owned(),
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    );
    let fitted = Plan::new("gradient_boosting", &settings)?.fit(&data, SEEDS[0], &Silent)?;
    let mut model = fitted.model;
    model.set_notice(NOTICE);
    let bytes = model.to_file(None)?.to_bytes();
    ensure!(bytes.len() <= MAX_BYTES, "the model has {} bytes, more than {MAX_BYTES}", bytes.len());
    let file = root.join(MODEL);
    fs::create_dir_all(file.parent().context("a model lies in a folder")?)?;
    fs::write(&file, &bytes)?;
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(file.with_extension("trip.sha256"), format!("{hash}  traffic.trip\n"))?;
    println!("wrote {MODEL}: {} bytes, SHA-256 {hash}", bytes.len());
    Ok(())
}
