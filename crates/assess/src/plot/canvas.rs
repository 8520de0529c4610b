//! SVG elements written one after another.

use std::fmt::Write as _;

use super::text::{escape, fit, width};

/// Size of the text on charts, in the chart's own unit, as `plot.css` sets it.
pub(crate) const TEXT: f64 = 12.0;
/// Size of tick labels.
pub(crate) const SMALL: f64 = 11.0;

/// Where text hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// An `svg` element in the making.
#[derive(Debug)]
pub(crate) struct Canvas {
    width: f64,
    body: String,
    data: String,
}

impl Canvas {
    pub(crate) fn new(width: f64) -> Self {
        Self { width, body: String::new(), data: String::new() }
    }

    pub(crate) fn width(&self) -> f64 {
        self.width
    }

    /// A `data-` attribute of the whole drawing.
    pub(crate) fn data(&mut self, name: &str, value: &str) {
        let _ = write!(self.data, " data-{name}=\"{}\"", escape(value));
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(
            self.body,
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            Shown(from.0),
            Shown(from.1),
            Shown(to.0),
            Shown(to.1)
        );
    }

    /// A rectangle from its left upper corner, with a tooltip if that is not empty.
    pub(crate) fn rect(&mut self, class: &str, corner: (f64, f64), size: (f64, f64), tip: &str) {
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            Shown(corner.0),
            Shown(corner.1),
            Shown(size.0.max(0.0)),
            Shown(size.1.max(0.0))
        );
        self.close("rect", tip);
    }

    /// A rectangle whose fill shows in part: `opacity` from 0 to 1.
    pub(crate) fn shade(
        &mut self,
        class: &str,
        corner: (f64, f64),
        size: (f64, f64),
        opacity: f64,
        tip: &str,
    ) {
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" \
             fill-opacity=\"{:.2}\"",
            Shown(corner.0),
            Shown(corner.1),
            Shown(size.0.max(0.0)),
            Shown(size.1.max(0.0)),
            opacity.clamp(0.0, 1.0)
        );
        self.close("rect", tip);
    }

    pub(crate) fn circle(&mut self, class: &str, centre: (f64, f64), radius: f64, tip: &str) {
        let _ = write!(
            self.body,
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"",
            Shown(centre.0),
            Shown(centre.1),
            Shown(radius)
        );
        self.close("circle", tip);
    }

    /// Straight lines through the points; `name` is what a readout calls it.
    pub(crate) fn polyline(&mut self, class: &str, points: &[(f64, f64)], name: &str) {
        let _ = write!(self.body, "<polyline class=\"{class}\"");
        if !name.is_empty() {
            let _ = write!(self.body, " data-name=\"{}\"", escape(name));
        }
        self.points(points);
        self.body.push_str("/>");
    }

    pub(crate) fn polygon(&mut self, class: &str, points: &[(f64, f64)], tip: &str) {
        let _ = write!(self.body, "<polygon class=\"{class}\"");
        self.points(points);
        self.close("polygon", tip);
    }

    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        self.label(class, at, anchor, text, "");
    }

    /// Text cut to `room`; where it is cut, the whole is its tooltip.
    pub(crate) fn fitted(
        &mut self,
        class: &str,
        at: (f64, f64),
        anchor: Anchor,
        text: &str,
        room: f64,
    ) {
        let cut = fit(text, TEXT, room);
        let tip = if cut == text { "" } else { text };
        self.label(class, at, anchor, &cut, tip);
    }

    fn label(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str, tip: &str) {
        let _ = write!(self.body, "<text");
        if !class.is_empty() {
            let _ = write!(self.body, " class=\"{class}\"");
        }
        let _ = write!(self.body, " x=\"{}\" y=\"{}\"", Shown(at.0), Shown(at.1));
        match anchor {
            Anchor::Start => {}
            Anchor::Middle => self.body.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.body.push_str(" text-anchor=\"end\""),
        }
        self.body.push('>');
        self.body.push_str(&escape(text));
        if !tip.is_empty() {
            let _ = write!(self.body, "<title>{}</title>", escape(tip));
        }
        self.body.push_str("</text>");
    }

    /// Swatches with names in rows from `top` down; gives the height used.
    ///
    /// An entry is the class of its swatch with its name.
    pub(crate) fn legend(&mut self, entries: &[(String, String)], left: f64, top: f64) -> f64 {
        if entries.is_empty() {
            return 0.0;
        }
        let right = self.width - 8.0;
        let (mut x, mut y) = (left, top + 10.0);
        for (class, name) in entries {
            let room = right - left - 24.0;
            let taken = width(name, TEXT).min(room) + 24.0 + 14.0;
            if x > left && x + taken - 14.0 > right {
                x = left;
                y += 17.0;
            }
            self.line(class, (x, y - 4.0), (x + 18.0, y - 4.0));
            self.fitted("", (x + 24.0, y), Anchor::Start, name, room);
            x += taken;
        }
        y - top + 6.0
    }

    /// The element; `title` with `reading` is what a screen reader says.
    pub(crate) fn finish(self, title: &str, reading: &str, height: f64) -> String {
        let label = if reading.is_empty() {
            escape(title)
        } else {
            format!("{}: {}", escape(title), escape(reading))
        };
        format!(
            "<svg class=\"plot\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
             aria-label=\"{label}\"{data}><title>{name}</title>{body}</svg>",
            w = Shown(self.width),
            h = Shown(height),
            data = self.data,
            name = escape(title),
            body = self.body,
        )
    }

    fn points(&mut self, points: &[(f64, f64)]) {
        self.body.push_str(" points=\"");
        for (i, point) in points.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            let _ = write!(self.body, "{gap}{},{}", Shown(point.0), Shown(point.1));
        }
        self.body.push('"');
    }

    fn close(&mut self, element: &str, tip: &str) {
        if tip.is_empty() {
            self.body.push_str("/>");
        } else {
            let _ = write!(self.body, "><title>{}</title></{element}>", escape(tip));
        }
    }
}

/// A coordinate to a tenth of a unit, without trailing zero.
struct Shown(f64);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round();
        if !tenths.is_finite() {
            return f.write_str("0");
        }
        let tenths = tenths as i64;
        let sign = if tenths < 0 { "-" } else { "" };
        let (whole, tenth) = (tenths.abs() / 10, tenths.abs() % 10);
        if tenth == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{tenth}") }
    }
}
