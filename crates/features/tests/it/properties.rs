//! What holds for any rows under any recipe.

use std::sync::Arc;

use proptest::prelude::*;
use tripline_core::{Category, Column, FieldKind, Labels, Rows, State};
use tripline_features::{MissingColumns, PrepareContext, Preparer, Recipe};

const RECIPES: &[&str] = &[
    "",
    "clip=infinite,impute=median,encode=one_hot,scale=standard",
    "engineer,clip,impute=most_frequent:indicator,encode=ordinal,scale=robust",
    "engineer,clip=missing,impute=constant:-1,encode=frequency,scale=min_max",
    "encode=native:2,log1p,scale=quantile:normal",
    "encode=one_hot:2:2,scale=quantile,select=mutual_information:3",
    "outliers=iqr:1.5,impute=mean,encode=one_hot,select=variance",
    "outliers=mad,engineer,clip=infinite,impute=mean,encode=ordinal,select=mutual_information:4:classes",
];

/// Recipes that end in a selection, so that much of what comes before is not wanted.
const SELECTIONS: &[(&str, &str)] = &[
    ("engineer,impute=constant:-1,encode=native:2,encode=frequency", "select=mutual_information:3"),
    (
        "engineer,clip,impute=median:indicator,encode=one_hot:2,scale=quantile",
        "select=mutual_information:5",
    ),
    ("engineer,clip=missing,encode=ordinal,log1p,scale=robust", "select=mutual_information:2"),
];

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-50i32..50).prop_map(|value| f64::from(value) / 4.0),
        2 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
    ]
}

fn word() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        1 => Just(None),
        8 => "[a-d]".prop_map(Some),
        1 => Just(Some("<rare>".to_owned())),
        1 => Just(Some("missing".to_owned())),
        1 => any::<String>().prop_map(Some),
    ]
}

type Row = (f64, f64, f64, Option<String>, Option<String>);

fn rows(least: usize) -> impl Strategy<Value = Rows> {
    let row = (number(), number(), number(), word(), word());
    prop::collection::vec(row, least..30).prop_map(|rows| {
        let numbers = |pick: fn(&Row) -> f64| Column::numeric(rows.iter().map(pick).collect());
        let proto: Vec<Option<String>> = rows.iter().map(|row| row.3.clone()).collect();
        let service: Vec<Option<String>> = rows.iter().map(|row| row.4.clone()).collect();
        Rows::new(vec![
            ("sbytes".to_owned(), numbers(|row| row.0)),
            ("proto".to_owned(), Column::category(&proto)),
            ("dbytes".to_owned(), numbers(|row| row.1)),
            ("proto=a".to_owned(), numbers(|row| row.2)),
            ("service".to_owned(), Column::category(&service)),
        ])
        .unwrap()
    })
}

/// Values as they are compared: bits of numbers, text of categories.
fn cells(rows: &Rows, row: usize) -> Vec<String> {
    rows.columns()
        .iter()
        .map(|column| match column {
            Column::Numeric(values) if values[row].is_nan() => "NaN".to_owned(),
            Column::Numeric(values) => format!("{:x}", values[row].to_bits()),
            Column::Category(category) => format!("{:?}", category.value(row)),
        })
        .collect()
}

fn fit(recipe: &str, rows: &Rows) -> Option<Preparer> {
    let classes = vec!["benign".to_owned(), "dos".to_owned(), "scan".to_owned()];
    let codes = (0..rows.len() as u32).map(|row| row * 7 % 3).collect();
    let labels = Labels::new(classes, codes).unwrap();
    let context = PrepareContext { labels: Some(&labels), ..PrepareContext::default() };
    // A recipe may leave nothing of a handful of rows: that is an error, and no panic.
    Recipe::parse(recipe).unwrap().fit(rows, &context).ok().map(|fitted| fitted.preparer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_rows_are_prepared_as_their_rows_one_by_one(
        training in rows(1),
        scoring in rows(0),
        recipe in prop::sample::select(RECIPES),
    ) {
        let Some(preparer) = fit(recipe, &training) else { return Ok(()) };
        let batch = preparer.apply(&scoring).unwrap();
        prop_assert_eq!(batch.rows.len(), scoring.len());
        prop_assert_eq!(batch.rows.schema().as_ref(), preparer.output());
        let mut merged = tripline_features::PrepareReport::default();
        for row in 0..scoring.len() {
            let one = preparer.apply(&scoring.select(&[row])).unwrap();
            prop_assert_eq!(cells(&one.rows, 0), cells(&batch.rows, row));
            merged.merge(&one.report);
        }
        let sorted = |report: &tripline_features::PrepareReport| {
            let mut entries: Vec<String> =
                report.entries().iter().map(|entry| format!("{entry:?}")).collect();
            entries.sort();
            entries
        };
        prop_assert_eq!(sorted(&merged), sorted(&batch.report));
    }

    #[test]
    fn a_selection_changes_no_column_that_it_keeps(
        training in rows(1),
        scoring in rows(1),
        (before, selection) in prop::sample::select(SELECTIONS),
    ) {
        let all = fit(before, &training).unwrap();
        let some = fit(&format!("{before},{selection}"), &training).unwrap();
        let some = Preparer::load(&some.save()).unwrap();
        let all = all.apply(&scoring).unwrap().rows;
        let some = some.apply(&scoring).unwrap().rows;
        let names: Vec<&str> = some.schema().names().collect();
        let all = all.project(&names).unwrap();
        for row in 0..scoring.len() {
            prop_assert_eq!(cells(&all, row), cells(&some, row));
        }
    }

    #[test]
    fn saving_then_loading_keeps_every_bit(
        training in rows(1),
        scoring in rows(1),
        recipe in prop::sample::select(RECIPES),
    ) {
        let Some(preparer) = fit(recipe, &training) else { return Ok(()) };
        let bytes = preparer.save().to_bytes();
        let loaded = Preparer::load(&State::from_bytes(&bytes).unwrap()).unwrap();
        prop_assert_eq!(loaded.save().to_bytes(), bytes);
        prop_assert_eq!(loaded.input(), preparer.input());
        prop_assert_eq!(loaded.output(), preparer.output());
        prop_assert_eq!(loaded.sources(), preparer.sources());
        let (a, b) = (preparer.apply(&scoring).unwrap(), loaded.apply(&scoring).unwrap());
        for row in 0..scoring.len() {
            prop_assert_eq!(cells(&a.rows, row), cells(&b.rows, row));
        }
    }

    #[test]
    fn fitting_twice_gives_the_same_bytes(
        training in rows(1),
        recipe in prop::sample::select(RECIPES),
    ) {
        let bytes = || fit(recipe, &training).map(|preparer| preparer.save().to_bytes());
        prop_assert_eq!(bytes(), bytes());
    }

    #[test]
    fn a_damaged_state_is_an_error_or_a_preparer_that_answers(
        training in rows(1),
        recipe in prop::sample::select(RECIPES),
        position: usize,
        byte: u8,
    ) {
        let Some(preparer) = fit(recipe, &training) else { return Ok(()) };
        let mut bytes = preparer.save().to_bytes();
        let position = position % bytes.len();
        bytes[position] = byte;
        let Ok(state) = State::from_bytes(&bytes) else { return Ok(()) };
        let Ok(damaged) = Preparer::load(&state) else { return Ok(()) };
        let filled = damaged.with_missing_columns(MissingColumns::Fill);
        let _ = filled.apply(&training);
    }

    #[test]
    fn the_dictionary_of_the_data_set_tells_nothing_beyond_the_training_rows(
        training in rows(4),
        recipe in prop::sample::select(RECIPES),
    ) {
        let half: Vec<usize> = (0..training.len() / 2).collect();
        let selected = training.select(&half);
        let alone: Vec<(String, Column)> = selected
            .clone()
            .into_columns()
            .into_iter()
            .map(|(name, column)| match &column {
                Column::Numeric(_) => (name, column),
                Column::Category(category) => {
                    let values: Vec<Option<&str>> =
                        (0..half.len()).map(|row| category.value(row)).collect();
                    (name, Column::category(&values))
                }
            })
            .collect();
        let alone = Rows::new(alone).unwrap();
        let bytes = |rows: &Rows| fit(recipe, rows).map(|preparer| preparer.save().to_bytes());
        prop_assert_eq!(bytes(&selected), bytes(&alone));
    }

    #[test]
    fn one_hot_columns_give_the_category_back(training in rows(1)) {
        let preparer = fit("encode=one_hot", &training).unwrap();
        let prepared = preparer.apply(&training).unwrap().rows;
        for (position, field) in training.schema().fields().iter().enumerate() {
            let Column::Category(category) = &training.columns()[position] else { continue };
            prop_assert!(matches!(field.kind, FieldKind::Category(_)));
            let input = preparer.input().position(&field.name).unwrap();
            let hot: Vec<usize> = (0..prepared.width())
                .filter(|&j| preparer.sources()[j] == [input])
                .collect();
            for row in 0..training.len() {
                let ones: Vec<usize> = hot
                    .iter()
                    .copied()
                    .filter(|&j| matches!(&prepared.columns()[j], Column::Numeric(v) if v[row] == 1.0))
                    .collect();
                prop_assert_eq!(ones.len(), 1);
                let name = &preparer.output().fields()[ones[0]].name;
                let value = category.value(row).unwrap_or("<missing>");
                let expected = format!("{}={value}", field.name);
                prop_assert_eq!(name.trim_end_matches('\''), expected.trim_end_matches('\''));
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let count = 20_000;
    let mut rng = tripline_core::Rng::new(5);
    let mut columns: Vec<(String, Column)> = (0..6)
        .map(|j| {
            let values = (0..count).map(|_| rng.normal() * 10.0 + f64::from(j)).collect();
            (format!("x{j}"), Column::numeric(values))
        })
        .collect();
    let values: Vec<String> = (0..40).map(|i| format!("v{i:02}")).collect();
    let codes = (0..count).map(|_| rng.below(40) as u32).collect();
    columns.push((
        "proto".to_owned(),
        Column::Category(Category { codes: Arc::new(codes), values: Arc::new(values) }),
    ));
    let rows = Rows::new(columns).unwrap();
    for recipe in RECIPES {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let preparer = fit(recipe, &rows).unwrap();
                let prepared = preparer.apply(&rows).unwrap().rows;
                let last = cells(&prepared, count - 1);
                (preparer.save().to_bytes(), cells(&prepared, 0), last)
            })
        };
        assert!(run(1) == run(5), "{recipe}");
    }
}
