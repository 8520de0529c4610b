//! `tripline import`: a model of another program as a model file.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tripline_engine::EngineError;
use tripline_store::SecretKey;

use crate::exit::Exit;
use crate::output;
use crate::session::Session;

/// Turn a model of another program into a model file.
///
/// Takes ONNX files with their settings beside them (`model.onnx.yaml`), LightGBM text models and
/// XGBoost JSON models. What it writes is one file with a checksum, which can be signed, and is
/// scored, judged and watched with like any other.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline import model.onnx -o model.trip\n  \
tripline import lightgbm.txt -o model.trip --sign team.key")]
pub(crate) struct Import {
    /// The model of another program
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The model file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Sign the model file with this secret key
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
}

#[derive(Serialize)]
struct Imported<'a> {
    file: &'a Path,
    output: &'a Path,
    model: &'a str,
    columns: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
}

impl Import {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        session.keep_inputs(&[Some(&self.output)], &[Some(&self.file), self.sign.as_deref()])?;
        let key = match &self.sign {
            Some(file) => Some(SecretKey::read(file).map_err(EngineError::from)?),
            None => None,
        };
        let model = session.read_model(&self.file)?;
        model.write(&self.output, key.as_ref())?;
        let imported = Imported {
            file: &self.file,
            output: &self.output,
            model: model.card().id,
            columns: model.input().len(),
            signer: key.map(|key| key.public().to_hex()),
        };
        output::show(&session.terminal, &imported, || {
            format!(
                "{} holds {}: {} columns\n",
                imported.output.display(),
                imported.model,
                imported.columns
            )
        })?;
        Ok(Exit::Ok)
    }
}
