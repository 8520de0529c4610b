//! How one row's score comes about, part by part.

use super::axes::{Area, Axes};
use super::canvas::{Anchor, Canvas, SMALL, TEXT};
use super::number::{short, signed};
use super::scale::Scale;
use super::text::width;
use super::{Figure, Width};

/// Height of one part's line.
const ROW: f64 = 24.0;

/// What one column adds to a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The column with its value, such as `sttl = 254`.
    pub name: String,
    /// What it adds, in the unit of the score.
    pub value: f64,
}

/// A score taken apart: `base` with all `parts` is `output`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The score without any column.
    pub base: f64,
    /// The score.
    pub output: f64,
    /// The unit, such as `log-odds`.
    pub unit: String,
    /// In any order.
    pub parts: Vec<Part>,
}

impl Parts {
    /// The `limit` largest parts by size, largest first; the others in one more, so that nothing
    /// is lost from the sum.
    pub(crate) fn largest(&self, limit: usize) -> Vec<Part> {
        let mut parts: Vec<Part> =
            self.parts.iter().filter(|part| part.value.is_finite()).cloned().collect();
        parts.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then(a.name.cmp(&b.name)));
        if parts.len() > limit {
            let others = parts.split_off(limit);
            parts.push(Part {
                name: format!("{} others", others.len()),
                value: others.iter().map(|part| part.value).sum(),
            });
        }
        parts
    }
}

/// From the base value at the bottom to the score at the top, largest part last.
pub fn waterfall(parts: &Parts, limit: usize, width_of: Width) -> Figure {
    let total = width_of.units();
    let shown = parts.largest(limit);
    let names = shown.iter().map(|part| width(&part.name, TEXT)).fold(0.0, f64::max);
    let left = (names + 14.0).clamp(60.0, total * 0.42);
    let top = 30.0;
    let bottom = top + shown.len().max(1) as f64 * ROW + 4.0;
    let area = Area { left, top, right: total - 12.0, bottom };

    // From the bottom up, so that the last step ends at the output.
    let mut steps = Vec::with_capacity(shown.len());
    let mut at = parts.base;
    for part in shown.iter().rev() {
        steps.push((at, at + part.value));
        at += part.value;
    }
    steps.reverse();
    let ends = steps.iter().flat_map(|step| [step.0, step.1]).chain([parts.base, parts.output]);
    let (low, high) = ends
        .filter(|end| end.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), end| (a.min(end), b.max(end)));
    // Room for a value beside the outermost bars, in units of the scale.
    let label = shown.iter().map(|part| width(&signed(part.value), SMALL)).fold(0.0, f64::max);
    let inner = (area.right - area.left - 2.0 * (label + 8.0)).max(40.0);
    let margin = (high - low) / inner * (label + 8.0);
    let x = Scale::linear(low - margin, high + margin, area.left, area.right);
    let axes = Axes { x, y: Scale::linear(0.0, 1.0, area.bottom, area.top), area };

    let mut canvas = Canvas::new(total);
    axes.draw_x(&mut canvas, &format!("score ({})", parts.unit));
    let base = x.place(parts.base);
    canvas.line("guide", (base, area.top), (base, area.bottom));
    let output = x.place(parts.output);
    canvas.line("threshold", (output, area.top - 4.0), (output, area.top + ROW - 4.0));
    head(&mut canvas, area, (base, parts.base), (output, parts.output));
    for (i, (part, step)) in shown.iter().zip(&steps).enumerate() {
        let y = area.top + i as f64 * ROW + 4.0;
        canvas.fitted("", (left - 8.0, y + 13.0), Anchor::End, &part.name, left - 12.0);
        let (from, to) = (x.place(step.0), x.place(step.1));
        let tip = format!("{}: {} {}", part.name, signed(part.value), parts.unit);
        arrow(&mut canvas, from, to, y, ROW - 8.0, &tip);
        let text = signed(part.value);
        if part.value < 0.0 {
            canvas.text("value neg-text", (to - 5.0, y + 12.0), Anchor::End, &text);
        } else {
            canvas.text("value pos-text", (to + 5.0, y + 12.0), Anchor::Start, &text);
        }
        if i > 0 {
            // The line that hands the sum on to the step above.
            canvas.line("link", (to, y - 4.0), (to, y));
        }
    }
    let title = "What made this score";
    let reading = shown
        .iter()
        .take(5)
        .map(|part| format!("{} {}", part.name, signed(part.value)))
        .collect::<Vec<_>>()
        .join(", ");
    let caption = format!(
        "Read upwards: from {}, the score without any column, to {}.",
        short_round(parts.base),
        short_round(parts.output)
    );
    Figure {
        title: title.to_owned(),
        svg: canvas.finish(title, &reading, area.below() + 2.0),
        caption,
    }
}

/// A bar with a point in its direction: red with colour, right with shape for what raises.
pub(crate) fn arrow(canvas: &mut Canvas, from: f64, to: f64, y: f64, height: f64, tip: &str) {
    let point = (to - from).abs().min(6.0);
    let middle = y + height / 2.0;
    let (class, neck) = if to >= from { ("pos", to - point) } else { ("neg", to + point) };
    let outline = [(from, y), (neck, y), (to, middle), (neck, y + height), (from, y + height)];
    canvas.polygon(class, &outline, tip);
}

/// The names of base with output above the area, apart from each other.
fn head(canvas: &mut Canvas, area: Area, base: (f64, f64), output: (f64, f64)) {
    let texts =
        [format!("base {}", short_round(base.1)), format!("score {}", short_round(output.1))];
    let halves = [width(&texts[0], TEXT) / 2.0, width(&texts[1], TEXT) / 2.0];
    let keep = |at: f64, half: f64| at.max(area.left + half).min(area.right + 8.0 - half);
    let mut places = [keep(base.0, halves[0]), keep(output.0, halves[1])];
    let apart = halves[0] + halves[1] + 12.0;
    let (first, second) = if places[0] <= places[1] { (0, 1) } else { (1, 0) };
    if places[second] - places[first] < apart {
        let middle = (places[first] + places[second]) / 2.0;
        let low = area.left + halves[first];
        let high = area.right + 8.0 - halves[second] - apart;
        places[first] = (middle - apart / 2.0).max(low).min(high.max(low));
        places[second] = places[first] + apart;
    }
    canvas.text("tick", (places[0], area.top - 10.0), Anchor::Middle, &texts[0]);
    canvas.text("strong", (places[1], area.top - 10.0), Anchor::Middle, &texts[1]);
}

/// To three decimals: a score's further digits say nothing to a reader.
pub(crate) fn short_round(value: f64) -> String {
    short((value * 1000.0).round() / 1000.0)
}
