//! What is stored as JSON by the layers below, as the pages show it.

use serde_json::Value;
use tripline_assess::plot::{ReliabilityBin, short};
use tripline_core::math;
use tripline_store::records::ModelVersion;

use super::view::findings::Finding;
use super::view::model::Curves;
use super::view::threshold::Threshold;
use super::view::why::{Reason, Why};

/// Most lines that a page shows of one object.
const MOST: usize = 300;
/// Longest value that a page shows.
const LONGEST: usize = 400;

/// The reasons of a detection; none where there are none.
pub(super) fn why(text: &str) -> Option<Why> {
    let value: Value = serde_json::from_str(text).ok()?;
    let list = value.get("reasons").or(Some(&value))?.as_array()?;
    let reasons: Vec<Reason> = list
        .iter()
        .take(MOST)
        .map(|reason| Reason {
            feature: words(reason.get("feature")),
            value: words(reason.get("value")),
            effect: number(reason.get("effect").or_else(|| reason.get("contribution"))),
            typical: words(reason.get("typical")),
            text: words(reason.get("text")),
        })
        .collect();
    if reasons.is_empty() {
        return None;
    }
    let unit = match words(value.get("unit")) {
        unit if unit.is_empty() => "score points".to_owned(),
        unit => unit,
    };
    let at = |name| value.get(name).and_then(Value::as_f64);
    Some(Why { base: at("base"), output: at("output"), unit, reasons })
}

/// A flat object as lines: name, value.
pub(super) fn lines(text: &str) -> Vec<(String, String)> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields
            .iter()
            .take(MOST)
            .map(|(name, value)| match value {
                Value::Number(number) => (name.clone(), exact(number)),
                value => (name.clone(), words(Some(value))),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// A number as it came: whole ones in full, others to six digits.
fn exact(number: &serde_json::Number) -> String {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let size = value.abs();
    if value == value.trunc() && size < 1e15 {
        return format!("{value:.0}");
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{value:.5e}");
    }
    let digits = (5 - math::log10(size).floor() as i32).clamp(0, 9) as usize;
    let text = format!("{value:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// A list of texts in a version's card, or of the names of its members.
pub(super) fn names(card: &str, member: &str) -> Vec<String> {
    let card: Value = serde_json::from_str(card).unwrap_or_default();
    let list = card.get(member).and_then(Value::as_array);
    let name =
        |item: &Value| item.as_str().or_else(|| item.get("name")?.as_str()).map(str::to_owned);
    list.into_iter().flatten().filter_map(name).collect()
}

/// The threshold of a version, by its card.
pub(super) fn threshold(version: &ModelVersion) -> Option<Threshold> {
    let card: Value = serde_json::from_str(&version.what.card).ok()?;
    let threshold = card.get("threshold")?;
    Some(Threshold {
        model_id: version.id.clone(),
        value: threshold.get("value")?.as_f64()?,
        rule: words(threshold.get("rule")),
        note: words(threshold.get("note")),
        false_alarms: version.what.metrics.get("validation_fpr").copied(),
    })
}

/// An object of numbers.
pub(super) fn figures(text: &str) -> Vec<(String, f64)> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields
            .iter()
            .take(MOST)
            .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Curves of a version's card.
pub(super) fn curves(card: &str) -> Curves {
    let card: Value = serde_json::from_str(card).unwrap_or_default();
    let points = |name: &str| -> Vec<Vec<f64>> {
        let list = card.get("curves").and_then(|curves| curves.get(name)).and_then(Value::as_array);
        let numbers = |point: &Value| -> Option<Vec<f64>> {
            point.as_array()?.iter().map(Value::as_f64).collect()
        };
        list.into_iter().flatten().filter_map(numbers).collect()
    };
    let pairs = |name| points(name).iter().filter(|p| p.len() == 2).map(|p| (p[0], p[1])).collect();
    Curves {
        roc: pairs("roc"),
        precision_recall: pairs("precision_recall"),
        calibration: points("calibration")
            .iter()
            .filter(|p| p.len() == 3)
            .map(|p| ReliabilityBin {
                predicted: p[0],
                observed: p[1],
                rows: p[2].max(0.0) as usize,
            })
            .collect(),
    }
}

/// Findings of the guard in a version's card.
pub(super) fn findings(card: &str) -> Vec<Finding> {
    let card: Value = serde_json::from_str(card).unwrap_or_default();
    let list = card.get("findings").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .take(MOST)
        .map(|finding| Finding {
            level: words(finding.get("severity")),
            title: words(finding.get("title")),
            text: words(finding.get("detail")),
            way: words(finding.get("way_out")),
        })
        .collect()
}

/// Other lines of a version's card, what has a place of its own left out.
pub(super) fn card(text: &str) -> Vec<(String, String)> {
    const ELSEWHERE: [&str; 6] =
        ["curves", "findings", "comparison", "columns", "importance", "threshold"];
    let mut out = Vec::new();
    if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
        for (name, value) in fields.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())) {
            flatten(name, value, &mut out);
        }
    }
    out
}

fn flatten(name: &str, value: &Value, out: &mut Vec<(String, String)>) {
    if out.len() >= MOST {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (inner, value) in fields {
                flatten(&format!("{name}: {inner}"), value, out);
            }
        }
        Value::Null => {}
        other => out.push((name.to_owned(), words(Some(other)))),
    }
}

fn number(value: Option<&Value>) -> f64 {
    value.and_then(Value::as_f64).unwrap_or_default()
}

/// A value as a person reads it, cut to a length.
fn words(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(value) if number.is_f64() => short(value),
            _ => number.to_string(),
        },
        Some(Value::Array(items))
            if items.iter().all(|item| !item.is_object() && !item.is_array()) =>
        {
            items.iter().map(|item| words(Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    };
    cut(&text, LONGEST)
}

/// A text of at most so many letters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_leniently() {
        let text = r#"{"base":-1.5,"output":2,"unit":"log-odds","reasons":[
            {"feature":"sttl","value":"254","effect":3.5,"typical":"31","text":"t"}]}"#;
        let why = why(text).expect("reasons");
        assert_eq!((why.base, why.output), (Some(-1.5), Some(2.0)));
        assert_eq!(why.reasons[0].effect, 3.5);
        for broken in ["", "7", "{}", "[]", "{\"reasons\":7}"] {
            assert_eq!(super::why(broken), None, "{broken}");
        }
        let card = r#"{"curves":{"roc":[[0,0],[1,1],[2]],"calibration":[[0.1,0.2,30]]},
            "findings":[{"severity":"warning","title":"t"}],"seed":0,"data":{"rows":7}}"#;
        assert_eq!(curves(card).roc, [(0.0, 0.0), (1.0, 1.0)]);
        assert_eq!(curves(card).calibration[0].rows, 30);
        assert_eq!(findings(card)[0].level, "warning");
        let lines = super::card(card);
        assert!(lines.contains(&("data: rows".to_owned(), "7".to_owned())), "{lines:?}");
        assert_eq!(curves("nonsense"), Curves::default());
    }

    #[test]
    fn an_event_keeps_its_numbers() {
        let event = r#"{"port":64240,"rate":34.061234567,"big":10559.0,"small":0.0000543,
            "share":0.25,"none":null,"text":"tcp"}"#;
        let lines = lines(event);
        let value = |name: &str| lines.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(value("port"), Some("64240"));
        assert_eq!(value("rate"), Some("34.0612"));
        assert_eq!(value("big"), Some("10559"));
        assert_eq!(value("small"), Some("5.43000e-5"));
        assert_eq!(value("share"), Some("0.25"));
        assert_eq!(value("none"), Some(""));
        assert_eq!(
            names(r#"{"columns":[{"name":"a"},{"x":1}],"classes":["n","b"]}"#, "columns"),
            ["a"]
        );
        assert_eq!(names(r#"{"classes":["n","b"]}"#, "classes"), ["n", "b"]);
    }
}
