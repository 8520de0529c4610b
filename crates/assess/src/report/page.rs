//! The frame of a page: head, navigation, sections.

use std::fmt;
use std::fmt::Write as _;

use super::html::{self, Text};
use crate::plot::{self, Figure};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A browser may show this page, run what stands in it, load nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// A page in the making.
pub(super) struct Page {
    title: String,
    sections: Vec<(String, String)>,
    body: String,
}

impl Page {
    pub(super) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), sections: Vec::new(), body: String::new() }
    }

    /// Writes HTML; texts in it were escaped by [`Text`].
    pub(super) fn put(&mut self, html: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(html);
    }

    pub(super) fn figure(&mut self, figure: &Figure) {
        self.body.push_str(&html::figure(figure));
    }

    /// One figure drawn for wide screens as for narrow ones; style shows the one that fits.
    pub(super) fn figure_pair(&mut self, wide: &Figure, narrow: &Figure) {
        self.body.push_str(&html::figure_pair(wide, narrow));
    }

    /// The banner over a page whose figures leak; nothing without a reason.
    pub(super) fn leakage(&mut self, reasons: &[String], consequence: &str) {
        if reasons.is_empty() {
            return;
        }
        self.put(format_args!(
            "<div class=\"banner\" role=\"alert\"><strong>Leakage accepted.</strong> {}. {}</div>",
            Text(&reasons.join("; ")),
            Text(consequence)
        ));
    }

    /// Opens a section that the navigation names.
    pub(super) fn section(&mut self, id: &str, title: &str) {
        self.sections.push((id.to_owned(), title.to_owned()));
        self.put(format_args!("<section id=\"{}\"><h2>{}</h2>", Text(id), Text(title)));
    }

    pub(super) fn end_section(&mut self) {
        self.body.push_str("</section>\n");
    }

    pub(super) fn finish(self, version: &str) -> String {
        let mut navigation = String::new();
        for (id, title) in &self.sections {
            let _ = write!(navigation, "<a href=\"#{}\">{}</a>", Text(id), Text(title));
        }
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\">\
             <meta name=\"referrer\" content=\"no-referrer\">\
             <title>{title}</title><style>{}{STYLE}</style></head>\n<body>\
             <nav aria-label=\"Sections\">{navigation}</nav>\n<main>{body}</main>\n\
             <footer>Tripline {version}</footer><div id=\"tip\" hidden></div>\
             <script>{SCRIPT}</script></body></html>\n",
            plot::STYLE,
            title = Text(&self.title),
            body = self.body,
            version = Text(version),
        )
    }
}
