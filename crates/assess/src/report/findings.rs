//! What the guard found, with the way out of each.

use super::html::{Text, Ticked};
use super::page::Page;
use crate::guard::{Finding, Severity};
use crate::plot;

/// Notes that are shown unasked.
const FEW: usize = 3;

/// The findings, gravest first.
pub(super) fn write(page: &mut Page, findings: &[Finding]) {
    page.section("guard", "What the guard found");
    if findings.is_empty() {
        page.put(format_args!("<p>Nothing.</p>"));
        page.end_section();
        return;
    }
    let mut ordered: Vec<&Finding> = findings.iter().collect();
    ordered.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let notes = ordered.partition_point(|finding| finding.severity > Severity::Info);
    for finding in &ordered[..notes] {
        write_one(page, finding);
    }
    let notes = &ordered[notes..];
    if !notes.is_empty() {
        // Many notes would push what matters out of sight.
        let open = if notes.len() <= FEW { " open" } else { "" };
        let number =
            if notes.len() == 1 { "1 note".to_owned() } else { format!("{} notes", notes.len()) };
        page.put(format_args!("<details{open}><summary>{number}</summary>"));
        for finding in notes {
            write_one(page, finding);
        }
        page.put(format_args!("</details>"));
    }
    page.end_section();
}

fn write_one(page: &mut Page, finding: &Finding) {
    let class = match finding.severity {
        Severity::Refusal => "bad",
        Severity::Warning => "warn",
        Severity::Info => "info",
    };
    page.put(format_args!(
        "<article class=\"finding {class}\"><h3><span class=\"tag\">{}</span> {}</h3><p>{}</p>",
        severity(finding.severity),
        Ticked(&finding.title),
        Ticked(&finding.detail)
    ));
    if !finding.columns.is_empty() {
        page.put(format_args!("<p class=\"chips\">"));
        for column in &finding.columns {
            page.put(format_args!("<code>{}</code> ", Text(column)));
        }
        page.put(format_args!("</p>"));
    }
    if !finding.numbers.is_empty() {
        page.put(format_args!("<dl class=\"pairs small\">"));
        for (name, value) in &finding.numbers {
            page.put(format_args!(
                "<dt>{}</dt><dd>{}</dd>",
                Text(name),
                Text(&plot::short(*value))
            ));
        }
        page.put(format_args!("</dl>"));
    }
    if !finding.way_out.is_empty() {
        page.put(format_args!("<p class=\"way\"><b>Way out:</b> {}</p>", Ticked(&finding.way_out)));
    }
    page.put(format_args!("</article>"));
}

/// A severity as a person reads it.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Refusal => "refusal",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
