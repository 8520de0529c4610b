//! How much of each attack family alerts.

use serde::Serialize;
use tripline_core::Labels;

use crate::bootstrap::{Interval, wilson};

/// Detection of one attack family at the threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FamilyDetection {
    /// Name of the class.
    pub family: String,
    /// Rows of it.
    pub rows: usize,
    /// Rows of it that alert.
    pub detected: usize,
    /// Share that alerts.
    pub rate: f64,
    /// 95 % interval of that share for independent rows (Wilson 1927).
    pub interval: Interval,
    /// Seconds from the family's first row to its first alert, where rows have times; none where
    /// nothing alerts.
    pub first_alert_seconds: Option<f64>,
}

impl FamilyDetection {
    /// Adds the rows of another part; the time to the first alert stays the shortest.
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.detected += other.detected;
        self.rate = self.detected as f64 / self.rows.max(1) as f64;
        self.interval = wilson(self.detected as f64, self.rows as f64);
        self.first_alert_seconds = match (self.first_alert_seconds, other.first_alert_seconds) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

/// Detection of each attack class that has rows, in the order of the classes.
///
/// `alerts`, `labels` with `time` (nanoseconds) are by row.
pub fn families(alerts: &[bool], labels: &Labels, time: Option<&[i64]>) -> Vec<FamilyDetection> {
    let classes = labels.classes();
    let mut rows = vec![0usize; classes.len()];
    let mut detected = vec![0usize; classes.len()];
    let mut first_row: Vec<Option<i64>> = vec![None; classes.len()];
    let mut first_alert: Vec<Option<i64>> = vec![None; classes.len()];
    for (row, &code) in labels.codes().iter().enumerate() {
        let class = code as usize;
        rows[class] += 1;
        detected[class] += usize::from(alerts[row]);
        if let Some(time) = time {
            let at = time[row];
            first_row[class] = Some(first_row[class].map_or(at, |first| first.min(at)));
            if alerts[row] {
                first_alert[class] = Some(first_alert[class].map_or(at, |first| first.min(at)));
            }
        }
    }
    (1..classes.len())
        .filter(|&class| rows[class] > 0)
        .map(|class| FamilyDetection {
            family: classes[class].clone(),
            rows: rows[class],
            detected: detected[class],
            rate: detected[class] as f64 / rows[class] as f64,
            interval: wilson(detected[class] as f64, rows[class] as f64),
            first_alert_seconds: first_alert[class]
                .zip(first_row[class])
                .map(|(alert, start)| alert.saturating_sub(start) as f64 / 1e9),
        })
        .collect()
}
