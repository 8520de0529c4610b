//! The text files of the repository.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;

/// Text by path from the root, `/` between folders.
pub(crate) type Files = BTreeMap<String, String>;

/// What people write; fixtures are left out.
const EXTENSIONS: &[&str] = &["rs", "toml", "md", "py", "yaml", "yml", "sh"];

/// Build output, version control, fixtures.
const SKIPPED: &[&str] = &["target", "artifacts", "corpus", "data", "golden"];

/// Every text file below the root.
pub(crate) fn files(root: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    collect(root, "", &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) -> anyhow::Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let hidden = name.starts_with('.') && name != ".ci" && name != ".cargo";
            if !hidden && !SKIPPED.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if kind.is_file() {
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            if EXTENSIONS.contains(&extension) || path == ".ci/run" {
                let text = std::fs::read_to_string(entry.path())
                    .with_context(|| format!("cannot read {path}"))?;
                files.insert(path, text);
            }
        }
    }
    Ok(())
}
