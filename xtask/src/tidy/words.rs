//! Words that say something is unfinished, or lies on one machine alone.

use super::Violation;

/// A word with the way out. Each is put together here, so that this file does not hold it.
const WORDS: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "do it, or leave it out"),
    (concat!("FIX", "ME"), "mend it"),
    (concat!("XX", "X"), "say what is meant"),
    (concat!("/ho", "me/"), "take the path from an argument or the environment"),
    (concat!("/ro", "ot/"), "take the path from an argument or the environment"),
    (concat!("/Us", "ers/"), "take the path from an argument or the environment"),
];

/// What a stamped-out detector still says if nobody has written its documentation.
const STAMPED: &[&str] = &["Replace this by the method", "defines the method\""];

/// Where that stands rightly.
const STAMPS: &[&str] = &["xtask/src/new/template.rs", "xtask/src/tidy/words.rs"];

/// Finds the words in a file.
pub(crate) fn check(path: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    if !STAMPS.contains(&path) {
        for (number, line) in text.lines().enumerate() {
            if STAMPED.iter().any(|stamp| line.contains(stamp)) {
                let what = "left from the template: say what this detector does";
                found.push(Violation::new(path, number + 1, what));
            }
        }
    }
    for (number, line) in text.lines().enumerate() {
        for (word, way_out) in WORDS {
            if line.match_indices(word).any(|(at, _)| stands_alone(line, at, word.len())) {
                found.push(Violation::new(path, number + 1, format!("`{word}`: {way_out}")));
            }
        }
    }
    found
}

/// Whether the word is no part of a longer one.
fn stands_alone(line: &str, at: usize, len: usize) -> bool {
    let before = line[..at].chars().next_back();
    let after = line[at + len..].chars().next();
    let is_path = line[at..].starts_with('/');
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    // `…/ho` + `me/…` inside a relative path or an address is somebody's folder name.
    !letter(before) && (is_path || !letter(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detector_without_its_own_documentation_is_found() {
        let template = include_str!("../new/template.rs");
        assert_eq!(check("crates/models/src/density/mean_shift.rs", template).len(), 2);
        assert_eq!(check(STAMPS[0], template), []);
    }

    #[test]
    fn each_word_is_found_where_it_stands() {
        for (word, _) in WORDS {
            let found = check("a.md", &format!("fine\nsee {word}x? no\n{word} here\n"));
            let lines: Vec<usize> = found.iter().map(|violation| violation.line).collect();
            let path = word.starts_with('/');
            assert_eq!(lines, if path { vec![2, 3] } else { vec![3] }, "{word}");
        }
        assert_eq!(
            check("a.rs", concat!("let METHODS_TO", "DO = 1; // https://x.y/ho", "me/z")),
            []
        );
    }
}
