//! A crate uses the layers below it, never a sibling.

use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::Violation;

/// The layers of ARCHITECTURE.md, lowest first; crates of one layer do not know each other.
const LAYERS: &[&[&str]] = &[
    &["tripline-core"],
    &["tripline-ingest", "tripline-features", "tripline-conformance"],
    &["tripline-models", "tripline-onnx"],
    &["tripline-assess", "tripline-store"],
    &["tripline-engine"],
    &["tripline-serve"],
    &["tripline"],
    // These measure, fuzz, check: they use whatever they need.
    &["tripline-bench", "xtask", "tripline-fuzz"],
];

/// Promises are checked in tests; nothing that ships uses them.
const TESTS_ONLY: &str = "tripline-conformance";

/// Crates that only outer layers use, so that libraries never exit, print or hide an error's kind.
const OUTER: &[&str] = &["anyhow", "clap", "indicatif"];

/// The first layer that may use [`OUTER`].
const OUTER_LAYER: usize = 6;

/// All that `core` may use: no I/O comes with these.
const CORE_USES: &[&str] = &["libm", "thiserror"];

/// What cargo tells of a crate.
pub(crate) struct Crate {
    pub(crate) name: String,
    /// Path of its manifest from the root.
    pub(crate) manifest: String,
    /// Text of its manifest.
    pub(crate) text: String,
    /// Names of what it uses, and whether in tests alone.
    pub(crate) uses: Vec<(String, bool)>,
}

/// Checks the crates of the workspace.
pub(crate) fn check_workspace(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata fails")?;
    let mut crates = Vec::new();
    for package in metadata.workspace_packages() {
        let path = package.manifest_path.as_std_path();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let manifest = path.strip_prefix(root).unwrap_or(path);
        crates.push(Crate {
            name: package.name.to_string(),
            manifest: manifest.to_string_lossy().replace('\\', "/"),
            text,
            uses: package
                .dependencies
                .iter()
                .map(|used| (used.name.clone(), used.kind == DependencyKind::Development))
                .collect(),
        });
    }
    Ok(check(&crates))
}

/// Finds arrows that point up or sideways.
pub(crate) fn check(crates: &[Crate]) -> Vec<Violation> {
    let mut found = Vec::new();
    for own in crates {
        let Some(layer) = layer(&own.name) else {
            let what = format!(
                "crate `{}` stands in no layer: add it to ARCHITECTURE.md, then to \
                 xtask/src/tidy/layers.rs",
                own.name
            );
            found.push(Violation::new(&own.manifest, 1, what));
            continue;
        };
        for (used, tests) in &own.uses {
            if let Some(what) = refusal(&own.name, layer, used, *tests) {
                found.push(Violation::new(&own.manifest, line_of(&own.text, used), what));
            }
        }
    }
    found
}

/// Why a crate may not use another, if it may not.
fn refusal(own: &str, own_layer: usize, used: &str, tests: bool) -> Option<String> {
    let top = own_layer == LAYERS.len() - 1;
    if let Some(used_layer) = layer(used) {
        if used == TESTS_ONLY && !tests && !top {
            return Some(format!("`{used}` is for tests: move it to [dev-dependencies]"));
        }
        // Of the top layer, nobody is used.
        if used_layer >= own_layer {
            return Some(format!(
                "`{own}` must not use `{used}`, which stands {}: pass what it needs in through a \
                 trait of `core`, or move the code down",
                if used_layer == own_layer { "beside it" } else { "above it" }
            ));
        }
        return None;
    }
    if own == "tripline-core" && !tests && !CORE_USES.contains(&used) {
        return Some(format!(
            "`core` must not use `{used}`: it performs no I/O, so it stays small"
        ));
    }
    if OUTER.contains(&used) && own_layer < OUTER_LAYER && !tests {
        return Some(format!("a library must not use `{used}`: give an error enum of its own"));
    }
    None
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// Where a manifest names a dependency; 1 if it cannot be told.
fn line_of(manifest: &str, used: &str) -> usize {
    let names =
        |line: &str| line.strip_prefix(used).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
    manifest.lines().position(names).map_or(1, |line| line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(name: &str, uses: &[(&str, bool)]) -> Vec<String> {
        let own = Crate {
            name: name.to_owned(),
            manifest: "Cargo.toml".to_owned(),
            text: "[dependencies]\nserde.workspace = true\ntripline-models.workspace = true\n"
                .to_owned(),
            uses: uses.iter().map(|(used, tests)| ((*used).to_owned(), *tests)).collect(),
        };
        check(&[own]).into_iter().map(|found| format!("{}: {}", found.line, found.what)).collect()
    }

    #[test]
    fn arrows_that_point_down_are_fine() {
        let down = [("tripline-core", false), ("tripline-models", false), ("serde", false)];
        assert_eq!(refusals("tripline-engine", &down), [""; 0]);
        assert_eq!(refusals("tripline-models", &[("tripline-conformance", true)]), [""; 0]);
        assert_eq!(refusals("xtask", &[("anyhow", false), ("tripline", false)]), [""; 0]);
    }

    #[test]
    fn arrows_that_point_elsewhere_are_found() {
        for (own, used, tests) in [
            ("tripline-core", "tripline-models", false),
            ("tripline-features", "tripline-models", false),
            ("tripline-ingest", "tripline-features", false),
            ("tripline-features", "tripline-conformance", true),
            ("tripline-assess", "tripline-store", false),
            ("tripline-store", "tripline-engine", true),
            ("tripline-engine", "tripline", false),
            ("tripline-models", "tripline-conformance", false),
            ("tripline-models", "anyhow", false),
            ("tripline-engine", "clap", false),
            ("tripline-core", "serde", false),
            ("xtask", "tripline-bench", false),
        ] {
            assert_eq!(refusals(own, &[(used, tests)]).len(), 1, "{own} uses {used}");
        }
        let found = refusals("tripline-features", &[("tripline-models", false)]);
        assert!(found[0].starts_with("3: `tripline-features` must not use `tripline-models`"));
        assert_eq!(refusals("tripline-novel", &[]).len(), 1);
    }
}
