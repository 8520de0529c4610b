//! A folder in which the program is run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program: `TRIPLINE_TEST_BINARY` names another one, such as what is released.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("TRIPLINE_TEST_BINARY")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_tripline")), PathBuf::from)
}

/// A temporary folder with the program in it.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), contents).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Runs `tripline` with arguments that are parted by spaces.
    pub(crate) fn run(&self, arguments: &str) -> Run {
        self.run_with(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_with(&self, arguments: &[&str]) -> Run {
        let output = Command::new(program())
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("NO_COLOR")
            .env("SOURCE_DATE_EPOCH", "0")
            .output()
            .unwrap();
        Run {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs what must succeed.
    pub(crate) fn ok(&self, arguments: &str) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "tripline {arguments}\n{}{}", run.out, run.err);
        run
    }

    /// The JSON that a command gives.
    pub(crate) fn json(&self, arguments: &str) -> serde_json::Value {
        serde_json::from_str(&self.ok(&format!("{arguments} --format json")).out).unwrap()
    }

    /// A folder with made-up flows.
    pub(crate) fn with_flows() -> Self {
        let bench = Self::new();
        std::fs::write(bench.path("flows.csv"), flows()).unwrap();
        bench
    }

    /// A folder with made-up flows and a model of them.
    pub(crate) fn with_model() -> Self {
        static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
        let bench = Self::with_flows();
        let bytes = MODEL.get_or_init(|| {
            let bench = Self::with_flows();
            bench.ok("train flows.csv --param n_estimators=20 -o model.trip");
            bench.bytes("model.trip")
        });
        std::fs::write(bench.path("model.trip"), bytes).unwrap();
        bench
    }
}

/// Made-up flows as the program writes them, made once.
fn flows() -> &'static [u8] {
    static FLOWS: OnceLock<Vec<u8>> = OnceLock::new();
    FLOWS.get_or_init(|| {
        let bench = Bench::new();
        bench.ok("generate flows --rows 4000 --seed 7 -o flows.csv");
        bench.bytes("flows.csv")
    })
}

/// The data that stand beside the repository, if they are at hand; says whether the test runs.
pub(crate) fn data_file(test: &str, path: &str) -> Option<PathBuf> {
    match std::env::var_os("TRIPLINE_DATA") {
        Some(root) => {
            eprintln!("data test ran: {test}");
            Some(Path::new(&root).join(path))
        }
        None => {
            eprintln!("skipped: TRIPLINE_DATA is not set");
            None
        }
    }
}
