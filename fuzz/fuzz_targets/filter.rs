//! A line of text as a filter, the bytes behind it as frames of every link type.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_ingest::capture::LinkType;
use tripline_ingest::filter::{Filter, FrameView, Program};

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (text, frame) = bytes.split_at(cut);
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(filter) = Filter::parse(text) else { return };
    let view = FrameView::whole(frame);
    for (link, _) in LinkType::DECODED {
        let Ok(program) = filter.compile(link, 96) else { continue };
        let again = Program::new(program.instructions().to_vec());
        assert_eq!(again.as_ref(), Ok(&program));
        assert!([0, 96].contains(&program.run(&view)));
        let Ok(on_socket) = filter.compile_for_socket(link, 96, true) else { continue };
        // The kernel took no tag off, so it is the same frame.
        assert_eq!(on_socket.run(&view), program.run(&view));
        assert_eq!(on_socket.run(&FrameView { outgoing: true, ..view }), 0);
    }
});
