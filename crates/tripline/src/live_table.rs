//! The live table of `tripline watch`: counts on top, the latest alerts below.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use console::Term;
use tripline_core::flow::{EndReason, Flow};
use tripline_core::verdict::{Severity, Verdict};
use tripline_engine::traffic::{FlowDetector, Traffic, VerdictTally, protocol_name, timestamp};
use tripline_features::flow::FlowBatch;

use crate::commands::watch::View;
use crate::table::{Align, Table};
use crate::terminal::{Style, Terminal};
use crate::traffic::server_name;

/// Time between two pictures.
const REFRESH: Duration = Duration::from_millis(250);
/// Lines that are no alerts: two of counts, the header, the last one.
const OTHER_LINES: usize = 5;
/// Characters of a server's name that are shown.
const NAME: usize = 28;
/// Alerts held, whatever the height of the terminal.
const MAX_ALERTS: usize = 200;

/// Redraws itself in place.
pub(crate) struct LiveTable {
    terminal: Terminal,
    term: Term,
    title: String,
    alerts: VecDeque<(Severity, Vec<String>)>,
    drawn_lines: usize,
    drawn_at: Option<Instant>,
    changed: bool,
}

impl LiveTable {
    pub(crate) fn new(terminal: &Terminal, input: &str, detector: &FlowDetector) -> Self {
        Self {
            terminal: *terminal,
            term: Term::stdout(),
            title: format!("{input} · {}", detector.name()),
            alerts: VecDeque::new(),
            drawn_lines: 0,
            drawn_at: None,
            changed: true,
        }
    }

    fn draw(&mut self, traffic: &Traffic, tally: &VerdictTally) -> io::Result<()> {
        let (height, width) = self.term.size();
        let (height, width) = (usize::from(height), usize::from(width));
        let mut lines = vec![self.title.clone(), counts(traffic, tally)];
        let room = height.saturating_sub(OTHER_LINES).max(1);
        let mut table = table();
        let shown = self.alerts.len().saturating_sub(room);
        for (_, cells) in self.alerts.iter().skip(shown) {
            table.row(cells.clone());
        }
        lines.extend(table.lines(0));
        if self.alerts.is_empty() {
            lines.push("no alert so far".to_owned());
        }
        let mut picture = String::new();
        if self.drawn_lines > 0 {
            // Up to where the last picture began, then clear to the end of the screen.
            picture.push_str(&format!("\x1b[{}A\x1b[J", self.drawn_lines));
        }
        for (at, line) in lines.iter().enumerate() {
            let line: String = line.chars().take(width.saturating_sub(1)).collect();
            let style = match at {
                0 => Some(Style::Bold),
                2 => Some(Style::Dim),
                at => at
                    .checked_sub(3)
                    .and_then(|row| self.alerts.get(shown + row))
                    .and_then(|(severity, _)| style(*severity)),
            };
            picture.push_str(&match style {
                Some(style) => self.terminal.paint(style, &line),
                None => line,
            });
            picture.push('\n');
        }
        self.drawn_lines = lines.len();
        self.drawn_at = Some(Instant::now());
        self.changed = false;
        let mut out = io::stdout().lock();
        out.write_all(picture.as_bytes())?;
        out.flush()
    }
}

impl View for LiveTable {
    fn tell(&mut self, batch: &FlowBatch, verdicts: &[Verdict], all: bool) -> io::Result<()> {
        for (flow, verdict) in batch.flows.iter().zip(verdicts) {
            if !(all || verdict.attack) {
                continue;
            }
            self.changed = true;
            self.alerts.push_back((verdict.severity, cells(flow, verdict, usize::MAX)));
            if self.alerts.len() > MAX_ALERTS {
                self.alerts.pop_front();
            }
        }
        Ok(())
    }

    fn tick(&mut self, traffic: &Traffic, tally: &VerdictTally) -> io::Result<()> {
        if self.drawn_at.is_none_or(|at| at.elapsed() >= REFRESH) {
            self.draw(traffic, tally)?;
        }
        Ok(())
    }

    fn end(&mut self, traffic: &Traffic, tally: &VerdictTally) -> io::Result<()> {
        if self.changed || self.drawn_at.is_none() {
            self.draw(traffic, tally)?;
        }
        Ok(())
    }
}

fn counts(traffic: &Traffic, tally: &VerdictTally) -> String {
    let summary = traffic.summary();
    let rate = if summary.seconds > 0.0 { summary.packets as f64 / summary.seconds } else { 0.0 };
    let dropped: u64 = summary
        .counts()
        .into_iter()
        .filter(|(name, _)| name.contains("dropped"))
        .map(|(_, count)| count)
        .sum();
    let mut severities = String::new();
    for (severity, count) in tally.by_severity().filter(|(s, n)| *s > Severity::Info && *n > 0) {
        severities.push_str(&format!(" {} {count}", severity.name()));
    }
    format!(
        "packets {} ({:.0}/s) · flows {} · open {} · dropped {dropped} · alerts {}{severities}",
        summary.packets, rate, summary.flows, summary.open, tally.alerts
    )
}

/// A table of verdicts without a row.
pub(crate) fn table() -> Table {
    Table::new(&[
        ("time", Align::Left),
        ("risk", Align::Right),
        ("category", Align::Left),
        ("flow", Align::Left),
        ("why", Align::Left),
    ])
}

/// A verdict as its row, with so many reasons at most.
pub(crate) fn cells(flow: &Flow, verdict: &Verdict, reasons: usize) -> Vec<String> {
    let time = timestamp(flow.end_ns);
    let early = if flow.ended == EndReason::Open { "…" } else { "" };
    let technique = verdict.technique.map(|technique| format!(" {}", technique.id));
    let category = verdict.category.as_deref().unwrap_or("attack");
    let to = match server_name(flow) {
        Some(name) => format!("{} ({})", flow.resp_ip(), plain(name)),
        None => flow.resp_ip().to_string(),
    };
    let service = flow.service.map_or_else(|| protocol_name(flow.key.protocol), str::to_owned);
    let why: Vec<String> = verdict
        .reasons
        .iter()
        .take(reasons)
        .map(|reason| {
            format!("{} = {} (+{:.1})", reason.feature, reason.value, reason.contribution)
        })
        .collect();
    vec![
        time.get(11..19).unwrap_or_default().to_owned() + early,
        verdict.risk.to_string(),
        format!("{category}{}", technique.unwrap_or_default()),
        format!("{} → {to}:{} {service}", flow.orig_ip(), flow.key.resp_port),
        why.join(", "),
    ]
}

/// Text off the wire without what would steer a terminal.
fn plain(text: &str) -> String {
    let mut shown: String =
        text.chars().take(NAME).map(|c| if steers(c) { '·' } else { c }).collect();
    if text.chars().count() > NAME {
        shown.push('…');
    }
    shown
}

/// Controls, with those that turn the direction of what follows (Unicode Annex 9).
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn style(severity: Severity) -> Option<Style> {
    match severity {
        Severity::Critical | Severity::High => Some(Style::Red),
        Severity::Medium => Some(Style::Yellow),
        Severity::Low | Severity::Info => None,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_do_not_steer_the_terminal() {
        assert_eq!(plain("a\x1b[2Jb"), "a·[2Jb");
        assert_eq!(plain("\u{202e}moc.elpmaxe\u{2069}"), "·moc.elpmaxe·");
        assert_eq!(plain("bücher.example"), "bücher.example");
        assert_eq!(plain(&"x".repeat(29)), "x".repeat(28) + "…");
    }
}
