//! Unsafe code stands in listed files alone.

use super::Violation;
use super::sources::Files;

/// Files that may hold it, each with a safety argument beside it.
const ALLOWED: &[&str] = &[
    // Calls the kernel for a packet socket, shares memory with it.
    "crates/ingest/src/live/ring.rs",
    // Loads vector registers, chooses vector instructions at run time.
    "crates/models/src/neighbours/processor.rs",
    // Chooses vector instructions at run time.
    "crates/models/src/tree/processor.rs",
];

/// What begins unsafe code. Each is put together here, so that this file does not hold it.
const BEGINNINGS: &[&str] = &[
    concat!("uns", "afe {"),
    concat!("uns", "afe fn"),
    concat!("uns", "afe impl"),
    concat!("uns", "afe extern"),
    concat!("allow(uns", "afe_code)"),
];

/// Finds unsafe code in a file that is not listed.
pub(crate) fn check(path: &str, text: &str) -> Vec<Violation> {
    if ALLOWED.contains(&path) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or(line);
        if BEGINNINGS.iter().any(|beginning| code.contains(beginning)) {
            let what = "unsafe code: write it safely, or measure that it must be and list the \
                        file in xtask/src/tidy/unsafe_code.rs";
            found.push(Violation::new(path, number + 1, what));
        }
    }
    found
}

/// Finds listed files that need no listing.
pub(crate) fn stale(files: &Files) -> Vec<Violation> {
    let needs = |path: &str| {
        files.get(path).is_some_and(|text| BEGINNINGS.iter().any(|start| text.contains(start)))
    };
    let stale = ALLOWED.iter().filter(|path| !needs(path));
    stale
        .map(|path| {
            let what = format!("`{path}` holds no unsafe code: take it off the list");
            Violation::new("xtask/src/tidy/unsafe_code.rs", 1, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_code_is_found_outside_listed_files() {
        for beginning in BEGINNINGS {
            let text = format!("//! Doc.\nfn f() {{\n    {beginning} x\n}}\n");
            let lines: Vec<usize> = check("crates/a.rs", &text).iter().map(|v| v.line).collect();
            assert_eq!(lines, [3], "{beginning}");
            assert_eq!(check(ALLOWED[0], &text), []);
        }
        assert_eq!(check("a.rs", concat!("// uns", "afe { in a comment }\nlet x = 1;")), []);
    }

    #[test]
    fn a_listed_file_without_unsafe_code_is_found() {
        assert_eq!(stale(&Files::new()).len(), ALLOWED.len());
    }
}
