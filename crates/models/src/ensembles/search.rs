//! Parameters of members by names such as `pca.n_components`: `label.name`.

use tripline_core::{Card, ParamError, Params, Range, Register};

use super::grammar::{MEMBER_PARAMS, MemberWords, parse, to_text};
use super::member::card_of;

/// What tuning may try of the members that `params` tells, `label.name` with its range; nothing for
/// a detector without members. [`with_member_params`] sets such a parameter.
pub fn search(card: &Card, params: &Params, register: &Register) -> Vec<(String, Range)> {
    let mut found: Vec<(String, Range)> = Vec::new();
    for name in member_params(card) {
        for words in parse(params.text(name)).unwrap_or_default() {
            let Ok(inner) = card_of(&words, register) else { continue };
            let mut add = |inner: &str, range: Range| {
                let name = format!("{}.{inner}", words.label);
                if !found.iter().any(|(known, _)| *known == name) {
                    found.push((name, range));
                }
            };
            for spec in inner.params {
                if let Some(range) = spec.search {
                    add(spec.name, range);
                }
            }
            if let Ok(given) = Params::parse(inner.params, &words.params) {
                search(inner, &given, register)
                    .into_iter()
                    .for_each(|(name, range)| add(&name, range));
            }
        }
    }
    found
}

/// The parameters of a card with those of its members, told as `label.name`, put into the text that
/// tells the members. Nothing else is changed, so that the card's own checks tell what is wrong.
///
/// Errors if no member has that label.
pub fn with_member_params(
    card: &Card,
    given: &[(String, String)],
    register: &Register,
) -> Result<Vec<(String, String)>, ParamError> {
    let texts: Vec<&'static str> = member_params(card).collect();
    let (inner, mut plain): (Vec<_>, Vec<_>) =
        given.iter().cloned().partition(|(name, _)| !texts.is_empty() && name.contains('.'));
    if inner.is_empty() {
        return Ok(plain);
    }
    let mut levels = Vec::with_capacity(texts.len());
    for name in texts {
        let told = plain.iter().rfind(|(other, _)| other == name).map(|(_, value)| value.clone());
        let default = card.params.iter().find(|spec| spec.name == name);
        let text =
            told.or_else(|| default.map(|spec| spec.default.to_string())).unwrap_or_default();
        let members = parse(&text).map_err(|error| ParamError::Conflict {
            name: name.to_owned(),
            reason: error.to_string(),
        })?;
        levels.push((name, members));
    }
    for (path, value) in inner {
        let (label, rest) = path.split_once('.').unwrap_or((path.as_str(), ""));
        let member = levels
            .iter_mut()
            .flat_map(|(_, members)| members.iter_mut())
            .find(|member| member.label == label);
        match member {
            Some(member) => set(member, rest, value),
            None => {
                let labels: Vec<&str> = levels
                    .iter()
                    .flat_map(|(_, members)| members.iter().map(|member| member.label.as_str()))
                    .collect();
                let known = labels.join(", ");
                let reason = format!("no member is called `{label}`, known are: {known}");
                return Err(ParamError::Conflict { name: path, reason });
            }
        }
    }
    for (name, mut members) in levels {
        for member in &mut members {
            if let Some(inner) = register.get(&member.id) {
                member.params = with_member_params(inner, &member.params, register)?;
            }
        }
        plain.retain(|(other, _)| other != name);
        plain.push((name.to_owned(), to_text(&members)));
    }
    Ok(plain)
}

/// A parameter of a member in place of any of that name.
fn set(member: &mut MemberWords, name: &str, value: String) {
    member.params.retain(|(other, _)| other != name);
    member.params.push((name.to_owned(), value));
}

/// The parameters of a card that tell members.
fn member_params(card: &Card) -> impl Iterator<Item = &'static str> {
    MEMBER_PARAMS.iter().copied().filter(|name| {
        card.params.iter().any(|spec| spec.name == *name && spec.range == Range::Text)
    })
}

#[cfg(test)]
mod tests {
    use super::super::voting;
    use super::*;

    fn register() -> Register {
        Register::new(crate::CARDS.iter().copied())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn members_parameters_are_found_by_label_at_any_depth() {
        let members = "few:isolation_forest+inner:voting(members=sgd+isolation_forest)";
        let params = Params::parse(voting::CARD.params, &[pair("members", members)]).unwrap();
        let found = search(&voting::CARD, &params, &register());
        let has = |name: &str| found.iter().any(|(known, _)| known == name);
        assert!(has("few.max_samples") && has("inner.combine") && has("inner.sgd.alpha"));
        assert!(!has("sgd.alpha"));

        let given = [
            pair("members", members),
            pair("few.max_samples", "64"),
            pair("inner.sgd.alpha", "0.01"),
            pair("few.max_samples", "128"),
            pair("folds", "3"),
        ];
        let plain = with_member_params(&voting::CARD, &given, &register()).unwrap();
        let text = &plain.iter().find(|(name, _)| name == "members").unwrap().1;
        assert_eq!(
            text,
            "few:isolation_forest(max_samples=128)+\
             inner:voting(members=sgd(alpha=0.01)+isolation_forest)"
        );
        assert!(plain.contains(&pair("folds", "3")));
    }

    #[test]
    fn members_of_the_default_have_parameters_too() {
        let given = [pair("isolation_forest.max_samples", "64")];
        let plain = with_member_params(&voting::CARD, &given, &register()).unwrap();
        let wanted = "isolation_forest(n_estimators=100,max_samples=64)";
        assert!(plain[0].1.ends_with(wanted), "{plain:?}");
        let error = with_member_params(&voting::CARD, &[pair("pca.x", "1")], &register());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("no member is called `pca`") && error.contains("gradient_boosting"));
    }

    #[test]
    fn a_detector_without_members_keeps_its_parameters() {
        let given = [pair("a.b", "1")];
        let card = &crate::tree::isolation_forest::CARD;
        assert_eq!(with_member_params(card, &given, &register()).unwrap(), given);
        assert!(search(card, &Params::defaults(card.params), &register()).is_empty());
    }
}
