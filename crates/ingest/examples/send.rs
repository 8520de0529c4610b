//! Sends datagrams as fast as it can: `send ADDRESS:PORT SECONDS BYTES`.

#![allow(clippy::print_stdout, reason = "the result")]

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [to, seconds, bytes] = arguments.as_slice() else {
        return Err("usage: send ADDRESS:PORT SECONDS BYTES".into());
    };
    let to: SocketAddr = to.parse()?;
    let length = Duration::from_secs_f64(seconds.parse()?);
    let payload = vec![7_u8; bytes.parse()?];
    let socket = UdpSocket::bind(if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
    socket.connect(to)?;
    let start = Instant::now();
    let (mut sent, mut refused) = (0_u64, 0_u64);
    while start.elapsed() < length {
        for _ in 0..64 {
            // A full queue, or an answer that nobody listens there.
            match socket.send(&payload) {
                Ok(_) => sent += 1,
                Err(_) => refused += 1,
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{sent} sent, {refused} refused, {:.0} datagrams/s", sent as f64 / seconds);
    Ok(())
}
