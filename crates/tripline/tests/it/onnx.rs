//! ONNX files by the recipe of CONTRIBUTING.md, run word for word.
#![cfg(feature = "onnx")]

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::Bench;

const ROWS: &str = "duration,bytes,protocol,packets,label\n\
0.5,120,tcp,1,benign\n-0.2,80,udp,0.5,benign\n9,900,icmp,-8,attack\n0.1,,tcp,0.2,benign\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn model(name: &str) -> Vec<u8> {
    std::fs::read(root().join("crates/onnx/tests/data").join(name)).unwrap()
}

/// The commands of a section of CONTRIBUTING.md.
fn commands(title: &str) -> String {
    let text = std::fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let section = text.split(&format!("## {title}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let fence = section.split("```sh\n").nth(1).unwrap();
    fence.split("```").next().unwrap().to_owned()
}

/// A folder in which the recipe was followed.
fn followed() -> Bench {
    let bench = Bench::new();
    bench.write("model.onnx", model("isolation.onnx")).write("flows.csv", ROWS);
    let program = Path::new(env!("CARGO_BIN_EXE_tripline")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-e", "-c", &commands("Plug in an ONNX file")])
        .current_dir(bench.path("."))
        .env("PATH", path)
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    bench
}

#[test]
fn the_recipe_gives_a_model_that_scores() {
    let bench = followed();
    let scores = bench.read("scores.csv");
    assert_eq!(scores.lines().count(), 5, "{scores}");
    assert_eq!(scores, bench.read("again.csv"));
    // The row far from the others is the most suspicious one.
    let shown = bench.json("inspect model.trip");
    assert_eq!(shown["model"], "onnx_model");
    assert_eq!(shown["columns"][2]["kind"], "category");
    assert_eq!(shown["threshold"], 0.0);
    let at = scores.lines().next().unwrap().split(',').position(|name| name == "score").unwrap();
    let values: Vec<f64> = scores
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(at).unwrap().parse().unwrap())
        .collect();
    let highest = values.iter().copied().fold(f64::MIN, f64::max);
    assert_eq!(values[2], highest, "{values:?}");
}

#[test]
fn without_settings_a_template_is_told() {
    let bench = Bench::new();
    bench.write("model.onnx", model("logistic.onnx"));
    let run = bench.run("inspect model.onnx");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("      - name: COLUMN_3\n"), "{}", run.err);
    assert!(run.err.contains("link: probability"), "{}", run.err);
    bench.write("model.onnx.yaml", "inputs: []\nscoer: {}\n");
    let run = bench.run("inspect model.onnx");
    assert!(run.err.contains("did you mean `score`?"), "{}", run.err);
}

#[test]
fn a_model_that_does_not_end_is_ended() {
    let bench = Bench::new();
    let settings = "inputs:\n  - columns: [{name: duration}, {name: bytes}, {name: packets}, \
                    {name: more}]\nscore: {output: scores, link: rank}\n\
                    limits: {processor_seconds: 1, memory_mib: 256}\n";
    bench.write("model.onnx", model("endless.onnx")).write("model.onnx.yaml", settings);
    bench.write("good.csv", "duration,bytes,packets,more\n1,2,3,4\n");
    bench.write("bad.csv", "duration,bytes,packets,more\n1e9,2,3,4\n");
    bench.ok("score model.onnx good.csv -o good.out.csv");
    let run = bench.run("score model.onnx bad.csv -o bad.out.csv");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("limit of processor time"), "{}", run.err);
    assert!(!bench.path("bad.out.csv").exists());
}

#[test]
fn memory_is_limited_under_the_allocator_of_the_program() {
    let bench = Bench::new();
    let settings = "inputs:\n  - columns: [{name: a}, {name: b}, {name: c}, {name: d}]\n\
                    score: {output: scores, link: rank}\nlimits: {memory_mib: MIB}\n";
    bench.write("model.onnx", model("large.onnx")).write("rows.csv", "a,b,c,d\n1,2,3,4\n");
    bench.write("model.onnx.yaml", settings.replace("MIB", "100"));
    let run = bench.run("score model.onnx rows.csv -o scores.csv");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("limit of memory"), "{}", run.err);
    bench.write("model.onnx.yaml", settings.replace("MIB", "2000"));
    bench.ok("score model.onnx rows.csv -o scores.csv");
}
