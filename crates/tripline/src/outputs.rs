//! No output takes the place of a file that the same command reads.

use std::path::{Path, PathBuf};

use crate::exit::Usage;

/// Refuses outputs that would replace an input, or each other.
///
/// Paths are compared after links and `..` are resolved, so that another spelling of an input is
/// still that input.
pub(crate) fn keep(outputs: &[Option<&Path>], inputs: &[Option<&Path>]) -> Result<(), Usage> {
    let read: Vec<PathBuf> = inputs.iter().flatten().filter_map(|file| place(file)).collect();
    let mut written: Vec<PathBuf> = Vec::new();
    for file in outputs.iter().flatten() {
        let Some(place) = place(file) else { continue };
        if read.contains(&place) {
            return Err(Usage(format!(
                "{}: this command reads this file, so writing there would lose it; give the \
                 output another name",
                file.display()
            )));
        }
        if written.contains(&place) {
            return Err(Usage(format!(
                "{}: two outputs would be written to this file; give each its own name",
                file.display()
            )));
        }
        written.push(place);
    }
    Ok(())
}

/// Where a file stands or would stand; none if its folder is not there, or if it is no
/// regular file.
fn place(file: &Path) -> Option<PathBuf> {
    if let Ok(place) = file.canonicalize() {
        // A device or a pipe holds nothing that could be lost.
        return place.is_file().then_some(place);
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Some(folder.canonicalize().ok()?.join(file.file_name()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_by_another_spelling_is_still_that_input() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data.csv");
        std::fs::write(&data, "a").unwrap();
        std::fs::create_dir(folder.path().join("d")).unwrap();
        let other = folder.path().join("d/../data.csv");
        let new = folder.path().join("new.csv");
        assert!(keep(&[Some(&other)], &[Some(&data)]).is_err());
        assert!(keep(&[Some(&new), Some(&folder.path().join("d/../new.csv"))], &[None]).is_err());
        assert!(keep(&[Some(&new), None], &[Some(&data)]).is_ok());
        let device = Path::new("/dev/null");
        assert!(keep(&[Some(device), Some(device)], &[Some(device)]).is_ok());
    }
}
