//! What each column adds to each of many rows, as a cloud of points a column.

use super::Figure;
use super::axes::{Area, Axes, WIDE};
use super::canvas::{Anchor, Canvas, SMALL, TEXT};
use super::number::{count, signed};
use super::scale::Scale;
use super::text::width;
use super::thin;

/// Height of one column's cloud.
const ROW: f64 = 30.0;
/// Points drawn of each column: more make a page heavy without changing the cloud.
const POINTS: usize = 700;
/// Radius of a point.
const RADIUS: f64 = 2.0;
/// Shades from a column's low values to its high ones; `plot.css` has as many classes.
pub(crate) const SHADES: usize = 11;

/// One column's points.
#[derive(Debug, Clone, PartialEq)]
pub struct SwarmRow {
    /// The column.
    pub name: String,
    /// One point a row of data.
    pub points: Vec<SwarmPoint>,
}

/// One row's point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SwarmPoint {
    /// What the column adds to the score.
    pub value: f64,
    /// Where the row's value lies among the column's values, from 0 to 1; `None` is missing or
    /// a category, which has no order.
    pub level: Option<f64>,
}

/// Clouds in the order given, at most `limit`.
pub fn beeswarm(rows: &[SwarmRow], unit: &str, limit: usize) -> Figure {
    let shown = &rows[..rows.len().min(limit)];
    let names = shown.iter().map(|row| width(&row.name, TEXT)).fold(0.0, f64::max);
    let left = (names + 14.0).clamp(60.0, WIDE * 0.36);
    let top = 12.0;
    let bottom = top + shown.len().max(1) as f64 * ROW;
    let area = Area { left, top, right: WIDE - 14.0, bottom };
    let values = || shown.iter().flat_map(|row| &row.points).map(|point| point.value);
    let (low, high) = values()
        .filter(|value| value.is_finite())
        .fold((0.0_f64, 0.0_f64), |(a, b), value| (a.min(value), b.max(value)));
    let margin = (high - low) * 0.02;
    let x = Scale::linear(low - margin, high + margin, area.left, area.right);
    let axes = Axes { x, y: Scale::linear(0.0, 1.0, area.bottom, area.top), area };

    let mut canvas = Canvas::new(WIDE);
    axes.draw_x(&mut canvas, &format!("effect on the score ({unit})"));
    canvas.line("axis", (x.place(0.0), area.top), (x.place(0.0), area.bottom));
    let mut left_out = false;
    for (i, row) in shown.iter().enumerate() {
        let middle = area.top + (i as f64 + 0.5) * ROW;
        canvas.fitted("", (left - 8.0, middle + 4.0), Anchor::End, &row.name, left - 12.0);
        let kept = thin::sample(row.points.len(), POINTS);
        left_out |= kept.len() < row.points.len();
        let points: Vec<SwarmPoint> = kept
            .into_iter()
            .map(|position| row.points[position])
            .filter(|point| point.value.is_finite())
            .collect();
        let placed: Vec<f64> = points.iter().map(|point| x.place(point.value)).collect();
        for (offset, (point, at)) in stack(&placed).iter().zip(points.iter().zip(&placed)) {
            canvas.circle(&shade(point.level), (*at, middle + offset), RADIUS, "");
        }
    }
    let height = area.below() + key(&mut canvas, area.below() + 4.0);
    let title = "Effects over rows";
    let mut caption =
        "Each point is a row: to the right where the column raises its score.".to_owned();
    if left_out {
        caption
            .push_str(&format!(" {POINTS} rows of each column drawn, chosen with a fixed seed."));
    }
    if rows.len() > shown.len() {
        caption.push_str(&format!(" The first {} of {} columns.", shown.len(), rows.len()));
    }
    let reading = format!("{} columns, {} points", shown.len(), count(values().count()));
    let svg = canvas.finish(title, &reading, height);
    let (low, high) = (signed(low), signed(high));
    caption.push_str(&format!(" Effects from {low} to {high}."));
    Figure { title: title.to_owned(), svg, caption }
}

/// The class of a point for a value's place among its column's.
pub(crate) fn shade(level: Option<f64>) -> String {
    match level {
        Some(level) if level.is_finite() => {
            let step = (level.clamp(0.0, 1.0) * (SHADES - 1) as f64).round();
            format!("v{step}")
        }
        _ => "vx".to_owned(),
    }
}

/// The key of the shades; gives its height.
pub(crate) fn key(canvas: &mut Canvas, top: f64) -> f64 {
    let (left, wide) = (110.0, 14.0);
    let y = top + 2.0;
    canvas.text("tick", (left - 6.0, y + 9.0), Anchor::End, "low value");
    for step in 0..SHADES {
        canvas.rect(&format!("v{step}"), (left + step as f64 * wide, y), (wide, 10.0), "");
    }
    let end = left + SHADES as f64 * wide;
    canvas.text("tick", (end + 6.0, y + 9.0), Anchor::Start, "high value");
    let next = end + 6.0 + width("high value", SMALL) + 22.0;
    canvas.circle("vx", (next, y + 5.0), 4.0, "");
    canvas.text("tick", (next + 9.0, y + 9.0), Anchor::Start, "missing or category");
    22.0
}

/// The distance of each point from the middle line, so that points at one place lie beside each
/// other in turn above and below; points beyond the row's height overlap at its edge.
fn stack(places: &[f64]) -> Vec<f64> {
    let step = RADIUS * 1.5;
    let bins = (WIDE / step) as usize + 2;
    let mut number = vec![0_usize; bins];
    for &at in places {
        number[bin(at, step, bins)] += 1;
    }
    let mut seen = vec![0_usize; bins];
    places
        .iter()
        .map(|&at| {
            let bin = bin(at, step, bins);
            let turn = seen[bin];
            seen[bin] += 1;
            let half = number[bin].div_ceil(2).max(1) as f64;
            // Crowded bins are pressed together to stay in their row.
            let gap = (step * 0.8).min((ROW / 2.0 - RADIUS - 1.0) / half);
            let distance = turn.div_ceil(2) as f64 * gap;
            if turn.is_multiple_of(2) { distance } else { -distance }
        })
        .collect()
}

fn bin(at: f64, step: f64, bins: usize) -> usize {
    ((at / step).max(0.0) as usize).min(bins - 1)
}
