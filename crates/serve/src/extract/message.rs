//! What serde says of a body, as a problem that names the field.

use crate::problem::{Kind, Problem, shown};
use tripline_engine::service::nearest;

/// A problem from the path and the words of a deserializer.
pub(super) fn problem(path: &str, message: &str, place: &str) -> Problem {
    let at = |field: &str| match path {
        "" | "." | "?" => field.to_owned(),
        _ => format!("{path}.{field}"),
    };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let names = quoted(rest);
        let field = names.first().copied().unwrap_or_default();
        let known = names.get(1..).unwrap_or_default();
        let near = nearest(field, known.iter().copied());
        let hint = match (near, known) {
            (Some(near), _) => format!("is unknown; is `{near}` meant?"),
            (None, []) => "is unknown; nothing is taken here".to_owned(),
            (None, known) => format!("is unknown; known are {}", known.join(", ")),
        };
        // The path of an unknown field names it already.
        let end = path.rsplit('.').next().unwrap_or_default();
        let name = if end == field { path.to_owned() } else { at(field) };
        return Problem::invalid(shown(&name), hint);
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        let field = quoted(rest).first().copied().unwrap_or_default().to_owned();
        return Problem::invalid(at(&field), format!("is missing in the {place}"));
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let names = quoted(rest);
        let given = names.first().copied().unwrap_or_default();
        let known = names.get(1..).unwrap_or_default();
        let near = nearest(given, known.iter().copied())
            .map(|near| format!("; is `{near}` meant?"))
            .unwrap_or_default();
        let text = format!("must be one of {}, got `{}`{near}", known.join(", "), shown(given));
        return Problem::invalid(shown(path), text);
    }
    if matches!(path, "" | "." | "?") {
        return Problem::new(Kind::Invalid, format!("the {place}: {}", shown_long(message)));
    }
    Problem::invalid(shown(path), shown_long(message))
}

/// Texts between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The deserializer's words may repeat a value of the client.
fn shown_long(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_field_and_the_nearest() {
        let unknown = "unknown field `modle`, expected one of `model`, `reasons`";
        let found = problem("", unknown, "body");
        assert_eq!(found.errors[0].field, "modle");
        assert_eq!(found.errors[0].message, "is unknown; is `model` meant?");
        let inner = problem("options.modle", unknown, "body");
        assert_eq!(inner.errors[0].field, "options.modle");
        let missing = problem("options", "missing field `name`", "body");
        assert_eq!(missing.errors[0].field, "options.name");
        let variant =
            problem("status", "unknown variant `activ`, expected `active` or `shadow`", "x");
        assert!(variant.errors[0].message.contains("is `active` meant?"), "{variant:?}");
        let other = problem("rate", "invalid type: string \"a\", expected f64", "body");
        assert_eq!(other.errors[0].field, "rate");
    }
}
