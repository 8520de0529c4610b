//! Listening to the loopback interface while these tests send; needs CAP_NET_RAW.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tripline_ingest::capture::{Block, LinkType};
use tripline_ingest::live::{Live, LiveError, LiveOptions, interfaces};
use tripline_ingest::{Filter, IngestError};

/// `None`, with the reason printed, where the privilege is missing or there is no loopback.
fn loopback(options: &LiveOptions) -> Option<Live> {
    match Live::open("lo", options) {
        Ok(live) => Some(live),
        Err(IngestError::Live(
            error @ (LiveError::Privilege { .. }
            | LiveError::System { .. }
            | LiveError::NoInterface { .. }
            | LiveError::Down { .. }),
        )) => {
            eprintln!("live test left out: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn filtered(text: &str) -> LiveOptions {
    LiveOptions { filter: Filter::parse(text).unwrap(), ..LiveOptions::default() }
}

/// Blocks until as many frames came, or nothing more does.
fn blocks(live: &mut Live, frames: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut got = 0;
    while got < frames
        && let Some(block) = live.next_block(Duration::from_secs(3))
        && !block.is_empty()
    {
        got += block.records().len();
        blocks.push(block);
    }
    blocks
}

/// Two sockets on loopback.
fn udp_pair() -> (UdpSocket, UdpSocket) {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (from, to) = (UdpSocket::bind(here).unwrap(), UdpSocket::bind(here).unwrap());
    from.connect(to.local_addr().unwrap()).unwrap();
    (from, to)
}

#[test]
fn datagrams_come_once_in_order() {
    let (from, to) = udp_pair();
    let port = to.local_addr().unwrap().port();
    let Some(mut live) = loopback(&filtered(&format!("udp dst port {port}"))) else { return };
    assert_eq!(live.link(), LinkType::ETHERNET);
    let before = unix_ns();
    for number in 0..500_u32 {
        from.send(&number.to_be_bytes()).unwrap();
    }
    let blocks = blocks(&mut live, 500);
    let after = unix_ns();
    let mut numbers = Vec::new();
    for block in &blocks {
        for record in block.records() {
            let frame = block.frame(record);
            // Ethernet 14, IPv4 20, UDP 8, then 4 bytes of ours.
            assert_eq!((frame.len(), record.wire), (46, 46));
            assert!((before..=after).contains(&record.time_ns), "{}", record.time_ns);
            numbers.push(u32::from_be_bytes(frame[42..].try_into().unwrap()));
            assert_eq!(record.number, numbers.len() as u64);
        }
    }
    assert_eq!(numbers, (0..500).collect::<Vec<u32>>());
    let counters = live.counters();
    assert_eq!((counters.received, counters.told), (500, 500));
    assert_eq!((counters.dropped, counters.damaged), (0, 0));
    // Nothing more comes, and waiting ends.
    assert!(live.next_block(Duration::from_millis(10)).unwrap().is_empty());
}

#[test]
fn a_connection_is_decoded() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let options = filtered(&format!("tcp port {}", address.port()));
    let Some(mut live) = loopback(&options) else { return };
    let mut client = TcpStream::connect(address).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"question").unwrap();
    let mut told = [0; 8];
    server.read_exact(&mut told).unwrap();
    drop((client, server));
    let mut payload = Vec::new();
    let mut flags = 0;
    for block in blocks(&mut live, 7) {
        let mut reassembler = tripline_ingest::capture::Reassembler::new(&Default::default());
        let batch = reassembler.finish(block.decode());
        for packet in &batch.packets {
            payload.extend_from_slice(batch.payload(packet));
            flags |= packet.tcp.flags;
        }
    }
    assert_eq!(payload, b"question");
    use tripline_core::packet::tcp_flags::{ACK, SYN};
    assert_eq!(flags & (SYN | ACK), SYN | ACK);
}

#[test]
fn what_a_full_ring_drops_is_counted() {
    let (from, to) = udp_pair();
    let port = to.local_addr().unwrap().port();
    let options = LiveOptions {
        ring_bytes: 1,
        ring_block_bytes: 1,
        snap_bytes: 100,
        ..filtered(&format!("udp port {port}"))
    };
    let Some(mut live) = loopback(&options) else { return };
    // The ring has two blocks of 128 KiB; nobody reads it.
    for _ in 0..5000 {
        from.send(&[7; 1000]).unwrap();
    }
    let blocks = blocks(&mut live, 5000);
    let told: usize = blocks.iter().map(|block| block.records().len()).sum();
    let counters = live.counters();
    assert_eq!(counters.told, told as u64);
    assert_eq!(counters.received, 5000);
    assert!(counters.dropped > 1000 && counters.freezes > 0, "{counters:?}");
    assert_eq!(counters.received - counters.dropped, counters.told);
    let record = &blocks[0].records()[0];
    assert_eq!((record.captured, record.wire), (100, 1042));
    // Counters go on from call to call.
    assert_eq!(live.counters(), counters);
}

#[test]
fn a_flag_ends_listening() {
    let stop = Arc::new(AtomicBool::new(false));
    let options = LiveOptions { stop: Some(stop.clone()), ..filtered("udp port 1") };
    let Some(mut live) = loopback(&options) else { return };
    assert!(live.next_block(Duration::ZERO).unwrap().is_empty());
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        stop.store(true, Ordering::Relaxed);
    });
    let start = Instant::now();
    assert!(live.next_block(Duration::from_secs(60)).is_none());
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(live.ended().is_none());
    later.join().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn refusals_name_the_way_out() {
    let refused = |name: &str| Live::open(name, &LiveOptions::default()).err().unwrap().to_string();
    let names: Vec<String> = interfaces().into_iter().map(|interface| interface.name).collect();
    let known = names.join(", ");
    for name in ["nothing0", "", "a name over fifteen bytes", "zero\0byte"] {
        assert_eq!(refused(name), format!("there is no interface `{name}`; there are: {known}"));
    }
    if let Some(down) = interfaces().into_iter().find(|interface| !interface.up) {
        let name = down.name;
        assert_eq!(
            refused(&name),
            format!(
                "interface {name} is down; bring it up by `ip link set dev {name} up`, or choose \
                 another"
            )
        );
    }
}

fn unix_ns() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_nanos() as i64
}
