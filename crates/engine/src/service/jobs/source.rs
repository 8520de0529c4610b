//! Where training data come from.

use std::path::{Component, Path, PathBuf};

use super::error::{JobError, shortened};
use super::query::DetectionQuery;
use super::settings::JobSettings;

/// Longest text that names a source: a path of the operating system has 4,096 bytes.
const LONGEST: usize = 4096;

/// What a source may be, as errors list it.
const SCHEMES: [&str; 3] = ["upload:ID", "file:PATH", "detections:QUERY"];

/// Where training data come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DataSource {
    /// Something uploaded before.
    Upload(String),
    /// A file under an allowed root.
    File(PathBuf),
    /// Stored detections with what analysts said of them.
    Detections(DetectionQuery),
}

impl DataSource {
    /// From its text; `field` is for messages.
    pub(super) fn parse(field: &str, text: &str) -> Result<Self, JobError> {
        if text.is_empty() {
            return Err(known(field, "it is empty"));
        }
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            let message = format!("it must have at most {LONGEST} bytes, none a control character");
            return Err(known(field, &message));
        }
        match text.split_once(':') {
            Some(("upload", id)) => Ok(Self::Upload(id.to_owned())),
            Some(("file", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                Ok(Self::File(PathBuf::from(path)))
            }
            Some(("detections", query)) => {
                Ok(Self::Detections(DetectionQuery::parse(field, query)?))
            }
            // `C:` is no scheme of ours, and a `:` after a `/` is part of a name.
            Some((scheme, _)) if !scheme.contains('/') => {
                let scheme = shortened(scheme);
                Err(known(field, &format!("nothing is read from `{scheme}:`")))
            }
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

fn known(field: &str, message: &str) -> JobError {
    let known = SCHEMES.iter().map(|scheme| (*scheme).to_owned()).collect();
    JobError::Field { field: field.to_owned(), message: message.to_owned(), known }
}

/// The file that a path means, if it is a plain file under an allowed root: no `..`, no link that
/// leads out, no device, no pipe. Nothing outside the roots is looked at.
pub(super) fn resolve(
    field: &str,
    path: &Path,
    settings: &JobSettings,
) -> Result<PathBuf, JobError> {
    let refuse = |message: String| JobError::field(field, message);
    if settings.roots.is_empty() {
        return Err(refuse(
            "no folder of training data is allowed: set `serve.training.data_roots`, or upload the \
             file and give `upload:ID`"
                .to_owned(),
        ));
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(refuse("a path must not contain `..`".to_owned()));
    }
    let roots: Vec<(&Path, PathBuf)> = settings
        .roots
        .iter()
        .filter_map(|root| Some((root.as_path(), root.canonicalize().ok()?)))
        .collect();
    let listed = || {
        let roots: Vec<String> =
            settings.roots.iter().map(|root| root.display().to_string()).collect();
        roots.join(", ")
    };
    let outside = || refuse(format!("the file must lie under {}", listed()));
    let found = if path.is_absolute() {
        if !roots.iter().any(|(given, real)| path.starts_with(given) || path.starts_with(real)) {
            return Err(outside());
        }
        path.canonicalize().ok()
    } else {
        roots.iter().find_map(|(_, real)| real.join(path).canonicalize().ok())
    };
    let Some(file) = found else {
        let path = shortened(&path.display().to_string());
        return Err(refuse(format!("there is no file `{path}` under {}", listed())));
    };
    if !roots.iter().any(|(_, real)| file.starts_with(real)) {
        return Err(outside());
    }
    let about = file.metadata().map_err(|error| refuse(error.to_string()))?;
    if !about.is_file() {
        return Err(refuse("it must be a plain file, no folder, device or pipe".to_owned()));
    }
    if about.len() > settings.max_data_bytes {
        let (bytes, limit) = (about.len(), settings.max_data_bytes);
        return Err(refuse(format!("the file has {bytes} bytes, more than {limit}")));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_told_from_paths() {
        assert_eq!(
            DataSource::parse("s", "upload:upl-1").unwrap(),
            DataSource::Upload("upl-1".to_owned())
        );
        for path in ["file:/data/a.csv", "file:///data/a.csv", "/data/a.csv"] {
            assert_eq!(
                DataSource::parse("s", path).unwrap(),
                DataSource::File(PathBuf::from("/data/a.csv"))
            );
        }
        assert_eq!(
            DataSource::parse("s", "sub/12:30.csv").unwrap(),
            DataSource::File(PathBuf::from("sub/12:30.csv"))
        );
        let error = DataSource::parse("training_data_source", "s3://training-data/q3.csv");
        assert_eq!(
            error.unwrap_err().to_string(),
            "`training_data_source`: nothing is read from `s3:`; there are: upload:ID, file:PATH, \
             detections:QUERY"
        );
        assert!(DataSource::parse("s", "a\nb").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_plain_files_under_a_root_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("a.csv"), "x\n").unwrap();
        std::fs::write(folder.path().join("secret.csv"), "x\n").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret.csv"), root.join("link")).unwrap();
        std::os::unix::fs::symlink(root.join("a.csv"), root.join("inside")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", root.join("zero")).unwrap();
        let settings = JobSettings { roots: vec![root.clone()], ..JobSettings::default() };
        let resolve = |path: &str| resolve("f", Path::new(path), &settings);
        let inside = root.canonicalize().unwrap().join("a.csv");
        assert_eq!(resolve("a.csv").unwrap(), inside);
        assert_eq!(resolve("inside").unwrap(), inside);
        assert_eq!(resolve(root.join("a.csv").to_str().unwrap()).unwrap(), inside);
        for bad in ["../secret.csv", "link", "zero", "none.csv", "/etc/passwd", ".", ""] {
            assert!(resolve(bad).is_err(), "{bad}");
        }
        let none = JobSettings::default();
        assert!(super::resolve("f", Path::new("a.csv"), &none).is_err());
    }
}
