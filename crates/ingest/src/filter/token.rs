//! The text of a filter cut into words, signs.

use super::error::FilterError;

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    /// Where it begins, in characters from 1.
    pub(super) column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A keyword, a number or an address.
    Word(&'a str),
    And,
    Or,
    Not,
    Open,
    Close,
    Slash,
    End,
}

impl Kind<'_> {
    /// For a message.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Word(word) => {
                let mut shown: String = word.chars().take(40).collect();
                if shown.len() < word.len() {
                    shown.push('…');
                }
                format!("`{shown}`")
            }
            Self::And => "`and`".to_owned(),
            Self::Or => "`or`".to_owned(),
            Self::Not => "`not`".to_owned(),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Slash => "`/`".to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// All tokens, the last of kind [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, FilterError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let (kind, bytes) = match first {
            _ if first.is_whitespace() => (None, first.len_utf8()),
            '(' => (Some(Kind::Open), 1),
            ')' => (Some(Kind::Close), 1),
            '/' => (Some(Kind::Slash), 1),
            '!' => (Some(Kind::Not), 1),
            '&' if rest.starts_with("&&") => (Some(Kind::And), 2),
            '|' if rest.starts_with("||") => (Some(Kind::Or), 2),
            _ => {
                // pcap-filter(7) wants `\tcp` where `tcp` is a name and no keyword.
                let escape = usize::from(first == '\\');
                let word = &rest[escape..];
                let end = word.find(|c: char| !is_word(c)).unwrap_or(word.len());
                if end == 0 {
                    return Err(FilterError::Syntax {
                        column,
                        found: format!("`{first}`"),
                        expected: "a word, a number, an address, `(`, `)`, `/`, `!`, `&&` or `||`",
                    });
                }
                let kind = match &word[..end] {
                    "and" => Kind::And,
                    "or" => Kind::Or,
                    "not" => Kind::Not,
                    word => Kind::Word(word),
                };
                (Some(kind), escape + end)
            }
        };
        tokens.extend(kind.map(|kind| Token { kind, column }));
        column += rest[..bytes].chars().count();
        rest = &rest[bytes..];
    }
    tokens.push(Token { kind: Kind::End, column });
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_')
}
