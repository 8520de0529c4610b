//! A LightGBM text model with numeric rows, as the scripts hand them over.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tripline_core::{Column, Rows};
use tripline_models::import::lightgbm;
use tripline_models::tree::TreeModel;

/// What both measurements of one model take.
#[derive(clap::Args)]
pub(crate) struct Imported {
    /// LightGBM text model whose columns are all numeric.
    model: PathBuf,
    /// Values as little-endian f64, one column after another.
    rows: PathBuf,
    /// Timed repeats after one that is not.
    #[arg(long, default_value_t = 3)]
    pub(crate) repeats: usize,
    /// Threads to work on.
    #[arg(long, default_value_t = 2)]
    pub(crate) threads: usize,
    /// Where to write the results, as little-endian f64.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Imported {
    pub(crate) fn load(&self) -> anyhow::Result<(TreeModel, Rows)> {
        let model = lightgbm::parse(&read(&self.model)?)?;
        let bytes = read(&self.rows)?;
        let values: Vec<f64> =
            bytes.as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect();
        let width = model.schema.len();
        ensure!(
            width > 0 && values.len().is_multiple_of(width),
            "{} values are no rows of {width} columns",
            values.len()
        );
        let columns = values.chunks_exact(values.len() / width);
        let named = model.schema.names().zip(columns);
        let columns =
            named.map(|(name, column)| (name.to_owned(), Column::numeric(column.to_vec())));
        let rows = Rows::new(columns.collect())?;
        Ok((model, rows))
    }

    pub(crate) fn pool(&self) -> anyhow::Result<rayon::ThreadPool> {
        Ok(rayon::ThreadPoolBuilder::new().num_threads(self.threads).build()?)
    }

    pub(crate) fn write(&self, values: &[f64]) -> anyhow::Result<()> {
        let Some(path) = &self.out else { return Ok(()) };
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The middle of some times, in seconds.
pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
