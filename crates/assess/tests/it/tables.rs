//! Made-up data sets.

use std::sync::Arc;

use tripline_core::{Column, Dataset, Labels, Rng, Rows, Source};

/// A data set of these columns.
pub(crate) fn dataset(columns: Vec<(&str, Column)>, labels: Option<Labels>) -> Dataset {
    let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column)).collect();
    let rows = Rows::new(columns).unwrap();
    let source = Source {
        name: "made".to_owned(),
        layout: "table".to_owned(),
        sha256: String::new(),
        bytes: 0,
        rows: rows.len() as u64,
        bad_records: 0,
    };
    Dataset { rows, labels, time: None, source: Arc::new(source), notes: Vec::new() }
}

/// The same with another source.
pub(crate) fn from_source(mut data: Dataset, name: &str, layout: &str, sha256: &str) -> Dataset {
    data.source = Arc::new(Source {
        name: name.to_owned(),
        layout: layout.to_owned(),
        sha256: sha256.to_owned(),
        ..data.source.as_ref().clone()
    });
    data
}

/// Flows of a few families whose classes overlap; a `repeat`th of the rows repeats another.
pub(crate) fn flows(rows: usize, repeat: f64, seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let (mut bytes, mut packets, mut proto, mut names) = (vec![], vec![], vec![], vec![]);
    for row in 0..rows {
        if row > 0 && rng.unit() < repeat {
            let other = rng.index(row);
            bytes.push(bytes[other]);
            packets.push(packets[other]);
            proto.push(proto[other]);
            names.push(names[other]);
            continue;
        }
        let family = rng.unit();
        let (name, shift) = match family {
            f if f < 0.6 => ("benign", 0.0),
            f if f < 0.8 => ("dos", 1.5),
            f if f < 0.95 => ("scan", 1.0),
            _ => ("worm", 2.5),
        };
        names.push(name);
        bytes.push(rng.normal() + shift);
        packets.push((3.0 * (rng.normal() + shift)).round());
        proto.push(Some(if rng.unit() < 0.3 { "udp" } else { "tcp" }));
    }
    let labels = Labels::from_names(&names, "benign");
    let columns = vec![
        ("bytes", Column::numeric(bytes)),
        ("packets", Column::numeric(packets)),
        ("proto", Column::category(&proto)),
    ];
    dataset(columns, Some(labels))
}
