//! The frame of a chart: two scales with ticks, grid, names.

use super::canvas::{Anchor, Canvas, SMALL};
use super::scale::Scale;
use super::text::width;

/// Width of a chart that stands beside others, in its own unit.
pub(crate) const WIDTH: f64 = 400.0;
/// Width of a chart that stands alone in a row or beside one other.
pub(crate) const WIDE: f64 = 560.0;

/// The area that the axes enclose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// Two scales over an area.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axes {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) area: Area,
}

impl Area {
    /// The area of a chart of the usual size.
    pub(crate) fn usual() -> Self {
        Self { left: 46.0, top: 26.0, right: WIDTH - 14.0, bottom: 262.0 }
    }

    /// Below the tick labels with the name of the x axis.
    pub(crate) fn below(&self) -> f64 {
        self.bottom + 38.0
    }
}

impl Axes {
    /// Grid, ticks, names; the name of the y axis stands above it, so that it reads level.
    pub(crate) fn draw(&self, canvas: &mut Canvas, x_name: &str, y_name: &str) {
        let Area { left, top, right, .. } = self.area;
        for tick in self.y.ticks(5) {
            canvas.line("grid", (left, tick.at), (right, tick.at));
            canvas.text("tick", (left - 6.0, tick.at + 4.0), Anchor::End, &tick.label);
        }
        self.draw_x(canvas, x_name);
        canvas.text("name", (4.0, top - 12.0), Anchor::Start, y_name);
    }

    /// The x axis alone.
    pub(crate) fn draw_x(&self, canvas: &mut Canvas, name: &str) {
        let Area { left, top, right, bottom } = self.area;
        let mut taken = f64::NEG_INFINITY;
        for tick in self.x.ticks(5) {
            canvas.line("grid", (tick.at, top), (tick.at, bottom));
            let half = width(&tick.label, SMALL) / 2.0;
            let centre = tick.at.min(canvas.width() - half - 1.0);
            // A label that would touch the one before it is left out; its grid line stays.
            if centre - half > taken + 4.0 {
                canvas.text("tick", (centre, bottom + 15.0), Anchor::Middle, &tick.label);
                taken = centre + half;
            }
        }
        canvas.line("axis", (left, bottom), (right, bottom));
        canvas.text("name", ((left + right) / 2.0, bottom + 31.0), Anchor::Middle, name);
    }

    /// Tells a script how to turn positions back into values.
    pub(crate) fn readable(&self, canvas: &mut Canvas, x_name: &str, y_name: &str) {
        let Area { left, top, right, bottom } = self.area;
        let ends = |scale: Scale, from: f64, to: f64| {
            let (low, high, log) = scale.ends();
            format!("{from} {to} {low} {high} {}", u8::from(log))
        };
        canvas.data("x", &ends(self.x, left, right));
        canvas.data("y", &ends(self.y, bottom, top));
        canvas.data("names", &format!("{x_name}|{y_name}"));
    }

    /// A value's position.
    pub(crate) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.place(x), self.y.place(y))
    }
}
