//! The seeds of the fuzz target of ONNX files, read without a fuzzer; names of any kind.

use std::path::Path;

use tripline_core::{Rng, State};
use tripline_onnx::{Description, Settings, is_model};

/// As the target has it.
fn told(bytes: &[u8]) -> bool {
    is_model(bytes);
    let settings = std::str::from_utf8(bytes).is_ok_and(|text| Settings::parse(text).is_ok());
    settings || Description::from_answer(bytes).is_ok()
}

#[test]
fn any_settings_and_any_answer_are_read_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/onnx_model");
    let mut seen = 0;
    for entry in std::fs::read_dir(seeds).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(told(&bytes));
        let mut rng = Rng::new(0);
        let mut refused = 0;
        for _ in 0..500 {
            let mut changed = bytes.clone();
            let at = rng.index(changed.len());
            match rng.below(3) {
                0 => changed.truncate(at),
                1 => changed[at] = b"{}[]&*!|>'\"%@`: \n-"[rng.index(18)],
                _ => changed[at] ^= 1 << rng.below(8),
            }
            refused += usize::from(!told(&changed));
        }
        assert!(refused > 0);
        seen += 1;
    }
    assert!(seen > 1);
}

#[test]
fn names_of_any_kind_make_valid_settings() {
    let mut rng = Rng::new(1);
    let odd = [
        '\u{200b}',
        '\u{202e}',
        '\u{feff}',
        '\u{2028}',
        '\u{85}',
        '\0',
        '"',
        '\\',
        '\'',
        '\n',
        '#',
        ':',
        '{',
        '\u{e000}',
        '\u{10ffff}',
        'é',
        '\u{fffe}',
        ' ',
        'a',
    ];
    for _ in 0..300 {
        let mut name =
            || (0..1 + rng.index(8)).map(|_| odd[rng.index(odd.len())]).collect::<String>();
        let names = [name(), name(), name()];
        let value = |name: &str, dims: Vec<i64>| {
            let mut state = State::new();
            state.put_text("name", name);
            state.put_text("kind", name);
            state.put_i64s("dims", dims);
            state
        };
        let mut answer = State::new();
        answer.put_states("inputs", vec![value(&names[0], vec![-1, 2])]);
        answer.put_states("outputs", vec![value(&names[1], vec![-1, 1])]);
        answer.put_texts("names", vec![format!("x{}", names[2])]);
        let description = Description::from_answer(&answer.to_bytes()).unwrap();
        let template = description.template();
        let settings =
            Settings::parse(&template).unwrap_or_else(|error| panic!("{error}\n{template:?}"));
        let printable = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        assert_eq!(settings.score.output, printable(&names[1]), "{template:?}");
        assert_eq!(settings.columns().next().unwrap().name, format!("x{}", printable(&names[2])));
    }
}
