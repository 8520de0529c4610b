//! What the kernel keeps from the process that runs a model.

use std::process::Command;

use crate::{bytes, read, settings};

/// Whether an attempt of the child worked.
fn worked(what: &str) -> bool {
    let status = Command::new(env!("CARGO_BIN_EXE_tripline-onnx-worker"))
        .args(["probe", what])
        .status()
        .unwrap();
    status.code() == Some(10)
}

#[test]
fn the_child_opens_no_file_and_no_socket_and_starts_nothing() {
    let text = settings("output: output_probability, link: probability");
    let detector = read(bytes("logistic.onnx"), Some(&text)).unwrap();
    let protection = detector.protection();
    println!("enforced here: {}", protection.enforced.join(", "));
    for missing in &protection.missing {
        println!("not enforced here: {missing}");
    }
    let enforced = |part: &str| protection.enforced.iter().any(|what| what.contains(part));
    let (calls, files) = (enforced("seccomp"), enforced("Landlock"));
    let limits = enforced("rlimit");
    assert!(worked("nothing"), "the test itself fails without this");
    assert!(!(worked("file") && (calls || files || limits)));
    assert!(!(worked("socket") && (calls || limits)));
    assert!(!(worked("process") && calls));
    assert!(!(worked("thread") && calls));
    assert!(!(worked("memory") && enforced("memory")));
    // Whatever a container leaves out, limits of the process itself are always there.
    assert!(enforced("memory limit"), "{protection:?}");
}
