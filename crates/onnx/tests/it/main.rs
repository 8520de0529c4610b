//! ONNX files as detectors: scores, limits, damage.
#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its own functions too")]
#![allow(clippy::print_stdout, reason = "a test tells what was enforced")]

mod corpus;
mod damage;
mod limits;
mod oracle;
mod protection;
mod rows;

use std::path::PathBuf;

use tripline_core::{Frame, Rows};
use tripline_onnx::{OnnxDetector, OnnxError, set_worker};

const COLUMNS: [&str; 4] = ["a", "b", "c", "d"];

/// The bytes of a file of `bench/oracles/onnx_models.py`.
fn bytes(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(path).unwrap()
}

/// A detector run by the child of the tests.
fn read(bytes: Vec<u8>, settings: Option<&str>) -> Result<OnnxDetector, OnnxError> {
    set_worker(PathBuf::from(env!("CARGO_BIN_EXE_tripline-onnx-worker")));
    tripline_onnx::read(bytes, settings)
}

/// Settings of four columns with this score; more lines may follow.
fn settings(score: &str) -> String {
    let columns: String = COLUMNS.map(|name| format!("      - name: {name}\n")).concat();
    format!("inputs:\n  - columns:\n{columns}score: {{{score}}}\n")
}

fn frame(values: &[Vec<f64>]) -> Frame {
    Rows::from_matrix(&COLUMNS, values).unwrap().into()
}
