//! Every chart on one page, from made numbers: `cargo run --release -p tripline-assess --example
//! gallery -- out.html`.

#[path = "../tests/it/gallery.rs"]
mod gallery;

use std::fmt::Write as _;

use tripline_assess::plot;

fn main() -> std::io::Result<()> {
    let out = std::env::args().nth(1).unwrap_or_else(|| "gallery.html".to_owned());
    let mut page = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Charts</title><style>{}body{{background:\
         var(--paper);margin:1rem;font-family:sans-serif;color:var(--ink)}}figure{{margin:0 0 1.5rem;\
         max-width:400px}}figure.wide{{max-width:600px}}main{{display:flex;flex-wrap:wrap;gap:1rem}}\
         figcaption{{font-size:12px}}</style><main>",
        plot::STYLE
    );
    for figure in gallery::figures() {
        let wide = if figure.svg.contains("viewBox=\"0 0 560 ") { " class=\"wide\"" } else { "" };
        let _ = write!(
            page,
            "<figure{wide}><b>{}</b>{}<figcaption>{}</figcaption></figure>",
            plot::escape(&figure.title),
            figure.svg,
            plot::escape(&figure.caption)
        );
    }
    page.push_str("</main>\n");
    std::fs::write(out, page)
}
