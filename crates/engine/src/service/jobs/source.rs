//! Where training data come from.

use std::fs::File;
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

/// A file that was opened: it is read through this alone, whatever its name means later.
#[derive(Debug)]
pub(super) struct Opened {
    path: PathBuf,
    _held: File,
}

impl Opened {
    /// A path that gives this file for as long as it is held. Where the system has no such path it
    /// is the file's own.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the plain file of that path, without waiting for whoever writes into a pipe.
    fn open(path: &Path) -> std::io::Result<Self> {
        let mut options = File::options();
        options.read(true);
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits();
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags as i32);
        }
        let held = options.open(path)?;
        #[cfg(target_os = "linux")]
        let path = {
            use std::os::fd::AsRawFd as _;
            PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()))
        };
        #[cfg(not(target_os = "linux"))]
        let path = path.to_owned();
        Ok(Self { path, _held: held })
    }

    /// Where the file lies, as the system knows it.
    fn place(&self) -> std::io::Result<PathBuf> {
        if cfg!(target_os = "linux") {
            std::fs::read_link(&self.path)
        } else {
            self.path.canonicalize()
        }
    }
}

/// The file that a path means, if it is a plain file under an allowed root: no `..`, no link that
/// leads out, no device, no pipe. Nothing outside the roots is looked at. What is checked is the
/// file that was opened, so that nobody changes what its name means in between.
pub(super) fn resolve(
    field: &str,
    path: &Path,
    settings: &JobSettings,
) -> Result<Opened, JobError> {
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
    let under = |file: &Path| roots.iter().any(|(_, real)| file.starts_with(real));
    let found = if path.is_absolute() {
        if !roots.iter().any(|(given, real)| path.starts_with(given) || path.starts_with(real)) {
            return Err(outside());
        }
        path.canonicalize().ok()
    } else {
        roots.iter().find_map(|(_, real)| real.join(path).canonicalize().ok())
    };
    let missing = || {
        let path = shortened(&path.display().to_string());
        refuse(format!("there is no file `{path}` under {}", listed()))
    };
    let found = found.ok_or_else(missing)?;
    if !under(&found) {
        return Err(outside());
    }
    // A folder of a link could have been put in the way since then.
    let file = Opened::open(&found).map_err(|_| missing())?;
    let about = file.path.metadata().map_err(|error| refuse(error.to_string()))?;
    if !about.is_file() {
        return Err(refuse("it must be a plain file, no folder, device or pipe".to_owned()));
    }
    if !file.place().is_ok_and(|place| under(&place)) {
        return Err(outside());
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
        let place = |path: &str| resolve(path).unwrap().place().unwrap();
        let inside = root.canonicalize().unwrap().join("a.csv");
        assert_eq!(place("a.csv"), inside);
        assert_eq!(place("inside"), inside);
        assert_eq!(place(root.join("a.csv").to_str().unwrap()), inside);
        for bad in ["../secret.csv", "link", "zero", "none.csv", "/etc/passwd", ".", ""] {
            assert!(resolve(bad).is_err(), "{bad}");
        }
        let none = JobSettings::default();
        assert!(super::resolve("f", Path::new("a.csv"), &none).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_is_read_as_it_was_opened_whatever_takes_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let (file, secret) = (root.join("a.csv"), folder.path().join("secret.csv"));
        std::fs::write(&file, "ours\n").unwrap();
        std::fs::write(&secret, "secret\n").unwrap();
        let settings = JobSettings { roots: vec![root.clone()], ..JobSettings::default() };
        let opened = resolve("f", Path::new("a.csv"), &settings).unwrap();
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(&secret, &file).unwrap();
        for _ in 0..2 {
            assert_eq!(std::fs::read_to_string(opened.path()).unwrap(), "ours\n");
        }
        // What lies elsewhere by the time it is opened is not taken.
        let elsewhere = Opened::open(&secret).unwrap();
        assert_eq!(elsewhere.place().unwrap(), secret.canonicalize().unwrap());
        assert!(Opened::open(&file).is_err(), "a link is followed at the last moment");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.csv");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let roots = vec![folder.path().to_owned()];
        let settings = JobSettings { roots, ..JobSettings::default() };
        // Opening it to read waits for a writer, who never comes.
        let (send, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || send.send(resolve("f", &pipe, &settings).map(drop)));
        let told = told.recv_timeout(std::time::Duration::from_secs(5)).unwrap();
        assert!(told.unwrap_err().to_string().contains("a plain file"));
    }
}
