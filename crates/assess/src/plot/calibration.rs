//! Whether probabilities mean what they say.

use super::Figure;
use super::axes::{Area, Axes, WIDTH};
use super::canvas::{Anchor, Canvas};
use super::number::{count, percent};
use super::scale::Scale;
use crate::bootstrap::{Interval, wilson};

/// Rows whose predicted probabilities lie beside each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Mean predicted probability of an attack.
    pub predicted: f64,
    /// Share of attacks.
    pub observed: f64,
    /// Number of rows.
    pub rows: usize,
}

/// Observed share of attacks over predicted probability, with the rows of each bin beneath.
pub fn calibration(bins: &[ReliabilityBin]) -> Figure {
    let mut area = Area::usual();
    area.bottom -= 56.0;
    let axes = Axes {
        x: Scale::linear(0.0, 1.0, area.left, area.right),
        y: Scale::linear(0.0, 1.0, area.bottom, area.top),
        area,
    };
    let mut canvas = Canvas::new(WIDTH);
    axes.draw(&mut canvas, "predicted probability", "observed share of attacks");
    canvas.line("guide", axes.place(0.0, 0.0), axes.place(1.0, 1.0));
    let shown: Vec<ReliabilityBin> = bins
        .iter()
        .copied()
        .filter(|bin| bin.rows > 0 && bin.predicted.is_finite() && bin.observed.is_finite())
        .collect();
    let points: Vec<(f64, f64)> =
        shown.iter().map(|bin| axes.place(bin.predicted, bin.observed)).collect();
    canvas.polyline("curve s0", &points, "");
    for bin in &shown {
        let rows = bin.rows as f64;
        let Interval { low, high, .. } = wilson(bin.observed * rows, rows);
        canvas.line("whisker", axes.place(bin.predicted, low), axes.place(bin.predicted, high));
        let tip = format!(
            "predicted {}, observed {} of {} rows",
            percent(bin.predicted),
            percent(bin.observed),
            count(bin.rows)
        );
        canvas.circle("dot", axes.place(bin.predicted, bin.observed), 3.5, &tip);
    }

    // A strip of counts beneath: a well-placed point that stands on a handful of rows shows so.
    let (top, bottom) = (area.below() + 16.0, area.below() + 52.0);
    let most = shown.iter().map(|bin| bin.rows).max().unwrap_or(0);
    canvas.text("name", (4.0, top - 4.0), Anchor::Start, "rows of each bin");
    let heights = Scale::linear(0.0, most.max(1) as f64, bottom, top);
    for bin in &shown {
        let at = axes.x.place(bin.predicted);
        let height = (bottom - heights.place(bin.rows as f64)).max(1.0);
        let tip = format!("{} rows", count(bin.rows));
        canvas.rect("count", (at - 2.5, bottom - height), (5.0, height), &tip);
    }
    canvas.line("axis", (area.left, bottom), (area.right, bottom));
    let title = "Calibration";
    let caption = match (shown.iter().map(|bin| bin.rows).min(), most) {
        (None, _) => "No rows.".to_owned(),
        (Some(least), most) if least == most => {
            format!("Bins of {} rows; bars are 95 % Wilson intervals.", count(most))
        }
        (Some(least), most) => format!(
            "Bins of {} to {} rows; bars are 95 % Wilson intervals.",
            count(least),
            count(most)
        ),
    };
    let svg = canvas.finish(title, "observed share over predicted probability", bottom + 6.0);
    Figure { title: title.to_owned(), svg, caption }
}
