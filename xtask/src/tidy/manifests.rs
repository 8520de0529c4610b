//! Every crate takes version, edition, licence, lints from the workspace.

use super::Violation;

/// Lines that a crate's manifest has; the fuzz targets are a workspace of their own.
const LINES: &[&str] = &[
    "version.workspace = true",
    "edition.workspace = true",
    "rust-version.workspace = true",
    "license.workspace = true",
    "publish.workspace = true",
    "[lints]",
];

/// Finds lines that a manifest lacks.
pub(crate) fn check(path: &str, text: &str) -> Vec<Violation> {
    let own = path.strip_suffix("/Cargo.toml");
    if own.is_none_or(|folder| folder == "fuzz") {
        return Vec::new();
    }
    let missing = LINES.iter().filter(|wanted| !text.lines().any(|line| line == **wanted));
    missing
        .map(|wanted| {
            let what = format!("`{wanted}` is missing: take it from the workspace");
            Violation::new(path, 1, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_of_its_own_is_found() {
        let own = include_str!("../../Cargo.toml");
        assert_eq!(check("xtask/Cargo.toml", own), []);
        let found = check("crates/a/Cargo.toml", &own.replace("[lints]", "[other]"));
        assert_eq!(found.len(), 1);
        assert!(found[0].what.starts_with("`[lints]`"));
        assert_eq!(check("Cargo.toml", "[workspace]\n"), []);
        assert_eq!(check("fuzz/Cargo.toml", "[package]\n"), []);
    }
}
