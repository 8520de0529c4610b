//! Judgements that would mislead are refused.

use crate::bench::Bench;

/// A table of which half the rows repeat another.
fn repeating() -> String {
    let mut text = "a,b,c,label\n".to_owned();
    for i in 0..600_u32 {
        let i = i % 300;
        let noise = i.wrapping_mul(2_654_435_761) >> 16;
        let attack = i % 3 == 0;
        let a = f64::from(noise % 1000) / 10.0 + if attack { 30.0 } else { 0.0 };
        text.push_str(&format!("{a},{},{},{}\n", i % 7, i, if attack { "bad" } else { "good" }));
    }
    text
}

#[test]
fn a_random_split_over_duplicates_is_refused() {
    let bench = Bench::new();
    bench.write("t.csv", repeating());
    let options = "--label label --benign good";
    let run = bench.run(&format!("train t.csv {options} --protocol random -o m.trip"));
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert!(run.err.contains("repeat another"), "{}", run.err);
    assert!(run.err.contains("--protocol duplicate-grouped"), "{}", run.err);
    assert!(run.err.contains("--accept-leakage"), "{}", run.err);
    assert!(!bench.path("m.trip").exists());

    let accepted = bench.ok(&format!(
        "train t.csv {options} --protocol random --accept-leakage -o m.trip --report r.html"
    ));
    assert!(accepted.err.contains("leakage accepted"), "{}", accepted.err);
    let told = bench.json("inspect m.trip");
    let reason = told["accepted_leakage"][0].as_str().unwrap();
    assert!(reason.contains("repeat another"), "{reason}");
    assert!(bench.read("r.html").contains("repeat another"));
    // Every later judgement of the model says so, too.
    bench.write("u.csv", repeating().replace(".5,", ".6,"));
    let judged = bench.ok(&format!("evaluate m.trip u.csv {options}"));
    assert!(judged.err.contains("leakage accepted"), "{}", judged.err);
}

#[test]
fn a_model_is_not_judged_by_its_training_data() {
    let bench = Bench::with_model();
    let run = bench.run("evaluate model.trip flows.csv");
    assert_eq!(run.code, 3);
    assert!(run.err.contains("trained on this very file"), "{}", run.err);
    bench.ok("evaluate model.trip flows.csv --accept-leakage");
    bench.ok("generate flows --rows 3000 --seed 99 -o later.csv");
    let judged = bench.json("evaluate model.trip later.csv");
    let parts = judged["metrics"]["gradient_boosting"].as_object().unwrap();
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["test"]);
}

#[test]
fn scores_of_the_training_data_say_that_they_flatter() {
    let bench = Bench::with_model();
    let run = bench.ok("score model.trip flows.csv -o s.csv");
    assert!(
        run.out.contains("the model was trained on this very file: these figures flatter it"),
        "{}",
        run.out
    );
    assert_eq!(bench.json("score model.trip flows.csv -o s.csv")["trained_on_it"], true);
    bench.ok("generate flows --rows 500 --seed 99 -o later.csv");
    let run = bench.ok("score model.trip later.csv -o s.csv");
    assert!(run.out.contains("by the labels of the data"), "{}", run.out);
    assert!(!run.out.contains("flatter"), "{}", run.out);
    assert_eq!(bench.json("score model.trip later.csv -o s.csv")["trained_on_it"], false);
}

#[test]
fn a_check_can_end_with_an_exit_code() {
    let bench = Bench::new();
    bench.write("t.csv", repeating());
    assert_eq!(bench.run("check t.csv --label label --benign good").code, 0);
    let run = bench.run("check t.csv --label label --benign good --fail-on warning");
    assert_eq!(run.code, 4, "{}{}", run.out, run.err);
}
