//! Imported models against the programs that made them.

use proptest::prelude::*;
use tripline_core::{Column, Detector, FieldKind, Frame, Link, Rows, math};
use tripline_models::import::{Format, lightgbm, xgboost};
use tripline_models::tree::TreeModel;

use crate::fixture::{Fixture, bytes};

fn lightgbm_model(name: &str) -> TreeModel {
    lightgbm::parse(&bytes(&format!("{name}.txt"))).unwrap()
}

fn xgboost_model(name: &str) -> TreeModel {
    xgboost::parse(&bytes(&format!("{name}.model.json"))).unwrap()
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
    let refusal =
        (model.card().build)(&tripline_core::Params::defaults(&[]), &register).err().unwrap();
    assert_eq!(
        refusal.to_string(),
        "parameter `model`: `lightgbm_model` holds models that were trained by another program; \
         train `gradient_boosting` instead"
    );
}

fn refusal(from: &str, to: &str) -> String {
    let text = String::from_utf8(bytes("lightgbm_binary.txt")).unwrap();
    assert!(text.contains(from), "{from}");
    lightgbm::parse(text.replacen(from, to, 1).as_bytes()).err().unwrap().to_string()
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
    assert_eq!(Format::detect(&bytes("xgboost_dart.model.json")), Some(Format::XgBoost));
    assert_eq!(Format::detect(&bytes("xgboost_binary.ubj")), Some(Format::XgBoost));
    assert_eq!(Format::detect(b"TRIPLINE"), None);
}

#[test]
fn xgboost_margins_are_equal_but_for_its_single_precision_sums() {
    // xgboost 3.2.0, seed 0: bench/oracles/imports.py
    for name in ["xgboost_binary", "xgboost_categories", "xgboost_multiclass", "xgboost_dart"] {
        assert!(worst(&xgboost_model(name), name) < 2e-6, "{name}");
    }
    // Outputs are near 255 there.
    assert!(worst(&xgboost_model("xgboost_regression"), "xgboost_regression") < 1e-4);
}

#[test]
fn both_forms_of_an_xgboost_model_are_the_same() {
    let binary = xgboost::parse(&bytes("xgboost_binary.ubj")).unwrap();
    assert_eq!(binary.forest, xgboost_model("xgboost_binary").forest);
    assert_eq!(binary.schema, xgboost_model("xgboost_binary").schema);
}

#[test]
fn xgboost_columns_keep_their_dictionaries() {
    let model = xgboost_model("xgboost_categories");
    let FieldKind::Category(values) = &model.schema.fields()[4].kind else { panic!("no category") };
    assert_eq!(values.as_ref(), &["-", "dns", "ftp", "http", "smtp", "ssh"]);
    assert_eq!(xgboost_model("xgboost_multiclass").classes().unwrap().names().len(), 3);
}

fn xgboost_refusal(from: &str, to: &str) -> String {
    let text = String::from_utf8(bytes("xgboost_categories.model.json")).unwrap();
    assert!(text.contains(from), "{from}");
    xgboost::parse(text.replacen(from, to, 1).as_bytes()).err().unwrap().to_string()
}

#[test]
fn a_damaged_xgboost_model_is_told_by_its_path() {
    let refusals = [
        xgboost_refusal("learner", "teacher"),
        xgboost_refusal("binary:logistic", "count:poisson"),
        xgboost_refusal("\"gbtree\"", "\"gblinear\""),
        xgboost_refusal("class\":\"0\",\"num_feature\":\"6", "class\":\"0\",\"num_feature\":\"7"),
        xgboost_refusal("[4.3966666E-1]", "[1.5]"),
        xgboost_refusal("\"left_children\":[1,", "\"left_children\":[0,"),
        xgboost_refusal("\"left_children\":[1,", "\"left_children\":[99,"),
        xgboost_refusal("\"split_indices\":[", "\"split_indices\":[1,"),
        xgboost_refusal("\"categories\":[1", "\"categories\":[-1"),
        xgboost_refusal("\"categories\":[1", "\"categories\":[99999999"),
        xgboost_refusal("\"categories_nodes\":[0", "\"categories_nodes\":[30"),
        xgboost_refusal("\"sum_hessian\":[", "\"sum_hessian\":[null,"),
        xgboost_refusal("]", ""),
    ];
    expect_test::expect![[r#"
        this is no XGBoost model: no `learner` at the beginning; save it with `Booster.save_model` as .json
        objective `count:poisson` with 1 outputs cannot be imported: its margin has no reading here; train with `binary:logistic` or `multi:softprob`
        booster `gblinear` cannot be imported: only trees are read; train with `booster=gbtree`
        model.learner: `feature_names` must be 7 names
        model.learner.learner_model_param: `base_score` must be a probability between 0 and 1
        model.learner.gradient_booster.model.trees[0]: `left_children` must be free of nodes with two parents
        model.learner.gradient_booster.model.trees[0]: `left_children` must be indices of nodes of the tree
        model.learner.gradient_booster.model.trees[0]: `split_indices` must be 31 numbers
        model.learner.gradient_booster.model.trees[0]: `categories` must be whole numbers
        model.learner.gradient_booster.model.trees[0]: `categories` must be fewer categories
        model.learner.gradient_booster.model: `trees[0]` must be a tree whose `categories_nodes` test categories
        model.learner.gradient_booster.model.trees[0]: `sum_hessian` must be a list of numbers
        this is no XGBoost model: expected `,` or `]` at line 1 column 108"#]].assert_eq(&refusals.join("\n"));
}

proptest! {
    #[test]
    fn damaged_bytes_are_an_answer_or_an_error(
        file in 0usize..4, place in 0usize..40_000, byte: u8, end in 1usize..40_000,
    ) {
        let names = ["lightgbm_binary.txt", "lightgbm_codes.txt", "xgboost_binary.ubj",
            "xgboost_categories.model.json"];
        let mut bytes = bytes(names[file]);
        let place = place % bytes.len();
        bytes[place] = byte;
        for bytes in [&bytes[..], &bytes[..end.min(bytes.len())]] {
            if let Some(Ok(model)) = Format::detect(bytes).map(|format| format.parse(bytes)) {
                let columns = model.schema().fields().iter().map(|field| {
                    let column = match &field.kind {
                        FieldKind::Numeric => Column::numeric(vec![0.0, f64::NAN, 255.0]),
                        FieldKind::Category(_) => Column::category(&[Some("http"), None, Some("?")]),
                    };
                    (field.name.clone(), column)
                });
                let frame = Frame::Rows(Rows::new(columns.collect()).unwrap());
                let scores = model.score(&frame).unwrap();
                prop_assert!(scores.iter().all(|score| !score.is_nan()));
            }
        }
    }
}
