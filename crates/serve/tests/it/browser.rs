//! The dashboard in a browser: `tests/browser/dashboard.py` clicks through a fresh service.

use std::path::Path;
use std::process::Command;

use tripline_store::Timestamp;
use tripline_store::records::{Change, Scopes};

use crate::harness::Site;

/// Rows of the file that is uploaded and trained on.
const ROWS: usize = 3_000;

/// Needs Chromium and Python. `TRIPLINE_TEST_BROWSER=required` makes their absence a failure;
/// `TRIPLINE_TEST_SHOTS` is a folder for pictures.
#[test]
fn the_dashboard_in_a_browser() {
    let there = |name: &str| Command::new(name).arg("--version").output().is_ok();
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().any(there);
    if !browser || !there("python3") {
        let required =
            std::env::var("TRIPLINE_TEST_BROWSER").is_ok_and(|value| value == "required");
        assert!(!required, "install chromium and python3");
        eprintln!("skipped: no chromium or no python3");
        return;
    }
    let site = Site::start();
    let upload = site.folder.path().join("made.csv");
    let data = tripline_ingest::synthetic::flows(ROWS, 5);
    let mut file = std::fs::File::create(&upload).unwrap();
    tripline_ingest::synthetic::write_csv(&data, &mut file).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("python3");
    command
        .arg(here.join("tests/browser/dashboard.py"))
        .arg(format!("http://{}", site.address))
        .arg(&site.token)
        .arg(&upload)
        .arg(here.join("assets/samples/flow.ndjson"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    // A second service, which needs keys, with one user.
    let closed = Site::with(|settings| settings.access.keys = true);
    let (name, password) = ("ann", "a long pass phrase");
    let hash = tripline_serve::access::hash_password(password).unwrap();
    let change = Change::system(Timestamp(1), "test");
    let scopes = Scopes::parse(["read"]).unwrap();
    let gate = closed.app.gate();
    closed.runtime.block_on(gate.put_user(name, hash, scopes, &change)).unwrap();
    let login = format!("http://{},{name},{password}", closed.address);
    command.env("TRIPLINE_TEST_LOGIN", login);
    if let Some(folder) = std::env::var_os("TRIPLINE_TEST_SHOTS") {
        command.arg(folder);
    }
    let output = command.output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    print!("{out}");
    assert!(output.status.success(), "{out}\n{err}");
}
