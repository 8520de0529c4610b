//! Rows of one file that are unlike its others.

use crate::bench::Bench;

/// A cloud of rows with three far from it, which the labels call bad.
fn cloud() -> String {
    let mut text = "a,b,proto,label\n".to_owned();
    for i in 0..200_u32 {
        let noise = |shift: u32| f64::from((i + shift).wrapping_mul(2_654_435_761) >> 20) / 1000.0;
        let far = i % 90 == 17;
        let a = noise(1) + if far { 60.0 } else { 0.0 };
        let (proto, label) = if far { ("odd", "bad") } else { ("tcp", "good") };
        text.push_str(&format!("{a},{},{proto},{label}\n", noise(7)));
    }
    text
}

#[test]
fn rows_far_from_the_others_are_told_first() {
    let bench = Bench::new();
    bench.write("t.csv", cloud());
    for model in ["lof", "knn"] {
        let options = format!("--label label --benign good --model {model} --top 3");
        let found = bench.json(&format!("outliers t.csv {options} -o s.csv"));
        let mut rows: Vec<u64> =
            found["top"].as_array().unwrap().iter().map(|o| o["row"].as_u64().unwrap()).collect();
        rows.sort_unstable();
        assert_eq!(rows, [17, 107, 197], "{model}");
        assert_eq!(found["judged_by_labels"]["roc_auc"], 1.0);
        assert_eq!(found["judged_by_labels"]["attacks_in_top"], 3);
        assert!(found["top"][0]["columns"][0]["rows"].as_u64().unwrap() <= 3);
        let scores = bench.read("s.csv");
        assert!(scores.starts_with("row,score,probability,verdict,label\n"), "{scores}");
        assert_eq!(scores.lines().filter(|line| line.contains(",attack,bad")).count(), 3);
        assert_eq!(scores.lines().count(), 201);
    }
    let text = bench.ok("outliers t.csv --label label --benign good").out;
    assert!(text.contains("judging alone"), "{text}");
    let unlabelled = bench.ok("outliers t.csv").out;
    assert!(!unlabelled.contains("judging alone"), "{unlabelled}");
}

#[test]
fn what_cannot_be_searched_is_an_error() {
    let bench = Bench::new();
    bench.write("t.csv", cloud());
    let wrong = bench.run("outliers t.csv --model sgd");
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(wrong.err.contains("lof, knn"), "{}", wrong.err);
    let missing = bench.run("outliers none.csv");
    assert!(missing.code != 0 && missing.err.contains("none.csv"), "{}", missing.err);
    bench.write("one.csv", "a,b\n1,2\n");
    let one = bench.run("outliers one.csv");
    assert!(one.code != 0 && one.err.contains("too few"), "{}", one.err);
}
