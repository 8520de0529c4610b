//! DTLS over UDP, as far as it can be read without keys (RFC 6347, RFC 9147).

use tripline_core::flow::{Direction, Tls};

use super::bytes::Reader;
use super::fingerprint::Carrier;
use super::hello::{ClientHello, ServerHello};
use super::tls::{take_client, take_server, text_bytes};

/// Most bytes of a hello message.
const HELLO_BYTES: usize = 16 << 10;
/// Most datagrams that are looked into.
const DATAGRAMS: u16 = 128;

/// Reads the datagrams of a flow.
#[derive(Debug, Default)]
pub(super) struct DtlsSession {
    tls: Tls,
    greeted: bool,
    datagrams: u16,
    /// Directions that sent a record under keys, other than an alert.
    finished: [bool; 2],
    /// The beginning of a hello that came in fragments, of each direction.
    messages: [Vec<u8>; 2],
}

impl DtlsSession {
    /// What was learnt; none before the first hello.
    pub(super) fn told(&self) -> Option<Tls> {
        let established = self.finished == [true; 2];
        self.greeted.then(|| Tls { established, ..self.tls.clone() })
    }

    /// True after the first hello.
    pub(super) fn is_confirmed(&self) -> bool {
        self.greeted
    }

    /// Reads the records of a datagram; false if no more are wanted.
    pub(super) fn datagram(&mut self, direction: Direction, bytes: &[u8]) -> bool {
        self.datagrams += 1;
        let mut reader = Reader(bytes);
        while self.record(direction, &mut reader).is_some() {}
        self.finished != [true; 2] && self.datagrams < DATAGRAMS
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let messages: usize = self.messages.iter().map(Vec::capacity).sum();
        messages + text_bytes(&self.tls)
    }

    fn record(&mut self, direction: Direction, reader: &mut Reader) -> Option<()> {
        let kind = reader.u8()?;
        // A record of DTLS 1.3 under keys has a short header, which none else has.
        if kind & 0xe0 == 0x20 {
            self.finished[direction as usize] = true;
            return None;
        }
        // The second is that of OpenSSL before DTLS was published.
        if !matches!(reader.u16()?, 0xfe00..=0xfeff | 0x0100) {
            return None;
        }
        let epoch = reader.u16()?;
        reader.take(6)?;
        let record = reader.vector16()?;
        match (kind, epoch) {
            (22, 0) => self.handshake(direction, record),
            (22 | 23, _) => {
                self.finished[direction as usize] = true;
                Some(())
            }
            _ => Some(()),
        }
    }

    fn handshake(&mut self, direction: Direction, mut record: Reader) -> Option<()> {
        while !record.0.is_empty() {
            let kind = record.u8()?;
            let length = record.u24()? as usize;
            record.u16()?;
            let offset = record.u24()? as usize;
            let bytes = record.u24()? as usize;
            let fragment = record.take(bytes)?;
            let wanted = match kind {
                1 => self.tls.offered.is_none(),
                2 => self.tls.version.is_none(),
                _ => false,
            };
            if !wanted || length > HELLO_BYTES {
                continue;
            }
            let message = &mut self.messages[direction as usize];
            if offset == 0 {
                message.clear();
            }
            // Fragments out of order wait for their retransmission.
            if message.len() != offset || offset + bytes > length {
                continue;
            }
            message.extend_from_slice(fragment);
            if message.len() < length {
                continue;
            }
            let message = std::mem::take(message);
            if kind == 1 {
                take_client(&mut self.tls, &ClientHello::parse(&message, true)?, Carrier::Dtls);
            } else {
                take_server(&mut self.tls, ServerHello::parse(&message)?);
            }
            self.greeted = true;
        }
        Some(())
    }
}
