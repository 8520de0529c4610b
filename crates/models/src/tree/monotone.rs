//! Directions that a score must follow, from text.

use tripline_core::{FieldKind, FitError, ParamError, Schema};

/// The name of the parameter.
pub(crate) const PARAM: &str = "monotone_constraints";

/// Reads `column:+1,other:-1`; empty text is no constraint.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, i8)>, ParamError> {
    let mut directions: Vec<(String, i8)> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let parsed = part.rsplit_once(':').and_then(|(name, direction)| {
            let direction = match direction.trim() {
                "+1" | "1" => 1,
                "-1" => -1,
                "0" => 0,
                _ => return None,
            };
            Some((name.trim().to_owned(), direction))
        });
        let Some((name, direction)) = parsed else {
            return Err(ParamError::Value {
                name: PARAM.to_owned(),
                expected: "a list such as `column:+1,other:-1`".to_owned(),
                got: part.to_owned(),
            });
        };
        if directions.iter().any(|(known, _)| *known == name) {
            let reason = format!("column `{name}` is named twice");
            return Err(ParamError::Conflict { name: PARAM.to_owned(), reason });
        }
        directions.push((name, direction));
    }
    Ok(directions)
}

/// The direction of each column in use; empty if none has any.
pub(crate) fn resolve(
    directions: &[(String, i8)],
    schema: &Schema,
    source: &[u32],
) -> Result<Vec<i8>, FitError> {
    let mut all = vec![0; schema.len()];
    let refuse = |reason| Err(FitError::Param { name: PARAM.to_owned(), reason });
    for (name, direction) in directions {
        let Some(position) = schema.position(name) else {
            return refuse(format!("there is no column `{name}`"));
        };
        if schema.fields()[position].kind != FieldKind::Numeric {
            return refuse(format!("column `{name}` holds categories, which have no order"));
        }
        all[position] = *direction;
    }
    if all.iter().all(|&direction| direction == 0) {
        return Ok(Vec::new());
    }
    Ok(source.iter().map(|&column| all[column as usize]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_a_sign_after_the_last_colon() {
        assert_eq!(parse("a:b:+1, c:-1").unwrap(), [("a:b".to_owned(), 1), ("c".to_owned(), -1)]);
        assert_eq!(parse(" ").unwrap(), []);
        assert_eq!(
            parse("a:up").unwrap_err().to_string(),
            "parameter `monotone_constraints` must be a list such as `column:+1,other:-1`, got \"a:up\""
        );
    }
}
