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

#[cfg(target_os = "linux")]
#[test]
fn a_child_ends_with_a_parent_that_is_killed() {
    use std::io::{BufRead as _, BufReader};
    use std::time::{Duration, Instant};

    // A shell as the parent; the input of the child stays open in this process.
    let child = env!("CARGO_BIN_EXE_tripline-onnx-worker");
    let script =
        format!("exec 3<&0; {child} {} <&3 >/dev/null & echo $!; wait", tripline_onnx::WORKER);
    let mut parent = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let state = || {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", line.trim())).ok()?;
        text.rsplit_once(") ")?.1.chars().next()
    };
    // Until it has asked the kernel and waits for its input.
    let start = Instant::now();
    while state() != Some('S') && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(state(), Some('S'));
    parent.kill().unwrap();
    parent.wait().unwrap();
    let start = Instant::now();
    while !matches!(state(), None | Some('Z')) && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(matches!(state(), None | Some('Z')), "{:?}", state());
}
