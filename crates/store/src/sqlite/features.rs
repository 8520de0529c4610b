//! The feature store: rows by entity and time.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::check::{invalid, label, name, not_found};
use super::measured;
use super::row::{column, count, damaged, json as from_json, maybe_time, to_json};
use crate::metadata::{Features, Result};
use crate::records::{Change, FeatureRow, FeatureView};
use crate::time::Timestamp;

/// Features of a view at most.
const MAX_FEATURES: usize = 1024;

/// Points that are looked up by one statement.
const POINTS: usize = 2000;

/// A view with its number.
struct View {
    number: i64,
    features: Vec<String>,
    time_to_live: Option<i64>,
}

#[async_trait]
impl Features for Sqlite {
    async fn define_view(&self, view: &FeatureView, change: &Change) -> Result<()> {
        name("name", &view.name)?;
        for feature in &view.features {
            label("features", feature)?;
        }
        if let Some(life) = view.time_to_live.filter(|life| *life <= 0) {
            return invalid("time_to_live", "a time above 0", &life.to_string());
        }
        let mut write = self.write().await?;
        let there = sqlx::query("SELECT * FROM feature_views WHERE name = ?").bind(&view.name);
        let there = write.one(there).await?.as_ref().map(read_view).transpose()?;
        // A feature keeps its place, by which its values are stored.
        let mut features = there.map_or_else(Vec::new, |there| there.features);
        for feature in &view.features {
            if !features.contains(feature) {
                features.push(feature.clone());
            }
        }
        if features.is_empty() || features.len() > MAX_FEATURES {
            return invalid("features", "1 to 1024 names", &features.len().to_string());
        }
        let put = sqlx::query(
            "INSERT INTO feature_views (name, features, time_to_live) VALUES (?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET
             features = excluded.features, time_to_live = excluded.time_to_live",
        )
        .bind(&view.name)
        .bind(to_json(&features))
        .bind(view.time_to_live);
        write.run(put).await?;
        let detail = json!({ "features": features.len(), "time_to_live": view.time_to_live });
        write.note(change, "features.define", &view.name, detail).await?;
        write.commit().await
    }

    async fn views(&self) -> Result<Vec<FeatureView>> {
        let rows = self.all(sqlx::query("SELECT * FROM feature_views ORDER BY name")).await?;
        rows.iter()
            .map(|row| {
                let View { features, time_to_live, .. } = read_view(row)?;
                Ok(FeatureView { name: column(row, "name")?, features, time_to_live })
            })
            .collect()
    }

    async fn put_features(&self, view: &str, rows: &[FeatureRow], change: &Change) -> Result<()> {
        let known = self.view(view).await?;
        let packed = rows
            .iter()
            .map(|row| Ok((known.number, row.entity.as_str(), row.at.0, pack(&known, row)?)))
            .collect::<Result<Vec<_>>>()?;
        let mut write = self.write().await?;
        measured::add_features(&mut write, &packed).await?;
        let entities: BTreeSet<&str> = rows.iter().map(|row| row.entity.as_str()).collect();
        let times = || rows.iter().map(|row| row.at.0);
        let detail = json!({ "rows": rows.len(), "entities": entities.len(),
                             "first_micros": times().min(), "last_micros": times().max() });
        write.note(change, "features.put", view, detail).await?;
        write.commit().await
    }

    async fn latest_features(
        &self,
        view: &str,
        entities: &[String],
        now: Timestamp,
    ) -> Result<Vec<Option<FeatureRow>>> {
        // The same reading online and for training: what is known at a time.
        let points: Vec<_> = entities.iter().map(|entity| (entity.clone(), now)).collect();
        self.features_as_of(view, &points).await
    }

    async fn features_as_of(
        &self,
        view: &str,
        points: &[(String, Timestamp)],
    ) -> Result<Vec<Option<FeatureRow>>> {
        let known = self.view(view).await?;
        let mut found = Vec::with_capacity(points.len());
        for points in points.chunks(POINTS) {
            let asked: Vec<_> = points.iter().map(|(entity, at)| (entity, at.0)).collect();
            // `p.key` is the place in the list.
            let query = sqlx::query(
                "SELECT f.at AS at, f.packed AS packed FROM json_each(?1) AS p
                 LEFT JOIN feature_rows AS f
                 ON f.view = ?2 AND f.entity = p.value ->> 0 AND f.at =
                    (SELECT max(at) FROM feature_rows
                     WHERE view = ?2 AND entity = p.value ->> 0 AND at <= p.value ->> 1)
                 ORDER BY p.key",
            )
            .bind(to_json(&asked))
            .bind(known.number);
            let rows = self.all(query).await?;
            for (row, (entity, at)) in rows.iter().zip(points) {
                found.push(unpack(&known, row, entity, *at)?);
            }
        }
        Ok(found)
    }
}

impl Sqlite {
    async fn view(&self, name: &str) -> Result<View> {
        let query = sqlx::query("SELECT * FROM feature_views WHERE name = ?").bind(name);
        match self.one(query).await? {
            Some(row) => read_view(&row),
            None => not_found("feature view", name),
        }
    }
}

fn read_view(row: &SqliteRow) -> Result<View> {
    Ok(View {
        number: count(row, "number")?,
        features: from_json(row, "features")?,
        time_to_live: column(row, "time_to_live")?,
    })
}

/// The values in the order of the view's features.
fn pack(view: &View, row: &FeatureRow) -> Result<Vec<u8>> {
    label("entity", &row.entity)?;
    if let Some(unknown) = row.values.keys().find(|feature| !view.features.contains(*feature)) {
        return invalid("values", "features of the view", unknown);
    }
    let value = |feature| row.values.get(feature).copied().unwrap_or(f64::NAN);
    Ok(view.features.iter().flat_map(|feature| value(feature).to_le_bytes()).collect())
}

/// What was known of an entity at a time. A row that was stored before the view got a feature ends
/// before it: the feature is unknown.
fn unpack(
    view: &View,
    row: &SqliteRow,
    entity: &str,
    asked: Timestamp,
) -> Result<Option<FeatureRow>> {
    let Some(at) = maybe_time(row, "at")? else { return Ok(None) };
    if view.time_to_live.is_some_and(|life| asked.0.saturating_sub(at.0) > life) {
        return Ok(None);
    }
    let packed: Vec<u8> = column(row, "packed")?;
    let (values, rest) = packed.as_chunks::<8>();
    if !rest.is_empty() || values.len() > view.features.len() {
        return Err(damaged("packed", format!("{} bytes", packed.len())));
    }
    let known = values.iter().map(|bytes| f64::from_le_bytes(*bytes));
    let values = known.chain(std::iter::repeat(f64::NAN));
    let values = view.features.iter().cloned().zip(values).collect();
    Ok(Some(FeatureRow { entity: entity.to_owned(), at, values }))
}
