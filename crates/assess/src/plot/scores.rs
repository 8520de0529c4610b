//! How the scores of benign rows lie beside those of attacks.

use super::Figure;
use super::axes::{Area, Axes, WIDTH};
use super::canvas::{Anchor, Canvas, SMALL};
use super::number::{count, short};
use super::scale::Scale;
use super::text::width;

/// Bins of the histogram: each is six units wide on the chart, where a step is still seen.
const BINS: usize = 56;

/// Two histograms over one axis, counts by powers of ten; `name` is what the axis says, `range`
/// its ends where these are not those of the scores.
///
/// Scores that are not finite are left out, which the caption tells.
pub fn score_distribution(
    scores: &[f64],
    attacks: &[bool],
    threshold: Option<f64>,
    name: &str,
    range: Option<(f64, f64)>,
) -> Figure {
    let area = Area::usual();
    let rows = || scores.iter().zip(attacks).filter(|(score, _)| score.is_finite());
    let (low, high) =
        rows().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (&s, _)| (a.min(s), b.max(s)));
    let (low, high) = range.unwrap_or((low, high));
    let x = Scale::linear(low, high, area.left, area.right);
    let mut bins = [[0_usize; BINS]; 2];
    let span = area.right - area.left;
    for (&score, &attack) in rows() {
        let position = (x.place(score) - area.left) / span * BINS as f64;
        bins[usize::from(attack)][(position as usize).min(BINS - 1)] += 1;
    }
    let most = bins.iter().flatten().copied().max().unwrap_or(0);
    // Below 1 there is half a decade, so that a bin of one row stands off the axis.
    let y = Scale::log(0.3, (most as f64).max(10.0) * 1.3, area.bottom, area.top);
    let axes = Axes { x, y, area };
    let mut canvas = Canvas::new(WIDTH);
    axes.draw(&mut canvas, name, "rows (logarithmic)");
    let step = span / BINS as f64;
    for (class, bins) in ["benign", "attack"].iter().zip(&bins) {
        let mut outline = vec![(area.left, area.bottom)];
        for (i, &rows) in bins.iter().enumerate() {
            let from = area.left + i as f64 * step;
            let top = if rows == 0 { area.bottom } else { axes.y.place(rows as f64) };
            outline.extend([(from, top), (from + step, top)]);
        }
        outline.push((area.right, area.bottom));
        outline.dedup();
        canvas.polygon(&format!("mass {class}"), &outline, "");
    }
    for (i, (&benign, &attack)) in bins[0].iter().zip(&bins[1]).enumerate() {
        if benign + attack > 0 {
            let tip = format!("{} benign, {} attack", count(benign), count(attack));
            let corner = (area.left + i as f64 * step, area.top);
            canvas.rect("hover", corner, (step, area.bottom - area.top), &tip);
        }
    }
    if let Some(threshold) = threshold.filter(|threshold| threshold.is_finite()) {
        let at = axes.x.place(threshold);
        canvas.line("threshold", (at, area.top), (at, area.bottom));
        let label = format!("threshold {}", short(threshold));
        // To the side that has room; the name of the y axis stands at the left above.
        let room = width(&label, SMALL);
        let place = (at + room / 2.0).min(area.right).max(area.left + 110.0 + room);
        canvas.text("tick", (place, area.top - 12.0), Anchor::End, &label);
    }
    let attack_rows = rows().filter(|(_, attack)| **attack).count();
    let benign_rows = rows().count() - attack_rows;
    let entries = [
        ("swatch benign".to_owned(), format!("benign ({})", count(benign_rows))),
        ("swatch attack".to_owned(), format!("attack ({})", count(attack_rows))),
    ];
    let height = area.below() + canvas.legend(&entries, 8.0, area.below());
    let left_out = scores.len().min(attacks.len()) - benign_rows - attack_rows;
    let caption = if left_out > 0 {
        format!("{} rows without a finite score left out.", count(left_out))
    } else {
        format!("{BINS} bins of equal width.")
    };
    let title = "Score distributions";
    let svg = canvas.finish(title, "scores of benign rows beside those of attacks", height);
    Figure { title: title.to_owned(), svg, caption }
}
