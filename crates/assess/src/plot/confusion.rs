//! Which class was taken for which.

use super::Figure;
use super::axes::{WIDE, WIDTH};
use super::canvas::{Anchor, Canvas, TEXT};
use super::number::{count, percent};
use super::text::width;

/// Classes beyond which cells hold no numbers, only shade with a tooltip.
const NUMBERED: usize = 12;

/// Rows by true class (down) with predicted class (across); `counts` is row-major, k × k;
/// `decided` says in the caption how classes were predicted, such as `at the threshold`.
///
/// Cells are shaded by their share of the true class. Missing counts are taken as 0.
pub fn confusion(title: &str, classes: &[String], counts: &[usize], decided: &str) -> Figure {
    let k = classes.len();
    let total = if k > 4 { WIDE } else { WIDTH };
    let cell = |row: usize, column: usize| counts.get(row * k + column).copied().unwrap_or(0);
    let longest = classes.iter().map(|name| width(name, TEXT)).fold(0.0, f64::max);
    let left = (longest + 14.0).clamp(40.0, total * 0.3);
    let across = (total - left - 8.0) / k.max(1) as f64;
    // Where names do not fit above their columns, the columns have numbers that the rows explain.
    let numbered = longest + 8.0 > across;
    let left = if numbered { (left + 22.0).min(total * 0.34) } else { left };
    let across = (total - left - 8.0) / k.max(1) as f64;
    let down = across.clamp(14.0, 58.0);
    let top = 46.0;

    let mut canvas = Canvas::new(total);
    canvas.text("name", (left, 14.0), Anchor::Start, "predicted →");
    canvas.text("name", (4.0, top - 8.0), Anchor::Start, "true ↓");
    for (row, name) in classes.iter().enumerate() {
        let sum: usize = (0..k).map(|column| cell(row, column)).sum();
        let y = top + row as f64 * down;
        let label = if numbered { format!("{} {name}", row + 1) } else { name.clone() };
        canvas.fitted("", (left - 8.0, y + down / 2.0 + 4.0), Anchor::End, &label, left - 12.0);
        let x = left + (row as f64 + 0.5) * across;
        let head = if numbered { (row + 1).to_string() } else { name.clone() };
        if width(&head, TEXT) <= across {
            canvas.text("tick", (x, top - 8.0), Anchor::Middle, &head);
        }
        for (column, other) in classes.iter().enumerate() {
            let number = cell(row, column);
            let share = if sum == 0 { 0.0 } else { number as f64 / sum as f64 };
            let corner = (left + column as f64 * across, y);
            let tip = format!("{name} taken for {other}: {} ({})", count(number), percent(share));
            let class = if row == column { "cell right" } else { "cell wrong" };
            // A share of 0.1 % must not vanish, so shade starts above nothing.
            let opacity = if number == 0 { 0.0 } else { 0.12 + 0.88 * share };
            canvas.rect("cell-back", corner, (across - 2.0, down - 2.0), "");
            canvas.shade(class, corner, (across - 2.0, down - 2.0), opacity, &tip);
            if k <= NUMBERED {
                write_cell(&mut canvas, corner, (across - 2.0, down - 2.0), number, share);
            }
        }
    }
    let rows: usize = (0..k * k).map(|i| counts.get(i).copied().unwrap_or(0)).sum();
    let caption = format!("{} rows {decided}; shade is the share of the true class.", count(rows));
    let reading = format!("{k} classes");
    let svg = canvas.finish(title, &reading, top + k as f64 * down + 6.0);
    Figure { title: title.to_owned(), svg, caption }
}

fn write_cell(
    canvas: &mut Canvas,
    corner: (f64, f64),
    size: (f64, f64),
    number: usize,
    share: f64,
) {
    let text = count(number);
    if width(&text, TEXT) + 4.0 > size.0 {
        return;
    }
    let class = if share > 0.5 && number > 0 { "on" } else { "" };
    let middle = (corner.0 + size.0 / 2.0, corner.1 + size.1 / 2.0);
    if size.1 >= 34.0 {
        canvas.text(class, (middle.0, middle.1 - 2.0), Anchor::Middle, &text);
        let class = if class.is_empty() { "tick" } else { "tick on" };
        canvas.text(class, (middle.0, middle.1 + 13.0), Anchor::Middle, &percent(share));
    } else {
        canvas.text(class, (middle.0, middle.1 + 4.0), Anchor::Middle, &text);
    }
}
