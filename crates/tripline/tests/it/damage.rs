//! Damaged inputs end in an error that names the file and the way out.

use crate::bench::Bench;

/// A run that must fail with this code; standard error is compared.
fn fails(bench: &Bench, arguments: &str, code: i32, expected: &str) {
    let run = bench.run(arguments);
    assert_eq!(run.code, code, "tripline {arguments}\n{}{}", run.out, run.err);
    assert!(run.out.is_empty(), "{}", run.out);
    assert_eq!(run.err.trim_end(), expected, "tripline {arguments}");
}

#[test]
fn a_missing_file() {
    fails(
        &Bench::new(),
        "check none.csv",
        1,
        "error: none.csv: there is no such file; check the path",
    );
    fails(
        &Bench::new(),
        "inspect none.trip",
        1,
        "error: none.trip: there is no such file; check the path",
    );
}

#[test]
fn an_unknown_metric_is_a_wrong_usage() {
    let bench = Bench::with_flows();
    let tune = "tune flows.csv --model sgd --objective aucc --study s.jsonl";
    for command in ["rank flows.csv --metric aucc", tune] {
        let run = bench.run(command);
        assert_eq!(run.code, 2, "{command}: {}", run.err);
        assert!(run.err.contains("`aucc`"), "{command}: {}", run.err);
    }
}

#[test]
fn a_folder() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("d")).unwrap();
    fails(&bench, "check d", 1, "error: d: this is a directory; name a file in it");
    fails(&bench, "inspect d", 1, "error: d: is a folder; name a file in it");
}

#[test]
fn an_empty_file() {
    let bench = Bench::new();
    bench.write("empty.csv", "");
    fails(
        &bench,
        "check empty.csv",
        1,
        "error: empty.csv: the file is empty; give a table with a row for each flow",
    );
    fails(
        &bench,
        "inspect empty.csv",
        1,
        "error: empty.csv: not a model: it is neither a file that `tripline train` wrote, nor a LightGBM text model, nor an XGBoost JSON model",
    );
}

#[test]
fn a_header_alone() {
    let bench = Bench::new();
    bench.write("h.csv", "a,b,label\n");
    fails(
        &bench,
        "train h.csv --label label --benign good -o m.trip",
        1,
        "error: h.csv:1: no row follows; give a table with a row for each flow",
    );
}

#[test]
fn one_class_alone() {
    let bench = Bench::new();
    let rows: String = (0..50).map(|i| format!("{i},{},good\n", i % 3)).collect();
    bench.write("one.csv", format!("a,b,label\n{rows}"));
    fails(
        &bench,
        "train one.csv --label label --benign good -o m.trip",
        1,
        "error: one.csv: all 50 rows are of class `good`; to learn what tells attacks apart takes rows of both kinds (is `good` the benign class? else give --benign VALUE)",
    );
    // A method that learns benign rows needs no other.
    bench.ok("train one.csv --label label --benign good --model isolation_forest -o m.trip");
}

#[test]
fn a_wrong_label_column() {
    let bench = Bench::new();
    let rows: String = (0..50).map(|i| format!("{i},good\n")).collect();
    bench.write("t.csv", format!("a,label\n{rows}"));
    fails(
        &bench,
        "train t.csv --label lable --benign good -o m.trip",
        1,
        "error: t.csv:1: there is no column `lable` for `--label`; columns are: `a`, `label`",
    );
    fails(
        &bench,
        "train t.csv --label label --benign fine -o m.trip",
        1,
        "error: t.csv: no row of label column `label` is `fine`; name the benign one of its values by `--benign VALUE`: `good`",
    );
}

#[test]
fn no_label_column() {
    let bench = Bench::new();
    let rows: String = (0..50).map(|i| format!("{i},{}\n", i % 3)).collect();
    bench.write("t.csv", format!("a,b\n{rows}"));
    fails(
        &bench,
        "train t.csv -o m.trip",
        1,
        "error: t.csv: no label column is known for this table; name it by `--label COLUMN --benign VALUE`; its columns are: `a`, `b`",
    );
}

#[test]
fn ragged_rows() {
    let bench = Bench::new();
    bench.write("r.csv", "a,b,label\n1,2,good\n1,2\n3,4,bad,5\n1\n2\n");
    fails(
        &bench,
        "train r.csv --label label --benign good --max-bad-records 2 -o m.trip",
        1,
        "error: r.csv:3: 2 cells where 3 are due; too many records are bad: 4 beside 1 good ones; mend the file, or check its delimiter and its header",
    );
}

#[test]
fn a_line_of_ten_megabytes_is_one_bad_record() {
    let bench = Bench::with_flows();
    let flows = bench.read("flows.csv");
    let mut lines: Vec<&str> = flows.lines().collect();
    let long = "x".repeat(10 << 20);
    lines.insert(2001, &long);
    bench.write("long.csv", lines.join("\n") + "\n");
    let told = bench.json("check long.csv");
    assert_eq!(told["data"][0]["bad_records"], 1);
    assert_eq!(told["data"][0]["rows"], 4000);
}

#[test]
fn a_damaged_model() {
    let bench = Bench::with_model();
    let bytes = bench.bytes("model.trip");
    bench.write("cut.trip", &bytes[..bytes.len() / 2]);
    fails(
        &bench,
        "score cut.trip flows.csv -o s.csv",
        1,
        "error: cut.trip: damaged: the checksum does not match, so the file was changed or cut off after it was written; copy it again from where it was made",
    );
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    bench.write("changed.trip", &changed);
    fails(
        &bench,
        "score changed.trip flows.csv -o s.csv",
        1,
        "error: changed.trip: damaged: the checksum does not match, so the file was changed or cut off after it was written; copy it again from where it was made",
    );
    let mut newer = bytes;
    newer[8] = 2;
    bench.write("newer.trip", &newer);
    fails(
        &bench,
        "score newer.trip flows.csv -o s.csv",
        1,
        "error: newer.trip: format version 2 is newer than version 1, the newest that this program reads; use a newer tripline",
    );
    fails(
        &bench,
        "score flows.csv flows.csv -o s.csv",
        1,
        "error: flows.csv: not a model: it is neither a file that `tripline train` wrote, nor a LightGBM text model, nor an XGBoost JSON model",
    );
    assert!(!bench.path("s.csv").exists());
}

#[test]
fn an_output_that_cannot_be_written() {
    let bench = Bench::with_model();
    fails(
        &bench,
        "score model.trip flows.csv -o none/s.csv",
        1,
        "error: none/s.csv: there is no folder `none`; make it first, or name another",
    );
    fails(
        &bench,
        "train flows.csv -o none/m.trip",
        1,
        "error: none/m.trip: there is no folder `none`; make it first, or name another",
    );
    fails(
        &bench,
        "score model.trip flows.csv -o s.txt",
        2,
        "error: s.txt: what to write is told by the name's end: .csv, .jsonl or .parquet",
    );
    std::fs::create_dir(bench.path("d.csv")).unwrap();
    fails(
        &bench,
        "score model.trip flows.csv -o d.csv",
        1,
        "error: d.csv: is a folder; name a file in it",
    );
}

#[test]
fn a_failure_keeps_what_was_there() {
    let bench = Bench::with_model();
    bench.write("s.csv", "precious");
    assert_eq!(bench.run("score model.trip none.csv -o s.csv").code, 1);
    assert_eq!(bench.read("s.csv"), "precious");
    assert_eq!(bench.names(), ["flows.csv", "model.trip", "s.csv"]);
}

#[test]
fn an_output_never_replaces_an_input() {
    let bench = Bench::with_model();
    bench.write("model.csv", bench.bytes("model.trip"));
    bench.write("run.yaml", "run:\n  seed: 0\n");
    let before: Vec<Vec<u8>> = bench.names().iter().map(|name| bench.bytes(name)).collect();
    for (arguments, file) in [
        ("train flows.csv -o flows.csv", "flows.csv"),
        ("train flows.csv -o ./flows.csv", "./flows.csv"),
        ("train flows.csv --config run.yaml -o run.yaml", "run.yaml"),
        ("train flows.csv --protocol random --report flows.csv -o m.trip", "flows.csv"),
        ("compare flows.csv --report flows.csv", "flows.csv"),
        ("score model.trip flows.csv -o flows.csv", "flows.csv"),
        ("score model.csv flows.csv -o model.csv", "model.csv"),
        ("explain model.trip flows.csv --row 0 --plot model.trip", "model.trip"),
        ("generate flows --config run.yaml -o run.yaml", "run.yaml"),
    ] {
        let expected = format!(
            "error: {file}: this command reads this file, so writing there would lose it; give the output another name"
        );
        fails(&bench, arguments, 2, &expected);
    }
    fails(
        &bench,
        "train flows.csv --protocol random --report m.trip -o m.trip",
        2,
        "error: m.trip: two outputs would be written to this file; give each its own name",
    );
    let after: Vec<Vec<u8>> = bench.names().iter().map(|name| bench.bytes(name)).collect();
    assert!(before == after);
}

#[test]
fn too_few_rows_to_hold_some_back() {
    let bench = Bench::new();
    let rows: String = (0..8).map(|i| format!("{i},bad\n")).collect();
    bench.write("few.csv", format!("a,label\n9,good\n{rows}"));
    fails(
        &bench,
        "train few.csv --label label --benign good -o m.trip",
        1,
        "error: few.csv: threshold and calibration need benign rows, and none of the 2 rows held back for them is; give more benign rows, or try `--validation out-of-fold:5`",
    );
}

#[test]
fn an_imported_model_without_names() {
    let bench = Bench::with_flows();
    let model = include_str!("../data/unnamed_lightgbm.txt");
    bench.write("unnamed.txt", model);
    for command in ["score unnamed.txt flows.csv -o s.csv", "explain unnamed.txt flows.csv --row 0"]
    {
        fails(
            &bench,
            command,
            1,
            "error: unnamed.txt: the data lack column `Column_0`, which the model reads; rename the columns of the data, or save the model with the names of its columns",
        );
    }
}

#[test]
fn an_imported_model_of_classes_says_which_is_taken_as_benign() {
    let bench = Bench::new();
    bench.write("classes.txt", include_str!("../data/classes_lightgbm.txt"));
    bench.write("t.csv", "Column_0\n0\n1\n2\n");
    let told = bench.json("score classes.txt t.csv -o s.csv");
    assert_eq!(
        told["notes"][0]["text"],
        "the file does not say which class is benign: class `0`, its first, is taken as such"
    );
    assert!(bench.ok("inspect classes.txt").out.contains("class `0`, its first, is taken as such"));
}

#[test]
fn data_that_do_not_fit_the_model() {
    let bench = Bench::with_model();
    let rows: String = (0..50).map(|i| format!("{i},{}\n", i % 3)).collect();
    bench.write("t.csv", format!("a,b\n{rows}"));
    fails(
        &bench,
        "score model.trip t.csv -o s.csv",
        1,
        "error: model.trip: the data lack column `proto`, which the model reads; give it, or take it as missing with `tripline score --fill-missing-columns`",
    );
    // On standard output, too, no header stands before the error.
    assert_eq!(bench.run("score model.trip t.csv").out, "");
    bench.ok("score model.trip t.csv -o s.csv --fill-missing-columns");
    fails(
        &bench,
        "explain model.trip flows.csv --row 4000",
        1,
        "error: flows.csv: there is no row 4000: rows are numbered from 0 to 3999",
    );
}

#[test]
fn wrong_options() {
    let bench = Bench::with_flows();
    let run = bench.run("train flows.csv --model boosting -o m.trip");
    assert_eq!(run.code, 2);
    let start = "error: unknown model `boosting`, known are: gradient_boosting, random_forest,";
    assert!(run.err.starts_with(start), "{}", run.err);
    let end = "; `tripline detectors` tells what they are";
    assert!(run.err.trim_end().ends_with(end), "{}", run.err);
    fails(
        &bench,
        "train flows.csv -p n_estimators=-1 -o m.trip",
        2,
        "error: gradient_boosting: parameter `n_estimators` must be a whole number from 1 to 100000, got \"-1\"",
    );
    fails(
        &bench,
        "compare flows.csv --models sgd,sgd",
        2,
        "error: --models names `sgd` twice; name each model once",
    );
    fails(
        &bench,
        "compare flows.csv --models sgd -p sgdd.alpha=1",
        2,
        "error: --param names `sgdd`, which is not compared; compared are: sgd",
    );
    fails(
        &bench,
        "train flows.csv --threads 999999 -o m.trip",
        2,
        "error: threads must be from 0 (all cores) to 1024, got `999999`",
    );
    assert_eq!(bench.run("explain m.trip flows.csv --global --sample 0").code, 2);
    let run = bench.run("demo --rows 10 --out d");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("the demo needs at least 1000 flows"), "{}", run.err);
    fails(
        &bench,
        "train flows.csv -p n_estimators -o m.trip",
        2,
        "error: --param takes name=value, got `n_estimators`",
    );
    fails(
        &bench,
        "train flows.csv --prepare scale=rubust -o m.trip",
        2,
        "error: recipe step `scale=rubust`: must be one of scale=standard, scale=min_max, scale=robust, scale=quantile",
    );
    fails(
        &bench,
        "train flows.csv --protocol official -o m.trip",
        2,
        "error: the protocol `official` needs the publisher's test file; give it with --test FILE, or choose duplicate-grouped",
    );
    fails(
        &bench,
        "train flows.csv --threshold-rule youden -o m.trip",
        2,
        "error: threshold rule \"youden\" is unknown, valid are: fpr:0.001, f1, fixed:0.5",
    );
    fails(
        &bench,
        "train flows.csv --report r.html -o m.trip",
        2,
        "error: --report needs rows that judge: give --test FILE or --protocol",
    );
}
