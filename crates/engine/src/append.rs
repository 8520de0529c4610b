//! Two labelled data sets as one, in the columns of the first.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;
use tripline_core::{Category, Column, Dataset, Labels, Rows, Source};

use crate::error::EngineError;

/// The rows of `first`, then those of `further` in the columns of `first`: a column that `further`
/// lacks is missing there. Both have labels; the benign class of `first` is that of the whole.
///
/// # Errors
/// One of both has no labels, or a column differs in kind.
pub fn appended(first: Dataset, further: Dataset) -> Result<Dataset, EngineError> {
    let labels = |data: &Dataset| data.labels.clone().ok_or_else(|| EngineError::no_labels(data));
    let (own, others) = (labels(&first)?, labels(&further)?);
    let rows = first.len() + further.len();
    let frame = |source| EngineError::Frame { file: further.source.name.clone(), source };
    let mut columns = Vec::with_capacity(first.rows.width());
    for (field, column) in first.rows.schema().fields().iter().zip(first.rows.columns()) {
        let other = further.rows.column(&field.name);
        let joined = match (column, other) {
            (Column::Numeric(values), other) => {
                let mut values = values.as_ref().clone();
                match other {
                    Some(Column::Numeric(more)) => values.extend_from_slice(more),
                    _ => values.resize(rows, f64::NAN),
                }
                Column::numeric(values)
            }
            (Column::Category(category), Some(Column::Category(more))) => {
                Column::Category(together(category, more))
            }
            (Column::Category(category), _) => {
                let mut codes = category.codes.as_ref().clone();
                codes.resize(rows, Category::MISSING);
                Column::Category(Category { codes: codes.into(), values: category.values.clone() })
            }
        };
        columns.push((field.name.clone(), joined));
    }
    let benign = own.classes().first().cloned().unwrap_or_default();
    let mut names: Vec<&str> = (0..own.len()).map(|row| own.class(row)).collect();
    for row in 0..others.len() {
        // Names that differ in case alone are one class.
        let name = match others.is_attack(row) {
            false => benign.as_str(),
            true => {
                let name = others.class(row);
                let known = own.classes().iter().skip(1).find(|c| c.eq_ignore_ascii_case(name));
                known.map_or(name, String::as_str)
            }
        };
        names.push(name);
    }
    let time = match (&first.time, &further.time) {
        (Some(own), Some(more)) => {
            let mut all = own.as_ref().clone();
            all.extend_from_slice(more);
            Some(Arc::new(all))
        }
        _ => None,
    };
    let digest = Sha256::new()
        .chain_update(first.source.sha256.as_bytes())
        .chain_update(further.source.sha256.as_bytes());
    let source = Source {
        name: format!("{} with {}", first.source.name, further.source.name),
        layout: first.source.layout.clone(),
        sha256: hexadecimal(digest.finalize()),
        bytes: first.source.bytes + further.source.bytes,
        rows: rows as u64,
        bad_records: first.source.bad_records + further.source.bad_records,
    };
    let labels = Labels::from_names(&names, &benign);
    let notes = first.notes.iter().chain(&further.notes).cloned().collect();
    let rows = Rows::new(columns).map_err(frame)?;
    Ok(Dataset { rows, labels: Some(labels), time, source: Arc::new(source), notes })
}

/// Values of both, the dictionary of the first before what is new.
fn together(first: &Category, further: &Category) -> Category {
    let mut values = first.values.as_ref().clone();
    let mut place: HashMap<String, u32> = values.iter().cloned().zip(0u32..).collect();
    let table: Vec<u32> = further
        .values
        .iter()
        .map(|value| {
            *place.entry(value.clone()).or_insert_with(|| {
                values.push(value.clone());
                values.len() as u32 - 1
            })
        })
        .collect();
    let mut codes = first.codes.as_ref().clone();
    let code = |code: &u32| table.get(*code as usize).copied().unwrap_or(Category::MISSING);
    codes.extend(further.codes.iter().map(code));
    Category { codes: Arc::new(codes), values: Arc::new(values) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(name: &str, classes: &[&str], columns: Vec<(&str, Column)>) -> Dataset {
        let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column));
        let rows = Rows::new(columns.collect()).unwrap();
        let source = Source {
            name: name.to_owned(),
            layout: "table".to_owned(),
            sha256: name.to_owned(),
            bytes: 1,
            rows: rows.len() as u64,
            bad_records: 0,
        };
        Dataset {
            rows,
            labels: Some(Labels::from_names(classes, classes[0])),
            time: None,
            source: Arc::new(source),
            notes: Vec::new(),
        }
    }

    #[test]
    fn columns_and_classes_follow_the_first() {
        let first = data(
            "a",
            &["Normal", "DoS"],
            vec![
                ("x", Column::numeric(vec![1.0, 2.0])),
                ("p", Column::category(&[Some("tcp"), Some("udp")])),
            ],
        );
        let second = data(
            "b",
            &["benign", "dos", "worm"],
            vec![("p", Column::category(&[Some("udp"), Some("icmp"), None]))],
        );
        let whole = appended(first, second).unwrap();
        assert_eq!(whole.len(), 5);
        let Some(Column::Numeric(x)) = whole.rows.column("x") else { panic!("numeric") };
        assert_eq!(x[..2], [1.0, 2.0]);
        assert!(x[2..].iter().all(|value| value.is_nan()));
        let Some(Column::Category(p)) = whole.rows.column("p") else { panic!("category") };
        let values: Vec<Option<&str>> = (0..5).map(|row| p.value(row)).collect();
        assert_eq!(values, [Some("tcp"), Some("udp"), Some("udp"), Some("icmp"), None]);
        let labels = whole.labels.unwrap();
        let classes: Vec<&str> = (0..5).map(|row| labels.class(row)).collect();
        assert_eq!(classes, ["Normal", "DoS", "Normal", "DoS", "worm"]);
        assert_eq!(whole.source.rows, 5);
    }
}
