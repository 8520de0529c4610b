//! Imported models against the programs that made them.

use tripline_core::{Detector, Link, math};
use tripline_models::import::{Format, lightgbm};
use tripline_models::tree::TreeModel;

use crate::fixture::{Fixture, bytes};

fn lightgbm_model(name: &str) -> TreeModel {
    lightgbm::parse(&bytes(&format!("{name}.txt"))).unwrap()
}

/// The largest distance between our outputs and theirs.
fn worst(model: &TreeModel, name: &str) -> f64 {
    let fixture = Fixture::read(name);
    let ours = model.outputs(&fixture.frame(&model.schema)).unwrap();
    let theirs = fixture.numbers("raw");
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn lightgbm_scores_are_equal_to_the_last_bit() {
    // lightgbm 4.7.0, seed 0: bench/oracles/imports.py
    for name in [
        "lightgbm_binary",
        "lightgbm_multiclass",
        "lightgbm_no_missing",
        "lightgbm_zero_missing",
        "lightgbm_regression",
    ] {
        assert_eq!(worst(&lightgbm_model(name), name), 0.0, "{name}");
    }
}

#[test]
fn a_lightgbm_forest_is_averaged() {
    // lightgbm 4.7.0, seed 0: bench/oracles/imports.py
    let model = lightgbm_model("lightgbm_forest");
    let fixture = Fixture::read("lightgbm_forest");
    let ours = model.score(&fixture.frame(&model.schema)).unwrap();
    for (ours, theirs) in ours.iter().zip(fixture.numbers("probability")) {
        assert!((math::sigmoid(*ours) - theirs).abs() < 1e-15, "{ours} {theirs}");
    }
}

#[test]
fn a_lightgbm_sigmoid_is_taken_into_the_log_odds() {
    // lightgbm 4.7.0, seed 0: bench/oracles/imports.py; sigmoid 0.5 of the raw score
    let name = "lightgbm_codes";
    let model = lightgbm_model(name);
    let fixture = Fixture::read(name);
    let ours = model.score(&fixture.frame(&model.schema)).unwrap();
    for (ours, raw) in ours.iter().zip(fixture.numbers("raw")) {
        assert!((ours - 0.5 * raw).abs() < 1e-15, "{ours} {raw}");
    }
}

#[test]
fn an_imported_model_says_what_its_score_means() {
    let binary = lightgbm_model("lightgbm_binary");
    assert_eq!(binary.link(), Link::Logit);
    assert_eq!(binary.schema.fields()[4].kind.name(), "category");
    assert!(binary.classes().is_none());
    let multiclass = lightgbm_model("lightgbm_multiclass");
    assert_eq!(multiclass.classes().unwrap().names(), ["0", "1", "2"]);
    assert_eq!(lightgbm_model("lightgbm_regression").link(), Link::Rank);
    assert_eq!(lightgbm_model("lightgbm_codes").schema.fields()[4].kind.name(), "numeric");
}

#[test]
fn a_saved_import_loads_with_its_card() {
    let fixture = Fixture::read("lightgbm_binary");
    let model = lightgbm_model("lightgbm_binary");
    let frame = fixture.frame(&model.schema);
    let register =
        tripline_core::Register::new(tripline_models::import::IMPORTED_CARDS.iter().copied());
    let loaded = register.load(model.card().id, &model.save()).unwrap();
    assert_eq!(loaded.score(&frame).unwrap(), model.score(&frame).unwrap());
    let refusal = (model.card().build)(&tripline_core::Params::defaults(&[])).err().unwrap();
    assert_eq!(
        refusal.to_string(),
        "parameter `model`: `lightgbm_model` holds models that were trained by another program; \
         train `gradient_boosting` instead"
    );
}

fn refusal(from: &str, to: &str) -> String {
    let text = String::from_utf8(bytes("lightgbm_binary.txt")).unwrap();
    assert!(text.contains(from), "{from}");
    lightgbm::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_damaged_lightgbm_model_is_told_by_its_line() {
    let refusals = [
        refusal("tree\n", "trie\n"),
        refusal("version=v4", "version=v9"),
        refusal("max_feature_idx=5", "max_feature_idx=6"),
        refusal("feature_names=bytes rate", "feature_names=bytes bytes"),
        refusal("Tree=3", "Tree=4"),
        refusal("num_leaves=15", "num_leaves=14"),
        refusal("num_leaves=15", "num_leaves=-1"),
        refusal("left_child=", "left_child=99 "),
        refusal("left_child=1 ", "left_child=0 "),
        refusal("leaf_value=", "leaf_value=nan "),
        refusal("cat_boundaries=0 1", "cat_boundaries=0 9"),
        refusal("is_linear=0", "is_linear=1"),
        refusal("pandas_categorical:[", "pandas_categorical:[[],"),
        refusal("end of trees", "end"),
    ];
    expect_test::expect![[r#"
        this is no LightGBM model: the first line must be `tree`; save it with `Booster.save_model`
        line 2: `version` must be v2, v3 or v4
        line 8: `feature_names` must be one name for each column
        column `bytes` appears twice
        line 75: `Tree` must be 3, the number of trees before it
        line 21: `leaf_value` must be 14 numbers, there are 15
        line 13: `num_leaves` must be a number in range
        line 19: `left_child` must be 14 numbers, there are 15
        line 40: `left_child` must be free of nodes with two parents
        line 21: `leaf_value` must be 15 numbers, there are 16
        line 17: `threshold` must be the number of its own category set
        a linear tree cannot be imported: its leaves are linear models; train with `linear_tree=false`
        line 567: `pandas_categorical` must be one list for each of 2 columns
        line 567: `end of trees` is missing"#]].assert_eq(&refusals.join("\n"));
}

#[test]
fn every_truncation_is_an_error() {
    let text = bytes("lightgbm_codes.txt");
    let end = text.windows(12).position(|window| window == b"end of trees").unwrap();
    for length in (0..end).step_by(97) {
        assert!(lightgbm::parse(&text[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_format_is_detected_from_its_first_bytes() {
    assert_eq!(Format::detect(&bytes("lightgbm_binary.txt")), Some(Format::LightGbm));
    assert_eq!(Format::detect(b"TRIPLINE"), None);
}
