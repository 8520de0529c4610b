//! What a user is told without asking for work.

use crate::bench::Bench;

const COMMANDS: &[&str] = &[
    "demo",
    "check",
    "train",
    "tune",
    "adapt",
    "learn",
    "flows",
    "watch",
    "evaluate",
    "compare",
    "score",
    "outliers",
    "explain",
    "detectors",
    "import",
    "inspect",
    "keygen",
];

#[test]
fn every_command_shows_an_example() {
    let bench = Bench::new();
    for command in COMMANDS.iter().copied().chain(["generate flows", "generate packets"]) {
        let help = bench.ok(&format!("{command} --help")).out;
        assert!(help.contains("Example"), "{command}: {help}");
        assert!(help.contains(&format!("tripline {command}")), "{command}: {help}");
    }
    let help = bench.ok("--help").out;
    assert!(help.contains("Exit codes:"), "{help}");
    for command in COMMANDS {
        assert!(help.contains(command), "{command} is not in: {help}");
    }
}

#[test]
fn a_wrong_option_is_a_usage_error() {
    let bench = Bench::new();
    assert_eq!(bench.run("check flows.csv --fial-on warning").code, 2);
    assert_eq!(bench.run("").code, 2);
    let run = bench.run("detectors gradient_bosting");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("known are: gradient_boosting"), "{}", run.err);
}

#[test]
fn detectors_tell_their_parameters() {
    let bench = Bench::new();
    let all = bench.json("detectors");
    let ids: Vec<&str> =
        all.as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap()).collect();
    for id in [
        "gradient_boosting",
        "random_forest",
        "extra_trees",
        "isolation_forest",
        "sgd",
        "logistic_regression",
    ] {
        assert!(ids.contains(&id), "{id} is not among {ids:?}");
        let text = bench.ok(&format!("detectors {id}")).out;
        for parameter in bench.json(&format!("detectors {id}"))["parameters"].as_array().unwrap() {
            assert!(text.contains(parameter["name"].as_str().unwrap()), "{id}: {text}");
        }
    }
}
