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

/// What changes the level of a log that is being written.
pub struct LogLevel(Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>);

impl std::fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogLevel").finish_non_exhaustive()
    }
}

impl LogLevel {
    /// Logs by another level from now on. An error names a level that is none, and nothing changes.
    pub fn change(&self, level: &str) -> Result<(), String> {
        (self.0)(filter(level)?)
    }
}

fn filter(level: &str) -> Result<EnvFilter, String> {
    EnvFilter::from_str(level).map_err(|error| error.to_string())
}

/// Begins to log to standard error, without waiting for whoever reads it: see [`crate::flush_log`].
/// An error names a level that is none.
pub fn log_to_stderr(settings: &LogSettings) -> Result<LogLevel, String> {
    let level = filter(&settings.level)?;
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
        .with_env_filter(level)
        .with_writer(lines)
        .with_target(false)
        .with_ansi(false);
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    match settings.format {
        LogFormat::Text => {
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            builder.try_init().map_err(|error| failed(&error))?;
            Ok(LogLevel(Box::new(move |level| handle.reload(level).map_err(|e| failed(&e)))))
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.try_init().map_err(|error| failed(&error))?;
            Ok(LogLevel(Box::new(move |level| handle.reload(level).map_err(|e| failed(&e)))))
        }
    }
}
