//! The trials of a search: over their order, over one parameter, over two objectives.

use super::Figure;
use super::axes::{Area, Axes, WIDE, WIDTH};
use super::canvas::{Anchor, Canvas, SMALL, TEXT};
use super::number::short;
use super::scale::Scale;
use super::text::{fit, width};
use super::thin;

/// Points drawn on one chart; more make a page heavy.
const POINTS: usize = 1500;

/// One complete trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialPoint {
    /// Its number.
    pub number: u64,
    /// Where it stands across: its number, a parameter's value, the position of a choice, the
    /// second objective.
    pub x: f64,
    /// The objective.
    pub y: f64,
    /// Whether it is told apart: the best, or one of the front.
    pub best: bool,
}

/// How the values of a parameter are laid out.
#[derive(Debug, Clone, PartialEq)]
pub enum TrialAxis {
    /// By value.
    Linear,
    /// By logarithm.
    Log,
    /// One place for each choice.
    Choices(Vec<String>),
}

/// The objective of each complete trial in order of number, with the best so far as a line.
pub fn trial_history(objective: &str, points: &[TrialPoint], higher_is_better: bool) -> Figure {
    let area = Area { left: 58.0, top: 26.0, right: WIDE - 14.0, bottom: 262.0 };
    let axes = Axes { x: across(points, &TrialAxis::Linear, area), y: up(points, area), area };
    let mut canvas = Canvas::new(WIDE);
    axes.draw(&mut canvas, "trial", &fit(objective, SMALL, WIDE - 20.0));
    axes.readable(&mut canvas, "trial", objective);
    dots(&mut canvas, &axes, points);
    let mut line: Vec<(f64, f64)> = Vec::new();
    let mut best: Option<f64> = None;
    for point in points {
        let better = |best: f64| if higher_is_better { point.y > best } else { point.y < best };
        let next = if best.is_none_or(better) { point.y } else { best.unwrap_or(point.y) };
        let (x, y) = axes.place(point.x, next);
        if let Some(&(_, before)) = line.last() {
            line.push((x, before));
        }
        line.push((x, y));
        best = Some(next);
    }
    canvas.polyline("curve s1", &thin::curve(&line), "best so far");
    let title = "Trials in their order";
    let reading = best.map(|best| format!("best {}", short(best))).unwrap_or_default();
    let svg = canvas.finish(title, &reading, area.below() + 4.0);
    let caption = format!("Line: the best so far.{}", left_out(points));
    Figure { title: title.to_owned(), svg, caption }
}

/// The objective over the values of one parameter.
pub fn trial_slice(
    parameter: &str,
    axis: &TrialAxis,
    objective: &str,
    points: &[TrialPoint],
) -> Figure {
    let area = Area { left: 58.0, ..Area::usual() };
    let axes = Axes { x: across(points, axis, area), y: up(points, area), area };
    let mut canvas = Canvas::new(WIDTH);
    let name = fit(parameter, SMALL, area.right - area.left);
    let objective = fit(objective, SMALL, WIDTH - 20.0);
    match axis {
        TrialAxis::Choices(choices) => {
            let Area { left, top, right, bottom } = area;
            for tick in axes.y.ticks(5) {
                canvas.line("grid", (left, tick.at), (right, tick.at));
                canvas.text("tick", (left - 6.0, tick.at + 4.0), Anchor::End, &tick.label);
            }
            let room = (right - left) / choices.len().max(1) as f64 - 6.0;
            for (place, choice) in choices.iter().enumerate() {
                if width("……", TEXT) <= room {
                    let at = (axes.x.place(place as f64), bottom + 15.0);
                    canvas.fitted("tick", at, Anchor::Middle, choice, room);
                }
            }
            canvas.line("axis", (left, bottom), (right, bottom));
            canvas.text("name", (4.0, top - 12.0), Anchor::Start, &objective);
            let middle = ((left + right) / 2.0, bottom + 31.0);
            canvas.text("name", middle, Anchor::Middle, &name);
        }
        _ => axes.draw(&mut canvas, &name, &objective),
    }
    dots(&mut canvas, &axes, points);
    let title = parameter.to_owned();
    let svg = canvas.finish(&title, "objective over parameter", area.below() + 4.0);
    Figure { title, svg, caption: left_out(points).trim_start().to_owned() }
}

/// Two objectives of each complete trial; those that no other beats in both are told apart.
pub fn trial_front(x_name: &str, y_name: &str, points: &[TrialPoint]) -> Figure {
    let area = Area { left: 58.0, top: 26.0, right: WIDE - 14.0, bottom: 262.0 };
    let axes = Axes { x: across(points, &TrialAxis::Linear, area), y: up(points, area), area };
    let mut canvas = Canvas::new(WIDE);
    axes.draw(&mut canvas, x_name, y_name);
    axes.readable(&mut canvas, x_name, y_name);
    let mut front: Vec<(f64, f64)> =
        points.iter().filter(|point| point.best).map(|p| axes.place(p.x, p.y)).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    canvas.polyline("guide", &front, "");
    dots(&mut canvas, &axes, points);
    let title = "Pareto front";
    let reading = format!("{} trials on the front", front.len());
    let svg = canvas.finish(title, &reading, area.below() + 4.0);
    let caption = format!("Rings: no other trial is better by both.{}", left_out(points));
    Figure { title: title.to_owned(), svg, caption }
}

fn dots(canvas: &mut Canvas, axes: &Axes, points: &[TrialPoint]) {
    for at in thin::sample(points.len(), POINTS) {
        let TrialPoint { number, x, y, .. } = points[at];
        canvas.circle("dot-plain", axes.place(x, y), 3.0, &format!("trial {number}: {}", short(y)));
    }
    // Last, so that they stand above the others.
    for point in points.iter().filter(|point| point.best) {
        let tip = format!("trial {}: {}", point.number, short(point.y));
        canvas.circle("mark", axes.place(point.x, point.y), 4.5, &tip);
    }
}

fn left_out(points: &[TrialPoint]) -> String {
    if points.len() <= POINTS {
        return String::new();
    }
    format!(" {POINTS} of {} trials drawn, chosen with a fixed seed.", points.len())
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

fn up(points: &[TrialPoint], area: Area) -> Scale {
    let (low, high) = bounds(points.iter().map(|point| point.y));
    let margin = if low < high { (high - low) * 0.04 } else { 0.0 };
    Scale::linear(low - margin, high + margin, area.bottom, area.top)
}

fn across(points: &[TrialPoint], axis: &TrialAxis, area: Area) -> Scale {
    let (low, high) = bounds(points.iter().map(|point| point.x));
    match axis {
        TrialAxis::Linear => Scale::linear(low, high, area.left + 8.0, area.right - 8.0),
        TrialAxis::Log => Scale::log(low, high, area.left + 8.0, area.right - 8.0),
        TrialAxis::Choices(choices) => {
            Scale::linear(-0.5, choices.len().max(1) as f64 - 0.5, area.left, area.right)
        }
    }
}
