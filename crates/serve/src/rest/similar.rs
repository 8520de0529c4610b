//! Which detections are alike: by the columns that speak for them.

use std::collections::HashMap;

use serde::Deserialize;
use tripline_store::records::Detection;

/// What is stored of why a detection is one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stored {
    reasons: Vec<StoredReason>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StoredReason {
    feature: String,
    effect: f64,
}

/// The others by the cosine of their reasons with this one's, the likest first, then the newest.
///
/// Without reasons on both sides two detections are as much alike as their severities: 1 or 0.
pub(crate) fn ranked(this: &Detection, others: Vec<Detection>) -> Vec<(f64, Detection)> {
    let own = effects(this);
    let mut ranked: Vec<(f64, Detection)> = others
        .into_iter()
        .filter(|other| other.what.id != this.what.id)
        .map(|other| {
            let theirs = effects(&other);
            let similarity = if own.is_empty() && theirs.is_empty() {
                f64::from(u8::from(this.what.severity == other.what.severity))
            } else {
                cosine(&own, &theirs)
            };
            (similarity, other)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.what.at.cmp(&a.1.what.at)));
    ranked
}

fn effects(detection: &Detection) -> HashMap<String, f64> {
    let stored: Stored = serde_json::from_str(&detection.what.reasons).unwrap_or_default();
    stored.reasons.into_iter().map(|reason| (reason.feature, reason.effect)).collect()
}

/// Cosine of two sparse vectors, 0 if one has no length; negative ones count as 0.
fn cosine(a: &HashMap<String, f64>, b: &HashMap<String, f64>) -> f64 {
    // Both in one order, so that the sum has the same bits each time.
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let (mut product, mut a2, mut b2) = (0.0, 0.0, 0.0);
    for name in names {
        let x = a.get(name).copied().unwrap_or(0.0);
        let y = b.get(name).copied().unwrap_or(0.0);
        product += x * y;
        a2 += x * x;
        b2 += y * y;
    }
    let length = (a2 * b2).sqrt();
    if length > 0.0 && length.is_finite() { (product / length).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use tripline_core::verdict::Severity;
    use tripline_store::Timestamp;
    use tripline_store::records::NewDetection;

    use super::*;

    fn detection(id: &str, at: i64, severity: Severity, reasons: &[(&str, f64)]) -> Detection {
        let reasons: Vec<_> = reasons
            .iter()
            .map(|(feature, effect)| serde_json::json!({"feature": feature, "effect": effect}))
            .collect();
        let what = NewDetection {
            id: id.to_owned(),
            at: Timestamp(at),
            task: "flow".to_owned(),
            entity: None,
            model_id: "m".to_owned(),
            arm: None,
            kind: "dos".to_owned(),
            severity,
            probability: 0.9,
            score: 1.0,
            threshold: 0.0,
            risk: 80,
            action: String::new(),
            techniques: Vec::new(),
            reasons: serde_json::json!({"reasons": reasons}).to_string(),
            event: "{}".to_owned(),
            request: None,
        };
        Detection { what, judgement: None }
    }

    #[test]
    fn the_likest_come_first() {
        let this = detection("a", 0, Severity::High, &[("sttl", 3.0), ("rate", 4.0)]);
        let others = vec![
            detection("a", 0, Severity::High, &[("sttl", 3.0)]),
            detection("b", 1, Severity::High, &[("dur", 1.0)]),
            detection("c", 2, Severity::High, &[("rate", 2.0)]),
            detection("d", 3, Severity::High, &[("sttl", 6.0), ("rate", 8.0)]),
            detection("e", 4, Severity::High, &[]),
        ];
        let found: Vec<(String, f64)> =
            ranked(&this, others).into_iter().map(|(s, d)| (d.what.id, s)).collect();
        // 4 / 5: the part of the vector (3, 4) that lies along the second axis.
        let expected = [("d", 1.0), ("c", 0.8), ("e", 0.0), ("b", 0.0)];
        assert_eq!(found, expected.map(|(id, s)| (id.to_owned(), s)));
    }

    #[test]
    fn without_reasons_severity_tells() {
        let this = detection("a", 0, Severity::High, &[]);
        let others =
            vec![detection("b", 1, Severity::Low, &[]), detection("c", 2, Severity::High, &[])];
        let found: Vec<String> =
            ranked(&this, others).into_iter().map(|(s, d)| format!("{} {s}", d.what.id)).collect();
        assert_eq!(found, ["c 1", "b 0"]);
    }
}
