//! The recipe for a new detector in CONTRIBUTING.md, run word for word in a copy of the workspace.
#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its own functions too")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The commands of a section of CONTRIBUTING.md.
fn commands(root: &Path, title: &str) -> String {
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let section = text.split(&format!("## {title}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let fence = section.split("```sh\n").nth(1).unwrap();
    fence.split("```").next().unwrap().to_owned()
}

/// Copies what git has or would take, so no build folder.
fn copy(root: &Path, to: &Path) {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(listed.status.success(), "git lists no files");
    for file in String::from_utf8(listed.stdout).unwrap().split('\0').filter(|f| !f.is_empty()) {
        let (from, to) = (root.join(file), to.join(file));
        // Measured data and fixtures are of no use to a check.
        let source = ["rs", "toml", "lock", "md", "trip"];
        let wanted = from.extension().is_some_and(|e| source.iter().any(|s| e == *s));
        if wanted && from.is_file() {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(from, to).unwrap();
        }
    }
}

/// A `cargo` that starts this xtask for `cargo xtask`, and the real one for the rest.
fn cargo(folder: &Path, workspace: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = xtask ]; then shift; CARGO_MANIFEST_DIR='{}' exec '{}' \"$@\"; fi\n\
         exec '{}' \"$@\"\n",
        workspace.join("xtask").display(),
        env!("CARGO_BIN_EXE_xtask"),
        env!("CARGO"),
    );
    let file = folder.join("cargo");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_new_detector_compiles_by_the_recipe() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (workspace, programs) = (folder.path().join("workspace"), folder.path().join("bin"));
    std::fs::create_dir_all(&programs).unwrap();
    copy(root, &workspace);
    cargo(&programs, &workspace);
    // What the crates of others compile to is kept beside the build of these tests.
    let own = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("recipe");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-e", "-c", &commands(root, "Add a detector")])
        .current_dir(&workspace)
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", own)
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    let written = workspace.join("crates/models/src/density/my_detector.rs");
    assert!(out.contains(&format!("wrote {}", written.display())), "{out}");
    let text = std::fs::read_to_string(&written).unwrap();
    assert!(text.contains("id: \"my_detector\""), "{text}");
    let cards = std::fs::read_to_string(workspace.join("crates/models/src/lib.rs")).unwrap();
    assert!(cards.contains("&density::my_detector::CARD"), "{cards}");
}
