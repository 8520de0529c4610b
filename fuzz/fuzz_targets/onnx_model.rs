//! Any bytes as the settings of an ONNX file, and as what a child that a file has taken over tells
//! of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_onnx::{Description, Settings, is_model};

fuzz_target!(|bytes: &[u8]| {
    is_model(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Settings::parse(text);
    }
    if let Ok(description) = Description::from_answer(bytes) {
        // Names are the file's; the settings to fill in hold them and nothing else of it.
        let template = description.template();
        if !description.inputs.is_empty() && !description.outputs.is_empty() {
            let refused = Settings::parse(&template).err().map(|error| error.to_string());
            assert!(refused.is_none_or(|text| text.contains("twice") || text.contains("too")), "{template}");
        }
    }
});
