//! Fields of a query or of a posted form, and the way back into a URL.

/// Most fields that are read; a form of ours has fewer by far.
const MOST_FIELDS: usize = 512;

/// Fields in the order in which they came; a name may come again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// From `application/x-www-form-urlencoded` (WHATWG URL, section 5.1); what is not UTF-8 is
    /// replaced. None if there are too many.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if fields.len() == MOST_FIELDS {
                return None;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            fields.push((decode(name), decode(value)));
        }
        Some(Self(fields))
    }

    /// The first value of that name; none if it is empty or blank.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().filter(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).find(|value| !value.is_empty())
    }

    /// All values of that name that are not blank, without spaces around them.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Fields whose names begin so, without the prefix.
    pub(super) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| {
            let value = value.trim();
            name.strip_prefix(prefix).filter(|_| !value.is_empty()).map(|name| (name, value))
        })
    }

    /// With that field in place of those of its name; an empty value leaves it out.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut fields: Vec<(String, String)> =
            self.0.iter().filter(|(known, _)| known != name).cloned().collect();
        if !value.is_empty() {
            fields.push((name.to_owned(), value.to_owned()));
        }
        Self(fields)
    }

    /// A path with these fields as its query.
    pub(super) fn url(&self, path: &str) -> String {
        let mut url = path.to_owned();
        let filled = self.0.iter().filter(|(_, value)| !value.trim().is_empty());
        for (at, (name, value)) in filled.enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(&encode(name));
            url.push('=');
            url.push_str(&encode(value.trim()));
        }
        url
    }
}

/// A part of a URL: everything but unreserved characters (RFC 3986, section 2.3) in `%XX`.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => match after.get(..2).and_then(hex) {
                Some(byte) => {
                    out.push(byte);
                    rest = &after[2..];
                }
                None => out.push(b'%'),
            },
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back() {
        let fields =
            Fields::parse("kind=port+scan&entity=10.0.0.1%3A53&x=&kind=b%zz%c3%a4").unwrap();
        assert_eq!(fields.get("kind"), Some("port scan"));
        assert_eq!(fields.all("kind").collect::<Vec<_>>(), ["port scan", "b%zzä"]);
        assert_eq!(fields.get("entity"), Some("10.0.0.1:53"));
        assert_eq!(fields.get("x"), None);
        let url = fields.with("kind", "a&b").url("/ui/detections");
        assert_eq!(url, "/ui/detections?entity=10.0.0.1%3A53&kind=a%26b");
        assert!(Fields::parse(&"a=1&".repeat(MOST_FIELDS + 1)).is_none());
    }
}
