//! Missing values are handled as the card says.

use tripline_core::{Category, Column, MissingPolicy, Task};

use crate::sample::Sample;
use crate::subject::{Fit, Subject, names_column};

pub(crate) fn check(subject: &Subject) {
    let sample = subject.sample(400, 8);
    match subject.card.missing {
        MissingPolicy::Native => answers(subject, &sample),
        MissingPolicy::Reject => refuses(subject, &sample),
    }
}

fn answers(subject: &Subject, sample: &Sample) {
    let holed = holes(sample);
    let empty_column = sample.map(|name, column| match column {
        Column::Numeric(numbers) if name == "rate" => {
            Column::numeric(vec![f64::NAN; numbers.len()])
        }
        other => other,
    });
    let all_missing = sample.map(|_, column| match column {
        Column::Numeric(numbers) => Column::numeric(vec![f64::NAN; numbers.len()]),
        Column::Category(category) => Column::category::<&str>(&vec![None; category.codes.len()]),
    });
    let unseen = sample.map(|_, column| match column {
        Column::Category(category) => {
            Column::category(&vec![Some("never seen"); category.codes.len()])
        }
        numbers => numbers,
    });
    for (what, training) in
        [("whole", sample), ("holed", &holed), ("with an empty column", &empty_column)]
    {
        subject.at(&format!("fitting to a frame {what}"));
        let detector = subject.fit(training, Task::Binary);
        for (what, scored) in
            [("holed", &holed), ("all missing", &all_missing), ("of unseen categories", &unseen)]
        {
            subject.at(&format!("scoring a frame {what}"));
            subject.scores(detector.as_ref(), &scored.frame());
        }
    }
}

fn refuses(subject: &Subject, sample: &Sample) {
    let holed = sample.with_cell("duration", 2, f64::NAN);
    subject.at("fitting to a missing value");
    let training = subject.training(&holed);
    let fit = Fit { labels: subject.supervised().then_some(&training.labels), ..Fit::default() };
    names_column("a missing value", "duration", subject.try_fit(&training.frame(), fit));

    let detector = subject.fit(sample, Task::Binary);
    subject.at("scoring a missing value");
    names_column("a missing value", "duration", detector.score(&holed.frame()));
}

/// The sample with a fifth of its cells missing.
fn holes(sample: &Sample) -> Sample {
    let mut shift = 0;
    sample.map(|_, column| {
        shift += 1;
        let missing = |row: usize| (row + shift).is_multiple_of(5);
        match column {
            Column::Numeric(numbers) => Column::numeric(
                numbers
                    .iter()
                    .enumerate()
                    .map(|(row, &number)| if missing(row) { f64::NAN } else { number })
                    .collect(),
            ),
            Column::Category(category) => {
                let mut codes = category.codes.as_ref().clone();
                for (row, code) in codes.iter_mut().enumerate() {
                    if missing(row) {
                        *code = Category::MISSING;
                    }
                }
                Column::Category(Category { codes: codes.into(), values: category.values })
            }
        }
    })
}
