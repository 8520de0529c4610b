//! Every crate has a line in `crates/README.md`.

use super::Violation;
use super::sources::Files;

const LIST: &str = "crates/README.md";

/// Finds crates that the list leaves out.
pub(crate) fn check(files: &Files) -> Vec<Violation> {
    let Some(text) = files.get(LIST) else {
        return vec![Violation::new(LIST, 1, "missing: write one line for each crate")];
    };
    let mut found = Vec::new();
    for path in files.keys() {
        let name = path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"));
        if let Some(name) = name.filter(|name| !name.contains('/'))
            && !text.contains(&format!("`{name}`"))
        {
            let what = format!("crate `{name}` is not listed: add a line that says what it does");
            found.push(Violation::new(LIST, 1, what));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_left_out_is_found() {
        let mut files = Files::new();
        for path in ["crates/core/Cargo.toml", "crates/serve/Cargo.toml", "bench/Cargo.toml"] {
            files.insert(path.to_owned(), String::new());
        }
        assert!(check(&files)[0].what.starts_with("missing"));
        files.insert(LIST.to_owned(), "- `core`: nouns\n".to_owned());
        let found = check(&files);
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("`serve`"));
    }
}
