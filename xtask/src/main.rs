//! The project's own commands.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod codegen;
mod new;
mod pretrain;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  tidy                                check layers, module docs, words, unsafe code, generated documents
  codegen                             write the generated documents
  pretrain                            train the model that is shipped, on synthetic traffic
  new detector NAME [--family DIR]    stamp out a detector in crates/models/src/DIR (default: density)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> anyhow::Result<ExitCode> {
    let root = root();
    match args {
        ["tidy"] => return tidy::run(&root),
        ["codegen"] => codegen::write(&root)?,
        ["pretrain"] => pretrain::run(&root)?,
        ["new", "detector", name] => announce(&new::detector(&root, name, "density")?),
        ["new", "detector", name, "--family", family] => {
            announce(&new::detector(&root, name, family)?);
        }
        ["--help" | "-h" | "help"] => print!("{USAGE}"),
        _ => {
            eprint!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn announce(written: &[PathBuf]) {
    for path in written {
        println!("wrote {}", path.display());
    }
    println!("next: cargo test --release -p tripline-models; cargo xtask codegen");
}

/// The folder of the workspace: cargo tells where this package lies.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package.as_deref().and_then(Path::parent).unwrap_or_else(|| Path::new(".")).to_owned()
}
