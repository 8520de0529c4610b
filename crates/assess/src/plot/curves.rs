//! Receiver operating characteristic beside precision over recall.

use super::Figure;
use super::axes::{Area, Axes, WIDTH};
use super::canvas::{Anchor, Canvas};
use super::number::{count, metric, percent};
use super::scale::Scale;
use super::thin;

/// Curves that can be told apart on one chart: colours times dashes of the style sheet.
const STYLES: usize = 12;

/// One model's curve.
#[derive(Debug, Clone, Copy)]
pub struct Curve<'a> {
    /// What the legend says, such as the model with its area.
    pub name: &'a str,
    /// ROC: (false-positive rate, true-positive rate) from (0, 0) to (1, 1); precision–recall:
    /// (recall, precision) with rising recall.
    pub points: &'a [(f64, f64)],
}

/// A point told apart from the curve.
#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    /// What it is, such as `threshold 0.62`.
    pub name: &'a str,
    /// Position on the x axis.
    pub x: f64,
    /// Position on the y axis.
    pub y: f64,
}

/// How the axis of the false-positive rate is divided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RocAxis {
    /// From 0 to 1.
    Linear,
    /// By powers of ten from 10⁻⁴ to 1, where detectors are run.
    Log {
        /// Benign rows: below one in this many no rate was measured, which the chart shades.
        benign: usize,
    },
}

/// True-positive rate over false-positive rate.
///
/// On the logarithmic axis curves are steps, as the rates at 10⁻², 10⁻³, 10⁻⁴ are read:
/// the best true-positive rate at no more than that many false positives.
pub fn roc(curves: &[Curve<'_>], marks: &[Mark<'_>], axis: RocAxis) -> Figure {
    let area = Area::usual();
    let x = match axis {
        RocAxis::Linear => Scale::linear(0.0, 1.0, area.left, area.right),
        RocAxis::Log { .. } => Scale::log(1e-4, 1.0, area.left, area.right),
    };
    let axes = Axes { x, y: Scale::linear(0.0, 1.0, area.bottom, area.top), area };
    let mut canvas = Canvas::new(WIDTH);
    if let RocAxis::Log { benign } = axis {
        let edge = axes.x.place(1.0 / benign.max(1) as f64);
        if edge > area.left {
            let tip = format!("fewer than one of {} benign rows: not measured", count(benign));
            let size = (edge - area.left, area.bottom - area.top);
            canvas.rect("unmeasured", (area.left, area.top), size, &tip);
        }
    }
    let (x_name, y_name) = ("false-positive rate", "true-positive rate");
    axes.draw(&mut canvas, x_name, y_name);
    axes.readable(&mut canvas, x_name, y_name);
    let steps = axis != RocAxis::Linear;
    if !steps {
        canvas.line("guide", axes.place(0.0, 0.0), axes.place(1.0, 1.0));
    }
    let left_out = draw_curves(&mut canvas, &axes, curves, steps.then_some(Steps::Before));
    draw_marks(&mut canvas, &axes, marks);
    if let (true, [curve]) = (steps, curves) {
        read_off(&mut canvas, &axes, curve, axis);
    }
    let height = area.below() + canvas.legend(&legend(curves, marks), 8.0, area.below());
    let mut caption = match axis {
        RocAxis::Linear => "The dotted diagonal is a coin's.".to_owned(),
        RocAxis::Log { benign } if benign < 10_000 => format!(
            "Steps, no interpolation. Shaded: below one of {} benign rows nothing was measured.",
            count(benign)
        ),
        RocAxis::Log { .. } => "Steps, no interpolation.".to_owned(),
    };
    caption.push_str(&left_out);
    let title = if steps { "ROC, logarithmic" } else { "ROC" };
    Figure { title: title.to_owned(), svg: canvas.finish(title, &reading(curves), height), caption }
}

/// Precision over recall; `attack_share` is the precision of alerting on every row.
pub fn precision_recall(
    curves: &[Curve<'_>],
    marks: &[Mark<'_>],
    attack_share: Option<f64>,
) -> Figure {
    let area = Area::usual();
    let axes = Axes {
        x: Scale::linear(0.0, 1.0, area.left, area.right),
        y: Scale::linear(0.0, 1.0, area.bottom, area.top),
        area,
    };
    let mut canvas = Canvas::new(WIDTH);
    let (x_name, y_name) = ("recall", "precision");
    axes.draw(&mut canvas, x_name, y_name);
    axes.readable(&mut canvas, x_name, y_name);
    let mut caption = String::new();
    if let Some(share) = attack_share.filter(|share| share.is_finite()) {
        canvas.line("guide", axes.place(0.0, share), axes.place(1.0, share));
        caption = format!("Dotted: alerting on every row ({}).", percent(share));
    }
    let left_out = draw_curves(&mut canvas, &axes, curves, Some(Steps::After));
    caption.push_str(&left_out);
    draw_marks(&mut canvas, &axes, marks);
    let height = area.below() + canvas.legend(&legend(curves, marks), 8.0, area.below());
    let title = "Precision over recall";
    Figure { title: title.to_owned(), svg: canvas.finish(title, &reading(curves), height), caption }
}

/// Where a step between two points rises.
#[derive(Clone, Copy)]
enum Steps {
    /// The value holds until the next point: x first, then y.
    Before,
    /// The next point's value holds up to it: y first, then x.
    After,
}

/// Draws the curves; gives the sentence about points left out.
fn draw_curves(
    canvas: &mut Canvas,
    axes: &Axes,
    curves: &[Curve<'_>],
    steps: Option<Steps>,
) -> String {
    let (mut given, mut drawn) = (0, 0);
    for (i, curve) in curves.iter().enumerate() {
        let mut placed: Vec<(f64, f64)> = Vec::with_capacity(curve.points.len());
        // Points left of a logarithmic axis would draw a wall at its start.
        let outside = match axes.x.ends() {
            (low, _, true) => curve
                .points
                .partition_point(|point| point.0 <= tripline_core::math::pow(10.0, low))
                .saturating_sub(1),
            _ => 0,
        };
        let inside = curve.points.iter().skip(outside);
        for &(x, y) in inside.filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let next = axes.place(x, y);
            match (steps, placed.last().copied()) {
                (Some(Steps::Before), Some(last)) => placed.push((next.0, last.1)),
                (Some(Steps::After), Some(last)) => placed.push((last.0, next.1)),
                _ => {}
            }
            placed.push(next);
        }
        let thinned = thin::curve(&placed);
        if thinned.len() < curve.points.len() {
            given += curve.points.len();
            drawn += thinned.len();
        }
        canvas.polyline(&format!("curve s{}", i % STYLES), &thinned, curve.name);
    }
    if given > 0 {
        format!(" {} of {} points drawn, without visible change.", count(drawn), count(given))
    } else {
        String::new()
    }
}

fn draw_marks(canvas: &mut Canvas, axes: &Axes, marks: &[Mark<'_>]) {
    for mark in marks.iter().filter(|mark| mark.x.is_finite() && mark.y.is_finite()) {
        let tip = format!("{}: ({}, {})", mark.name, metric(mark.x), metric(mark.y));
        canvas.circle("mark", axes.place(mark.x, mark.y), 4.5, &tip);
    }
}

/// Writes the true-positive rate at 10⁻², 10⁻³, 10⁻⁴ under the curve.
fn read_off(canvas: &mut Canvas, axes: &Axes, curve: &Curve<'_>, axis: RocAxis) {
    let RocAxis::Log { benign } = axis else { return };
    for (rate, needed) in [(1e-2, 100), (1e-3, 1_000), (1e-4, 10_000)] {
        if benign < needed {
            continue;
        }
        let reached =
            curve.points.iter().filter(|point| point.0 <= rate).fold(0.0_f64, |a, p| a.max(p.1));
        let at = axes.place(rate, reached);
        canvas.circle("read", at, 3.0, &format!("true-positive rate {reached:.4} at {rate}"));
        // Under the curve, which rises to the right; above it where the axis is near.
        let below = at.1 + 16.0 < axes.area.bottom - 2.0;
        let y = if below { at.1 + 16.0 } else { at.1 - 8.0 };
        canvas.text("value", (at.0 + 4.0, y), Anchor::Start, &format!("{reached:.3}"));
    }
}

fn legend(curves: &[Curve<'_>], marks: &[Mark<'_>]) -> Vec<(String, String)> {
    let curves = curves.iter().enumerate();
    let mut entries: Vec<(String, String)> = curves
        .map(|(i, curve)| (format!("curve s{}", i % STYLES), curve.name.to_owned()))
        .collect();
    entries.extend(marks.iter().map(|mark| ("swatch mark-line".to_owned(), mark.name.to_owned())));
    entries
}

fn reading(curves: &[Curve<'_>]) -> String {
    curves.iter().map(|curve| curve.name).collect::<Vec<_>>().join(", ")
}
