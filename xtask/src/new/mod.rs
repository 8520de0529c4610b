//! Stamps out a detector that keeps every promise, to be filled with a method.

// The template is compiled with the tests, so that what is stamped out compiles.
#[cfg(test)]
#[allow(unreachable_pub)]
mod template;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

const TEMPLATE: &str = include_str!("template.rs");

const CARDS_END: &str = "\n];";

/// Writes `crates/models/src/FAMILY/NAME.rs`, declares its module, adds its card to the register.
/// Gives the files written.
pub(crate) fn detector(root: &Path, name: &str, family: &str) -> anyhow::Result<Vec<PathBuf>> {
    for (what, text) in [("name", name), ("family", family)] {
        ensure!(is_identifier(text), "the {what} `{text}` must be lower case with underscores");
    }
    ensure!(name != family, "the name `{name}` is that of its family: choose another");
    let source = root.join("crates/models/src");
    let folder = source.join(family);
    let file = folder.join(format!("{name}.rs"));
    if file.exists() {
        bail!("{} is there already: choose another name", file.display());
    }
    let lib = source.join("lib.rs");
    let module = folder.join("mod.rs");
    let lib_text = read(&lib)?;
    // All texts are made before the first is written: an error leaves nothing half done.
    let (module_text, lib_text) = if module.exists() {
        (declare(&read(&module)?, name), lib_text)
    } else {
        let title = title(family);
        (format!("//! {title} detectors.\n\npub mod {name};\n"), declare(&lib_text, family))
    };
    let lib_text = register(&lib_text, family, name)
        .with_context(|| format!("{} has no list of cards", lib.display()))?;
    std::fs::create_dir_all(&folder).context("cannot make the family's folder")?;
    let written = [(file, render(name, family)), (module, module_text), (lib, lib_text)];
    for (path, text) in &written {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(written.into_iter().map(|(path, _)| path).collect())
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The template under another name.
fn render(name: &str, family: &str) -> String {
    let camel: String = name.split('_').map(title).collect();
    let family = match family {
        "tree" => "Trees",
        "linear" => "Linear",
        "neighbours" => "Neighbours",
        "kernels" => "Kernels",
        "ensembles" => "Ensembles",
        "neural" => "Neural",
        _ => "Density",
    };
    TEMPLATE
        .replace("example_detector", name)
        .replace("ExampleDetector", &camel)
        .replace("Example detector", &title(&name.replace('_', " ")))
        .replace("example detector", &name.replace('_', " "))
        .replace("Family::Density", &format!("Family::{family}"))
}

fn title(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The text of a module with one more child, in alphabetical order.
fn declare(text: &str, name: &str) -> String {
    let own = format!("pub mod {name};");
    let modules = |line: &str| line.starts_with("pub mod ") || line.starts_with("mod ");
    let bare = |line: &str| line.trim_start_matches("pub ").to_owned();
    let mut lines: Vec<&str> = text.lines().collect();
    let after = lines.iter().rposition(|line| modules(line) && bare(line) < bare(&own));
    let before = lines.iter().position(|line| modules(line));
    match (after, before) {
        (Some(at), _) => lines.insert(at + 1, &own),
        (None, Some(at)) => lines.insert(at, &own),
        (None, None) => lines.extend(["", own.as_str()]),
    }
    lines.join("\n") + "\n"
}

/// The text of `lib.rs` with one more card at the end of the list.
fn register(text: &str, family: &str, name: &str) -> Option<String> {
    let list = text.find("pub const CARDS")?;
    let end = list + text[list..].find(CARDS_END)?;
    Some(format!("{}\n    &{family}::{name}::CARD,{}", &text[..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "//! Lib.\n\npub mod linear;\npub mod tree;\n\n\
                       pub const CARDS: &[&Card] = &[\n    &linear::sgd::CARD,\n];\n";

    #[test]
    fn what_is_stamped_out_keeps_every_promise() {
        tripline_conformance::check_all(
            &template::CARD,
            &tripline_core::Register::new([&template::CARD]),
        );
    }

    #[test]
    fn a_rendered_template_differs_by_its_names_alone() {
        let text = render("mean_shift", "density");
        for line in text.lines().zip(TEMPLATE.lines()).filter(|(own, template)| own != template) {
            assert!(line.0.to_lowercase().contains("mean"), "{}", line.0);
        }
        assert!(text.contains("pub static CARD: Card = Card {\n    id: \"mean_shift\",\n"));
        assert!(text.contains("struct MeanShift {"));
        assert!(!text.to_lowercase().contains("example"), "a name is left");
        assert!(render("lof", "neighbours").contains("family: Family::Neighbours,"));
    }

    #[test]
    fn the_register_gains_one_line() {
        let text = register(LIB, "linear", "ridge").unwrap();
        assert!(
            text.ends_with("    &linear::sgd::CARD,\n    &linear::ridge::CARD,\n];\n"),
            "{text}"
        );
        assert_eq!(register("//! Lib.\n", "linear", "ridge"), None);
    }

    #[test]
    fn the_real_register_has_a_place_for_it() {
        let lib = include_str!("../../../crates/models/src/lib.rs");
        let text = register(lib, "density", "mean_shift").unwrap();
        assert_eq!(text.lines().count(), lib.lines().count() + 1);
        assert!(text.contains("    &density::mean_shift::CARD,\n];"));
    }

    #[test]
    fn modules_stay_in_order() {
        let text = declare(LIB, "neighbours");
        assert!(text.contains("pub mod linear;\npub mod neighbours;\npub mod tree;\n"), "{text}");
        assert!(declare(LIB, "density").contains("\n\npub mod density;\npub mod linear;\n"));
        assert_eq!(declare("//! Empty.\n", "a"), "//! Empty.\n\npub mod a;\n");
    }

    #[test]
    fn files_are_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("crates/models/src");
        std::fs::create_dir_all(&source).unwrap();
        std::fs::write(source.join("lib.rs"), LIB).unwrap();
        let written = detector(folder.path(), "mean_shift", "density").unwrap();
        assert_eq!(written.len(), 3);
        assert_eq!(std::fs::read_to_string(&written[0]).unwrap(), render("mean_shift", "density"));
        detector(folder.path(), "histogram", "density").unwrap();
        let module = std::fs::read_to_string(source.join("density/mod.rs")).unwrap();
        assert_eq!(module, "//! Density detectors.\n\npub mod histogram;\npub mod mean_shift;\n");
        let lib = std::fs::read_to_string(source.join("lib.rs")).unwrap();
        assert_eq!(lib.matches("pub mod density;").count(), 1);
        assert_eq!(lib.matches("::CARD,").count(), 3);

        let again = detector(folder.path(), "histogram", "density").unwrap_err().to_string();
        assert!(again.contains("is there already"), "{again}");
        assert!(detector(folder.path(), "Mean-Shift", "density").is_err());
        assert!(detector(folder.path(), "density", "density").is_err());
    }
}
