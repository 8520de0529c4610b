//! Ranges as a user writes them.

use tripline_core::{ParamValue, Range};

use super::domain::Domain;

/// From `low..high`, `low..high:log` or `a|b`; values must be of the kind of `range`, and with
/// `bounded` within it.
pub(super) fn parse(range: &Range, bounded: bool, text: &str) -> Result<Domain, String> {
    let (body, log) = match text.trim().strip_suffix(":log") {
        Some(body) => (body, true),
        None => (text.trim(), false),
    };
    let valid = |text: &str| value(range, bounded, text.trim());
    if let Some((low, high)) = body.split_once("..") {
        return match (valid(low)?, valid(high)?) {
            (ParamValue::Int(low), ParamValue::Int(high)) => Ok(Domain::Int { low, high, log }),
            (ParamValue::Float(low), ParamValue::Float(high)) => {
                Ok(Domain::Float { low, high, log })
            }
            _ => Err(format!("the parameter takes {range}, name values as `a|b`")),
        };
    }
    if log {
        return Err("`:log` follows a range of numbers".to_owned());
    }
    let mut choices = Vec::new();
    for text in body.split('|') {
        let choice = valid(text)?;
        if choices.contains(&choice) {
            return Err(format!("`{choice}` is named twice"));
        }
        choices.push(choice);
    }
    Ok(Domain::Choice(choices))
}

/// A value that the parameter takes.
fn value(range: &Range, bounded: bool, text: &str) -> Result<ParamValue, String> {
    let value = match *range {
        Range::Int { min, max, .. } => text
            .parse()
            .ok()
            .filter(|value| !bounded || (min..=max).contains(value))
            .map(ParamValue::Int),
        Range::Float { min, max, .. } => text
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite() && (!bounded || (min..=max).contains(value)))
            .map(ParamValue::Float),
        Range::Bool => text.parse().ok().map(ParamValue::Bool),
        Range::Choice(choices) => {
            (!bounded || choices.contains(&text)).then(|| ParamValue::Text(text.to_owned()))
        }
        Range::Text => Some(ParamValue::Text(text.to_owned())),
    };
    value.ok_or_else(|| format!("`{text}` is no value of the parameter, which takes {range}"))
}
