//! The query of a prediction: which model, which reasons, whether to wait for the disk.

use axum::extract::Query;
use axum::http::Uri;
use tripline_engine::service::{Ask, Reasons};
use tripline_features::MissingColumns;
use utoipa::IntoParams;

use crate::problem::{Kind, Problem, shown};
use tripline_engine::service::nearest;

/// What may stand in the query of a prediction.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it documents what `Asked` reads")]
pub(crate) struct AskQuery {
    /// A model's id, name or alias; left out, the first active model whose columns the record has.
    #[param(example = "unsw_nb15_detector")]
    model: Option<String>,
    /// Which reasons are told: `none` (the default), `over_threshold`, `all`.
    #[param(inline)]
    reasons: Option<ReasonsAsked>,
    /// Reasons told at most, 1 to 100; 3 if left out.
    #[param(minimum = 1, maximum = 100)]
    reasons_limit: Option<u32>,
    /// Whether the answer waits until a detection is on disk.
    durable: Option<bool>,
    /// What happens where the record lacks a column: `refuse` (the default), or `fill`, which takes
    /// it as missing.
    #[param(inline)]
    missing_columns: Option<MissingAsked>,
}

/// Which reasons are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "it documents what `Asked` reads")]
pub(crate) enum ReasonsAsked {
    /// None.
    None,
    /// Of records over the threshold.
    OverThreshold,
    /// Of every record.
    All,
}

/// What happens where a record lacks a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "it documents what `Asked` reads")]
pub(crate) enum MissingAsked {
    /// It is refused.
    Refuse,
    /// The column is taken as missing.
    Fill,
}

/// The query, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) model: Option<String>,
    pub(crate) reasons: Reasons,
    pub(crate) durable: bool,
    pub(crate) missing_columns: MissingColumns,
}

const NAMES: [&str; 5] = ["model", "reasons", "reasons_limit", "durable", "missing_columns"];

impl Asked {
    /// Reads the query of an address.
    pub(crate) fn read(uri: &Uri) -> Result<Self, Problem> {
        let mut asked = Self {
            model: None,
            reasons: Reasons::None,
            durable: false,
            missing_columns: MissingColumns::Refuse,
        };
        if uri.query().is_none_or(str::is_empty) {
            return Ok(asked);
        }
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::new(Kind::Malformed, "the query is not `name=value&…`"))?;
        let (mut which, mut limit) = ("none".to_owned(), 3);
        for (at, (name, value)) in pairs.iter().enumerate() {
            if pairs[..at].iter().any(|(other, _)| other == name) {
                return Err(Problem::invalid(shown(name), "stands twice in the query"));
            }
            let wrong = |expected: &str| {
                let got = shown(value);
                Err(Problem::invalid(name.as_str(), format!("must be {expected}, got `{got}`")))
            };
            match name.as_str() {
                "model" if value.is_empty() => {
                    return wrong("a model's id, name or alias");
                }
                "model" => asked.model = Some(value.clone()),
                "reasons" => match value.as_str() {
                    "none" | "over_threshold" | "all" => which.clone_from(value),
                    _ => return wrong("`none`, `over_threshold` or `all`"),
                },
                "reasons_limit" => match value.parse::<usize>() {
                    Ok(count @ 1..=100) => limit = count,
                    _ => return wrong("a whole number from 1 to 100"),
                },
                "durable" => match value.as_str() {
                    "true" => asked.durable = true,
                    "false" => asked.durable = false,
                    _ => return wrong("`true` or `false`"),
                },
                "missing_columns" => match value.as_str() {
                    "refuse" => asked.missing_columns = MissingColumns::Refuse,
                    "fill" => asked.missing_columns = MissingColumns::Fill,
                    _ => return wrong("`refuse` or `fill`"),
                },
                _ => {
                    let meant = nearest(name, NAMES)
                        .map_or_else(|| NAMES.join(", "), |name| format!("did you mean `{name}`?"));
                    let message = format!("is no parameter here: {meant}");
                    return Err(Problem::invalid(shown(name), message));
                }
            }
        }
        asked.reasons = match which.as_str() {
            "all" => Reasons::All(limit),
            "over_threshold" => Reasons::OverThreshold(limit),
            _ => Reasons::None,
        };
        Ok(asked)
    }

    /// The same for the service.
    pub(crate) fn ask(&self) -> Ask<'_> {
        Ask {
            model: self.model.as_deref(),
            reasons: self.reasons,
            missing_columns: self.missing_columns,
            durable: self.durable,
            ..Ask::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked, String> {
        let uri = format!("/predict?{query}").parse().expect("an address");
        Asked::read(&uri).map_err(|problem| problem.detail)
    }

    #[test]
    fn reads_what_is_asked() {
        let asked =
            read("model=champion&reasons=all&reasons_limit=5&durable=true").expect("a query");
        assert_eq!(asked.model.as_deref(), Some("champion"));
        assert_eq!((asked.reasons, asked.durable), (Reasons::All(5), true));
        assert_eq!(read("").expect("none").reasons, Reasons::None);
    }

    #[test]
    fn names_what_is_wrong() {
        for (query, expected) in [
            ("reasons=some", "`reasons`: must be `none`, `over_threshold` or `all`, got `some`"),
            ("reasons_limit=0", "`reasons_limit`: must be a whole number from 1 to 100, got `0`"),
            ("resons=all", "`resons`: is no parameter here: did you mean `reasons`?"),
            ("model=a&model=b", "`model`: stands twice in the query"),
        ] {
            assert_eq!(read(query), Err(expected.to_owned()));
        }
    }
}
