//! Frames that no one wishes to see give an error or an answer, never a panic.

use tripline_core::{Column, Frame, Input, MissingPolicy, Rows, Task};

use crate::sample::Sample;
use crate::subject::{Fit, Subject, names_column};

pub(crate) fn check(subject: &Subject) {
    let sample = subject.sample(240, 9);
    training(subject, &sample);
    scoring(subject, &sample);
}

fn training(subject: &Subject, sample: &Sample) {
    let numbers = |value: fn(usize, f64) -> f64| {
        sample.map(|_, column| match column {
            Column::Numeric(old) => Column::numeric(
                old.iter().enumerate().map(|(row, &number)| value(row, number)).collect(),
            ),
            category => category,
        })
    };
    let distinct: Vec<String> = (0..sample.labels.len()).map(|row| format!("id-{row}")).collect();
    let distinct: Vec<Option<&str>> = distinct.iter().map(|name| Some(name.as_str())).collect();
    let repeated: Vec<usize> = (0..600).map(|i| i / 50).collect();
    let cases = [
        ("of no rows", sample.select(&[])),
        ("of one row", sample.select(&[1])),
        ("of two rows", sample.select(&[0, 1])),
        ("of a row in each class", sample.select(&[0, 1, 4])),
        ("of repeated rows", sample.select(&repeated)),
        ("of one row many times", {
            let mut same = sample.select(&[1; 240]);
            same.labels = sample.labels.clone();
            same
        }),
        ("of constant columns", numbers(|_, _| 3.0)),
        ("of zeros", numbers(|_, _| 0.0)),
        ("of huge numbers", numbers(|row, x| if row % 7 == 0 { 1e300 } else { x })),
        ("of huge numbers of both signs", numbers(|row, x| x * [1e300, -1e300][row % 2])),
        ("of the largest numbers", numbers(|row, _| [f64::MAX, f64::MIN][row % 2])),
        ("of tiny numbers", numbers(|_, x| x * 1e-300)),
        ("of a distant offset", numbers(|_, x| x + 1e15)),
        ("of infinities", numbers(|row, x| [x, f64::INFINITY, f64::NEG_INFINITY][row / 2 % 3])),
        (
            "of a category for each row",
            sample.map(|_, column| match column {
                Column::Category(_) => Column::category(&distinct),
                numbers => numbers,
            }),
        ),
    ];
    for (what, hostile) in &cases {
        subject.at(&format!("fitting to a frame {what}"));
        let training = subject.training(hostile);
        let fit =
            Fit { labels: subject.supervised().then_some(&training.labels), ..Fit::default() };
        if let Ok(detector) = subject.try_fit(&training.frame(), fit) {
            subject.at(&format!("scoring after fitting to a frame {what}"));
            subject.scores(detector.as_ref(), &sample.frame());
        }
    }

    subject.at("fitting to no columns");
    let none = Frame::Rows(Rows::new(Vec::new()).expect("no columns"));
    assert!(subject.try_fit(&none, Fit::default()).is_err(), "a frame of no columns is fitted");
    subject.at("fitting to byte strings");
    let bytes = Frame::Bytes(vec![b"GET /".to_vec(); 10]);
    assert!(subject.try_fit(&bytes, Fit::default()).is_err(), "byte strings are fitted");

    if subject.card.input != Input::Mixed {
        subject.at("fitting to a category");
        let training = subject.training(&as_category(sample, "packets"));
        let fit =
            Fit { labels: subject.supervised().then_some(&training.labels), ..Fit::default() };
        names_column("a category", "packets", subject.try_fit(&training.frame(), fit));
    }
}

fn scoring(subject: &Subject, sample: &Sample) {
    let detector = subject.fit(sample, Task::Binary);
    let detector = detector.as_ref();

    subject.at("scoring no rows");
    assert!(subject.scores(detector, &sample.select(&[]).frame()).is_empty());

    subject.at("scoring byte strings");
    assert!(detector.score(&Frame::Bytes(vec![vec![0]])).is_err(), "byte strings are scored");

    for (name, _) in sample.rows.clone().into_columns() {
        subject.at(&format!("scoring without column `{name}`"));
        let others: Vec<&str> = sample.rows.schema().names().filter(|&n| n != name).collect();
        let without = sample.rows.project(&others).expect("columns that are there");
        names_column("a missing column", &name, detector.score(&Frame::Rows(without)));

        subject.at(&format!("scoring column `{name}` of the other kind"));
        let other = match sample.rows.column(&name) {
            Some(Column::Category(_)) => sample.map(|n, column| {
                if n == name { Column::numeric(vec![1.0; column.len()]) } else { column }
            }),
            _ => as_category(sample, &name),
        };
        names_column("a column of the other kind", &name, detector.score(&other.frame()));
    }

    for value in [1e300, -1e300, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -0.0] {
        subject.at(&format!("scoring {value:e}"));
        subject.scores(detector, &sample.with_cell("packets", 1, value).frame());
        let all = sample.map(|_, column| match column {
            Column::Numeric(numbers) => Column::numeric(vec![value; numbers.len()]),
            category => category,
        });
        subject.scores(detector, &all.frame());
    }
    for value in [f64::INFINITY, f64::NEG_INFINITY] {
        subject.at(&format!("scoring {value}"));
        let frame = sample.with_cell("packets", 1, value).frame();
        match subject.card.missing {
            MissingPolicy::Native => {
                subject.scores(detector, &frame);
            }
            // Such a method may refuse infinities too, by name.
            MissingPolicy::Reject => match detector.score(&frame) {
                Ok(_) => {
                    subject.scores(detector, &frame);
                }
                refused => names_column("an infinity", "packets", refused),
            },
        }
    }
}

/// The sample with one numeric column as text.
fn as_category(sample: &Sample, column: &str) -> Sample {
    sample.map(|name, values| match values {
        Column::Numeric(numbers) if name == column => {
            let texts: Vec<String> = numbers.iter().map(|number| format!("{number:.0}")).collect();
            let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
            Column::category(&texts)
        }
        other => other,
    })
}
