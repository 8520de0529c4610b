//! A small reader of markup: whether tags balance, where texts lie.
#![allow(clippy::unwrap_used, reason = "markup that is not as expected fails the test")]

/// Elements of HTML that have no end tag.
const VOID: &[&str] = &["meta", "br", "!doctype"];

/// What is wrong with the nesting of tags or the quoting of attributes; none if nothing is.
pub(crate) fn fault(markup: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        if text.contains('>') {
            return Some(format!("a bare > in {text:?}"));
        }
        if let Some(fault) = entity_fault(text) {
            return Some(fault);
        }
        let tag_rest = &rest[start + 1..];
        let end = tag_end(tag_rest)?;
        let tag = &tag_rest[..end];
        rest = &tag_rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == name => {}
                last => return Some(format!("</{name}> closes {last:?}")),
            }
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or("");
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '!') || name.is_empty() {
            return Some(format!("a tag named {name:?}"));
        }
        if let Some(fault) = attribute_fault(tag) {
            return Some(fault);
        }
        if tag.ends_with('/') || VOID.contains(&name) {
            continue;
        }
        if name == "script" || name == "style" {
            // Raw text up to its end tag.
            let close = format!("</{name}>");
            match rest.find(&close) {
                Some(at) => rest = &rest[at + close.len()..],
                None => return Some(format!("<{name}> without end")),
            }
            continue;
        }
        open.push(name);
    }
    if open.is_empty() { None } else { Some(format!("never closed: {open:?}")) }
}

/// The values of an attribute over all tags.
pub(crate) fn attributes<'a>(markup: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    markup.split(&mark).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// A text of a drawing with the box that it takes.
#[derive(Debug)]
pub(crate) struct Text {
    #[expect(dead_code, reason = "for messages")]
    content: String,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// Mean advance of such labels in em, between that of Arial and that of DejaVu Sans.
const MEAN_ADVANCE: f64 = 0.55;

/// The texts of one `svg`.
pub(crate) fn texts(svg: &str) -> Vec<Text> {
    svg.split("<text").skip(1).map(text).collect()
}

fn text(rest: &str) -> Text {
    let (tag, after) = rest.split_once('>').unwrap();
    let content = after.split('<').next().unwrap().replace("&lt;", "<").replace("&gt;", ">");
    let attribute = |name: &str| {
        let mark = format!(" {name}=\"");
        tag.split_once(&mark).and_then(|(_, rest)| rest.split('"').next())
    };
    let number = |name: &str| attribute(name).unwrap().parse::<f64>().unwrap();
    let small = attribute("class")
        .is_some_and(|class| ["tick", "name", "value"].iter().any(|name| class.contains(name)));
    let size = if small { 11.0 } else { 12.0 };
    let wide = content.chars().count() as f64 * MEAN_ADVANCE * size;
    let (x, y) = (number("x"), number("y"));
    let left = match attribute("text-anchor") {
        Some("middle") => x - wide / 2.0,
        Some("end") => x - wide,
        _ => x,
    };
    Text { content, left, right: left + wide, top: y - 0.7 * size, bottom: y + 0.1 * size }
}

fn tag_end(rest: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn entity_fault(text: &str) -> Option<String> {
    for rest in text.split('&').skip(1) {
        let name = rest.split(';').next().unwrap_or("");
        if !["amp", "lt", "gt", "quot", "#39"].contains(&name) {
            return Some(format!(
                "a bare & before {:?}",
                rest.chars().take(12).collect::<String>()
            ));
        }
    }
    None
}

fn attribute_fault(tag: &str) -> Option<String> {
    if tag.matches('"').count() % 2 == 1 {
        return Some(format!("an open quote in <{tag}>"));
    }
    let mut names = Vec::new();
    for (at, part) in tag.split('"').enumerate() {
        if at % 2 == 1 {
            if part.contains('<') {
                return Some(format!("a bare < in an attribute of <{tag}>"));
            }
            if let Some(fault) = entity_fault(part) {
                return Some(fault);
            }
        } else if let Some(name) = part.trim().strip_suffix('=') {
            let name = name.rsplit(' ').next().unwrap_or(name);
            if names.contains(&name) {
                return Some(format!("{name} twice in <{tag}>"));
            }
            names.push(name);
        }
    }
    None
}

#[test]
fn the_reader_sees_faults() {
    assert_eq!(fault("<p class=\"a\">x &amp; y<br>z</p>"), None);
    for bad in ["<p>", "<p></q>", "<p a=\"<\"></p>", "<p>a & b</p>", "<p a=\"1\" a=\"2\"></p>"] {
        assert!(fault(bad).is_some(), "{bad}");
    }
}
