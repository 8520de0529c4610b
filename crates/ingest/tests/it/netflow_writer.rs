//! A small writer of NetFlow and IPFIX datagrams.

/// When the datagrams were sent, in seconds since 1970.
pub(crate) const SENT_S: i64 = 1_700_000_000;
/// Uptime of the exporter then.
pub(crate) const UPTIME_MS: u32 = 90_000;

/// One record; times are milliseconds before the datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Data {
    pub(crate) source: [u8; 4],
    pub(crate) destination: [u8; 4],
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    protocol: u8,
    flags: u8,
    packets: u32,
    octets: u32,
    ago: (u32, u32),
    sampler: u8,
}

impl Data {
    pub(crate) fn tcp(source: [u8; 4], from: u16, destination: [u8; 4], to: u16) -> Self {
        Self {
            source,
            destination,
            source_port: from,
            destination_port: to,
            protocol: 6,
            flags: 0,
            packets: 1,
            octets: 40,
            ago: (1000, 500),
            sampler: 0,
        }
    }

    pub(crate) fn udp(source: [u8; 4], from: u16, destination: [u8; 4], to: u16) -> Self {
        Self { protocol: 17, ..Self::tcp(source, from, destination, to) }
    }

    pub(crate) fn icmp(source: [u8; 4], destination: [u8; 4], kind: u8, code: u8) -> Self {
        let port = u16::from_be_bytes([kind, code]);
        Self { protocol: 1, ..Self::tcp(source, 0, destination, port) }
    }

    pub(crate) fn flags(self, flags: u8) -> Self {
        Self { flags, ..self }
    }

    pub(crate) fn counts(self, packets: u32, octets: u32) -> Self {
        Self { packets, octets, ..self }
    }

    pub(crate) fn ago(self, first: u32, last: u32) -> Self {
        Self { ago: (first, last), ..self }
    }

    pub(crate) fn sampler(self, sampler: u8) -> Self {
        Self { sampler, ..self }
    }

    /// The opposite direction.
    pub(crate) fn back(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            source_port: self.destination_port,
            destination_port: self.source_port,
            ..self
        }
    }

    /// A data set with this record.
    pub(crate) fn set(self, template: u16, fields: &[(u16, u16)]) -> Vec<u8> {
        let mut set = template.to_be_bytes().to_vec();
        set.extend_from_slice(&[0, 0]);
        for &(number, bytes) in fields {
            let value = match number {
                8 => u32::from_be_bytes(self.source),
                12 => u32::from_be_bytes(self.destination),
                7 => u32::from(self.source_port),
                11 => u32::from(self.destination_port),
                4 => u32::from(self.protocol),
                6 => u32::from(self.flags),
                2 => self.packets,
                1 => self.octets,
                22 => UPTIME_MS - self.ago.0,
                21 => UPTIME_MS - self.ago.1,
                48 => u32::from(self.sampler),
                _ => 0,
            };
            set.extend_from_slice(&value.to_be_bytes()[4 - usize::from(bytes)..]);
        }
        let length = (set.len() as u16).to_be_bytes();
        set[2..4].copy_from_slice(&length);
        set
    }
}

/// A set with one template; `set` is 0 for version 9, 2 for IPFIX.
pub(crate) fn template_set(set: u16, template: u16, fields: &[(u16, u16)]) -> Vec<u8> {
    let mut parts = vec![set, 8 + 4 * fields.len() as u16, template, fields.len() as u16];
    parts.extend(fields.iter().flat_map(|&(number, bytes)| [number, bytes]));
    parts.into_iter().flat_map(u16::to_be_bytes).collect()
}

/// A datagram of version 5.
pub(crate) fn v5(sequence: u32, engine: u16, records: &[Data]) -> Vec<u8> {
    let mut bytes = [5, records.len() as u16].map(u16::to_be_bytes).concat();
    for part in [UPTIME_MS, SENT_S as u32, 0, sequence] {
        bytes.extend_from_slice(&part.to_be_bytes());
    }
    bytes.extend_from_slice(&engine.to_be_bytes());
    bytes.extend_from_slice(&[0, 0]);
    for record in records {
        bytes.extend_from_slice(&record.source);
        bytes.extend_from_slice(&record.destination);
        bytes.extend_from_slice(&[0; 8]);
        let (first, last) = (UPTIME_MS - record.ago.0, UPTIME_MS - record.ago.1);
        for part in [record.packets, record.octets, first, last] {
            bytes.extend_from_slice(&part.to_be_bytes());
        }
        bytes.extend_from_slice(&record.source_port.to_be_bytes());
        bytes.extend_from_slice(&record.destination_port.to_be_bytes());
        bytes.extend_from_slice(&[0, record.flags, record.protocol, 0]);
        bytes.extend_from_slice(&[0; 8]);
    }
    bytes
}

/// A datagram of version 9.
pub(crate) fn v9(sequence: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [9, sets.len() as u16].map(u16::to_be_bytes).concat();
    for part in [UPTIME_MS, SENT_S as u32, sequence, 7] {
        bytes.extend_from_slice(&part.to_be_bytes());
    }
    bytes.extend(sets.iter().flatten());
    bytes
}

/// An IPFIX message.
pub(crate) fn ipfix(sequence: u32, domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let length = 16 + sets.iter().map(Vec::len).sum::<usize>() as u16;
    let mut bytes = [10, length].map(u16::to_be_bytes).concat();
    for part in [SENT_S as u32, sequence, domain] {
        bytes.extend_from_slice(&part.to_be_bytes());
    }
    bytes.extend(sets.iter().flatten());
    bytes
}
