//! Files as captures are written: formats, packing, damage.

use std::io::Write as _;

use tripline_ingest::IngestError;
use tripline_ingest::capture::{
    Capture, CaptureOptions, Damage, Format, InterfaceStatistics, LinkType, is_capture,
    is_capture_file,
};

use super::build::{Order, cat, contents, ethernet, options, pcap, plain, read};

const BOTH: [Order; 2] = [Order { big: false }, Order { big: true }];

fn frame() -> Vec<u8> {
    ethernet(0x0800, &plain())
}

fn times(file: &[u8]) -> Vec<i64> {
    let (batches, _) = read(file, &options());
    batches.iter().flat_map(|batch| &batch.packets).map(|packet| packet.time_ns).collect()
}

fn open(file: &[u8]) -> Result<Capture, IngestError> {
    Capture::from_reader("f", Box::new(std::io::Cursor::new(file.to_vec())), &options())
}

#[test]
fn pcap_in_both_orders() {
    for order in BOTH {
        let with = |magic, part| {
            let mut file = order.header(magic, LinkType::ETHERNET);
            file.extend(order.record(5, part, &frame()));
            file
        };
        let micro = with(0xa1b2_c3d4, 7);
        assert_eq!(times(&micro), [5_000_007_000]);
        assert_eq!(times(&with(0xa1b2_3c4d, 7)), [5_000_000_007]);
        let capture = open(&micro).expect("a capture");
        let info = capture.info();
        assert_eq!((info.format, info.big_endian), (Format::PcapMicro, order.big));
        assert_eq!(info.interfaces[0].link, LinkType::ETHERNET);
        // Records of the modified kind have 8 more bytes of header.
        let mut modified = order.header(0xa1b2_cd34, LinkType::ETHERNET);
        let record = order.record(5, 7, &frame());
        modified.extend(cat(&[&record[..16], &[9; 8], &record[16..]]));
        assert_eq!(times(&modified), [5_000_007_000]);
    }
}

#[test]
fn old_pcap_has_lengths_the_other_way_round() {
    let order = Order { big: false };
    let frame = frame();
    for (minor, swapped) in [(2, true), (3, true), (3, false), (4, false)] {
        let mut file = order.header(0xa1b2_c3d4, LinkType::ETHERNET);
        file[6] = minor;
        let (captured, wire) = (order.four(frame.len() as u32), order.four(1000));
        let lengths = if swapped { cat(&[&wire, &captured]) } else { cat(&[&captured, &wire]) };
        file.extend(cat(&[&[0; 8], &lengths, &frame]));
        let (_, counters) = read(&file, &options());
        assert_eq!((counters.frames, counters.wire_bytes), (1, 1000), "{minor} {swapped}");
        assert_eq!(counters.damaged_records(), 0);
    }
}

#[test]
fn frame_check_bits_are_no_link_type() {
    let order = Order { big: false };
    let mut file = order.header(0xa1b2_c3d4, LinkType(0x5400_0001));
    file.extend(order.record(5, 0, &frame()));
    assert_eq!(times(&file).len(), 1);
}

#[test]
fn pcapng_with_all_its_blocks() {
    for order in BOTH {
        let frame = frame();
        let length = order.four(frame.len() as u32);
        let nano = order.option(9, &[9]);
        let name = order.option(2, b"eth7");
        let binary = order.option(9, &[0x80 | 20]);
        let hour = if order.big { 3600_i64.to_be_bytes() } else { 3600_i64.to_le_bytes() };
        let offset = order.option(14, &hour);
        let count = if order.big { 6_u64.to_be_bytes() } else { 6_u64.to_le_bytes() };
        let statistics =
            cat(&[&order.four(1), &[0; 8], &order.option(5, &count), &order.option(4, &count)]);
        let old_packet = cat(&[
            &order.two(0),
            &[0; 2],
            &order.four(0),
            &order.four(9),
            &length,
            &length,
            &frame,
        ]);
        let file = cat(&[
            &order.section(),
            &order.interface(LinkType::ETHERNET, &name),
            &order.interface(LinkType::ETHERNET, &cat(&[&nano, &order.option(0, &[])])),
            &order.interface(LinkType::RAW, &cat(&[&binary, &offset])),
            &order.enhanced(0, 1_000_001, &frame),
            &order.block(4, b"names...."),
            &order.enhanced(1, 2_000_000_002, &frame),
            &order.enhanced(2, 3 << 20, &plain()),
            &order.block(3, &cat(&[&length, &frame])),
            &order.block(0xdead, &[1; 99]),
            &order.block(2, &old_packet),
            &order.block(5, &statistics),
        ]);
        let later = 3_600_000_000_000;
        assert_eq!(
            times(&file),
            // A simple packet has no time; it takes the latest.
            [1_000_001_000, 2_000_000_002, later + 3_000_000_000, later + 3_000_000_000, 9_000]
        );
        let (_, counters) = read(&file, &options());
        assert_eq!((counters.packets, counters.damaged_records()), (5, 0));
        let told = InterfaceStatistics {
            received: Some(6),
            dropped: Some(6),
            ..InterfaceStatistics::default()
        };
        assert_eq!((counters.interfaces[&1], counters.lost()), (told, 6));
        let mut capture = open(&file).expect("a capture");
        while capture.next_block().is_some() {}
        let interfaces = &capture.info().interfaces;
        assert_eq!(interfaces[0].name.as_deref(), Some("eth7"));
        assert_eq!(interfaces[2].link, LinkType::RAW);
    }
}

#[test]
fn sections_have_interfaces_of_their_own() {
    let sections: Vec<u8> = BOTH
        .into_iter()
        .flat_map(|order| {
            let link = if order.big { LinkType::RAW } else { LinkType::ETHERNET };
            let frame = if order.big { plain() } else { frame() };
            let nano = order.option(9, &[if order.big { 9 } else { 6 }]);
            cat(&[&order.section(), &order.interface(link, &nano), &order.enhanced(0, 5, &frame)])
        })
        .collect();
    assert_eq!(times(&sections), [5_000, 5]);
    // The second section describes no second interface.
    let more = cat(&[&sections, &BOTH[1].enhanced(1, 5, &plain())]);
    let (_, counters) = read(&more, &options());
    assert_eq!((counters.packets, counters.damaged[&Damage::Interface].count), (2, 1));
    assert_eq!(counters.damaged[&Damage::Interface].offsets, [sections.len() as u64]);
}

#[test]
fn a_clock_never_goes_back() {
    let order = Order { big: false };
    let mut file = order.header(0xa1b2_c3d4, LinkType::ETHERNET);
    for seconds in [5, 9, 7, 10] {
        file.extend(order.record(seconds, 0, &frame()));
    }
    let (batches, _) = read(&file, &options());
    let clocks: Vec<i64> = batches
        .iter()
        .flat_map(|batch| &batch.packets)
        .map(|packet| packet.clock_ns / 1_000_000_000)
        .collect();
    assert_eq!(clocks, [5, 9, 9, 10]);
}

#[test]
fn packing_and_blocks_do_not_matter() {
    let frames: Vec<Vec<u8>> = (0..600)
        .map(|at| {
            ethernet(
                0x0800,
                &super::build::ipv4(17, &super::build::udp(at, 53, &vec![1; usize::from(at)])),
            )
        })
        .collect();
    let file = pcap(&frames);
    let expected = contents(&read(&file, &options()).0);
    assert_eq!(expected.len(), 600);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&file).expect("packed");
    let gzip = gzip.finish().expect("packed");
    let zstd = zstd::encode_all(&file[..], 3).expect("packed");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [("plain", &file), ("gzip", &gzip), ("zstd", &zstd)] {
        assert!(is_capture(bytes), "{name}");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        assert!(is_capture_file(&path).expect("readable"));
        for block_bytes in [1, 100, 1024, 65_536, 4 << 20] {
            let options = CaptureOptions { block_bytes, ..options() };
            let (batches, counters) = read(bytes, &options);
            assert_eq!(contents(&batches), expected, "{name} {block_bytes}");
            assert_eq!(counters.frames, 600);
            let capture = Capture::open(&path, &options).expect("a capture");
            assert_eq!(capture.info().compression, name);
            let packets = tripline_ingest::capture::Packets::new(capture, &options);
            let batches: Vec<_> = packets.collect();
            assert_eq!(contents(&batches), expected, "{name} {block_bytes}");
        }
    }
}

#[test]
fn damaged_packing_gives_what_came_before() {
    let frames: Vec<Vec<u8>> = (0..2000)
        .map(|at: u32| {
            let noise = at.wrapping_mul(2_654_435_761).to_be_bytes().repeat(20);
            ethernet(0x0800, &super::build::ipv4(17, &super::build::udp(1, 53, &noise)))
        })
        .collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&pcap(&frames)).expect("packed");
    let gzip = gzip.finish().expect("packed");
    let (_, counters) = read(&gzip[..gzip.len() / 2], &options());
    assert!((100..2000).contains(&counters.frames), "{}", counters.frames);
    assert_eq!(counters.damaged[&Damage::Compression].count, 1);
}

#[test]
fn a_cut_file_gives_its_whole_records() {
    let file = pcap(&[frame(), frame(), frame()]);
    let record = 16 + frame().len();
    let (_, counters) = read(&file[..file.len() - 1], &options());
    assert_eq!(counters.frames, 2);
    assert_eq!(counters.damaged[&Damage::Cut].offsets, [24 + 2 * record as u64]);
    let (_, counters) = read(&file[..24 + record], &options());
    assert_eq!((counters.frames, counters.damaged_records()), (1, 0));
}

#[test]
fn an_impossible_length_costs_a_record() {
    let frames = vec![frame(); 9];
    let good = pcap(&frames);
    let record = 16 + frame().len();
    let third = 24 + 2 * record;
    let mut bad = good.clone();
    bad[third + 8..third + 12].fill(0xff);
    for block_bytes in [1, 1000, 4 << 20] {
        let (_, counters) = read(&bad, &CaptureOptions { block_bytes, ..options() });
        assert_eq!(counters.frames, 8);
        assert_eq!(counters.damaged[&Damage::Length].offsets, [third as u64]);
    }
    let order = Order { big: false };
    let head = cat(&[&order.section(), &order.interface(LinkType::ETHERNET, &[])]);
    let packets: Vec<Vec<u8>> = (0..9).map(|at| order.enhanced(0, at, &frame())).collect();
    let mut bad = cat(&[&head, &packets.concat()]);
    let third = head.len() + 2 * packets[0].len();
    for at in [third + 4, third + packets[0].len() - 4] {
        bad[at] ^= 0x41;
        for block_bytes in [1, 1000, 4 << 20] {
            let (_, counters) = read(&bad, &CaptureOptions { block_bytes, ..options() });
            assert_eq!(counters.frames, 8);
            assert_eq!(counters.damaged[&Damage::Length].offsets, [third as u64]);
        }
        bad[at] ^= 0x41;
    }
}

#[test]
fn a_wrong_length_or_type_of_a_block_costs_that_block() {
    for order in BOTH {
        let head = cat(&[&order.section(), &order.interface(LinkType::ETHERNET, &[])]);
        let packets: Vec<Vec<u8>> = (0..9).map(|at| order.enhanced(0, at, &frame())).collect();
        let good = cat(&[&head, &packets.concat()]);
        let third = head.len() + 2 * packets[0].len();
        // Impossible, beyond the longest packet, beyond the end of the file, of the next block.
        for length in [3, 0xffff_fffc, 64 << 20, 1 << 17, 2 * packets[0].len() as u32 + 4] {
            // A packet, a type that nobody knows, secrets.
            for kind in [6, 0x8000_0006, 10] {
                let mut bad = good.clone();
                bad[third..third + 4].copy_from_slice(&order.four(kind));
                bad[third + 4..third + 8].copy_from_slice(&order.four(length));
                for block_bytes in [1, 1000, 4 << 20] {
                    let (_, counters) = read(&bad, &CaptureOptions { block_bytes, ..options() });
                    assert_eq!(counters.frames, 8, "{kind} {length} {block_bytes}");
                    assert_eq!(counters.damaged_records(), 1, "{kind} {length} {block_bytes}");
                    let offsets = &counters.damaged[&Damage::Length].offsets;
                    assert_eq!(offsets, &[third as u64]);
                }
            }
        }
        // The type alone: a block of a kind that is not read.
        let mut other = good.clone();
        other[third..third + 4].copy_from_slice(&order.four(0x8000_0006));
        let (_, counters) = read(&other, &options());
        assert_eq!((counters.frames, counters.damaged_records()), (8, 0));
        // Cut in the last packet.
        let (_, counters) = read(&good[..good.len() - 4], &options());
        assert_eq!(counters.frames, 8);
        let last = head.len() + 8 * packets[0].len();
        assert_eq!(counters.damaged[&Damage::Cut].offsets, [last as u64]);
        assert_eq!(counters.damaged_records(), 1);
    }
}

#[test]
fn long_secrets_are_passed_over() {
    let order = Order { big: false };
    let file = cat(&[
        &order.section(),
        &order.interface(LinkType::ETHERNET, &[]),
        &order.block(10, &vec![b'k'; 3 << 20]),
        &order.enhanced(0, 1, &frame()),
    ]);
    for block_bytes in [1000, 4 << 20] {
        let (_, counters) = read(&file, &CaptureOptions { block_bytes, ..options() });
        assert_eq!((counters.frames, counters.damaged_records()), (1, 0));
    }
}

#[test]
fn searching_damage_takes_linear_time() {
    let order = Order { big: false };
    // Each twelve bytes could begin a packet of 256 KiB that does not hold together.
    let lure = cat(&[&order.four(6), &order.four(256 << 10), &[0; 4]]);
    let file = cat(&[
        &order.section(),
        &order.interface(LinkType::ETHERNET, &[]),
        &lure.repeat((8 << 20) / lure.len()),
        &order.enhanced(0, 1, &frame()),
    ]);
    let (_, counters) = read(&file, &options());
    assert_eq!((counters.frames, counters.damaged[&Damage::Length].count), (1, 1));
}

#[test]
fn an_interface_that_cannot_be_read_keeps_its_number() {
    for order in BOTH {
        let nano = order.option(9, &[9]);
        let mut long = order.interface(LinkType::ETHERNET, &[]);
        long[4..8].copy_from_slice(&order.four(0x7fff_fffc));
        // Too short for a description; with a wrong length.
        for unreadable in [order.block(1, &[0; 4]), long] {
            let file = cat(&[
                &order.section(),
                &order.interface(LinkType::ETHERNET, &[]),
                &unreadable,
                &order.interface(LinkType::RAW, &nano),
                &order.enhanced(0, 7, &frame()),
                &order.enhanced(1, 8, &frame()),
                &order.enhanced(2, 9, &plain()),
            ]);
            assert_eq!(times(&file), [7_000, 9]);
            let (_, counters) = read(&file, &options());
            assert_eq!((counters.packets, counters.damaged_records()), (2, 2));
            assert_eq!(counters.damaged[&Damage::Interface].count, 1);
        }
    }
}

#[test]
fn surplus_interfaces_take_no_other_place() {
    let order = Order { big: false };
    let raw = order.interface(LinkType::RAW, &[]);
    let file = cat(&[
        &order.section(),
        &raw.repeat(4097),
        &order.enhanced(4095, 1, &plain()),
        &order.enhanced(4096, 2, &plain()),
        &order.section(),
        &raw,
        &order.enhanced(0, 3, &plain()),
    ]);
    let (_, counters) = read(&file, &options());
    assert_eq!(counters.packets, 1);
    assert_eq!(counters.damaged[&Damage::Interfaces].count, 2);
    assert_eq!(counters.damaged[&Damage::Interface].count, 2);
}

#[test]
fn a_captured_length_over_its_block_is_damage() {
    let order = Order { big: false };
    let mut packet = order.enhanced(0, 1, &frame());
    packet[20] = 200;
    let file = cat(&[
        &order.section(),
        &order.interface(LinkType::ETHERNET, &[]),
        &packet,
        &order.enhanced(0, 2, &frame()),
    ]);
    let (_, counters) = read(&file, &options());
    assert_eq!((counters.frames, counters.damaged[&Damage::Block].count), (1, 1));
}

#[test]
fn no_packets_are_no_error() {
    let order = Order { big: false };
    for file in [pcap(&[]), order.section()] {
        let (batches, counters) = read(&file, &options());
        assert!(batches.is_empty());
        assert_eq!((counters.frames, counters.damaged_records()), (0, 0));
    }
}

#[test]
fn what_is_no_capture_says_what_to_do() {
    let text = |result: Result<Capture, IngestError>| match result {
        Ok(_) => "read".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        text(open(b"")),
        "f: the file is empty; give a capture, such as `tcpdump -w f` writes"
    );
    let packed = zstd::encode_all(&b""[..], 3).expect("packed");
    assert!(text(open(&packed)).contains("is empty"));
    let way_out =
        "not a packet capture; give a pcap or pcapng file, plain or packed by gzip or zstd";
    assert_eq!(text(open(b"a,b\n1,2\n")), format!("f: this is text, {way_out}"));
    assert_eq!(text(open(b"PK\x03\x04....")), format!("f: this is a zip archive, {way_out}"));
    assert_eq!(
        text(open(&pcap(&[])[..20])),
        format!("f: this is a capture cut inside its header, after 20 bytes, {way_out}")
    );
    assert!(text(open(&[0x1f, 0x8b, 8, 0, 0, 0])).contains("damaged gzip data"));
    let folder = tempfile::tempdir().expect("a folder");
    let directory = Capture::open(folder.path(), &options());
    assert!(text(directory).ends_with("this is a directory; name a file in it"));
    let missing = Capture::open(&folder.path().join("none"), &options());
    assert!(text(missing).ends_with("there is no such file; check the path"));
}
