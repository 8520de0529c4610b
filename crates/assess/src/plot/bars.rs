//! A bar for each of a list of names.

use super::Figure;
use super::axes::WIDTH;
use super::canvas::{Anchor, Canvas, SMALL, TEXT};
use super::number::{percent, short};
use super::scale::Scale;
use super::text::width;

/// Height that one bar takes.
const ROW: f64 = 20.0;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it stands for.
    pub name: String,
    /// Its length.
    pub value: f64,
    /// Where the value may as well lie.
    pub interval: Option<(f64, f64)>,
    /// Written after the value, such as a number of rows; may be empty.
    pub note: String,
}

/// What the lengths mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarUnit {
    /// Shares from 0 to 1, drawn to a full width of 1.
    Share,
    /// Numbers of any size, not negative.
    Number,
}

/// Horizontal bars in the order given, at most `limit`; the caption tells how many are left out.
pub fn bars(title: &str, bars: &[Bar], unit: BarUnit, axis: &str, limit: usize) -> Figure {
    let shown: Vec<&Bar> = bars.iter().filter(|bar| bar.value.is_finite()).take(limit).collect();
    let write = |bar: &Bar| {
        let value = match unit {
            BarUnit::Share => percent(bar.value),
            BarUnit::Number => short(bar.value),
        };
        if bar.note.is_empty() { value } else { format!("{value} {}", bar.note) }
    };
    let total = WIDTH;
    let names = shown.iter().map(|bar| width(&bar.name, TEXT)).fold(0.0, f64::max);
    let values = shown.iter().map(|bar| width(&write(bar), SMALL)).fold(0.0, f64::max);
    let left = (names + 14.0).clamp(40.0, total * 0.36);
    let right = total - (values + 12.0).clamp(30.0, total * 0.38);
    let longest = shown
        .iter()
        .map(|bar| bar.interval.map_or(bar.value, |(_, high)| high.max(bar.value)))
        .fold(0.0, f64::max);
    let high = match unit {
        BarUnit::Share => 1.0,
        BarUnit::Number if longest > 0.0 => longest,
        BarUnit::Number => 1.0,
    };
    let scale = Scale::linear(0.0, high, left, right);
    let mut canvas = Canvas::new(total);
    canvas.text("name", (4.0, 14.0), Anchor::Start, axis);
    let top = 24.0;
    for (i, bar) in shown.iter().enumerate() {
        let y = top + i as f64 * ROW;
        let end = scale.place(bar.value);
        canvas.fitted("", (left - 7.0, y + 13.0), Anchor::End, &bar.name, left - 11.0);
        let tip = format!("{}: {}", bar.name, write(bar));
        if unit == BarUnit::Share {
            canvas.rect("bar-back", (left, y + 3.0), (right - left, ROW - 6.0), "");
        }
        canvas.rect("bar", (left, y + 3.0), (end - left, ROW - 6.0), &tip);
        if let Some((low, high)) = bar.interval {
            let middle = y + ROW / 2.0;
            canvas.line("whisker", (scale.place(low), middle), (scale.place(high), middle));
        }
        canvas.text("tick", (right + 7.0, y + 13.0), Anchor::Start, &write(bar));
    }
    canvas.line("axis", (left, top), (left, top + shown.len() as f64 * ROW));
    let left_out = bars.len() - shown.len();
    let mut caption = String::new();
    if shown.iter().any(|bar| bar.interval.is_some()) {
        caption.push_str("Lines are 95 % intervals. ");
    }
    if left_out > 0 {
        caption.push_str(&format!("The first {} of {} are drawn.", shown.len(), bars.len()));
    }
    let reading = shown
        .iter()
        .take(5)
        .map(|bar| format!("{} {}", bar.name, write(bar)))
        .collect::<Vec<_>>()
        .join(", ");
    let svg = canvas.finish(title, &reading, top + shown.len().max(1) as f64 * ROW + 8.0);
    Figure { title: title.to_owned(), svg, caption: caption.trim_end().to_owned() }
}
