//! What each step does to small rows, seen from outside.

use expect_test::{Expect, expect};
use tripline_core::{Column, ColumnRater, FitError, Input, Labels, Rows};
use tripline_features::{
    MissingColumns, PrepareContext, PrepareError, Preparer, Recipe, STEPS, What, with_time,
};

fn training() -> Rows {
    Rows::new(vec![
        ("sbytes".to_owned(), Column::numeric(vec![100.0, 300.0, f64::NAN, 900.0, f64::INFINITY])),
        ("dbytes".to_owned(), Column::numeric(vec![99.0, 99.0, 0.0, 299.0, 7.0])),
        (
            "proto".to_owned(),
            Column::category(&[Some("udp"), Some("tcp"), Some("tcp"), None, Some("tcp")]),
        ),
        (
            "service".to_owned(),
            Column::category(&[Some("dns"), Some("http"), Some("ssh"), Some("http"), Some("http")]),
        ),
        ("same".to_owned(), Column::numeric(vec![4.0; 5])),
    ])
    .unwrap()
}

fn scoring() -> Rows {
    Rows::new(vec![
        ("proto".to_owned(), Column::category(&[Some("icmp"), None, Some("tcp")])),
        ("service".to_owned(), Column::category(&[Some("dns"), Some("http"), Some("dns")])),
        ("sbytes".to_owned(), Column::numeric(vec![f64::NAN, f64::NEG_INFINITY, 1000.0])),
        ("dbytes".to_owned(), Column::numeric(vec![1.0, f64::NAN, 2.0])),
        ("same".to_owned(), Column::numeric(vec![4.0, 5.0, f64::NAN])),
        ("other".to_owned(), Column::numeric(vec![0.0; 3])),
    ])
    .unwrap()
}

fn fit(recipe: &str) -> Preparer {
    let labels = Labels::binary(&[false, true, true, false, false]);
    let context = PrepareContext { labels: Some(&labels), ..PrepareContext::default() };
    Recipe::parse(recipe).unwrap().fit(&training(), &context).unwrap().preparer
}

fn show(rows: &Rows) -> String {
    let mut text = String::new();
    for (name, column) in rows.clone().into_columns() {
        text += &format!("{name}:");
        for row in 0..rows.len() {
            text += &match &column {
                Column::Numeric(values) => format!(" {}", (values[row] * 1e6).round() / 1e6),
                Column::Category(category) => format!(" {}", category.value(row).unwrap_or("?")),
            };
        }
        text += "\n";
    }
    text
}

fn check(recipe: &str, expected: Expect) {
    let preparer = fit(recipe);
    let prepared = preparer.apply(&scoring()).unwrap();
    let mut text = show(&prepared.rows);
    for entry in prepared.report.entries() {
        text += &format!("{} {}: {}\n", entry.column, entry.what.name(), entry.cells);
    }
    text += &preparer.steps().join("\n");
    expected.assert_eq(&text);
    let loaded = Preparer::load(&preparer.save()).unwrap();
    assert_eq!(loaded.save().to_bytes(), preparer.save().to_bytes());
    assert_eq!(show(&loaded.apply(&scoring()).unwrap().rows), show(&prepared.rows));
}

#[test]
fn nothing_to_do_keeps_categories_with_missing_for_unseen() {
    check(
        "",
        expect![[r#"
        sbytes: NaN -inf 1000
        dbytes: 1 NaN 2
        proto: ? ? tcp
        service: dns http dns
        same: 4 5 NaN
        proto unseen category: 1
    "#]],
    );
}

#[test]
fn named_columns_are_left_out() {
    check(
        "drop=proto:sbytes",
        expect![[r#"
            dbytes: 1 NaN 2
            service: dns http dns
            same: 4 5 NaN
            3 of 5 columns selected"#]],
    );
    // What is left out need not be there when rows are scored.
    let preparer = fit("drop=proto:service,impute=median");
    assert_eq!(preparer.apply(&scoring()).unwrap().rows.width(), 3);
}

#[test]
fn the_default_for_linear_models_gives_finite_numbers() {
    check(
        &Recipe::for_input(Input::Scaled).to_string(),
        expect![[r#"
            sbytes: 0.401951 -1.750629 1.017693
            dbytes: -1.30425 0.581587 -1.108791
            proto=tcp: -1.224745 -1.224745 0.816497
            proto=udp: -0.5 -0.5 -0.5
            proto=<missing>: -0.5 2 -0.5
            service=dns: 2 -0.5 2
            service=http: -1.224745 0.816497 -1.224745
            service=ssh: -0.5 -0.5 -0.5
            same: 0 0.182322 0
            proto unseen category: 1
            sbytes clipped: 1
            sbytes imputed: 1
            dbytes imputed: 1
            same imputed: 1
            infinities of 3 columns clipped to the training range
            missing cells of 3 columns filled
            numbers replaced by their signed logarithm
            2 category columns encoded as 6 columns of 0 or 1
            9 columns scaled"#]],
    );
}

#[test]
fn engineered_columns_come_from_what_is_there() {
    check(
        "engineer,select=variance",
        expect![[r#"
        sbytes: NaN -inf 1000
        dbytes: 1 NaN 2
        proto: ? ? tcp
        service: dns http dns
        bytes_ratio: NaN NaN 333.333333
        proto_service: ? ? ?
        bytes_balance: NaN NaN 0.995015
        proto unseen category: 1
        proto_service unseen category: 2
        3 engineered columns: bytes_ratio, proto_service, bytes_balance
        7 of 8 columns selected"#]],
    );
}

#[test]
fn most_frequent_fills_categories_too() {
    check(
        "clip=missing,impute=most_frequent:indicator,encode=ordinal",
        expect![[r#"
        sbytes: 100 100 1000
        dbytes: 1 99 2
        proto: -1 0 0
        service: 0 1 0
        same: 4 5 4
        sbytes_missing: 1 1 0
        proto unseen category: 1
        sbytes infinite taken as missing: 1
        sbytes imputed: 2
        dbytes imputed: 1
        proto imputed: 1
        same imputed: 1
        infinities of 3 columns taken as missing
        missing cells of 5 columns filled, 1 columns flag them
        categories replaced by their place among the sorted values"#]],
    );
}

#[test]
fn a_constant_fills_categories_with_their_own_value() {
    check(
        "impute=constant:-1,encode=native",
        expect![[r#"
        sbytes: -1 -inf 1000
        dbytes: 1 -1 2
        proto: ? missing tcp
        service: dns http dns
        same: 4 5 -1
        proto unseen category: 1
        sbytes imputed: 1
        dbytes imputed: 1
        proto imputed: 1
        same imputed: 1
        missing cells of 5 columns filled
        rare values of 0 columns grouped"#]],
    );
}

#[test]
fn rare_values_share_a_column() {
    check(
        "encode=one_hot:2,clip,log1p",
        expect![[r#"
        sbytes: NaN 4.615121 6.803505
        dbytes: 0.693147 NaN 1.098612
        proto=tcp: 0 0 0.693147
        proto=udp: 0 0 0
        proto=<missing>: 0 0.693147 0
        service=http: 0 0.693147 0
        service=<rare>: 0.693147 0 0.693147
        same: 1.609438 1.609438 NaN
        proto unseen category: 1
        sbytes clipped: 2
        same clipped: 1
        2 category columns encoded as 5 columns of 0 or 1
        8 columns clipped to the training range
        numbers replaced by their signed logarithm"#]],
    );
}

#[test]
fn frequencies_are_those_of_training_rows() {
    check(
        "encode=frequency,impute=mean,scale=min_max",
        expect![[r#"
        sbytes: 0.416667 -inf 1.125
        dbytes: 0.003344 0.337124 0.006689
        proto: -0.5 0 1
        service: 0 1 0
        same: 0 1 0
        proto unseen category: 1
        sbytes imputed: 1
        dbytes imputed: 1
        same imputed: 1
        2 category columns replaced by frequencies
        missing cells of 5 columns filled
        5 columns scaled"#]],
    );
}

#[test]
fn recipes_read_back_as_they_are_shown() {
    for (text, shown) in [
        ("", ""),
        (" engineer , impute=median", "engineer,impute=median"),
        (
            "engineer,impute=median,clip,scale=robust,encode=one_hot,select=variance:0,\
             select=mutual_information:20,select=model:20,outliers=iqr:3",
            "engineer,impute=median,clip,scale=robust,encode=one_hot,select=variance:0,\
             select=mutual_information:20,select=model:20,outliers=iqr:3",
        ),
        ("impute=constant:0.5:indicator,clip=range", "impute=constant:0.5:indicator,clip"),
        ("scale=quantile:uniform,encode=one_hot:9:2", "scale=quantile,encode=one_hot:9:2"),
        ("outliers=mad,missing_columns=fill,log1p", "outliers=mad:3.5,log1p,missing_columns=fill"),
        ("engineer=hour:bytes_ratio", "engineer=hour:bytes_ratio"),
        ("drop=proto:same ,log1p", "drop=proto:same,log1p"),
    ] {
        let recipe = Recipe::parse(text).unwrap();
        assert_eq!(recipe.to_string(), shown);
        assert_eq!(Recipe::parse(shown).unwrap(), recipe);
    }
    for input in [Input::Mixed, Input::Numeric, Input::Scaled] {
        let recipe = Recipe::for_input(input);
        assert_eq!(recipe.is_empty(), input == Input::Mixed);
        assert_eq!(Recipe::parse(&recipe.to_string()).unwrap(), recipe);
    }
}

#[test]
fn every_step_of_the_list_is_read_by_its_id() {
    for card in STEPS {
        let count =
            if matches!(card.id, "select=mutual_information" | "select=model") { ":3" } else { "" };
        let text = match card.id {
            "impute" => "impute=mean".to_owned(),
            "drop" => "drop=proto".to_owned(),
            id => format!("{id}{count}"),
        };
        let recipe = Recipe::parse(&text).unwrap();
        assert!(recipe.to_string().starts_with(card.id), "{text}: {recipe}");
    }
}

#[test]
fn a_wrong_step_is_told_with_what_would_be_right() {
    let check = |text: &str, expected: Expect| {
        expected.assert_eq(&Recipe::parse(text).unwrap_err().to_string());
    };
    check(
        "scale=big",
        expect![
            "recipe step `scale=big`: must be one of scale=standard, scale=min_max, scale=robust, scale=quantile"
        ],
    );
    check(
        "impute=constant:x",
        expect!["recipe step `impute=constant:x`: the constant must be a finite number, got `x`"],
    );
    check(
        "fly",
        expect![
            "recipe step `fly`: must be one of drop, outliers=iqr, outliers=z_score, outliers=mad, engineer, clip, impute, log1p, scale=standard, scale=min_max, scale=robust, scale=quantile, encode=native, encode=one_hot, encode=ordinal, encode=frequency, select=variance, select=mutual_information, select=model"
        ],
    );
    check("select=model", expect!["recipe step `select=model`: must be select=model:COUNT"]);
    check("drop", expect!["recipe step `drop`: must be drop=NAME[:NAME…]"]);
    check(
        "engineer=speed",
        expect![
            "recipe step `engineer=speed`: `speed` must be one of bytes_ratio, pkts_ratio, bytes_per_pkt, load_difference, proto_service, state_proto, hour, is_weekend, bytes_balance, reply_bytes_per_pkt, mean_size_difference, pkt_rate_difference, interval_ratio, jitter_ratio, loss_share, size_variation, interval_variation, same_service_share, port_spread, error_change"
        ],
    );
}

#[test]
fn a_missing_column_is_refused_or_filled_as_declared() {
    let rows = scoring().project(&["service", "proto", "sbytes", "same"]).unwrap();
    let preparer = fit("impute=median,encode=one_hot");
    expect![
        "column `dbytes` is missing; give it, or have missing columns filled (missing_columns=fill)"
    ]
    .assert_eq(&preparer.apply(&rows).unwrap_err().to_string());
    let preparer = preparer.with_missing_columns(MissingColumns::Fill);
    let prepared = preparer.apply(&rows).unwrap();
    assert_eq!(prepared.report.of("dbytes", What::FilledColumn), 3);
    assert_eq!(prepared.report.of("dbytes", What::Imputed), 3);
    let Some(Column::Numeric(dbytes)) = prepared.rows.column("dbytes") else { panic!() };
    assert_eq!(**dbytes, [99.0; 3]);
}

#[test]
fn a_column_that_selection_left_out_may_be_missing() {
    let preparer = fit("select=variance:1,encode=one_hot");
    let names: Vec<&str> = preparer.input().names().collect();
    assert_eq!(names, ["sbytes", "dbytes", "proto", "service"]);
    let rows = scoring().project(&["service", "proto", "sbytes", "dbytes"]).unwrap();
    let prepared = preparer.apply(&rows).unwrap();
    assert_eq!(prepared.report.total(What::FilledColumn), 0);
    assert_eq!(preparer.sources()[..2], [vec![0], vec![1]]);
}

#[test]
fn a_column_of_the_other_kind_is_refused() {
    let mut columns = scoring().into_columns();
    columns[0].1 = Column::numeric(vec![6.0, 17.0, 6.0]);
    let error = fit("encode=one_hot").apply(&Rows::new(columns).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "column `proto` must be category, got numeric");
}

#[test]
fn outlier_removal_spares_attacks_then_scoring_keeps_every_row() {
    let mut values: Vec<f64> = (0..100).map(f64::from).collect();
    values[10] = 1e6;
    values[20] = -1e6;
    let rows = Rows::new(vec![("x".to_owned(), Column::numeric(values))]).unwrap();
    let attacks: Vec<bool> = (0..100).map(|row| row == 20).collect();
    let labels = Labels::binary(&attacks);
    for rule in ["outliers=iqr:3", "outliers=mad", "outliers=z_score:3"] {
        let recipe = Recipe::parse(&format!("{rule},scale=min_max")).unwrap();
        let context = PrepareContext { labels: Some(&labels), ..PrepareContext::default() };
        let fitted = recipe.fit(&rows, &context).unwrap();
        let keep = fitted.keep.unwrap();
        assert_eq!(keep.len(), 99, "{rule}");
        assert!(keep.contains(&20) && !keep.contains(&10));
        assert_eq!(fitted.preparer.apply(&rows).unwrap().rows.len(), 100);
        let unlabelled = recipe.fit(&rows, &PrepareContext::default()).unwrap();
        assert!(!unlabelled.keep.unwrap().contains(&20));
    }
}

#[test]
fn time_becomes_hour_with_weekend() {
    // 2015-02-18 06:49:53 UTC, a Wednesday, then the Saturday after, 23:49:53.
    let hour = 3_600_000_000_000;
    let time = [1_424_242_193_000_000_000, 1_424_242_193_000_000_000 + (3 * 24 + 17) * hour];
    let rows = Rows::from_matrix(&["x"], &[vec![1.0], vec![2.0]]).unwrap();
    let rows = with_time(&rows, &time).unwrap();
    let recipe = Recipe::parse("engineer").unwrap();
    assert!(recipe.takes_time() && !Recipe::parse("engineer=bytes_ratio").unwrap().takes_time());
    let fitted = recipe.fit(&rows, &PrepareContext::default()).unwrap();
    let prepared = fitted.preparer.apply(&rows).unwrap();
    assert_eq!(show(&prepared.rows), "x: 1 2\nhour: 6 23\nis_weekend: 0 1\n");
    assert!(fitted.preparer.input().position("timestamp").is_some());
}

struct Rater(Vec<f64>);

impl ColumnRater for Rater {
    fn rate(&self, _: &Rows, _: &Labels) -> Result<Vec<f64>, FitError> {
        Ok(self.0.clone())
    }
}

#[test]
fn a_model_selects_columns_in_their_order() {
    let labels = Labels::binary(&[false, true, true, false, false]);
    let recipe = Recipe::parse("select=model:2").unwrap();
    let rater = Rater(vec![0.5, 0.0, 0.1, 0.5, 0.4]);
    let context =
        PrepareContext { labels: Some(&labels), rater: Some(&rater), ..PrepareContext::default() };
    let fitted = recipe.fit(&training(), &context).unwrap();
    let names: Vec<&str> = fitted.preparer.output().names().collect();
    assert_eq!(names, ["sbytes", "service"]);

    let short = Rater(vec![0.5]);
    let context = PrepareContext { rater: Some(&short), ..context };
    assert!(matches!(recipe.fit(&training(), &context), Err(PrepareError::Ratings { got: 1, .. })));
    let context = PrepareContext { rater: None, ..context };
    assert!(matches!(recipe.fit(&training(), &context), Err(PrepareError::NoRater { .. })));
}

#[test]
fn what_cannot_be_fitted_is_an_error() {
    let error = |recipe: &str, rows: &Rows| {
        let fitted = Recipe::parse(recipe).unwrap().fit(rows, &PrepareContext::default());
        fitted.unwrap_err().to_string()
    };
    let empty = training().select(&[]);
    assert_eq!(error("", &empty), "a recipe needs at least one training row");
    assert_eq!(
        error("select=mutual_information:2", &training()),
        "recipe step `select=mutual_information:2` needs labels"
    );
    assert_eq!(
        error("drop=speed", &training()),
        "recipe step `drop=speed`: there is no column `speed` at this step"
    );
    let same = training().project(&["same"]).unwrap();
    assert_eq!(
        error("drop=same", &same),
        "recipe step `drop=same` leaves no column; weaken it or leave it out"
    );
    assert_eq!(
        error("select=variance", &same),
        "recipe step `select=variance:0` leaves no column; weaken it or leave it out"
    );
}

#[test]
fn names_that_meet_are_told_apart() {
    let rows = Rows::new(vec![
        ("proto=tcp".to_owned(), Column::numeric(vec![1.0, 2.0])),
        ("proto".to_owned(), Column::category(&[Some("tcp"), Some("udp")])),
    ])
    .unwrap();
    let recipe = Recipe::parse("encode=one_hot").unwrap();
    let fitted = recipe.fit(&rows, &PrepareContext::default()).unwrap();
    let names: Vec<&str> = fitted.preparer.output().names().collect();
    assert_eq!(names, ["proto=tcp", "proto=tcp'", "proto=udp"]);
}
