//! The whole way on real data.

use crate::bench::{Bench, data_file};

#[test]
fn data_unsw_from_training_to_reasons() {
    let Some(file) = data_file("unsw", "unsw-nb15/UNSW_NB15_82332.csv") else { return };
    let bench = Bench::new();
    let file = file.to_str().unwrap();
    let trained = bench.json(&format!("train {file} -o m.trip"));
    assert_eq!(trained["data"][0]["layout"], "unsw-nb15");
    assert_eq!(trained["data"][0]["rows"], 82_332);
    let auc = trained["metrics"]["gradient_boosting"]["validation"]["roc_auc"].as_f64().unwrap();
    // LightGBM 4.7.0, 300 trees of 31 leaves, reaches 0.9977 over duplicate-grouped folds.
    assert!(auc > 0.995 && auc < 1.0, "{auc}");
    let scored = bench.json(&format!("score m.trip {file} -o s.parquet"));
    assert_eq!(scored["rows"], 82_332);
    let highest = &scored["highest"]["row"];
    let told = bench.ok(&format!("explain m.trip {file} --row {highest} --plot why.html")).out;
    assert!(told.contains("raises the score by"), "{told}");
    let refused = bench.run(&format!("compare {file} --protocol random --models sgd"));
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("repeat another"), "{}", refused.err);
}

#[test]
fn data_a_model_of_published_flows_judges_captures_and_logs() {
    let Some(file) = data_file("unsw to traffic", "unsw-nb15/UNSW_NB15_82332.csv") else { return };
    let bench = Bench::new();
    let data = file.parent().unwrap().parent().unwrap().to_str().unwrap();
    let file = file.to_str().unwrap();
    // Columns that packets cannot give as published are left out.
    let trained = bench.json(&format!("train {file} --set unsw_nb15 -p n_estimators=50 -o m.trip"));
    let notes = trained["data"][0]["notes"].to_string();
    assert!(notes.contains("set-columns"), "{notes}");
    for input in ["pcaps/attacks/test7-malicious.pcap", "logs/zeek/test9-mixed-zeek-dir"] {
        let run = bench.ok(&format!("watch {data}/{input} --model m.trip"));
        let summary: serde_json::Value =
            serde_json::from_str(run.out.lines().last().unwrap()).unwrap();
        assert!(summary["verdicts"]["flows"].as_u64().unwrap() > 50, "{summary}");
    }
    let run = bench.ok(&format!("watch {data}/logs/suricata/eve.json --all"));
    // 3,512 `flow` events; other events of 26 flow identifiers have none of their own.
    assert!(run.out.lines().count() > 3_512, "{}", run.out.lines().count());
}
