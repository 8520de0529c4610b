//! `tripline check`: what would make a judgement misleading.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use tripline_assess::guard::{self, Finding, GuardOptions, GuardReport, Severity};
use tripline_core::Dataset;

use crate::args::DataArgs;
use crate::exit::Exit;
use crate::output;
use crate::progress::Bar;
use crate::session::Session;
use crate::terminal::{Style, Terminal};
use crate::wire::DatasetWire;

/// Look for what would make a judgement misleading.
///
/// Duplicates inside a file and across the split, equal rows with other labels, columns that
/// decide alone, drift from training to test, the balance of classes, a fingerprint of each file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline check flows.csv\n  \
tripline check KDDTrain+.txt --test KDDTest+.txt\n  \
tripline check table.parquet --label kind --benign normal --fail-on refusal")]
pub(crate) struct Check {
    /// The labelled data to train on: CSV, Parquet or JSON lines, plain or compressed
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The labelled data to test on
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// End with exit code 4 if there is a finding of at least this severity
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    #[command(flatten)]
    read: DataArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Warning,
    Refusal,
}

#[derive(Serialize)]
struct Checked<'a> {
    data: Vec<DatasetWire>,
    guard: &'a GuardReport,
}

impl Check {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session = session.with_data(&self.read);
        let bar = Bar::new(&session.terminal);
        let train = session.read_data(&self.data, true, &bar)?;
        let test = match &self.test {
            Some(file) => Some(session.read_test(file, &train, &bar)?),
            None => None,
        };
        let report = guard::check(&train, test.as_ref(), &GuardOptions::default());
        bar.clear();
        let mut data = vec![DatasetWire::of("train", &train)];
        data.extend(test.as_ref().map(|test| DatasetWire::of("test", test)));
        let checked = Checked { data, guard: &report };
        output::show(&session.terminal, &checked, || {
            let mut text = describe(&session.terminal, &train);
            if let Some(test) = &test {
                text.push_str(&describe(&session.terminal, test));
            }
            text.push_str(&findings(&session.terminal, &report.findings));
            text
        })?;
        let worst = report.findings.iter().map(|finding| finding.severity).max();
        let limit = self.fail_on.map(|limit| match limit {
            FailOn::Warning => Severity::Warning,
            FailOn::Refusal => Severity::Refusal,
        });
        Ok(match (worst, limit) {
            (Some(worst), Some(limit)) if worst >= limit => Exit::Found,
            _ => Exit::Ok,
        })
    }
}

/// What was read, in a few lines.
pub(crate) fn describe(terminal: &Terminal, data: &Dataset) -> String {
    let source = &data.source;
    let mut text = format!(
        "{}  {} rows, {} columns, layout {}\n",
        terminal.paint(Style::Bold, &source.name),
        data.len(),
        data.rows.width(),
        source.layout
    );
    if let Some(labels) = &data.labels {
        let mut classes: Vec<(String, usize)> =
            labels.classes().iter().cloned().zip(labels.counts()).collect();
        classes.retain(|(_, count)| *count > 0);
        // The benign class stays first, attacks come by size.
        if let Some(attacks) = classes.get_mut(1..) {
            attacks.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        }
        let named: Vec<String> =
            classes.iter().take(12).map(|(name, count)| format!("{name} {count}")).collect();
        let rest = classes.len().saturating_sub(12);
        let more = if rest > 0 { format!(", {rest} more") } else { String::new() };
        text.push_str(&format!("  classes: {}{more}\n", named.join(", ")));
    }
    if source.bad_records > 0 {
        let records = if source.bad_records == 1 { "record" } else { "records" };
        text.push_str(&format!("  {} {records} could not be read\n", source.bad_records));
    }
    for note in &data.notes {
        text.push_str(&terminal.paint(Style::Dim, &format!("  note: {}\n", note.text)));
    }
    text
}

/// Findings, the most serious first.
pub(crate) fn findings(terminal: &Terminal, findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "\nNothing found that would make a judgement misleading.\n".to_owned();
    }
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut text = "\n".to_owned();
    for finding in sorted {
        let (style, word) = match finding.severity {
            Severity::Refusal => (Style::Red, "refusal"),
            Severity::Warning => (Style::Yellow, "warning"),
            Severity::Info => (Style::Dim, "info"),
        };
        text.push_str(&format!("{} {}\n", terminal.paint(style, word), finding.title));
        if !finding.detail.is_empty() {
            text.push_str(&wrap(&finding.detail, 4));
        }
        if !finding.way_out.is_empty() {
            text.push_str(&wrap(&format!("way out: {}", finding.way_out), 4));
        }
    }
    text
}

/// Text in lines of at most 96 characters, each after `indent` spaces.
pub(crate) fn wrap(text: &str, indent: usize) -> String {
    const WIDTH: usize = 96;
    let mut out = String::new();
    for paragraph in text.lines() {
        let mut line = " ".repeat(indent);
        // Not at no-break spaces, which `split_whitespace` would take.
        for word in paragraph.split([' ', '\t']).filter(|word| !word.is_empty()) {
            let length = line.chars().count();
            if length > indent && length + 1 + word.chars().count() > WIDTH {
                out.push_str(line.trim_end());
                out.push('\n');
                line = " ".repeat(indent);
            } else if length > indent {
                line.push(' ');
            }
            line.push_str(word);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
