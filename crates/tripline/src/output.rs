//! Results on standard output: text for people, JSON for machines.

use serde::Serialize;

use crate::args::Format;
use crate::terminal::Terminal;

/// Writes a result in the format asked for.
pub(crate) fn show<T: Serialize>(
    terminal: &Terminal,
    result: &T,
    text: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    let out = match terminal.format {
        Format::Text => text(),
        Format::Json => {
            let mut json = serde_json::to_string_pretty(result)?;
            json.push('\n');
            json
        }
    };
    Ok(terminal.print(&out)?)
}
