//! Every source file begins by saying in one sentence what it is.

use super::Violation;

const WAY_OUT: &str = "begin the file with `//!` and one sentence that says what it is";

/// Checks the first paragraph of a file's documentation.
pub(crate) fn check(path: &str, text: &str) -> Option<Violation> {
    let mut sentence = String::new();
    for (number, line) in text.lines().enumerate() {
        match line.strip_prefix("//!") {
            Some(words) if !words.trim().is_empty() => {
                sentence.push_str(words);
                if ends(&sentence) {
                    return None;
                }
            }
            _ if number == 0 => {
                return Some(Violation::new(
                    path,
                    1,
                    format!("no module documentation: {WAY_OUT}"),
                ));
            }
            _ => {
                let what = "the first sentence of the module documentation does not end: \
                            close it with a full stop before the next line";
                return Some(Violation::new(path, number + 1, what));
            }
        }
    }
    Some(Violation::new(path, 1, format!("nothing but documentation without an end: {WAY_OUT}")))
}

/// Whether a sentence ends in this text.
fn ends(text: &str) -> bool {
    text.ends_with('.') || text.contains(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<usize> {
        check("a.rs", text).map(|violation| violation.line)
    }

    #[test]
    fn a_sentence_at_the_top_is_enough() {
        assert_eq!(line("//! One thing.\n\nuse x;\n"), None);
        assert_eq!(line("//! One thing over\n//! two lines. More of it:\n//!\n//! - a\n"), None);
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_is_found() {
        assert_eq!(line("use x;\n"), Some(1));
        assert_eq!(line(""), Some(1));
        assert_eq!(line("// A comment.\n//! Too late.\n"), Some(1));
        assert_eq!(line("#![allow(x)]\n//! Too late.\n"), Some(1));
        assert_eq!(line("//! No end\n\nuse x;\n"), Some(2));
        assert_eq!(line("//! No end\n//!\n//! Another.\n"), Some(2));
    }
}
