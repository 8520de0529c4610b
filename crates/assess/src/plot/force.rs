//! What pushes one row's score up against what pushes it down, on one line.

use super::axes::{Area, Axes};
use super::canvas::{Anchor, Canvas, TEXT};
use super::number::signed;
use super::scale::Scale;
use super::text::{fit, width};
use super::waterfall::{Part, Parts, arrow, short_round};
use super::{Figure, Width};

/// Rows of labels under the line.
const LEVELS: usize = 4;
/// Room for one label.
const LABEL: f64 = 190.0;

/// Parts that raise the score from the left, parts that lower it from the right; they meet at the
/// score.
pub fn force(parts: &Parts, width_of: Width) -> Figure {
    let total = width_of.units();
    let shown = parts.largest(40);
    let area = Area { left: 14.0, top: 34.0, right: total - 14.0, bottom: 66.0 };
    let sum = |sign: f64| -> f64 {
        shown.iter().map(|part| (part.value * sign).max(0.0)).sum::<f64>() * sign
    };
    let (raised, lowered) = (sum(1.0), sum(-1.0));
    let start = parts.output - raised;
    let end = parts.output - lowered;
    let x = Scale::linear(start.min(parts.base), end.max(parts.base), area.left, area.right);
    let axes = Axes { x, y: Scale::linear(0.0, 1.0, area.bottom, area.top), area };

    let mut canvas = Canvas::new(total);
    let output = x.place(parts.output);
    let mut segments: Vec<(f64, f64, &Part)> = Vec::with_capacity(shown.len());
    let (mut left, mut right) = (parts.output, parts.output);
    for part in &shown {
        if part.value >= 0.0 {
            segments.push((x.place(left - part.value), x.place(left), part));
            left -= part.value;
        } else {
            segments.push((x.place(right - part.value), x.place(right), part));
            right -= part.value;
        }
    }
    for (from, to, part) in &segments {
        let tip = format!("{}: {} {}", part.name, signed(part.value), parts.unit);
        arrow(&mut canvas, *from, *to, area.top, area.bottom - area.top, &tip);
    }
    let base = x.place(parts.base);
    canvas.line("guide", (base, area.top - 4.0), (base, area.bottom + 4.0));
    canvas.line("threshold", (output, area.top - 8.0), (output, area.bottom + 4.0));
    let text = format!("score {}", short_round(parts.output));
    let half = width(&text, TEXT) / 2.0;
    let middle = output.clamp(area.left + half, area.right - half);
    canvas.text("strong", (middle, area.top - 14.0), Anchor::Middle, &text);
    let depth = labels(&mut canvas, &segments, area);
    // Ticks alone: grid lines would cross the labels.
    let bottom = Area { top: depth - 4.0, bottom: depth, ..area };
    Axes { area: bottom, ..axes }.draw_x(&mut canvas, &format!("score ({})", parts.unit));
    let title = "What pushes up, what down";
    let caption = format!(
        "Orange raises the score, blue lowers it; dotted: the score without any column, {}.",
        short_round(parts.base)
    );
    let reading = shown
        .iter()
        .take(4)
        .map(|part| format!("{} {}", part.name, signed(part.value)))
        .collect::<Vec<_>>()
        .join(", ");
    Figure {
        title: title.to_owned(),
        svg: canvas.finish(title, &reading, bottom.below() + 2.0),
        caption,
    }
}

/// A label under the line.
struct Label {
    level: usize,
    /// Where its part lies.
    centre: f64,
    /// Where its text lies.
    middle: f64,
    text: String,
    raises: bool,
}

/// Labels for the largest parts, each on the first level where it touches no other; a part that
/// finds no place has its tooltip. Gives the position under the last level.
fn labels(canvas: &mut Canvas, segments: &[(f64, f64, &Part)], area: Area) -> f64 {
    let mut taken: [Vec<(f64, f64)>; LEVELS] = Default::default();
    let mut used = 0;
    let mut placed: Vec<Label> = Vec::new();
    for (from, to, part) in segments {
        if (to - from).abs() < 3.0 {
            continue;
        }
        let value = signed(part.value);
        let room = LABEL - width(&value, TEXT) - 6.0;
        let text = format!("{} {value}", fit(&part.name, TEXT, room));
        let half = width(&text, TEXT) / 2.0;
        let centre = (from + to) / 2.0;
        let middle = centre.clamp(area.left + half, (area.right - half).max(area.left + half));
        let free = |spans: &Vec<(f64, f64)>| {
            spans.iter().all(|span| middle + half + 8.0 < span.0 || middle - half - 8.0 > span.1)
        };
        // The leader to a deeper level must cross no label above it, the label no leader that
        // passes to one below.
        let clear = |level: usize| {
            let above = taken[..level].iter().flatten();
            let below = placed.iter().filter(|other: &&Label| other.level > level);
            above.clone().all(|span| centre < span.0 - 3.0 || centre > span.1 + 3.0)
                && below
                    .clone()
                    .all(|o| o.centre < middle - half - 3.0 || o.centre > middle + half + 3.0)
        };
        let level = (0..LEVELS).find(|&level| free(&taken[level]) && clear(level));
        if let Some(level) = level {
            taken[level].push((middle - half, middle + half));
            used = used.max(level + 1);
            placed.push(Label { level, centre, middle, text, raises: part.value >= 0.0 });
        }
    }
    for label in &placed {
        let y = area.bottom + 20.0 + label.level as f64 * 18.0;
        canvas.line("leader", (label.centre, area.bottom + 1.0), (label.centre, y - 11.0));
        let class = if label.raises { "pos-text" } else { "neg-text" };
        canvas.text(class, (label.middle, y), Anchor::Middle, &label.text);
    }
    area.bottom + 14.0 + used as f64 * 18.0
}
