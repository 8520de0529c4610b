//! The feature store: what was known at a time, and nothing that came later.

use std::collections::BTreeMap;

use serde::Deserialize;
use tripline_store::records::{FeatureRow, FeatureView};
use tripline_store::{MetadataError, Timestamp};

use super::{Metadata, at, change, each};

fn view(features: &[&str], time_to_live: Option<i64>) -> FeatureView {
    FeatureView {
        name: "hosts".to_owned(),
        features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        time_to_live,
    }
}

fn row(entity: &str, second: i64, values: &[(&str, f64)]) -> FeatureRow {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    FeatureRow { entity: entity.to_owned(), at: at(second), values }
}

async fn value(store: &dyn Metadata, entity: &str, at: Timestamp, feature: &str) -> Option<f64> {
    let points = [(entity.to_owned(), at)];
    let row = store.features_as_of("hosts", &points).await.unwrap().remove(0);
    row.map(|row| row.values[feature])
}

#[test]
fn whoever_stores_rows_stands_in_the_trail() {
    each(async |store| {
        store.define_view(&view(&["a"], None), &change(1)).await.unwrap();
        let rows: Vec<_> = (0..200).map(|n| row(["x", "y"][n % 2], n as i64, &[])).collect();
        store.put_features("hosts", &rows, &change(2)).await.unwrap();
        let entry = store.entries_from(2, 10).await.unwrap().remove(0);
        assert_eq!((entry.action.as_str(), entry.object.as_str()), ("features.put", "hosts"));
        assert_eq!((entry.actor, entry.request), (change(2).actor, change(2).request));
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap();
        let expected = serde_json::json!({ "rows": 200, "entities": 2,
            "first_micros": at(0).0, "last_micros": at(199).0 });
        assert_eq!(detail, expected);
        // What is refused changes nothing, so no entry says that it did.
        store.put_features("hosts", &[row("", 1, &[])], &change(3)).await.unwrap_err();
        assert_eq!(store.head().await.unwrap().unwrap().sequence, 2);
    });
}

/// What pandas found.
#[derive(Deserialize)]
struct Expected {
    rows: Vec<(String, i64, f64)>,
    points: Vec<(String, i64)>,
    tolerance: i64,
    /// Time and value of the row that each point sees.
    unbounded: Vec<Option<(i64, f64)>>,
    within_tolerance: Vec<Option<(i64, f64)>>,
}

#[test]
fn as_of_agrees_with_merge_asof() {
    // pandas 3.1.1, seed 0: bench/oracles/as_of.py
    let text = include_str!("../../data/as_of.json");
    let expected: Expected = serde_json::from_str(text).unwrap();
    assert!(expected.points.len() > 2000 && expected.unbounded.iter().any(Option::is_none));
    each(async |store| {
        store.define_view(&view(&["bytes"], None), &change(0)).await.unwrap();
        let rows: Vec<_> = expected
            .rows
            .iter()
            .map(|(entity, at, value)| FeatureRow {
                entity: entity.clone(),
                at: Timestamp(*at),
                values: BTreeMap::from([("bytes".to_owned(), *value)]),
            })
            .collect();
        store.put_features("hosts", &rows, &change(9)).await.unwrap();
        let points: Vec<_> =
            expected.points.iter().map(|(entity, at)| (entity.clone(), Timestamp(*at))).collect();
        let cases =
            [(None, &expected.unbounded), (Some(expected.tolerance), &expected.within_tolerance)];
        for (time_to_live, expected) in cases {
            store.define_view(&view(&["bytes"], time_to_live), &change(0)).await.unwrap();
            let found = store.features_as_of("hosts", &points).await.unwrap();
            let found: Vec<_> = found
                .into_iter()
                .map(|row| row.map(|row| (row.at.0, row.values["bytes"])))
                .collect();
            assert_eq!(&found, expected);
        }
    });
}

#[test]
fn a_later_value_is_not_seen_earlier() {
    each(async |store| {
        store.define_view(&view(&["a"], None), &change(0)).await.unwrap();
        let rows = [row("x", 10, &[("a", 1.0)]), row("x", 20, &[("a", 2.0)])];
        store.put_features("hosts", &rows, &change(9)).await.unwrap();
        assert_eq!(value(store, "x", at(9), "a").await, None);
        assert_eq!(value(store, "x", at(10), "a").await, Some(1.0));
        assert_eq!(value(store, "x", Timestamp(at(20).0 - 1), "a").await, Some(1.0));
        assert_eq!(value(store, "x", at(20), "a").await, Some(2.0));
        assert_eq!(value(store, "y", at(20), "a").await, None);
        // What comes late but holds from earlier is seen from then on; the same time is replaced.
        store.put_features("hosts", &[row("x", 15, &[("a", 9.0)])], &change(9)).await.unwrap();
        store.put_features("hosts", &[row("x", 20, &[("a", 3.0)])], &change(9)).await.unwrap();
        assert_eq!(value(store, "x", at(16), "a").await, Some(9.0));
        assert_eq!(value(store, "x", at(99), "a").await, Some(3.0));
        let asked = ["x".to_owned(), "y".to_owned()];
        let online = store.latest_features("hosts", &asked, at(17)).await.unwrap();
        assert_eq!(online, [Some(row("x", 15, &[("a", 9.0)])), None]);
    });
}

#[test]
fn a_view_gets_further_features_and_old_rows_do_not_know_them() {
    each(async |store| {
        store.define_view(&view(&["b", "a"], Some(5_000_000)), &change(0)).await.unwrap();
        let old = row("x", 10, &[("a", 0.1 + 0.2), ("b", f64::NEG_INFINITY)]);
        store.put_features("hosts", std::slice::from_ref(&old), &change(9)).await.unwrap();
        store.define_view(&view(&["c"], Some(5_000_000)), &change(1)).await.unwrap();
        assert_eq!(store.views().await.unwrap(), [view(&["b", "a", "c"], Some(5_000_000))]);
        store.put_features("hosts", &[row("y", 10, &[("c", 4.0)])], &change(9)).await.unwrap();
        let points = [("x".to_owned(), at(15)), ("y".to_owned(), at(15)), ("x".to_owned(), at(16))];
        let found = store.features_as_of("hosts", &points).await.unwrap();
        let old = row("x", 10, &[("a", 0.1 + 0.2), ("b", f64::NEG_INFINITY), ("c", f64::NAN)]);
        let new = row("y", 10, &[("a", f64::NAN), ("b", f64::NAN), ("c", 4.0)]);
        assert_eq!(format!("{found:?}"), format!("{:?}", [Some(old), Some(new), None]));
    });
}

#[test]
fn what_a_view_does_not_have_is_refused() {
    each(async |store| {
        let lost = store.put_features("hosts", &[], &change(9)).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
        let lost = store.features_as_of("hosts", &[]).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
        store.define_view(&view(&["a"], None), &change(0)).await.unwrap();
        // All rows of a call or none.
        let rows = [row("x", 1, &[("a", 1.0)]), row("x", 2, &[("z", 1.0)])];
        let refused = store.put_features("hosts", &rows, &change(9)).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "values", .. })));
        assert_eq!(value(store, "x", at(9), "a").await, None);
        let refused = store.put_features("hosts", &[row("", 1, &[("a", 1.0)])], &change(9)).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "entity", .. })));
        for wrong in
            [view(&["a"], Some(0)), FeatureView { name: "Hosts!".to_owned(), ..view(&["a"], None) }]
        {
            let refused = store.define_view(&wrong, &change(0)).await;
            assert!(matches!(refused, Err(MetadataError::Invalid { .. })));
        }
        let many: Vec<_> = (0..1024).map(|number| format!("f{number}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let refused = store.define_view(&view(&many, None), &change(0)).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "features", .. })));
    });
}
