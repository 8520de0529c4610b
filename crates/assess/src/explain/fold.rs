//! Attributions of prepared columns, summed into the columns of the data.

use serde::Serialize;
use tripline_core::{Attributions, Schema};

/// Attributions in columns that a reader knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// As those of the model, with the columns of the data in place of prepared ones.
    pub attributions: Attributions,
    /// Where each of its columns comes from.
    pub origins: Vec<Origin>,
}

/// Where a shown column comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Origin {
    /// A column of the data, by its position; all prepared columns made from it alone are summed.
    Source(usize),
    /// A prepared column made from several columns of the data: its effect cannot be divided
    /// among these, so it stands under its own name.
    Derived {
        /// Its position among the prepared columns.
        prepared: usize,
        /// Positions of the columns of the data that it is made from.
        from: Vec<usize>,
    },
}

/// Why attributions cannot be folded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// Attributions of another number of columns than the preparation gives.
    #[error("attributions of {got} columns, the preparation gives {expected}")]
    Width {
        /// Columns that the preparation gives.
        expected: usize,
        /// Columns attributed.
        got: usize,
    },
    /// A column of the data that is not there.
    #[error("prepared column `{column}` comes from column {source_index}, the data have {columns}")]
    Source {
        /// The prepared column.
        column: String,
        /// The position that it names.
        source_index: usize,
        /// Columns of the data.
        columns: usize,
    },
}

/// Sums attributions by the columns of the data; `sources` lists for each attributed column the
/// positions in `data` that it is made from.
///
/// A shown column stands where its first prepared column stood; sums are unchanged, so what was
/// additive stays additive.
pub fn fold(
    attributions: &Attributions,
    data: &Schema,
    sources: &[Vec<usize>],
) -> Result<Folded, FoldError> {
    let width = attributions.features.len();
    if sources.len() != width {
        return Err(FoldError::Width { expected: sources.len(), got: width });
    }
    let mut origins: Vec<Origin> = Vec::new();
    let mut features: Vec<String> = Vec::new();
    let mut target = Vec::with_capacity(width);
    for (prepared, (from, name)) in sources.iter().zip(&attributions.features).enumerate() {
        if let Some(&source_index) = from.iter().find(|&&source| source >= data.len()) {
            return Err(FoldError::Source {
                column: name.clone(),
                source_index,
                columns: data.len(),
            });
        }
        let (origin, shown) = match from.as_slice() {
            [source] => (Origin::Source(*source), data.fields()[*source].name.clone()),
            _ => (Origin::Derived { prepared, from: from.clone() }, name.clone()),
        };
        let at = origins.iter().position(|known| *known == origin).unwrap_or_else(|| {
            origins.push(origin);
            features.push(shown);
            origins.len() - 1
        });
        target.push(at);
    }
    let shown = origins.len();
    let mut values = vec![0.0; attributions.outputs.len() * shown];
    for row in 0..attributions.outputs.len() {
        let sums = &mut values[row * shown..(row + 1) * shown];
        for (value, &at) in attributions.row(row).iter().zip(&target) {
            sums[at] += value;
        }
    }
    let attributions = Attributions {
        features,
        base: attributions.base,
        values,
        outputs: attributions.outputs.clone(),
        link: attributions.link,
    };
    Ok(Folded { attributions, origins })
}

#[cfg(test)]
mod tests {
    use tripline_core::{Field, FieldKind, Link};

    use super::*;

    fn schema(names: &[&str]) -> Schema {
        let fields = names
            .iter()
            .map(|name| Field { name: (*name).to_owned(), kind: FieldKind::Numeric })
            .collect();
        Schema::new(fields).unwrap()
    }

    fn attributions() -> Attributions {
        Attributions {
            features: ["proto=tcp", "proto=udp", "bytes/s", "ttl"].map(str::to_owned).into(),
            base: -1.0,
            values: vec![0.5, -0.25, 2.0, 1.0, 0.0, 0.125, -1.0, 0.5],
            outputs: vec![2.25, -1.375],
            link: Link::Logit,
        }
    }

    #[test]
    fn one_hot_columns_become_their_column_again() {
        let data = schema(&["bytes", "dur", "proto", "ttl"]);
        let sources = [vec![2], vec![2], vec![0, 1], vec![3]];
        let folded = fold(&attributions(), &data, &sources).unwrap();
        assert_eq!(folded.attributions.features, ["proto", "bytes/s", "ttl"]);
        assert_eq!(folded.attributions.values, [0.25, 2.0, 1.0, 0.125, -1.0, 0.5]);
        assert_eq!(folded.attributions.additivity_error(), 0.0);
        assert_eq!(folded.origins[1], Origin::Derived { prepared: 2, from: vec![0, 1] });
    }

    #[test]
    fn sources_that_do_not_match_are_errors() {
        let data = schema(&["a"]);
        assert_eq!(
            fold(&attributions(), &data, &[vec![0]]).unwrap_err().to_string(),
            "attributions of 4 columns, the preparation gives 1"
        );
        let sources = [vec![0], vec![0], vec![0], vec![7]];
        assert_eq!(
            fold(&attributions(), &data, &sources).unwrap_err().to_string(),
            "prepared column `ttl` comes from column 7, the data have 1"
        );
    }
}
