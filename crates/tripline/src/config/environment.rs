//! What variables of the environment mean.

/// Ours begin so; the rest is the path of a setting, `TRIPLINE_SERVE_PORT` for `serve.port`.
pub(crate) const PREFIX: &str = "TRIPLINE_";

/// A variable of a name that we did not choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// The same as this setting.
    Sets(&'static str),
    /// Names what this version does not use, with the way out.
    Unsupported(&'static str),
    /// A secret of what this version does not use: never shown.
    Secret,
}

/// What a variable of the seeds' services means.
pub(crate) fn foreign(name: &str) -> Option<Foreign> {
    use Foreign::{Secret, Sets, Unsupported};
    Some(match name {
        "ML_PORT" => Sets("serve.port"),
        "ML_ENABLED" => Sets("serve.enabled"),
        "ML_MODEL_TYPE" => Sets("model.name"),
        "ML_MODEL_PATH" => Sets("model.path"),
        "ML_DB_HOST" => Unsupported(
            "metadata is kept in SQLite under `serve.data_dir`, not in this PostgreSQL server; \
             unset the variable",
        ),
        "ML_REDIS_HOST" => Unsupported(
            "queue and cache are in the process, not in this Redis server; unset the variable",
        ),
        "ML_S3_ENDPOINT" => Unsupported(
            "models are kept as files under `serve.data_dir`, not in this bucket; unset the \
             variable",
        ),
        "ML_S3_ACCESS_KEY" | "ML_S3_SECRET_KEY" => Secret,
        _ => return None,
    })
}

/// The variable of a setting.
pub(crate) fn variable_of(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "_").to_ascii_uppercase())
}

/// Whether a variable of ours is no setting: data and trials of tests.
pub(crate) fn is_other(name: &str) -> bool {
    matches!(name, "TRIPLINE_DATA" | "TRIPLINE_TRIALS") || name.starts_with("TRIPLINE_TEST_")
}
