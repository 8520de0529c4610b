//! The service's log: lines on standard error, as text or as JSON.

use std::str::FromStr as _;

use tracing_subscriber::EnvFilter;

use super::lines::Lines;

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line, for collectors.
    Json,
}

impl LogFormat {
    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line looks.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, or directives such as `info,tripline_serve=debug`.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// Begins to log to standard error, without waiting for whoever reads it: see [`crate::flush_log`].
/// An error names a level that is none.
pub fn log_to_stderr(settings: &LogSettings) -> Result<(), String> {
    let filter = EnvFilter::from_str(&settings.level).map_err(|error| error.to_string())?;
    let told = match settings.format {
        LogFormat::Text => |count| format!(" WARN {count} lines of the log were lost\n"),
        LogFormat::Json => |count| {
            let line = serde_json::json!({
                "level": "WARN", "message": "lines of the log were lost", "lines": count,
            });
            format!("{line}\n")
        },
    };
    let lines = Lines::to(std::io::stderr(), told).map_err(|error| error.to_string())?;
    lines.of_the_program();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(lines)
        .with_target(false)
        .with_ansi(false);
    let begun = match settings.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    begun.map_err(|error| error.to_string())
}
