//! Why an event is a detection: what each column adds, and how the sum becomes the score.

use maud::{Markup, html};
use tripline_assess::plot::{Figure, Part, Parts, Width, signed, waterfall};

use super::super::parts::{figure, panel, text_panel};
use super::sums::{Reading, sums};

/// Columns drawn one by one; the others are one bar.
const DRAWN: usize = 10;
/// Reasons put into words.
const IN_WORDS: usize = 6;

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reason {
    /// The column.
    pub(crate) feature: String,
    /// Its value.
    pub(crate) value: String,
    /// What it adds.
    pub(crate) effect: f64,
    /// What benign events have.
    pub(crate) typical: String,
    /// All of it in words.
    pub(crate) text: String,
}

/// Why it is a detection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Why {
    /// The output without any column.
    pub(crate) base: Option<f64>,
    /// The output.
    pub(crate) output: Option<f64>,
    /// Its unit.
    pub(crate) unit: String,
    /// Largest effect first.
    pub(crate) reasons: Vec<Reason>,
}

/// The panel.
pub(crate) fn panel_of(why: Option<&Why>, reading: &Reading) -> Markup {
    let Some(why) = why.filter(|why| !why.reasons.is_empty()) else {
        return text_panel(
            "Why",
            &html! {
                p { "The request did not ask for reasons. Send " code { "?reasons=over_threshold" }
                    " with it, and they are stored with the detection." }
            },
        );
    };
    let parts = why.base.zip(why.output).map(|(base, output)| Parts {
        base,
        output,
        unit: why.unit.clone(),
        parts: drawn(why, base, output),
    });
    let axis = reading.link.axis();
    panel(
        "Why",
        &html! { span.dim { "what each column adds to " (axis) } },
        &html! {
            div.body {
                @if let Some(parts) = &parts {
                    (figure(&named(waterfall(parts, DRAWN, Width::Wide), &axis), "wide"))
                    (figure(&named(waterfall(parts, DRAWN, Width::Narrow), &axis), "thin"))
                    (sums(parts, reading))
                }
                h3 { "In words" }
                ul.reasons {
                    @for reason in why.reasons.iter().take(IN_WORDS) {
                        li.up[reason.effect > 0.0] { (sentence(&reason.text)) "." }
                    }
                }
            }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "Column" } th.n scope="col" { "Value" }
                        th.m scope="col" { "Most benign events" } th.n scope="col" { "Effect" }
                    } }
                    tbody {
                        @for reason in &why.reasons {
                            tr {
                                th scope="row" { code { (reason.feature) } }
                                td.n { (reason.value) }
                                td.m.dim { (typical(&reason.typical)) }
                                td.n { (signed(reason.effect)) }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The drawing calls what it ends at a score; where it is another quantity, it is called by name.
fn named(mut figure: Figure, axis: &str) -> Figure {
    if axis != "score" {
        let name = escaped(axis);
        figure.svg = figure
            .svg
            .replace(">score (score points)<", &format!(">{name}<"))
            .replace(">score (", &format!(">{name} ("))
            .replace(">score ", ">output ")
            .replace("What made this score", "What made this output");
        figure.caption = figure.caption.replace("the score without", "the output without");
    }
    figure
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What benign events have; the heading says already whose values these are.
pub(crate) fn typical(text: &str) -> &str {
    text.strip_prefix("benign rows: ").unwrap_or(text)
}

/// The reasons as parts; where only the largest were stored, the others are one part, so that the
/// drawing ends at the output.
fn drawn(why: &Why, base: f64, output: f64) -> Vec<Part> {
    let mut parts: Vec<Part> = why
        .reasons
        .iter()
        .map(|reason| Part {
            name: format!("{} = {}", reason.feature, reason.value),
            value: reason.effect,
        })
        .collect();
    let rest = output - base - parts.iter().map(|part| part.value).sum::<f64>();
    if rest.abs() > 1e-6 * output.abs().max(1.0) {
        parts.push(Part { name: "columns not stored".to_owned(), value: rest });
    }
    parts
}

/// A sentence whose names stand between backticks.
pub(crate) fn sentence(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sums::{Calibration, Link};
    use super::*;

    fn shown(link: Link, output: f64, score: f64) -> String {
        let reasons = vec![Reason {
            feature: "sttl".to_owned(),
            value: "254".to_owned(),
            effect: 1.25,
            typical: "benign rows: 31".to_owned(),
            text: "`sttl` = 254 raises it".to_owned(),
        }];
        let why = Why {
            base: Some(-2.0),
            output: Some(output),
            unit: "score points".to_owned(),
            reasons,
        };
        let reading = Reading {
            link,
            calibration: Some(Calibration::Sigmoid { slope: 1.5, offset: -0.25 }),
            score,
            threshold: 1.5,
            probability: 0.9,
        };
        panel_of(Some(&why), &reading).into_string()
    }

    #[test]
    fn the_parts_of_a_softmax_lead_to_its_score() {
        let link = Link::Softmax { benign: "<normal>".to_owned(), others: 6 };
        let text = shown(link, -0.375, 6.5);
        assert!(text.contains("minus the margin of &lt;normal&gt;"), "{text}");
        assert!(!text.contains(">score \u{2212}0.375<"), "the output is not the score");
        // −2 + 1.625 = −0.375, + 6.875 = 6.5.
        for number in ["+1.625", "\u{2212}0.375", "+6.875", ">6.5<", "1.5 × score \u{2212} 0.25"] {
            assert!(text.contains(number), "{number}: {text}");
        }
    }

    #[test]
    fn other_links_say_what_the_axis_is() {
        let text = shown(Link::Same, 0.5, 0.5);
        assert!(text.contains(">score 0.5<") && !text.contains("where the drawing ends"), "{text}");
        let text = shown(Link::PathLength { typical: 8.0 }, -4.0, 0.707);
        assert!(text.contains("over 8, the typical path length"), "{text}");
        let text = shown(Link::Rises, 3.0, 40.0);
        assert!(text.contains("do not add up to it"), "{text}");
    }
}
