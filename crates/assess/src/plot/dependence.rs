//! What one column adds to a score over its own values.

use super::Figure;
use super::axes::{Area, Axes, WIDE};
use super::beeswarm::{key, shade};
use super::canvas::{Anchor, Canvas, SMALL, TEXT};
use super::number::count;
use super::scale::Scale;
use super::text::{fit, width};
use super::thin;

/// Points drawn; more make a page heavy without changing the cloud.
const POINTS: usize = 1500;

/// The values on the x axis.
#[derive(Debug, Clone, PartialEq)]
pub enum DependenceX {
    /// Numbers.
    Numeric,
    /// Positions in this list of categories.
    Category(Vec<String>),
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DependencePoint {
    /// The column's value: a number, or the position of a category; `NaN` is missing.
    pub x: f64,
    /// What the column adds to the score.
    pub effect: f64,
    /// Where the other column's value lies among its values, from 0 to 1.
    pub level: Option<f64>,
}

/// Effect over value of `column`, coloured by the value of `other`, the column whose values go
/// furthest along with the spread; none leaves the points in one colour.
pub fn dependence(
    column: &str,
    x: &DependenceX,
    points: &[DependencePoint],
    other: Option<&str>,
    unit: &str,
) -> Figure {
    let area = Area { left: 52.0, top: 28.0, right: WIDE - 16.0, bottom: 270.0 };
    let finite: Vec<DependencePoint> =
        points.iter().copied().filter(|point| point.effect.is_finite()).collect();
    let bounds = |values: &mut dyn Iterator<Item = f64>| {
        values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)))
    };
    let (low, high) = bounds(&mut finite.iter().map(|point| point.effect));
    let margin = if low < high { (high - low) * 0.04 } else { 0.0 };
    let y = Scale::linear(low - margin, high + margin, area.bottom, area.top);
    let across = match x {
        DependenceX::Numeric => {
            let (low, high) = bounds(&mut finite.iter().map(|point| point.x));
            Scale::linear(low, high, area.left + 8.0, area.right - 8.0)
        }
        DependenceX::Category(names) => {
            Scale::linear(-0.5, names.len().max(1) as f64 - 0.5, area.left, area.right)
        }
    };
    let axes = Axes { x: across, y, area };
    let mut canvas = Canvas::new(WIDE);
    let name = fit(column, SMALL, area.right - area.left);
    match x {
        DependenceX::Numeric => axes.draw(&mut canvas, &name, &format!("effect ({unit})")),
        DependenceX::Category(names) => {
            draw_categories(&mut canvas, &axes, names, &name, &format!("effect ({unit})"));
        }
    }
    if low < 0.0 && high > 0.0 {
        canvas.line("axis", (area.left, y.place(0.0)), (area.right, y.place(0.0)));
    }
    let kept = thin::sample(finite.len(), POINTS);
    let mut missing = 0;
    for (turn, &position) in kept.iter().enumerate() {
        let point = finite[position];
        if !point.x.is_finite() {
            missing += 1;
            continue;
        }
        let spread = match x {
            DependenceX::Numeric => 0.0,
            DependenceX::Category(names) => {
                // Equal categories lie side by side: the golden ratio spreads a sequence evenly.
                let width = (area.right - area.left) / names.len().max(1) as f64;
                ((turn as f64 * 0.618_033_988_749_894_9).fract() - 0.5) * width * 0.5
            }
        };
        let (at, height) = axes.place(point.x, point.effect);
        let class = if other.is_some() { shade(point.level) } else { "dot-plain".to_owned() };
        canvas.circle(&class, (at + spread, height), 2.2, "");
    }
    let mut height = area.below() + 4.0;
    if other.is_some() {
        height += key(&mut canvas, height);
    }
    let mut caption =
        other.map_or(String::new(), |other| format!("Colour: the value of {other}. "));
    if kept.len() < finite.len() {
        caption.push_str(&format!(
            "{} of {} rows drawn, chosen with a fixed seed. ",
            count(kept.len()),
            count(finite.len())
        ));
    }
    if missing > 0 {
        caption.push_str(&format!("{} drawn rows have no value here. ", count(missing)));
    }
    let title = format!("Effect of {column}");
    let svg = canvas.finish(&title, "effect over value", height);
    Figure { title, svg, caption: caption.trim_end().to_owned() }
}

/// Names under their places where they fit, numbers where they do not.
fn draw_categories(canvas: &mut Canvas, axes: &Axes, names: &[String], x_name: &str, y_name: &str) {
    let Area { left, top, right, bottom } = axes.area;
    for tick in axes.y.ticks(5) {
        canvas.line("grid", (left, tick.at), (right, tick.at));
        canvas.text("tick", (left - 6.0, tick.at + 4.0), Anchor::End, &tick.label);
    }
    let room = (right - left) / names.len().max(1) as f64 - 6.0;
    for (i, name) in names.iter().enumerate() {
        if width("……", TEXT) <= room {
            let at = axes.x.place(i as f64);
            canvas.fitted("tick", (at, bottom + 15.0), Anchor::Middle, name, room);
        }
    }
    canvas.line("axis", (left, bottom), (right, bottom));
    canvas.text("name", (4.0, top - 12.0), Anchor::Start, y_name);
    canvas.text("name", ((left + right) / 2.0, bottom + 31.0), Anchor::Middle, x_name);
}
