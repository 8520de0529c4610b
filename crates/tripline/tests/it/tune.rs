//! A search goes on where it stopped, refuses what would mislead, says what its figures are worth.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::Bench;

/// A search that takes a second or so.
const QUICK: &str = "tune flows.csv --model gradient_boosting -p n_estimators=8 \
                     --space max_bin=15..255 --protocol duplicate-grouped --folds 2 --trials 14";

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn a_search_goes_on_as_if_it_had_not_been_interrupted() {
    let bench = Bench::with_flows();
    bench.ok(&format!("{QUICK} --study whole.jsonl --threads 1"));
    let whole = bench.bytes("whole.jsonl");
    assert_eq!(lines(&whole), 15);
    // The very file on another number of threads.
    bench.ok(&format!("{QUICK} --study other.jsonl --threads 3"));
    assert!(bench.bytes("other.jsonl") == whole);
    // Cut after whole trials, inside of one, inside of the first line; with a damaged last line.
    let ends: Vec<usize> =
        (0..whole.len()).filter(|&at| whole[at] == b'\n').map(|at| at + 1).collect();
    for (end, damage) in
        [(ends[0], ""), (ends[4], ""), (ends[11] + 20, ""), (20, ""), (ends[12], "{\"trial\"\n")]
    {
        bench.write("cut.jsonl", [&whole[..end], damage.as_bytes()].concat());
        let run = bench.ok(&format!("{QUICK} --study cut.jsonl"));
        assert!(bench.bytes("cut.jsonl") == whole, "cut at {end}");
        let told = run.err.contains("removed");
        assert_eq!(told, end == ends[11] + 20 || !damage.is_empty(), "{end}: {}", run.err);
    }
    // A study that has all its trials is told, not changed.
    bench.ok(&format!("{QUICK} --study whole.jsonl"));
    assert!(bench.bytes("whole.jsonl") == whole);
}

#[test]
fn a_killed_search_loses_one_trial_at_most() {
    let bench = Bench::with_flows();
    let arguments = QUICK.replace("n_estimators=8", "n_estimators=120");
    bench.ok(&format!("{arguments} --study whole.jsonl"));
    for signal in ["-KILL", "-INT"] {
        let name = format!("study{signal}.jsonl");
        let study = bench.path(&name);
        let mut child = Command::new(env!("CARGO_BIN_EXE_tripline"))
            .args(arguments.split_whitespace())
            .args(["--study", &name])
            .current_dir(bench.path("."))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while std::fs::read(&study).map_or(0, |bytes| lines(&bytes)) < 4 {
            assert!(start.elapsed() < Duration::from_secs(120), "no trial ended");
            std::thread::sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let code = child.wait().unwrap().code();
        let done = lines(&bench.bytes(&name));
        if signal == "-INT" && done < 15 {
            assert_eq!(code, Some(130));
        }
        bench.ok(&format!("{arguments} --study {name}"));
        assert!(bench.bytes(&name) == bench.bytes("whole.jsonl"), "{signal}");
    }
}

#[test]
fn trials_side_by_side_are_the_same_on_any_number_of_threads() {
    let bench = Bench::with_flows();
    for threads in [1, 3] {
        bench.ok(&format!("{QUICK} --parallel 4 --threads {threads} --study p{threads}.jsonl"));
    }
    let whole = bench.bytes("p1.jsonl");
    assert!(bench.bytes("p3.jsonl") == whole);
    let cut = (0..whole.len()).filter(|&at| whole[at] == b'\n').nth(7).unwrap();
    bench.write("cut.jsonl", &whole[..=cut]);
    bench.ok(&format!("{QUICK} --parallel 4 --study cut.jsonl"));
    assert!(bench.bytes("cut.jsonl") == whole);
}

#[test]
fn another_study_is_refused_with_the_reason() {
    let bench = Bench::with_flows();
    let quick = QUICK.replace("--trials 14", "--trials 2");
    bench.ok(&format!("{quick} --study s.jsonl"));
    bench.ok("generate flows --rows 2000 --seed 9 -o more.csv");
    let whole = bench.bytes("s.jsonl");
    for (arguments, part) in [
        (quick.replace("flows.csv", "more.csv"), "its data is `sha256"),
        (format!("{quick} --seed 4"), "its seed is `0`, asked for is `4`"),
        (format!("{quick} --objective pr_auc"), "its objective is `roc_auc`"),
        (format!("{quick} --space num_leaves=4..8"), "its space is"),
        (quick.replace("--folds 2", "--folds 3"), "its protocol is"),
        (format!("{quick} --parallel 2"), "its parallel is"),
    ] {
        let run = bench.run(&format!("{arguments} --study s.jsonl"));
        assert_eq!(run.code, 2, "{}{}", run.out, run.err);
        assert!(run.err.contains(part) && run.err.contains("name a new file"), "{}", run.err);
        assert!(bench.bytes("s.jsonl") == whole);
    }
    // A file of anything else is left as it is.
    for content in ["a,b\n1,2\n3", "no line break", "{\"trial\":0}\n", "{\"tripline_study\":9}\n"] {
        bench.write("else", content);
        let run = bench.run(&format!("{quick} --study else"));
        assert_eq!(run.code, 1, "{}", run.err);
        assert_eq!(bench.read("else"), content);
    }
    // A line in the middle that does not belong.
    let text = String::from_utf8(whole).unwrap().replacen("\"trial\":0", "\"trial\":7", 1);
    bench.write("s.jsonl", text);
    let run = bench.run(&format!("{quick} --study s.jsonl"));
    assert_eq!(run.code, 1);
    assert!(run.err.contains("line 2 is damaged: trial 7 follows trial 0"), "{}", run.err);
}

#[test]
fn what_cannot_be_searched_is_told() {
    let bench = Bench::with_flows();
    for (arguments, code, part) in [
        ("tune no.csv --study s", 1, "no.csv"),
        ("tune flows.csv --study no/s", 1, "there is no folder"),
        ("tune flows.csv --study flows.csv", 2, "reads this file"),
        ("tune flows.csv --study s --model forest", 2, "unknown model `forest`"),
        ("tune flows.csv --study s --space depth=1..2", 2, "there is no parameter `depth`"),
        ("tune flows.csv --study s --space max_depth", 2, "name=range"),
        ("tune flows.csv --study s --space subsample=0.5..7", 2, "`7` is no value"),
        ("tune flows.csv --study s --objective auk", 2, "unknown objective `auk`"),
        ("tune flows.csv --study s --objective roc_auc,auc", 2, "two different ones"),
        ("tune flows.csv --study s --sampler grid", 2, "`tpe` or `random`"),
        ("tune flows.csv --study s --pruner hyperband", 2, "`median`, `halving` or `none`"),
        ("tune flows.csv --study s --objective f1,mcc --pruner median", 2, "two objectives"),
        ("tune flows.csv --study s --objective fit_seconds --parallel 2", 2, "slow each other"),
        ("tune flows.csv --study s --trials 0", 2, "trials must be from 1"),
        ("tune flows.csv --study s --holdout 1", 2, "holdout must be between"),
        ("tune flows.csv --study s --time-limit=-1", 2, "time-limit"),
        ("tune flows.csv --study s --protocol official", 2, "a test file has no say"),
    ] {
        let run = bench.run(arguments);
        assert_eq!(run.code, code, "{arguments}: {}{}", run.out, run.err);
        assert!(run.err.contains(part), "{arguments}: {}", run.err);
    }
    bench.write("empty.csv", "");
    assert_eq!(bench.run("tune empty.csv --study s").code, 1);
    // Too few benign rows for this rate, in every trial.
    let quick = QUICK.replace("--trials 14", "--trials 20");
    let run = bench.run(&format!("{quick} --study f.jsonl --objective tpr_at_fpr_1e-4"));
    assert_eq!(run.code, 1);
    assert!(run.err.contains("no trial came to a result"), "{}", run.err);
    assert!(run.err.contains("at least 10000 benign rows"), "{}", run.err);
    // The guard's word holds here too.
    let mut rows = "a,b,label\n".to_owned();
    (0..600).for_each(|i| rows.push_str(&format!("{},{},{}\n", i % 300, i % 300 % 7, i % 3 / 2)));
    bench.write("t.csv", rows);
    let run = bench.run("tune t.csv --label label --benign 0 --study g --protocol random");
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(!bench.path("g").exists());
}

#[test]
fn the_chosen_parameters_are_judged_trained_and_shown() {
    let bench = Bench::with_flows();
    let arguments = format!(
        "{QUICK} --study s.jsonl --holdout 0.3 --objective roc_auc,score_microseconds \
         -o best.trip --report page.html"
    );
    let told = bench.json(&arguments);
    assert_eq!((told["trials"].as_u64(), told["failed"].as_u64()), (Some(14), Some(0)));
    assert_eq!(told["best_is_optimistic"], true);
    assert_eq!(told["seed_stable"], false);
    let best = &told["best"][0];
    let held = told["held_out"]["rows"].as_u64().unwrap();
    assert!((1_000..1_400).contains(&held), "{held}");
    assert!(told["held_out"]["tuned"]["roc_auc"].as_f64().unwrap() > 0.6);
    let model = bench.json("inspect best.trip");
    let trained = model["parameters"]["num_leaves"].as_str().unwrap();
    assert_eq!(trained, best["parameters"]["num_leaves"].to_string());
    assert_eq!(model["parameters"]["n_estimators"], "8");
    let page = bench.read("page.html");
    for part in ["optimistic", "held out of the search", "Pareto front", "num_leaves"] {
        assert!(page.contains(part), "{part}");
    }
    let text = bench.ok(&arguments).out;
    assert!(text.contains("it is optimistic"), "{text}");
    assert!(text.contains("a measured time is an objective"), "{text}");
}
