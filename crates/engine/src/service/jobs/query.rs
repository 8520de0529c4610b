//! Which stored detections become training rows.

use tripline_core::verdict::Severity;
use tripline_store::Timestamp;
use tripline_store::records::DetectionFilter;

use super::error::{JobError, shortened};
use super::source::DataSource;

/// Keys of a query, in the order errors list them.
const KEYS: [&str; 8] = ["since", "until", "severity", "kind", "task", "entity", "model", "base"];

/// Which judged detections, and the data set that they are added to.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct DetectionQuery {
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) severity: Option<Severity>,
    pub(super) kind: Option<String>,
    pub(super) task: Option<String>,
    pub(super) entity: Option<String>,
    pub(super) model: Option<String>,
    /// A file or an upload.
    pub(super) base: Option<Box<DataSource>>,
}

impl DetectionQuery {
    /// From `KEY=VALUE&…`; nothing takes all judged detections.
    pub(super) fn parse(field: &str, text: &str) -> Result<Self, JobError> {
        let mut query = Self::default();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                let message = format!("`{}` is no KEY=VALUE", shortened(part));
                return Err(JobError::field(field, message));
            };
            let owned = Some(value.to_owned());
            match key {
                "since" => query.since = Some(time(field, value)?),
                "until" => query.until = Some(time(field, value)?),
                "severity" => {
                    let severity = Severity::parse(value).ok_or_else(|| {
                        JobError::field(field, format!("no severity is `{}`", shortened(value)))
                    })?;
                    query.severity = Some(severity);
                }
                "kind" => query.kind = owned,
                "task" => query.task = owned,
                "entity" => query.entity = owned,
                "model" => query.model = owned,
                "base" => match DataSource::parse(field, value)? {
                    DataSource::Detections(_) => {
                        let message = "`base` must be `upload:ID` or `file:PATH`";
                        return Err(JobError::field(field, message));
                    }
                    base => query.base = Some(Box::new(base)),
                },
                _ => {
                    let known = KEYS.iter().map(|key| (*key).to_owned()).collect();
                    return Err(JobError::unknown(field, "key", key, known));
                }
            }
        }
        Ok(query)
    }

    /// As the store takes it: judged detections, none that came after `now`.
    pub(super) fn filter(&self, now: Timestamp) -> DetectionFilter {
        DetectionFilter {
            since: self.since,
            until: Some(self.until.map_or(now, |until| until.min(now))),
            severity: self.severity,
            kind: self.kind.clone(),
            task: self.task.clone(),
            entity: self.entity.clone(),
            model_id: self.model.clone(),
            judged: Some(true),
        }
    }
}

/// A time of RFC 3339, section 5.6.
fn time(field: &str, text: &str) -> Result<Timestamp, JobError> {
    text.parse::<jiff::Timestamp>().map(|time| Timestamp(time.as_microsecond())).map_err(|_| {
        let message = format!("`{}` is no time such as 2025-10-08T14:30:00Z", shortened(text));
        JobError::field(field, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_what_it_does_not_know_is_named() {
        let query = DetectionQuery::parse(
            "s",
            "since=2025-10-08T14:30:00Z&kind=dos&severity=high&base=upload:upl-1",
        )
        .unwrap();
        // date -u -d 2025-10-08T14:30:00Z +%s
        assert_eq!(query.since, Some(Timestamp(1_759_933_800_000_000)));
        assert_eq!(query.kind.as_deref(), Some("dos"));
        assert_eq!(query.base, Some(Box::new(DataSource::Upload("upl-1".to_owned()))));
        let now = Timestamp(1_759_933_800_000_001);
        assert_eq!(query.filter(now).until, Some(now));
        let error = DetectionQuery::parse("s", "sinc=1").unwrap_err().to_string();
        assert!(error.contains("did you mean `since`?"), "{error}");
        assert!(DetectionQuery::parse("s", "since=yesterday").is_err());
        assert!(DetectionQuery::parse("s", "base=detections:").is_err());
        assert!(DetectionQuery::parse("s", "kind").is_err());
    }
}
