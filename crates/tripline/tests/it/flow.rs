//! From labelled flows to explained verdicts, command by command.

use crate::bench::Bench;

#[test]
fn the_same_seed_gives_the_same_flows() {
    let bench = Bench::with_flows();
    bench.ok("generate flows --rows 4000 --seed 7 -o again.csv");
    assert_eq!(bench.bytes("again.csv"), bench.bytes("flows.csv"));
    bench.ok("generate flows --rows 4000 --seed 8 -o other.csv");
    assert_ne!(bench.bytes("other.csv"), bench.bytes("flows.csv"));
}

#[test]
fn the_same_seed_gives_the_same_model_on_any_number_of_threads() {
    let bench = Bench::with_flows();
    for model in ["gradient_boosting", "sgd", "isolation_forest"] {
        for threads in [1, 3] {
            bench.ok(&format!(
                "train flows.csv --model {model} --threads {threads} -o {model}-{threads}.trip"
            ));
        }
        assert!(
            bench.bytes(&format!("{model}-1.trip")) == bench.bytes(&format!("{model}-3.trip")),
            "{model}"
        );
    }
}

#[test]
fn training_without_judging_rows_has_no_test_figures() {
    let bench = Bench::with_flows();
    let trained = bench.json("train flows.csv --model random_forest -p n_estimators=20 -o m.trip");
    let parts = trained["metrics"]["random_forest"].as_object().unwrap();
    assert!(parts.contains_key("validation"));
    assert!(!parts.contains_key("test"));
    let auc = parts["validation"]["roc_auc"].as_f64().unwrap();
    assert!(auc > 0.8 && auc < 1.0, "{auc}");
}

#[test]
fn folds_are_given_as_mean_with_values() {
    let bench = Bench::with_flows();
    let compared = bench.json(
        "compare flows.csv --models sgd,gradient_boosting --protocol duplicate-grouped --folds 3 \
         -p gradient_boosting.n_estimators=10",
    );
    for model in ["sgd", "gradient_boosting"] {
        let auc = &compared["metrics"][model]["test"]["roc_auc"];
        let values: Vec<f64> =
            auc["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        assert_eq!(values.len(), 3);
        let mean = values.iter().sum::<f64>() / 3.0;
        assert!((auc["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    }
    assert_eq!(compared["protocol"], "duplicate-grouped, 3 folds");
}

#[test]
fn every_format_holds_the_same_scores() {
    let bench = Bench::with_model();
    let summary = bench.json("score model.trip flows.csv -o scores.csv --reasons 2");
    bench.ok("score model.trip flows.csv -o scores.jsonl --reasons 2");
    bench.ok("score model.trip flows.csv -o scores.parquet --reasons 2");
    let csv = bench.read("scores.csv");
    assert!(csv.starts_with("row,score,probability,verdict,label,reasons\n"));
    assert_eq!(csv.lines().count(), 4001);
    assert_eq!(summary["rows"], 4000);
    let alerts = csv.lines().filter(|line| line.split(',').nth(3) == Some("attack")).count();
    assert_eq!(summary["alerts"], alerts);
    let lines = bench.read("scores.jsonl");
    for (number, (text, line)) in csv.lines().skip(1).zip(lines.lines()).enumerate() {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["row"], number);
        let cells: Vec<&str> = text.splitn(6, ',').collect();
        assert_eq!(cells[1].parse::<f64>().unwrap(), json["score"].as_f64().unwrap());
        assert_eq!(cells[3], json["verdict"]);
        // An alert has reasons, no other row has.
        assert_eq!(json["verdict"] == "attack", json["reasons"] != "", "{line}");
    }
    assert!(bench.bytes("scores.parquet").starts_with(b"PAR1"));
    assert_eq!(
        bench.names(),
        ["flows.csv", "model.trip", "scores.csv", "scores.jsonl", "scores.parquet"],
        "no temporary file is left"
    );
}

#[test]
fn scores_without_output_go_to_standard_output() {
    let bench = Bench::with_model();
    bench.ok("score model.trip flows.csv -o scores.csv");
    let run = bench.ok("score model.trip flows.csv");
    assert_eq!(run.out, bench.read("scores.csv"));
    let lines = bench.ok("score model.trip flows.csv --format json").out;
    assert_eq!(lines.lines().count(), 4000);
}

#[test]
fn batches_do_not_change_scores() {
    let bench = Bench::with_model();
    bench.ok("score model.trip flows.csv -o whole.csv");
    bench.write("small.yaml", "data:\n  batch_rows: 17\n");
    bench.ok("score model.trip flows.csv -o batches.csv --config small.yaml");
    assert!(bench.read("whole.csv") == bench.read("batches.csv"));
}

#[test]
fn an_explained_row_has_the_score_of_scoring() {
    let bench = Bench::with_model();
    bench.ok("score model.trip flows.csv -o scores.csv");
    let scores = bench.read("scores.csv");
    let highest = bench.json("score model.trip flows.csv -o again.csv")["highest"]["row"].clone();
    let explained =
        bench.json(&format!("explain model.trip flows.csv --row {highest} --plot why.html"));
    let row = &explained["row"];
    let line = scores.lines().nth(1 + highest.as_u64().unwrap() as usize).unwrap();
    let score: f64 = line.split(',').nth(1).unwrap().parse().unwrap();
    assert_eq!(row["score"].as_f64().unwrap(), score);
    let sum: f64 =
        row["reasons"].as_array().unwrap().iter().map(|r| r["effect"].as_f64().unwrap()).sum();
    assert!((row["base"].as_f64().unwrap() + sum - score).abs() < 1e-9 * score.abs().max(1.0));
    let page = bench.read("why.html");
    assert!(page.contains("<svg") && page.contains("default-src 'none'"));
}

#[test]
fn the_whole_model_is_explained() {
    let bench = Bench::with_model();
    let explained =
        bench.json("explain model.trip flows.csv --global --sample 300 --plot model.html");
    assert_eq!(explained["global"]["rows"], 300);
    assert!(!explained["global"]["features"].as_array().unwrap().is_empty());
    let text = bench.ok("explain model.trip flows.csv --global --sample 300 --top 3").out;
    assert!(text.starts_with("What columns add to the score over 300 rows"), "{text}");
    let both = bench.ok("explain model.trip flows.csv --row 3 --interventional").out;
    assert!(both.starts_with("row 3: "), "{both}");
}

#[test]
fn a_model_tells_what_it_is() {
    let bench = Bench::with_model();
    let told = bench.json("inspect model.trip");
    assert_eq!(told["model"], "gradient_boosting");
    assert_eq!(told["parameters"]["n_estimators"], "20");
    assert_eq!(told["data"][0]["name"], "flows.csv");
    assert!(told["metrics"]["gradient_boosting"]["validation"]["roc_auc"].as_f64().unwrap() > 0.8);
    let text = bench.ok("inspect model.trip").out;
    assert!(text.contains("signed by  nobody"), "{text}");
}

#[test]
fn classes_are_told_apart() {
    let bench = Bench::with_flows();
    let trained =
        bench.json("train flows.csv --task multiclass -p n_estimators=10 -o classes.trip");
    let classes = &trained["metrics"]["gradient_boosting"]["validation"]["classes"];
    assert!(classes["macro_f1"].as_f64().unwrap() > 0.1);
    bench.ok("score classes.trip flows.csv -o scores.csv");
    assert!(bench.read("scores.csv").starts_with("row,score,probability,verdict,class,label\n"));
}

#[test]
fn a_comparison_writes_a_page_that_needs_no_network() {
    let bench = Bench::with_flows();
    let run = bench.ok("compare flows.csv --report out.html");
    for model in ["gradient_boosting", "random_forest", "extra_trees", "isolation_forest", "sgd"] {
        assert!(run.out.contains(model), "{}", run.out);
    }
    let page = bench.read("out.html");
    assert!(page.contains("default-src 'none'"));
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_demo_leaves_what_it_says() {
    let bench = Bench::new();
    let run = bench.ok("demo --rows 6000 --out d");
    for file in ["d/report.html", "d/model.trip", "d/flows.csv"] {
        assert!(run.out.contains(file), "{}", run.out);
        assert!(bench.path(file).exists(), "{file}");
    }
    // What it says to try works.
    bench.ok("score d/model.trip d/flows.csv -o scores.csv --reasons 3");
    bench.ok("explain d/model.trip d/flows.csv --row 0 --plot why.html");
    assert!(run.err.is_empty(), "{}", run.err);
    // Most of these flows trained the model.
    let run = bench.run("evaluate d/model.trip d/flows.csv");
    assert_ne!(run.code, 0);
    assert!(run.err.contains("trained on"), "{}", run.err);
}

#[test]
fn a_test_file_has_the_kinds_of_the_training_columns() {
    let bench = Bench::with_flows();
    bench.ok("generate flows --rows 2000 --seed 9 -o clean.csv");
    let clean = bench.read("clean.csv");
    let mut lines: Vec<String> = clean.lines().map(str::to_owned).collect();
    let column = lines[0].split(',').position(|name| name == "sbytes").unwrap();
    for line in &mut lines[1..] {
        // No cell of this column is a number: alone it would be read as a category.
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[column] = "unknown";
        *line = cells.join(",");
    }
    bench.write("dirty.csv", lines.join("\n"));
    let train = "train flows.csv --model gradient_boosting -p n_estimators=20 -o m.trip --test";
    let auc = |file: &str| {
        let trained = bench.json(&format!("{train} {file}"));
        trained["metrics"]["gradient_boosting"]["test"]["roc_auc"].as_f64().unwrap()
    };
    let (clean, dirty) = (auc("clean.csv"), auc("dirty.csv"));
    assert!(dirty > 0.7 && dirty != clean, "{clean} {dirty}");
}

#[test]
fn pairs_of_columns_are_listed_by_what_they_add() {
    let bench = Bench::with_model();
    let told = bench.json("explain model.trip flows.csv --global --sample 50 --interactions");
    let pairs = told["interactions"].as_array().unwrap();
    let effects: Vec<f64> =
        pairs.iter().map(|pair| pair["mean_absolute"].as_f64().unwrap()).collect();
    assert!(effects[0] > 0.0);
    assert!(effects.windows(2).all(|pair| pair[0] >= pair[1]));
    let text = bench.run("explain model.trip flows.csv --row 3 --interactions");
    assert_eq!(text.code, 0, "{}", text.err);
    assert!(text.out.contains("What pairs of columns add together"), "{}", text.out);
}

#[test]
fn metrics_are_told_by_the_names_that_were_asked_for() {
    let bench = Bench::with_model();
    bench.ok("generate flows --rows 1500 --seed 11 -o other.csv");
    let whole = bench.json("evaluate model.trip other.csv");
    let part = &whole["metrics"][whole["model"].as_str().unwrap()]["test"];
    let names = "--metric auc_roc --metric f1_score --metric avg_detection_time";
    let asked = bench.json(&format!("evaluate model.trip other.csv {names}"));
    assert_eq!(asked["asked"][0]["value"], part["roc_auc"]);
    assert_eq!(asked["asked"][1]["value"], part["f1"]);
    assert!(asked["asked"][2]["value"].as_f64().unwrap() > 0.0);
    let run = bench.run("evaluate model.trip other.csv --metric auc_rock");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("roc_auc"), "{}", run.err);
}

#[test]
fn the_out_of_bag_score_of_a_forest_is_told() {
    let bench = Bench::with_flows();
    bench
        .ok("train flows.csv --model random_forest -p oob_score=true -p n_estimators=30 -o f.trip");
    let auc = bench.json("inspect f.trip")["out_of_bag_roc_auc"].as_f64().unwrap();
    assert!(auc > 0.7 && auc < 1.0, "{auc}");
    assert!(bench.run("inspect f.trip").out.contains("out of bag  ROC AUC"));
}

#[test]
fn models_are_ranked_over_data_sets() {
    let bench = Bench::new();
    bench.ok("generate flows --rows 1500 --seed 1 -o a.csv");
    bench.ok("generate flows --rows 1500 --seed 2 -o b.csv");
    let command = "rank a.csv b.csv --models isolation_forest,sgd,random_forest --report page.html";
    let ranked = bench.json(command);
    let models = ranked["models"].as_array().unwrap();
    assert_eq!(models.len(), 3);
    // Ranks of three models sum to 1 + 2 + 3 on each data set, so their means do.
    let ranks: Vec<f64> = models.iter().map(|m| m["mean_rank"].as_f64().unwrap()).collect();
    assert!((ranks.iter().sum::<f64>() - 6.0).abs() < 1e-12, "{ranks:?}");
    assert!(ranks.is_sorted(), "{ranks:?}");
    let first: f64 = models.iter().map(|m| m["share_first"].as_f64().unwrap()).sum();
    assert!((first - 1.0).abs() < 1e-9, "{first}");
    for model in models {
        let (low, high) = (&model["interval"]["low"], &model["interval"]["high"]);
        let rank = model["mean_rank"].as_f64().unwrap();
        assert!(low.as_f64().unwrap() <= rank && rank <= high.as_f64().unwrap(), "{model}");
        assert_eq!(model["places"].as_array().unwrap().len(), 2);
    }
    let page = bench.read("page.html");
    assert!(page.contains("Mean rank") && page.contains("a.csv") && page.contains("b.csv"));
}
