//! From results to the page that shows them.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use tripline_assess::evaluate::Evaluation;
use tripline_assess::guard::{GuardReport, Override};
use tripline_assess::protocol::Protocol;
use tripline_assess::report::AlertView;
use tripline_assess::threshold::ThresholdRule;
use tripline_core::Dataset;
use tripline_engine::EngineError;
pub(crate) use tripline_engine::report::source;
use tripline_engine::report::{self, PageInput};
use tripline_store::AtomicFile;

use crate::session::Session;

/// What a page is made of.
pub(crate) struct Input<'a> {
    pub(crate) title: String,
    pub(crate) session: &'a Session,
    pub(crate) train: &'a Dataset,
    pub(crate) test: Option<&'a Dataset>,
    pub(crate) protocol: Option<&'a Protocol>,
    pub(crate) threshold: ThresholdRule,
    pub(crate) guard: &'a GuardReport,
    pub(crate) overrides: &'a [Override],
    pub(crate) evaluations: &'a [Evaluation],
    /// Parameters of each model.
    pub(crate) parameters: Vec<Vec<(String, String)>>,
    pub(crate) alert: Option<AlertView<'a>>,
    pub(crate) notes: Vec<String>,
}

/// Renders a page into a file that is already open.
pub(crate) fn write(mut page: AtomicFile, input: Input<'_>) -> Result<(), EngineError> {
    let text = report::page(PageInput {
        title: input.title,
        when: now(),
        command: command(),
        seed: input.session.seed(),
        train: input.train,
        test: input.test,
        protocol: input.protocol,
        threshold: input.threshold,
        guard: input.guard,
        overrides: input.overrides,
        evaluations: input.evaluations,
        parameters: input.parameters,
        alert: input.alert,
        notes: input.notes,
    });
    put(&mut page, &text)?;
    Ok(page.commit()?)
}

/// Writes a text into an open output.
pub(crate) fn put(page: &mut AtomicFile, text: &str) -> Result<(), EngineError> {
    put_bytes(page, text.as_bytes())
}

/// Writes bytes into an open output.
pub(crate) fn put_bytes(page: &mut AtomicFile, bytes: &[u8]) -> Result<(), EngineError> {
    page.write_all(bytes)
        .map_err(|source| EngineError::Write { file: page.target().to_owned(), source })
}

/// The command as it was typed, as nearly as can be told.
pub(crate) fn command() -> String {
    let quoted = |text: String| {
        let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@".contains(c);
        if !text.is_empty() && text.chars().all(plain) {
            text
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    let arguments =
        std::env::args_os().skip(1).map(|text| quoted(text.to_string_lossy().into_owned()));
    std::iter::once("tripline".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// The time as a page shows it; `SOURCE_DATE_EPOCH` makes pages that are equal byte by byte.
pub(crate) fn now() -> String {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = fixed.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    });
    utc(seconds)
}

/// Seconds since 1970 as date and time.
fn utc(seconds: u64) -> String {
    let (year, month, day) = tripline_core::text::date((seconds / 86_400) as i64);
    let time = seconds % 86_400;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", time / 3600, time % 3600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        // date -u -d @951782400
        assert_eq!(utc(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(utc(0), "1970-01-01 00:00 UTC");
        assert_eq!(utc(1_795_149_296), "2026-11-20 04:34 UTC");
    }
}
