//! Configuration files.

use crate::bench::Bench;

#[test]
fn a_file_names_model_and_preparation() {
    let bench = Bench::with_flows();
    bench.write(
        "c.yaml",
        "model:\n  name: sgd\n  parameters:\n    alpha: 0.001\nfeatures:\n  preprocessing:\n    \
         normalization: robust\n    outlier_removal: true\nrun:\n  seed: 5\n",
    );
    let trained = bench.json("train flows.csv --config c.yaml -o m.trip");
    assert_eq!(trained["model"], "sgd");
    assert_eq!(trained["seed"], 5);
    assert_eq!(trained["parameters"]["alpha"], "0.001");
    let recipe = trained["recipe"].as_str().unwrap();
    assert!(recipe.contains("scale=robust") && recipe.contains("outliers=iqr"), "{recipe}");
    // The command line wins; parameters of another model do not follow it there.
    let trained = bench.json(
        "train flows.csv --config c.yaml --model random_forest -p n_estimators=5 --seed 6 -o m.trip",
    );
    assert_eq!((&trained["model"], &trained["seed"]), (&"random_forest".into(), &6.into()));
}

#[test]
fn the_reference_configuration_changes_nothing() {
    let bench = Bench::with_flows();
    bench.write("reference.yaml", include_str!("../../../../config/tripline.yaml"));
    bench.ok("train flows.csv -o a.trip");
    bench.ok("train flows.csv --config reference.yaml -o b.trip");
    assert!(bench.bytes("a.trip") == bench.bytes("b.trip"));
}

#[test]
fn an_unknown_key_is_a_usage_error_with_its_line() {
    let bench = Bench::with_flows();
    bench.write("c.yaml", "model:\n  name: sgd\n  paramters: {}\n");
    let run = bench.run("train flows.csv --config c.yaml -o m.trip");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("c.yaml:3: "), "{}", run.err);
    assert!(run.err.contains("paramters"), "{}", run.err);
}
