//! The hello messages of TLS, DTLS and SSL.

use super::bytes::Reader;

/// What a client offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ClientHello {
    /// The version in the message itself; for TLS 1.3 that of TLS 1.2.
    pub(super) version: u16,
    /// Sent in the form of SSL 2.0, whose cipher specs have three bytes.
    pub(super) ssl2: bool,
    /// Cipher suites in order; those of SSL 2.0 alone are left out.
    pub(super) ciphers: Vec<u16>,
    /// Types of extensions in order.
    pub(super) extensions: Vec<u16>,
    /// Named groups in order (RFC 8422, section 5.1.1).
    pub(super) groups: Vec<u16>,
    /// Point formats in order (RFC 8422, section 5.1.2).
    pub(super) formats: Vec<u8>,
    /// Signature algorithms in order (RFC 8446, section 4.2.3).
    pub(super) signatures: Vec<u16>,
    /// Of the extension supported_versions, in order (RFC 8446, section 4.2.1).
    pub(super) versions: Vec<u16>,
    /// Host name (RFC 6066, section 3).
    pub(super) server_name: Option<Vec<u8>>,
    /// First application protocol (RFC 7301).
    pub(super) application: Option<Vec<u8>>,
}

impl ClientHello {
    /// Reads the body of a handshake message; DTLS has a cookie in it (RFC 6347, section 4.2.1).
    pub(super) fn parse(body: &[u8], dtls: bool) -> Option<Self> {
        let mut reader = Reader(body);
        let mut hello = Self { version: reader.u16()?, ..Self::default() };
        reader.take(32)?;
        reader.vector8()?;
        if dtls {
            reader.vector8()?;
        }
        hello.ciphers = reader.vector16()?.all_u16().collect();
        reader.vector8()?;
        // SSL 3.0 and TLS 1.0 may end here.
        if reader.0.is_empty() {
            return Some(hello);
        }
        let mut extensions = reader.vector16()?;
        while !extensions.0.is_empty() {
            let kind = extensions.u16()?;
            let body = extensions.vector16()?;
            hello.extensions.push(kind);
            hello.extension(kind, body);
        }
        Some(hello)
    }

    /// Reads a hello in the form of SSL 2.0 without its record header (RFC 5246, appendix E.2).
    pub(super) fn parse_ssl2(record: &[u8]) -> Option<Self> {
        let mut reader = Reader(record);
        if reader.u8()? != 1 {
            return None;
        }
        let version = reader.u16()?;
        let [specs, session, challenge] = [reader.u16()?, reader.u16()?, reader.u16()?];
        let specs = reader.take(specs.into())?;
        reader.take(usize::from(session) + usize::from(challenge))?;
        let ciphers = specs
            .chunks_exact(3)
            .filter(|spec| spec[0] == 0)
            .map(|spec| u16::from_be_bytes([spec[1], spec[2]]))
            .collect();
        Some(Self { version, ssl2: true, ciphers, ..Self::default() })
    }

    /// The highest version offered, GREASE left out.
    pub(super) fn offered(&self) -> u16 {
        let offered = self.versions.iter().copied().filter(|&version| !is_grease(version));
        offered.max_by_key(|&version| rank(version)).unwrap_or(self.version)
    }

    fn extension(&mut self, kind: u16, mut body: Reader) {
        // A damaged extension counts as one without contents.
        match kind {
            0 => self.server_name = server_name(body),
            10 => self.groups = body.vector16().map(|l| l.all_u16().collect()).unwrap_or_default(),
            11 => self.formats = body.vector8().map(|l| l.0.to_vec()).unwrap_or_default(),
            13 => {
                self.signatures = body.vector16().map(|l| l.all_u16().collect()).unwrap_or_default()
            }
            16 => {
                self.application =
                    body.vector16().and_then(|mut list| list.vector8()).map(|name| name.0.to_vec())
            }
            43 => self.versions = body.vector8().map(|l| l.all_u16().collect()).unwrap_or_default(),
            _ => {}
        }
    }
}

/// What a server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerHello {
    /// Version: that of the extension supported_versions, else that of the message.
    pub(super) version: u16,
    /// Cipher suite.
    pub(super) cipher: u16,
}

impl ServerHello {
    /// Reads the body of a handshake message.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let mut version = reader.u16()?;
        reader.take(32)?;
        // The drafts of TLS 1.3 up to 21 left the session identifier out.
        if !matches!(version, 0x7f00..=0x7fff) {
            reader.vector8()?;
        }
        let cipher = reader.u16()?;
        if reader.u8().is_some()
            && let Some(mut extensions) = reader.vector16()
        {
            while let Some(kind) = extensions.u16() {
                let Some(mut body) = extensions.vector16() else { break };
                if kind == 43 {
                    version = body.u16().unwrap_or(version);
                }
            }
        }
        Some(Self { version, cipher })
    }
}

/// Reserved values that keep servers tolerant (RFC 8701, section 2).
pub(super) fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// Where a version stands among all: SSL 2.0, SSL 3.0, TLS, with DTLS beside its counterpart.
fn rank(version: u16) -> u16 {
    match version {
        0x0002 => 1,
        0x0300..=0x03ff => 2 + (version & 0xff),
        // Drafts of TLS 1.3.
        0x7f00..=0x7fff => 6,
        0xfeff => 4,
        0xfefd => 5,
        0xfefc => 6,
        _ => 0,
    }
}

fn server_name(body: Reader) -> Option<Vec<u8>> {
    let mut body = body;
    let mut list = body.vector16()?;
    while !list.0.is_empty() {
        let kind = list.u8()?;
        let name = list.vector16()?;
        if kind == 0 {
            return Some(name.0.to_vec());
        }
    }
    None
}
