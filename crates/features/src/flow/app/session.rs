//! One connection or flow of datagrams while its application protocol is read.

use tripline_core::flow::{App, Direction};

use super::datagram;
use super::detect::{Evidence, Found, detect};
use super::dns::DnsSession;
use super::dtls::DtlsSession;
use super::ftp::FtpSession;
use super::http::HttpSession;
use super::outcome::{Outcome, Then};
use super::protocol::Protocol;
use super::ssh::SshSession;
use super::stream::{Placed, Stream};
use super::tls::TlsSession;
use super::watch::Watch;

/// Datagrams of no known protocol after which a flow is given up.
const STRANGE_DATAGRAMS: u8 = 4;
/// Most bytes of a direction that wait for the parser; a parser alone never leaves so many.
const PENDING_BYTES: usize = 20 << 10;
/// Most times that one connection changes its protocol.
const SWITCHES: u8 = 4;

/// What a connection speaks now.
#[derive(Debug, Default)]
enum Mode {
    /// Not known yet.
    #[default]
    Probe,
    Tls,
    Dtls,
    Dns,
    Http,
    Ssh,
    Ftp,
    /// Known, but not read further than the search for TLS.
    Watch(Watch),
    /// Nothing is wanted any more.
    Ended,
}

/// Reads the payloads of one flow.
///
/// Each parser has its own box, so that a flow holds no more than what it speaks.
#[derive(Debug, Default)]
pub(super) struct Session {
    mode: Mode,
    client: Option<Direction>,
    protocol: Option<Protocol>,
    closed: [bool; 2],
    switches: u8,
    strange: u8,
    ports: [u16; 2],
    streams: [Option<Box<Stream>>; 2],
    tls: Option<Box<TlsSession>>,
    dtls: Option<Box<DtlsSession>>,
    dns: Option<Box<DnsSession>>,
    http: Option<Box<HttpSession>>,
    ssh: Option<Box<SshSession>>,
    ftp: Option<Box<FtpSession>>,
}

impl Session {
    /// A flow between these ports, the initiator's first.
    pub(super) fn new(ports: [u16; 2]) -> Self {
        Self { ports, ..Self::default() }
    }

    /// True if no more payloads of a direction are wanted.
    pub(super) fn is_closed(&self, direction: Direction) -> bool {
        self.closed[direction as usize]
    }

    /// True if nothing was learnt, and nothing will be.
    pub(super) fn is_void(&self) -> bool {
        self.closed == [true; 2] && self.protocol.is_none()
    }

    /// The protocol of the flow; where one follows another, the first.
    pub(super) fn protocol(&self) -> Option<Protocol> {
        self.protocol
    }

    /// What was learnt.
    pub(super) fn told(&self) -> App {
        let coming = |side: usize| match self.mode {
            Mode::Http => self.streams[side].as_ref().map_or(0, |stream| stream.skip),
            _ => 0,
        };
        let coming = [coming(0), coming(1)];
        let tls = self.tls.as_ref().and_then(|tls| tls.told());
        App {
            http: self.http.as_ref().and_then(|http| http.told(coming)),
            dns: self.dns.as_ref().and_then(|dns| dns.told()),
            tls: tls.or_else(|| self.dtls.as_ref().and_then(|dtls| dtls.told())),
            ssh: self.ssh.as_ref().and_then(|ssh| ssh.told(self.client.unwrap_or(Direction::Orig))),
            ftp: self.ftp.as_ref().map(|ftp| ftp.told()),
            ..App::default()
        }
    }

    /// Takes the payload of a datagram.
    pub(super) fn datagram(&mut self, direction: Direction, bytes: &[u8]) {
        if matches!(self.mode, Mode::Probe) {
            match datagram::detect(bytes, self.ports) {
                Some(Protocol::Dns) => self.mode = Mode::Dns,
                Some(Protocol::Ssl) => self.mode = Mode::Dtls,
                Some(protocol) => {
                    self.protocol = Some(protocol);
                    return self.end();
                }
                None => return self.count_strange(),
            }
        }
        match self.mode {
            Mode::Dns => {
                let ports = self.ports;
                let dns = self.dns.get_or_insert_with(|| Box::new(DnsSession::new(ports)));
                let sound = dns.message(bytes);
                if dns.is_confirmed() {
                    self.protocol = Some(Protocol::Dns);
                }
                if !sound && self.protocol.is_none() {
                    self.count_strange();
                }
            }
            Mode::Dtls => {
                let dtls = self.dtls.get_or_insert_default();
                let goes_on = dtls.datagram(direction, bytes);
                if dtls.is_confirmed() {
                    self.protocol = Some(Protocol::Ssl);
                }
                if !goes_on {
                    self.end();
                }
            }
            _ => {}
        }
    }

    /// Takes a TCP segment with payload. `first` is the sequence number of the first byte that the
    /// direction has, `length` that of the payload on the wire.
    pub(super) fn segment(
        &mut self,
        direction: Direction,
        first: u32,
        sequence: u32,
        bytes: &[u8],
        length: u32,
    ) {
        let side = direction as usize;
        // Captured bytes behind the payload are padding.
        let bytes = &bytes[..bytes.len().min(length as usize)];
        let mut stream = self.streams[side].take().unwrap_or_else(|| Box::new(Stream::new(first)));
        let placed = stream.place(sequence, bytes, length);
        self.streams[side] = Some(stream);
        match placed {
            Placed::Nothing => return,
            Placed::Lost => return self.close(direction),
            Placed::Next(old) => self.pass(direction, bytes, old, length),
        }
        // Each turn takes a segment from those that wait, which are few.
        while let Some(stream) = &mut self.streams[side]
            && let Some((sequence, bytes)) = stream.ready()
        {
            let length = bytes.len() as u32;
            if let Placed::Next(old) = stream.place(sequence, &bytes, length) {
                self.pass(direction, &bytes, old, length);
            }
        }
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        fn boxed<T>(part: &Option<Box<T>>, heap: fn(&T) -> usize) -> usize {
            part.as_ref().map_or(0, |part| size_of::<T>() + heap(part))
        }
        let streams: usize =
            self.streams.iter().map(|stream| boxed(stream, Stream::heap_bytes)).sum();
        streams
            + boxed(&self.tls, TlsSession::heap_bytes)
            + boxed(&self.dtls, DtlsSession::heap_bytes)
            + boxed(&self.dns, DnsSession::heap_bytes)
            + boxed(&self.http, HttpSession::heap_bytes)
            + boxed(&self.ssh, SshSession::heap_bytes)
            + boxed(&self.ftp, |_| 0)
    }

    /// Passes a segment on whose first `old` bytes were seen.
    fn pass(&mut self, direction: Direction, bytes: &[u8], old: usize, length: u32) {
        let side = direction as usize;
        let fresh = bytes.get(old..).unwrap_or_default();
        let Some(stream) = &mut self.streams[side] else { return };
        stream.pass(fresh.len() as u32);
        let missing = length - old.max(bytes.len()) as u32;
        self.feed(direction, fresh);
        if missing > 0
            && let Some(stream) = &mut self.streams[side]
            && !stream.miss(missing)
        {
            self.close(direction);
        }
    }

    /// Gives bytes in order to the parser of the mode, until it can use no more.
    fn feed(&mut self, direction: Direction, fresh: &[u8]) {
        let side = direction as usize;
        let Some(stream) = &mut self.streams[side] else { return };
        let mut at = stream.skip.min(fresh.len() as u64) as usize;
        stream.skip -= at as u64;
        if at == fresh.len() && at > 0 {
            return;
        }
        let mut pending = std::mem::take(&mut stream.pending);
        let joined = !pending.is_empty();
        if joined {
            pending.extend_from_slice(&fresh[at..]);
            at = 0;
        }
        let bytes = if joined { &pending[..] } else { fresh };
        let mut release = false;
        loop {
            if matches!(self.mode, Mode::Probe) {
                match self.probe(direction, &bytes[at..]) {
                    Found::Protocol(..) => release = true,
                    Found::More => break,
                    Found::Nothing => return self.close(direction),
                }
            }
            let outcome = self.parse(direction, &bytes[at..]);
            at += outcome.used;
            match outcome.then {
                Then::More => {}
                Then::Done => return self.close(direction),
                Then::Finish => return self.end(),
                Then::Fail => return self.fail(direction),
                Then::Release => release = true,
                Then::Switch => {
                    self.switches += 1;
                    if self.switches > SWITCHES {
                        return self.end();
                    }
                    self.mode = Mode::Probe;
                    self.closed = [false; 2];
                    release = true;
                    continue;
                }
            }
            let skipped = outcome.skip.min((bytes.len() - at) as u64);
            at += skipped as usize;
            let Some(stream) = &mut self.streams[side] else { return };
            stream.skip = outcome.skip - skipped;
            // Without a skip the parser has used all that it can.
            let stopped = outcome.skip == 0 && outcome.then == Then::More;
            if stopped || at == bytes.len() {
                break;
            }
        }
        if bytes.len() - at > PENDING_BYTES {
            return self.close(direction);
        }
        let Some(stream) = &mut self.streams[side] else { return };
        if !joined {
            stream.pending = bytes[at..].to_vec();
        } else if at < pending.len() {
            pending.drain(..at);
            stream.pending = pending;
        }
        let held = self.streams[1 - side].as_ref().is_some_and(|stream| !stream.pending.is_empty());
        if release && held {
            self.feed(other(direction), &[]);
        }
    }

    /// Tells the protocol by the first bytes, and goes over to its parser.
    fn probe(&mut self, direction: Direction, bytes: &[u8]) -> Found {
        let there = self.streams[other(direction) as usize].as_ref();
        let found = detect(&Evidence {
            bytes,
            direction,
            other: there.map_or(&[], |stream| &stream.pending),
            ports: self.ports,
        });
        let Found::Protocol(protocol, client) = found else { return found };
        self.client = Some(client);
        self.mode = match protocol {
            Protocol::Ssl => {
                self.tls = Some(Box::default());
                Mode::Tls
            }
            Protocol::Dns => {
                self.dns = Some(Box::new(DnsSession::new(self.ports)));
                Mode::Dns
            }
            // After a tunnel through HTTP, the parser of what was told stays.
            Protocol::Http if self.http.is_none() => {
                self.http = Some(Box::new(HttpSession::new(client)));
                Mode::Http
            }
            Protocol::Ssh => {
                self.ssh = Some(Box::default());
                Mode::Ssh
            }
            Protocol::Ftp if self.ftp.is_none() => {
                self.ftp = Some(Box::new(FtpSession::new(client)));
                self.protocol.get_or_insert(protocol);
                Mode::Ftp
            }
            Protocol::Smtp
            | Protocol::Pop3
            | Protocol::Imap
            | Protocol::Irc
            | Protocol::Xmpp
            | Protocol::LdapTcp
            | Protocol::Rdp
            | Protocol::Socks
            | Protocol::Mysql
            | Protocol::Postgresql => {
                self.protocol.get_or_insert(protocol);
                // What the other side said first may have told nothing.
                self.closed = [false; 2];
                Mode::Watch(Watch::default())
            }
            _ => {
                self.protocol.get_or_insert(protocol);
                Mode::Ended
            }
        };
        found
    }

    fn parse(&mut self, direction: Direction, bytes: &[u8]) -> Outcome {
        let (outcome, confirmed) = match &mut self.mode {
            Mode::Tls => {
                let Some(tls) = &mut self.tls else { return ENDED };
                (tls.read(direction, bytes), tls.is_confirmed().then_some(Protocol::Ssl))
            }
            Mode::Dns => {
                let Some(dns) = &mut self.dns else { return ENDED };
                (dns.read(direction, bytes), dns.is_confirmed().then_some(Protocol::Dns))
            }
            Mode::Http => {
                let Some(http) = &mut self.http else { return ENDED };
                (http.read(direction, bytes), http.is_confirmed().then_some(Protocol::Http))
            }
            Mode::Ssh => {
                let Some(ssh) = &mut self.ssh else { return ENDED };
                (ssh.read(direction, bytes), ssh.is_confirmed().then_some(Protocol::Ssh))
            }
            Mode::Ftp => {
                let Some(ftp) = &mut self.ftp else { return ENDED };
                (ftp.read(direction, bytes), None)
            }
            Mode::Watch(watch) => (watch.read(direction as usize, bytes), None),
            Mode::Probe | Mode::Dtls | Mode::Ended => return ENDED,
        };
        if let Some(protocol) = confirmed {
            self.protocol.get_or_insert(protocol);
        }
        outcome
    }

    /// The bytes are not of the protocol that was taken for theirs.
    fn fail(&mut self, direction: Direction) {
        let confirmed = match self.mode {
            Mode::Tls => self.tls.as_ref().is_some_and(|tls| tls.is_confirmed()),
            Mode::Dns => self.dns.as_ref().is_some_and(|dns| dns.is_confirmed()),
            Mode::Http => self.http.as_ref().is_some_and(|http| http.is_confirmed()),
            _ => true,
        };
        if confirmed {
            return self.close(direction);
        }
        match self.mode {
            Mode::Tls => self.tls = None,
            Mode::Dns => self.dns = None,
            Mode::Http => self.http = None,
            _ => {}
        }
        self.end();
    }

    /// No more of a direction.
    fn close(&mut self, direction: Direction) {
        self.closed[direction as usize] = true;
        self.streams[direction as usize] = None;
        if self.closed == [true; 2] {
            self.mode = Mode::Ended;
        }
    }

    /// No more of either direction.
    fn end(&mut self) {
        self.mode = Mode::Ended;
        self.closed = [true; 2];
        self.streams = [None, None];
    }

    fn count_strange(&mut self) {
        self.strange += 1;
        if self.strange == STRANGE_DATAGRAMS {
            self.end();
        }
    }
}

const ENDED: Outcome = Outcome { used: 0, skip: 0, then: Then::Finish };

fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Orig => Direction::Resp,
        Direction::Resp => Direction::Orig,
    }
}
