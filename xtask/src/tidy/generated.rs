//! Generated documents are those that the code would write now.

use super::Violation;
use super::sources::Files;

/// Compares each document with the file in its place.
pub(crate) fn check(files: &Files, documents: &[(String, String)]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, expected) in documents {
        let line = match files.get(path) {
            None => 1,
            Some(text) if text == expected => continue,
            Some(text) => {
                let equal = text.lines().zip(expected.lines()).take_while(|(a, b)| a == b);
                equal.count() + 1
            }
        };
        found.push(Violation::new(path, line, "not what the code says: run `cargo xtask codegen`"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_told() {
        let documents = [("docs/a.md".to_owned(), "one\ntwo\n".to_owned())];
        let with = |text: &str| Files::from([("docs/a.md".to_owned(), text.to_owned())]);
        assert_eq!(check(&with("one\ntwo\n"), &documents), []);
        assert_eq!(check(&with("one\n2\n"), &documents)[0].line, 2);
        assert_eq!(check(&with("one\ntwo\nthree\n"), &documents)[0].line, 3);
        assert_eq!(check(&Files::new(), &documents)[0].line, 1);
    }
}
