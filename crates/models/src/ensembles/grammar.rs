//! Members of an ensemble in words: `label:detector[preparation](name=value,…)+…`.
//!
//! Label, preparation and parameters may be left out. A value reaches to the next comma outside of
//! brackets, so it may itself tell members: `voting(members=pca+isolation_forest,combine=average)`.

use std::fmt;

/// Most members of an ensemble, those of its members counted too.
pub(crate) const MAX_MEMBERS: usize = 64;

/// Deepest nesting: an ensemble of ensembles of ensembles.
pub(crate) const MAX_DEPTH: usize = 3;

/// Longest text in bytes; 64 members with some parameters each take a few thousand.
const MAX_TEXT: usize = 1 << 16;

/// Parameters of ensembles that tell members.
pub(crate) const MEMBER_PARAMS: &[&str] = &["members", "base", "final"];

/// One member in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberWords {
    /// Distinct among the members of one ensemble.
    pub(crate) label: String,
    /// The detector's id.
    pub(crate) id: String,
    /// How its columns are prepared; none is what fits the detector.
    pub(crate) preparation: Option<String>,
    /// Its parameters, in the order given.
    pub(crate) params: Vec<(String, String)>,
}

/// Why a text tells no members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrammarError {
    /// The character at which it goes wrong, from 1.
    at: usize,
    reason: String,
}

impl fmt::Display for GrammarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.at, self.reason)
    }
}

impl fmt::Display for MemberWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.label != self.id {
            write!(f, "{}:", self.label)?;
        }
        f.write_str(&self.id)?;
        if let Some(preparation) = &self.preparation {
            write!(f, "[{preparation}]")?;
        }
        if !self.params.is_empty() {
            let params: Vec<String> =
                self.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
            write!(f, "({})", params.join(","))?;
        }
        Ok(())
    }
}

/// Members as text, which [`parse`] reads back.
pub(crate) fn to_text(members: &[MemberWords]) -> String {
    members.iter().map(MemberWords::to_string).collect::<Vec<_>>().join("+")
}

/// The members that a text tells, one at least. A label that is not given is the detector's id,
/// with a number if that repeats.
pub(crate) fn parse(text: &str) -> Result<Vec<MemberWords>, GrammarError> {
    if text.len() > MAX_TEXT {
        return Err(GrammarError { at: 1, reason: format!("more than {MAX_TEXT} bytes") });
    }
    let mut count = 0;
    parse_level(text, 1, &mut count)
}

fn parse_level(
    text: &str,
    depth: usize,
    count: &mut usize,
) -> Result<Vec<MemberWords>, GrammarError> {
    if depth > MAX_DEPTH {
        return Err(fault(text, 0, format!("ensembles nest at most {MAX_DEPTH} deep")));
    }
    let mut members: Vec<MemberWords> = Vec::new();
    for (start, piece) in pieces(text, '+')? {
        *count += 1;
        if *count > MAX_MEMBERS {
            return Err(fault(text, start, format!("more than {MAX_MEMBERS} members")));
        }
        let mut member = parse_member(text, start, piece)?;
        for (name, value) in &member.params {
            if MEMBER_PARAMS.contains(&name.as_str()) {
                let inner = parse_level(value, depth + 1, count);
                let place = |error: GrammarError| {
                    let reason = format!("in `{name}` of `{}`, {error}", member.label);
                    fault(text, start, reason)
                };
                inner.map_err(place)?;
            }
        }
        let taken = |label: &str| members.iter().any(|other| other.label == label);
        if taken(&member.label) {
            if member.label != member.id {
                return Err(fault(text, start, format!("label `{}` is there twice", member.label)));
            }
            let free = (2..).map(|number| format!("{}_{number}", member.id));
            member.label = free.into_iter().find(|label| !taken(label)).unwrap_or_default();
        }
        members.push(member);
    }
    Ok(members)
}

fn parse_member(text: &str, start: usize, piece: &str) -> Result<MemberWords, GrammarError> {
    let head_end = piece.find(['[', '(']).unwrap_or(piece.len());
    let (head, mut rest) = piece.split_at(head_end);
    let (label, id) = match head.split_once(':') {
        Some((label, id)) => (Some(label.trim()), id.trim()),
        None => (None, head.trim()),
    };
    let name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    if !name(id) {
        let reason = format!("the id of a detector is wanted, got `{id}`");
        return Err(fault(text, start, reason));
    }
    if let Some(label) = label.filter(|label| !name(label)) {
        let reason = format!("a label has letters, digits, `_` and `-`, got `{label}`");
        return Err(fault(text, start, reason));
    }
    let mut preparation = None;
    if rest.starts_with('[') {
        let end = closing(rest);
        preparation = Some(rest[1..end].trim().to_owned());
        rest = rest[end + 1..].trim_start();
    }
    let mut params = Vec::new();
    if rest.starts_with('(') {
        let end = closing(rest);
        let inside = &rest[1..end];
        let offset = start + (piece.len() - rest.len()) + 1;
        if !inside.trim().is_empty() {
            for (at, pair) in pieces(inside, ',').map_err(|error| shifted(text, offset, error))? {
                let Some((name, value)) = pair.split_once('=') else {
                    let reason = format!("`name=value` is wanted, got `{pair}`");
                    return Err(fault(text, offset + at, reason));
                };
                params.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        rest = rest[end + 1..].trim_start();
    }
    if !rest.is_empty() {
        let reason = format!("`+` or the end is wanted, got `{rest}`");
        return Err(fault(text, start + piece.len() - rest.len(), reason));
    }
    let label = label.unwrap_or(id).to_owned();
    Ok(MemberWords { label, id: id.to_owned(), preparation, params })
}

/// Where the bracket that opens the text closes; brackets are known to match.
fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len().saturating_sub(1)
}

/// The parts of a text between separators outside of brackets, trimmed, with their places; a part
/// that is empty, or a bracket without its other, is an error.
fn pieces(text: &str, separator: char) -> Result<Vec<(usize, &str)>, GrammarError> {
    let mut open: Vec<(char, usize)> = Vec::new();
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => open.push((')', at)),
            '[' => open.push((']', at)),
            ')' | ']' => match open.pop() {
                Some((wanted, _)) if wanted == c => {}
                Some((wanted, _)) => {
                    return Err(fault(text, at, format!("`{wanted}` is wanted, got `{c}`")));
                }
                None => return Err(fault(text, at, format!("`{c}` closes nothing"))),
            },
            _ if c == separator && open.is_empty() => {
                parts.push((start, &text[start..at]));
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if let Some(&(wanted, at)) = open.last() {
        return Err(fault(text, at, format!("no `{wanted}` closes this bracket")));
    }
    parts.push((start, &text[start..]));
    for (start, part) in &mut parts {
        *start += part.len() - part.trim_start().len();
        *part = part.trim();
        if part.is_empty() {
            return Err(fault(text, *start, "something is wanted here".to_owned()));
        }
    }
    Ok(parts)
}

fn fault(text: &str, byte: usize, reason: String) -> GrammarError {
    let before = text.char_indices().take_while(|(at, _)| *at < byte).count();
    GrammarError { at: before + 1, reason }
}

/// An error in a part of a text, by its place in the whole.
fn shifted(text: &str, offset: usize, error: GrammarError) -> GrammarError {
    let before = text.char_indices().take_while(|(at, _)| *at < offset).count();
    GrammarError { at: before + error.at, reason: error.reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn members_are_read_back_from_their_text() {
        let text = "gradient_boosting(n_estimators=100)+few:pca[log1p,clip=quantile:0.01:0.99]\
                    (n_components=5)+isolation_forest+isolation_forest(max_samples=64)";
        let members = parse(text).unwrap();
        let labels: Vec<&str> = members.iter().map(|member| member.label.as_str()).collect();
        assert_eq!(labels, ["gradient_boosting", "few", "isolation_forest", "isolation_forest_2"]);
        assert_eq!(members[1].preparation.as_deref(), Some("log1p,clip=quantile:0.01:0.99"));
        assert_eq!(members[1].params, [("n_components".to_owned(), "5".to_owned())]);
        assert_eq!(parse(&to_text(&members)).unwrap(), members);
    }

    #[test]
    fn a_value_may_tell_members() {
        let members =
            parse("voting(members=a[x](y=1,z=2)+b(w=1e+5),combine=hard)+ sgd (alpha=1e-3)")
                .unwrap();
        let value = &members[0].params[0].1;
        assert_eq!(value, "a[x](y=1,z=2)+b(w=1e+5)");
        assert_eq!(members[0].params[1].1, "hard");
        assert_eq!(members[1].params[0], ("alpha".to_owned(), "1e-3".to_owned()));
    }

    #[test]
    fn an_error_names_the_place() {
        assert_eq!(refusal("a++b"), "at character 3: something is wanted here");
        assert_eq!(refusal("a(b=1"), "at character 2: no `)` closes this bracket");
        assert_eq!(refusal("a(b=1]"), "at character 6: `)` is wanted, got `]`");
        assert_eq!(refusal("a+b)"), "at character 4: `)` closes nothing");
        assert_eq!(refusal("a(b=1,c)"), "at character 7: `name=value` is wanted, got `c`");
        assert_eq!(refusal("a(b=1)c"), "at character 7: `+` or the end is wanted, got `c`");
        assert_eq!(refusal("x:a+x:b"), "at character 5: label `x` is there twice");
        assert_eq!(
            refusal("voting(members=a+)"),
            "at character 1: in `members` of `voting`, at character 3: something is wanted here"
        );
    }

    #[test]
    fn nesting_has_its_bounds() {
        let nested = |depth: usize| (1..depth).fold("a".to_owned(), |t, _| format!("v(base={t})"));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert!(refusal(&nested(MAX_DEPTH + 1)).contains("nest at most 3 deep"));
        let many = |count: usize| vec!["a"; count].join("+");
        assert_eq!(parse(&many(64)).unwrap().len(), 64);
        assert!(refusal(&many(65)).contains("more than 64 members"));
        let inner = format!("v(members={})+v(members={})", many(40), many(40));
        assert!(refusal(&inner).contains("more than 64 members"));
    }
}
