//! A model's version as a row.

use sqlx::sqlite::SqliteRow;

use super::row::{column, count, json, maybe_time, named, time};
use crate::metadata::Result;
use crate::records::{ModelVersion, NewVersion, Status};

/// A version with its aliases, to be followed by conditions.
pub(super) const SELECT: &str = "SELECT *, (SELECT group_concat(alias, ' ' ORDER BY alias)
    FROM aliases WHERE model = versions.id) AS aliases FROM versions WHERE deleted_at IS NULL";

/// A version from its row.
pub(super) fn version(row: &SqliteRow) -> Result<ModelVersion> {
    let version: String = column(row, "version")?;
    let aliases: Option<String> = column(row, "aliases")?;
    Ok(ModelVersion {
        id: column(row, "id")?,
        version: version.clone(),
        status: named(row, "status", Status::parse)?,
        created_at: time(row, "created_at")?,
        deployed_at: maybe_time(row, "deployed_at")?,
        aliases: aliases.iter().flat_map(|all| all.split(' ')).map(str::to_owned).collect(),
        what: NewVersion {
            name: column(row, "name")?,
            version: Some(version),
            detector: column(row, "detector")?,
            task: column(row, "task")?,
            metrics: json(row, "metrics")?,
            card: column(row, "card")?,
            digest: column(row, "digest")?,
            blob: column(row, "blob")?,
            bytes: count(row, "bytes")?,
            report: column(row, "report")?,
            signer: column(row, "signer")?,
            canaries: column(row, "canaries")?,
            parent: column(row, "parent")?,
            job: column(row, "job")?,
            run: column(row, "run")?,
        },
    })
}

/// Major, minor, patch of `v1.2.3`.
pub(super) fn numbers(version: &str) -> Option<(i64, i64, i64)> {
    let mut parts = version.strip_prefix('v')?.split('.').map(|part| {
        let plain = part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
        let whole = part == "0" || !part.starts_with('0');
        (plain && whole).then(|| part.parse().ok()).flatten()
    });
    let numbers = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_three_plain_numbers() {
        assert_eq!(numbers("v2.10.3"), Some((2, 10, 3)));
        for wrong in ["2.1.0", "v2.1", "v2.1.0.0", "v2.1.0-rc", "v02.1.0", "v2..0", "v", "v1.1.+1"]
        {
            assert_eq!(numbers(wrong), None, "{wrong}");
        }
    }
}
