//! The UDP socket in front of a collector.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tripline_core::flow::Flow;

use super::collector::Collector;
use super::counters::CollectorCounters;
use super::options::CollectorOptions;
use crate::error::IngestError;

/// How datagrams are received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerOptions {
    /// How long [`Listener::receive`] waits for a datagram.
    pub timeout: Duration,
    /// Most datagrams that one call takes.
    pub max_datagrams: usize,
    /// Bytes that the kernel is asked to hold; it gives no more than `net.core.rmem_max`.
    pub receive_buffer_bytes: usize,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(500),
            max_datagrams: 1024,
            // A second of 6,000 datagrams of 1,400 bytes: about 150,000 records.
            receive_buffer_bytes: 8 << 20,
        }
    }
}

/// A collector behind a UDP socket.
#[derive(Debug)]
pub struct Listener {
    socket: UdpSocket,
    address: SocketAddr,
    inode: Option<u64>,
    collector: Collector,
    options: ListenerOptions,
    datagram: Vec<u8>,
}

impl Listener {
    /// Binds `address`: host and port, or `:2055` for that port of every interface.
    ///
    /// # Errors
    /// An address that cannot be resolved, or is taken.
    pub fn bind(
        address: &str,
        options: ListenerOptions,
        collector: CollectorOptions,
    ) -> Result<Self, IngestError> {
        let failed = |source| IngestError::Bind { address: address.to_owned(), source };
        let socket = match address.strip_prefix(':') {
            Some(port) => UdpSocket::bind(resolved(&format!("0.0.0.0:{port}")).map_err(failed)?),
            None => UdpSocket::bind(resolved(address).map_err(failed)?),
        }
        .map_err(failed)?;
        // A timeout of zero would be one of none.
        let timeout = options.timeout.max(Duration::from_millis(1));
        socket.set_read_timeout(Some(timeout)).map_err(failed)?;
        // Less of a buffer is no error: drops are counted.
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(
            &socket,
            options.receive_buffer_bytes,
        );
        Ok(Self {
            address: socket.local_addr().map_err(failed)?,
            inode: inode(&socket),
            socket,
            collector: Collector::new(collector),
            options,
            // As large as a datagram can be.
            datagram: vec![0; 1 << 16],
        })
    }

    /// The address that is bound, with the port that the system chose for port 0.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for datagrams up to the timeout, takes those at hand; gives the flows that are
    /// complete, which may be none.
    ///
    /// # Errors
    /// The socket is of no more use.
    pub fn receive(&mut self) -> Result<Vec<Flow>, IngestError> {
        let mut flows = Vec::new();
        let took = self.receive_one(&mut flows);
        let result = match took {
            Ok(true) => self.take_at_hand(&mut flows),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        self.collector.advance(now_ns(), &mut flows);
        match result {
            Ok(()) => Ok(flows),
            Err(source) => Err(IngestError::Receive { address: self.address.to_string(), source }),
        }
    }

    /// The flows that still wait for records of their other direction.
    pub fn finish(&mut self) -> Vec<Flow> {
        let mut flows = Vec::new();
        self.collector.finish(&mut flows);
        flows
    }

    /// What was counted so far.
    pub fn counters(&self) -> CollectorCounters {
        self.collector.counters()
    }

    /// Datagrams that the kernel dropped since nobody took them in time; `None` where the system
    /// does not tell.
    pub fn dropped(&self) -> Option<u64> {
        let table = if self.address.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
        dropped(&std::fs::read_to_string(table).ok()?, self.inode?)
    }

    fn take_at_hand(&mut self, flows: &mut Vec<Flow>) -> io::Result<()> {
        self.socket.set_nonblocking(true)?;
        let mut result = Ok(true);
        for _ in 1..self.options.max_datagrams {
            result = self.receive_one(flows);
            if !matches!(result, Ok(true)) {
                break;
            }
        }
        self.socket.set_nonblocking(false)?;
        result.map(|_| ())
    }

    /// Takes a datagram; `false` if there is none.
    fn receive_one(&mut self, flows: &mut Vec<Flow>) -> io::Result<bool> {
        match self.socket.recv_from(&mut self.datagram) {
            Ok((bytes, exporter)) => {
                let datagram = self.datagram.get(..bytes).unwrap_or_default();
                self.collector.packet(exporter, now_ns(), datagram, flows);
                Ok(true)
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset => Ok(false),
                _ => Err(error),
            },
        }
    }
}

fn resolved(address: &str) -> io::Result<SocketAddr> {
    let wrong = || io::Error::other("this is no address with a port, such as 127.0.0.1:2055");
    address.to_socket_addrs().map_err(|_| wrong())?.next().ok_or_else(wrong)
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The number by which Linux lists a socket in `/proc/net`.
#[cfg(target_os = "linux")]
fn inode(socket: &UdpSocket) -> Option<u64> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
    Some(std::fs::metadata(path).ok()?.ino())
}

#[cfg(not(target_os = "linux"))]
fn inode(_: &UdpSocket) -> Option<u64> {
    None
}

/// The last column of the line of a socket in `/proc/net/udp` (proc_net_udp(5)).
fn dropped(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(9);
        let found = columns.next()?.parse::<u64>().ok()? == inode;
        if found { columns.last()?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_stand_in_the_last_column() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n \
             101: 00000000:0807 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 77 2 0000000000000000 3\n \
             102: 00000000:0808 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 78 2 0000000000000000 12\n";
        assert_eq!(dropped(table, 78), Some(12));
        assert_eq!(dropped(table, 79), None);
    }
}
