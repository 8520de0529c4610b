//! Any bytes as a pcap or a pcapng file, down to its packets.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_ingest::capture::{Capture, CaptureOptions, Packets};

fuzz_target!(|bytes: &[u8]| {
    let mut told = None;
    for block_bytes in [64, 1 << 20] {
        let options = CaptureOptions { block_bytes, ..CaptureOptions::default() };
        let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
        let Ok(capture) = Capture::from_reader("f", reader, &options) else { return };
        let mut packets = Packets::new(capture, &options);
        let mut given = 0;
        for batch in packets.by_ref() {
            for packet in &batch.packets {
                assert_eq!(batch.payload(packet).len(), packet.payload_captured as usize);
                given += 1;
            }
        }
        let counters = packets.counters();
        assert_eq!(given, counters.packets + counters.aggregated + counters.reassembled);
        // Blocks do not matter.
        assert_eq!(*told.get_or_insert_with(|| counters.clone()), counters);
    }
});
