//! Synthetic flows, written then read.

use tripline_core::Column;
use tripline_ingest::LAYOUTS;
use tripline_ingest::synthetic::{LAYOUT_ID, flows, write_csv};

use crate::support::from_text;

#[test]
fn a_written_file_reads_back_as_the_same_data() {
    let made = flows(5000, 9);
    let mut text = Vec::new();
    write_csv(&made, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let read = from_text(&text).unwrap();
    assert_eq!(read.source.layout, LAYOUT_ID);
    assert_eq!(read.source.bad_records, 0);
    assert_eq!(read.time, made.time);
    assert_eq!(read.labels, made.labels);
    assert!(read.rows.schema().names().eq(made.rows.schema().names()));
    for ((name, made), read) in made.rows.clone().into_columns().iter().zip(read.rows.columns()) {
        match (made, read) {
            (Column::Numeric(made), Column::Numeric(read)) => {
                let same =
                    |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                assert!(made.iter().zip(read.iter()).all(same), "{name}");
            }
            (Column::Category(made), Column::Category(read)) => {
                assert!((0..5000).all(|row| made.value(row) == read.value(row)), "{name}");
            }
            _ => panic!("{name} is read as another kind"),
        }
    }
}

#[test]
fn the_layout_lists_the_columns_that_are_written() {
    let layout = LAYOUTS.iter().find(|layout| layout.id == LAYOUT_ID).unwrap();
    let mut text = Vec::new();
    write_csv(&flows(1, 0), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().next().unwrap(), layout.columns.join(","));
}
