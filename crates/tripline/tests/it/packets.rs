//! `generate packets`: the same options give the same files, compressed or not.

use crate::bench::Bench;

#[test]
fn a_capture_comes_again_from_its_seed() {
    let bench = Bench::new();
    let made = bench.json("generate packets --flows 300 --seed 7 -o a.pcap --truth a.csv");
    bench.ok("generate packets --flows 300 --seed 7 -o b.pcap --truth b.csv");
    bench.ok("generate packets --flows 300 --seed 8 -o c.pcap");
    assert_eq!(bench.bytes("a.pcap"), bench.bytes("b.pcap"));
    assert_eq!(bench.bytes("a.csv"), bench.bytes("b.csv"));
    assert_ne!(bench.bytes("a.pcap"), bench.bytes("c.pcap"));
    assert_eq!(made["bytes"], bench.bytes("a.pcap").len());
    let lines = bench.read("a.csv").lines().count() as u64 - 1;
    assert_eq!(made["flows"], lines);
    for name in ["d.pcap.gz", "d.pcap.zst"] {
        bench.ok(&format!("generate packets --flows 300 --seed 7 -o {name}"));
        assert!(bench.bytes(name).len() < bench.bytes("a.pcap").len());
    }
    assert_eq!(bench.bytes("d.pcap.gz")[..2], [0x1f, 0x8b]);
    assert_eq!(bench.bytes("d.pcap.zst")[..4], [0x28, 0xb5, 0x2f, 0xfd]);
}

#[test]
fn options_that_make_no_sense_are_refused_before_anything_is_written() {
    let bench = Bench::new();
    for (options, word) in [
        ("--attack-share 1.5", "--attack-share must be from 0 to 1"),
        ("--seconds=-1", "--seconds must be from 0"),
        ("--seconds 1e12", "--seconds must be from 0"),
        ("--flows 3 --seconds 3", "cannot be used with"),
        ("--truth x.pcap", "two outputs"),
    ] {
        let run = bench.run(&format!("generate packets -o x.pcap {options}"));
        assert_eq!(run.code, 2, "{options}: {}", run.err);
        assert!(run.err.contains(word), "{options}: {}", run.err);
    }
    assert_eq!(bench.run("generate packets -o no/folder.pcap").code, 1);
    assert!(bench.names().is_empty(), "{:?}", bench.names());
}
