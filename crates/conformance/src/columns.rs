//! Columns are found by name: neither their order, nor further ones, nor a dictionary's order
//! matter.

use std::sync::Arc;

use tripline_core::{Category, Column, Frame, Rows, Task};

use crate::subject::{Subject, same};

pub(crate) fn check(subject: &Subject) {
    let detector = subject.fit(&subject.sample(400, 5), Task::Binary);
    let sample = subject.sample(300, 6);
    let scores = subject.scores(detector.as_ref(), &sample.frame());

    subject.at("scoring shuffled columns among further ones");
    let mut columns = sample.rows.clone().into_columns();
    columns.reverse();
    columns.insert(1, ("unknown number".to_owned(), Column::numeric(vec![f64::NAN; 300])));
    columns.push(("unknown category".to_owned(), Column::category::<&str>(&[None; 300])));
    let shuffled = Frame::Rows(Rows::new(columns).expect("distinct names"));
    same("with shuffled columns", &scores, &subject.scores(detector.as_ref(), &shuffled));

    subject.at("scoring categories of another dictionary");
    let renumbered = sample.map(|_, column| match column {
        Column::Category(category) => Column::Category(renumber(&category)),
        numbers => numbers,
    });
    let again = subject.scores(detector.as_ref(), &renumbered.frame());
    same("with another dictionary", &scores, &again);
}

/// The same values by a dictionary in reverse order, with an entry that no row has.
fn renumber(category: &Category) -> Category {
    let mut values: Vec<String> = category.values.iter().rev().cloned().collect();
    let last = values.len() as u32 - 1;
    values.push("never seen".to_owned());
    let codes = category
        .codes
        .iter()
        .map(|&code| if code == Category::MISSING { code } else { last - code })
        .collect();
    Category { codes: Arc::new(codes), values: Arc::new(values) }
}
