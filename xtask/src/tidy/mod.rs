//! The rules that no compiler checks.

mod generated;
mod layers;
mod listing;
mod manifests;
mod module_docs;
mod sources;
mod unsafe_code;
mod words;

use std::path::Path;
use std::process::ExitCode;

/// A broken rule: where, what, the way out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// From the root.
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Violation {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

/// Checks every rule; tells each violation. Fails if there is one.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let files = sources::files(root)?;
    let mut found = Vec::new();
    for (path, text) in &files {
        found.extend(words::check(path, text));
        found.extend(manifests::check(path, text));
        if path.ends_with(".rs") {
            found.extend(module_docs::check(path, text));
            found.extend(unsafe_code::check(path, text));
        }
    }
    found.extend(unsafe_code::stale(&files));
    found.extend(layers::check_workspace(root)?);
    found.extend(listing::check(&files));
    found.extend(generated::check(&files, &crate::codegen::documents()));
    found.sort();
    for Violation { path, line, what } in &found {
        println!("{path}:{line}: {what}");
    }
    if found.is_empty() {
        println!("tidy: {} files, no violation", files.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("tidy: {} violations", found.len());
    Ok(ExitCode::FAILURE)
}
