//! The models that are shipped: trained on synthetic traffic from fixed seeds, the same bytes each
//! time.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context as _, ensure};
use sha2::{Digest, Sha256};
use tripline_core::{Dataset, Silent, Task};
use tripline_engine::traffic::{
    DatasetSettings, TrafficDataset, TrafficSettings, labelled_dataset,
};
use tripline_engine::{Plan, TrainingSettings};
use tripline_features::flow;
use tripline_ingest::flow_labels::{FlowLabels, LabelOptions};
use tripline_ingest::synthetic::packets::{PacketOptions, packets};

/// A model that is shipped.
struct Shipped {
    /// Where it lies, from the root.
    file: &'static str,
    /// The feature set that it reads.
    set: &'static str,
    /// Columns that it does not get.
    without: &'static [&'static str],
    /// Parameters of its boosting.
    params: &'static [(&'static str, &'static str)],
    /// Largest file.
    max_bytes: usize,
}

/// Where the model that watches traffic lies, from the root.
pub(crate) const MODEL: &str = "crates/tripline/models/traffic.trip";

const SHIPPED: [Shipped; 2] = [
    Shipped {
        file: MODEL,
        set: "tripline",
        without: PLACE,
        params: &[
            ("n_estimators", "40"),
            ("num_leaves", "15"),
            ("learning_rate", "0.15"),
            ("min_child_samples", "40"),
        ],
        max_bytes: 1 << 20,
    },
    // It takes the records that users of the published rows have at hand.
    Shipped {
        file: "crates/tripline/models/unsw_nb15.trip",
        set: "unsw_nb15_csv",
        without: &["swin", "dwin"],
        // Without a penalty a few benign rows reach log-odds of 200, and the threshold with them:
        // on an office of another seed 3 % of the attacks were found, with it 58 %.
        params: &[
            ("n_estimators", "60"),
            ("num_leaves", "15"),
            ("learning_rate", "0.1"),
            ("min_child_samples", "60"),
            ("min_child_weight", "3"),
            ("reg_lambda", "30"),
        ],
        max_bytes: 700_000,
    },
];

/// What everyone who sees an output of it must know.
const NOTICE: &str = "synthetic training data; no measured performance on your network";
/// Seeds of the captures that train: three offices, so that addresses and habits of one do not
/// become the model's.
const SEEDS: [u64; 3] = [101, 102, 103];
/// Conversations of each.
const FLOWS: usize = 20_000;

/// Columns that tell where a host stands or which system it runs, not what it does: in made-up
/// traffic they would tell the generator's hosts apart, in real traffic somebody else's.
const PLACE: &[&str] = &[
    "fwd_ttl_min",
    "fwd_ttl_max",
    "bwd_ttl_min",
    "bwd_ttl_max",
    "low_ttl",
    "fwd_tos",
    "bwd_tos",
    "fwd_max_segment",
    "bwd_max_segment",
    "fwd_window_scale",
    "bwd_window_scale",
    "fwd_window_first",
    "fwd_window_min",
    "fwd_window_max",
    "bwd_window_first",
    "bwd_window_min",
    "bwd_window_max",
    "handshake_syn_ack",
    "handshake_ack",
    "handshake_time",
];

/// Trains the models, writes them with their hashes.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    for (shipped, bytes) in SHIPPED.iter().zip(train()?) {
        let file = root.join(shipped.file);
        fs::create_dir_all(file.parent().context("a model lies in a folder")?)?;
        fs::write(&file, &bytes)?;
        let hash = hash(&bytes);
        fs::write(file.with_extension("trip.sha256"), told(shipped, &hash)?)?;
        println!("wrote {}: {} bytes, SHA-256 {hash}", shipped.file, bytes.len());
    }
    Ok(())
}

/// The line beside a model.
fn told(shipped: &Shipped, hash: &str) -> anyhow::Result<String> {
    let name = Path::new(shipped.file).file_name().context("a model has a name")?;
    Ok(format!("{hash}  {}\n", name.display()))
}

/// The files of the models.
fn train() -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = tempfile::tempdir()?;
    let mut parts: Vec<Vec<Dataset>> = SHIPPED.iter().map(|_| Vec::new()).collect();
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
        for (shipped, parts) in SHIPPED.iter().zip(&mut parts) {
            let set = flow::set(shipped.set).context("the set is there")?;
            let settings = DatasetSettings { labels: Some(&labels), all_columns: false };
            let traffic = TrafficSettings::default();
            let TrafficDataset { data, .. } =
                labelled_dataset(&capture, set, &traffic, settings, &Silent)?;
            for note in &data.notes {
                println!("  {}: {}", shipped.set, note.text);
            }
            parts.push(data);
        }
    }
    SHIPPED.iter().zip(parts).map(|(shipped, parts)| fit(shipped, parts)).collect()
}

fn fit(shipped: &Shipped, parts: Vec<Dataset>) -> anyhow::Result<Vec<u8>> {
    let mut data = tripline_engine::traffic::concatenated(parts, "three synthetic offices")?;
    let kept: Vec<&str> =
        data.rows.schema().names().filter(|name| !shipped.without.contains(name)).collect();
    data.rows = data.rows.project(&kept)?;
    let mut settings = TrainingSettings { task: Task::Multiclass, ..TrainingSettings::default() };
    settings.params.insert(
        "gradient_boosting".to_owned(),
        shipped
            .params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    );
    let fitted = Plan::new("gradient_boosting", &settings)?.fit(&data, SEEDS[0], &Silent)?;
    let mut model = fitted.model;
    model.set_notice(NOTICE);
    let bytes = model.to_file(None)?.to_bytes();
    let most = shipped.max_bytes;
    ensure!(bytes.len() <= most, "{} has {} bytes, more than {most}", shipped.file, bytes.len());
    Ok(bytes)
}

fn hash(bytes: &[u8]) -> String {
    tripline_core::text::hexadecimal(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The models are what the code would train now, to the byte.
    #[test]
    fn the_shipped_models_are_those_trained_now() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        for (shipped, trained) in SHIPPED.iter().zip(train().expect("models")) {
            let file = root.join(shipped.file);
            let stored = fs::read(&file).expect("the shipped model");
            let line = fs::read_to_string(file.with_extension("trip.sha256"))
                .expect("the hash of the shipped model");
            assert_eq!(line, told(shipped, &hash(&stored)).expect("a name"));
            assert_eq!(hash(&trained), hash(&stored), "run `cargo xtask pretrain`");
        }
    }
}
