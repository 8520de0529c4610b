//! Settings to fill in, with what a file says of itself.

use crate::description::{Description, Value};

/// Most columns that a template lists.
const MAX_COLUMNS: usize = 1000;

/// Most characters of a name.
const MAX_NAME: usize = 200;

/// YAML to fill in.
pub(crate) fn template(description: &Description) -> String {
    let mut text = String::from("inputs:\n");
    let mut names = description.names.iter();
    let single = description.inputs.len() > 1;
    for input in &description.inputs {
        text.push_str(&format!(
            "  - tensor: {}  # {}\n    columns:\n",
            quoted(&input.name),
            shape(input)
        ));
        let width = input.width().unwrap_or(1);
        for index in 0..width.min(MAX_COLUMNS) {
            let name = match names.next() {
                Some(name) => quoted(name),
                None if single && width == 1 => quoted(&input.name),
                None => format!("COLUMN_{index}"),
            };
            text.push_str(&format!("      - name: {name}\n"));
        }
        if width > MAX_COLUMNS {
            text.push_str(&format!("      # and so on: {width} columns in all\n"));
        }
    }
    text.push_str(
        "      # of each column, where needed: missing: 0, mean: 0, scale: 1,\n      \
         # categories: {tcp: 0, udp: 1}, unknown: -1\nscore:\n",
    );
    let output = description.outputs.last();
    text.push_str(&format!("  output: {}", output.map_or(String::new(), |o| quoted(&o.name))));
    let outputs: Vec<String> = description
        .outputs
        .iter()
        .map(|output| format!("{} ({})", output.name, shape(output)))
        .collect();
    text.push_str(&format!("  # one of: {}\n", printable(&outputs.join(", "))));
    text.push_str(
        "  index: 1  # the column of the output; the last if left out\n  \
         link: probability  # probability, logit or rank\n  \
         higher_is: suspicious  # suspicious or normal\nthreshold: 0.5\n",
    );
    text
}

/// A type with sizes, such as `f32, n x 4`.
fn shape(value: &Value) -> String {
    if value.kind.is_empty() {
        return "a sequence".to_owned();
    }
    let dims: Vec<String> = value
        .dims
        .iter()
        .map(|&dim| if dim < 0 { "n".to_owned() } else { dim.to_string() })
        .collect();
    printable(&format!("{}, {}", value.kind, dims.join(" x ")))
}

/// A YAML string (YAML 1.2.2, § 5.7); the file may hold anything as a name.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars().filter(|c| !c.is_control()).take(MAX_NAME) {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_plain(c) => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// What a comment may hold.
fn printable(text: &str) -> String {
    text.chars().filter(|&c| is_plain(c)).take(MAX_NAME).collect()
}

/// Whether a character is seen as itself by readers of any kind.
fn is_plain(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn a_template_is_valid_settings() {
        let value = |name: &str, dims: &[i64]| Value {
            name: name.to_owned(),
            kind: "f32".to_owned(),
            dims: dims.to_vec(),
        };
        let mut description = Description {
            inputs: vec![value("X", &[-1, 3])],
            outputs: vec![value("label", &[-1]), value("p", &[-1, 2])],
            names: vec!["duration".to_owned()],
            settings: None,
        };
        let settings = Settings::parse(&template(&description)).unwrap();
        let names: Vec<&str> = settings.columns().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["duration", "COLUMN_1", "COLUMN_2"]);
        assert_eq!(settings.score.output, "p");
        description.names.clear();
        description.inputs = vec![value("bytes", &[-1, 1]), value("a: \"b\"\n", &[-1, 1])];
        let settings = Settings::parse(&template(&description)).unwrap();
        assert_eq!(settings.inputs[1].tensor.as_deref(), Some("a: \"b\""));
        assert_eq!(settings.inputs[0].columns[0].name, "bytes");
    }
}
