//! Attributions sum to the output.

use tripline_core::{
    Detector, Explain, ExplainError, ExplainMethod, ExplainOptions, Frame, Link, Task,
};

use crate::subject::{Subject, names_column};

/// Rounding of a sum over a few thousand parts; far below what a person could see.
const TOLERANCE: f64 = 1e-6;

pub(crate) fn check(subject: &Subject) {
    if !subject.card.abilities.explain {
        return;
    }
    let sample = subject.sample(400, 16);
    let probe = subject.sample(60, 17);
    let background = subject.sample(25, 18).frame();
    let detector = subject.fit(&sample, Task::Binary);
    let explain = detector.explain().expect("the card says that it explains");
    let methods = [
        ("by default", ExplainMethod::PathDependent),
        ("over a background", ExplainMethod::Interventional { background: &background }),
    ];
    for (what, method) in methods {
        subject.at(&format!("explaining {what}"));
        let options = ExplainOptions { method, class: None };
        sums(detector.as_ref(), explain, &probe.frame(), &options);
        let nothing = probe.select(&[]).frame();
        sums(detector.as_ref(), explain, &nothing, &options);
        let others: Vec<&str> = probe.rows.schema().names().skip(1).collect();
        let without = Frame::Rows(probe.rows.project(&others).expect("columns that are there"));
        let first = probe.rows.schema().fields()[0].name.as_str();
        names_column("a missing column", first, explain.attributions(&without, &options));
    }

    subject.at("explaining over an empty background");
    let nothing = sample.select(&[]).frame();
    let method = ExplainMethod::Interventional { background: &nothing };
    let outcome = explain.attributions(&probe.frame(), &ExplainOptions { method, class: None });
    assert!(outcome.is_err(), "an empty background gives an answer");

    subject.at("explaining a class that is not there");
    let options = ExplainOptions { class: Some(99), ..ExplainOptions::default() };
    assert!(explain.attributions(&probe.frame(), &options).is_err(), "class 99 is explained");

    subject.at("explaining pairs of columns");
    match explain.interactions(&probe.frame(), &ExplainOptions::default()) {
        Err(ExplainError::Unsupported { .. }) => {}
        Err(error) => panic!("{error}"),
        Ok(pairs) => {
            let width = pairs.features.len();
            assert_eq!(pairs.values.len(), pairs.outputs.len() * width * width);
            for (row, &output) in pairs.outputs.iter().enumerate() {
                let parts = &pairs.values[row * width * width..(row + 1) * width * width];
                close("pairs", row, output, pairs.base, parts);
            }
        }
    }

    if subject.card.abilities.multiclass {
        let detector = subject.fit(&sample, Task::Multiclass);
        let explain = detector.explain().expect("the card says that it explains");
        for class in 0..3 {
            subject.at(&format!("explaining class {class}"));
            let options = ExplainOptions { class: Some(class), ..ExplainOptions::default() };
            match explain.attributions(&probe.frame(), &options) {
                Ok(parts) => {
                    for (row, &output) in parts.outputs.iter().enumerate() {
                        close("a class", row, output, parts.base, parts.row(row));
                    }
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn sums(
    detector: &dyn Detector,
    explain: &dyn Explain,
    frame: &Frame,
    options: &ExplainOptions<'_>,
) {
    let parts = match explain.attributions(frame, options) {
        Ok(parts) => parts,
        Err(ExplainError::Unsupported { .. })
            if !matches!(options.method, ExplainMethod::PathDependent) =>
        {
            return;
        }
        Err(error) => panic!("no explanation: {error}"),
    };
    let names: Vec<&str> = detector.schema().names().collect();
    assert_eq!(parts.features, names, "the columns explained are not the detector's");
    assert_eq!(parts.outputs.len(), frame.len(), "not one output for each row");
    assert_eq!(parts.values.len(), frame.len() * names.len(), "not one part for each cell");
    for (row, &output) in parts.outputs.iter().enumerate() {
        close("parts", row, output, parts.base, parts.row(row));
    }
    if parts.link == detector.link() && parts.link != Link::Rank {
        let scores = detector.score(frame).expect("rows that were explained");
        for (row, (output, score)) in parts.outputs.iter().zip(&scores).enumerate() {
            let gap = (output - score).abs();
            assert!(
                gap <= TOLERANCE * score.abs().max(1.0),
                "row {row}: the output explained is {output}, the score {score}"
            );
        }
    }
}

fn close(what: &str, row: usize, output: f64, base: f64, parts: &[f64]) {
    let sum = base + parts.iter().sum::<f64>();
    let scale = parts.iter().fold(base.abs().max(output.abs()), |scale, p| scale.max(p.abs()));
    assert!(
        (output - sum).abs() <= TOLERANCE * scale.max(1.0),
        "row {row}: {what} sum to {sum}, the output is {output}"
    );
}
