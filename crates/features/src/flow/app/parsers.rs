//! The parsers of one flow, of which one reads at a time.

use tripline_core::flow::{App, Direction};

use super::dns::DnsSession;
use super::dtls::DtlsSession;
use super::ftp::FtpSession;
use super::http::HttpSession;
use super::outcome::{Outcome, Then};
use super::protocol::Protocol;
use super::ssh::SshSession;
use super::tls::TlsSession;
use super::watch::Watch;

/// What a flow speaks now.
#[derive(Debug, Default)]
pub(super) enum Mode {
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

/// The parsers of one flow. Each has its own box, so that a flow holds no more than what it speaks;
/// what one has learnt stays when another follows.
#[derive(Debug, Default)]
pub(super) struct Parsers {
    pub(super) mode: Mode,
    /// The protocol of the flow; where one follows another, the first.
    pub(super) protocol: Option<Protocol>,
    client: Option<Direction>,
    tls: Option<Box<TlsSession>>,
    dtls: Option<Box<DtlsSession>>,
    dns: Option<Box<DnsSession>>,
    http: Option<Box<HttpSession>>,
    ssh: Option<Box<SshSession>>,
    ftp: Option<Box<FtpSession>>,
}

impl Parsers {
    /// What was learnt; `coming` are the bytes that each direction still has to skip.
    pub(super) fn told(&self, coming: [u64; 2]) -> App {
        let coming = if matches!(self.mode, Mode::Http) { coming } else { [0; 2] };
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

    /// Goes over to the parser of a protocol that was told by its first bytes over TCP.
    pub(super) fn begin(&mut self, protocol: Protocol, client: Direction, ports: [u16; 2]) {
        self.client = Some(client);
        self.mode = match protocol {
            Protocol::Ssl => {
                self.tls = Some(Box::default());
                Mode::Tls
            }
            Protocol::Dns => {
                self.dns = Some(Box::new(DnsSession::new(ports)));
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
                Mode::Watch(Watch::default())
            }
            _ => {
                self.protocol.get_or_insert(protocol);
                Mode::Ended
            }
        };
    }

    /// Gives bytes of a TCP stream to the parser that reads now.
    pub(super) fn parse(&mut self, direction: Direction, bytes: &[u8]) -> Outcome {
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

    /// Gives a datagram to the parser that reads now.
    pub(super) fn datagram(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        ports: [u16; 2],
    ) -> Datagram {
        let (confirmed, read) = match self.mode {
            Mode::Dns => {
                let dns = self.dns.get_or_insert_with(|| Box::new(DnsSession::new(ports)));
                let read = if dns.message(bytes) { Datagram::Read } else { Datagram::Strange };
                (dns.is_confirmed().then_some(Protocol::Dns), read)
            }
            Mode::Dtls => {
                let dtls = self.dtls.get_or_insert_default();
                let read =
                    if dtls.datagram(direction, bytes) { Datagram::Read } else { Datagram::Last };
                (dtls.is_confirmed().then_some(Protocol::Ssl), read)
            }
            _ => return Datagram::Last,
        };
        if let Some(protocol) = confirmed {
            self.protocol.get_or_insert(protocol);
        }
        read
    }

    /// The bytes are not of the protocol that reads now; false if it was told before they came.
    pub(super) fn withdraw(&mut self) -> bool {
        let confirmed = match self.mode {
            Mode::Tls => self.tls.as_ref().is_some_and(|tls| tls.is_confirmed()),
            Mode::Dns => self.dns.as_ref().is_some_and(|dns| dns.is_confirmed()),
            Mode::Http => self.http.as_ref().is_some_and(|http| http.is_confirmed()),
            _ => true,
        };
        if confirmed {
            return false;
        }
        match self.mode {
            Mode::Tls => self.tls = None,
            Mode::Dns => self.dns = None,
            Mode::Http => self.http = None,
            _ => {}
        }
        true
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        boxed(&self.tls, TlsSession::heap_bytes)
            + boxed(&self.dtls, DtlsSession::heap_bytes)
            + boxed(&self.dns, DnsSession::heap_bytes)
            + boxed(&self.http, HttpSession::heap_bytes)
            + boxed(&self.ssh, SshSession::heap_bytes)
            + boxed(&self.ftp, |_| 0)
    }
}

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Datagram {
    /// It was read.
    Read,
    /// It is not of the protocol.
    Strange,
    /// No more are wanted.
    Last,
}

/// Bytes of a box with what it holds outside.
fn boxed<T>(part: &Option<Box<T>>, heap: fn(&T) -> usize) -> usize {
    part.as_ref().map_or(0, |part| size_of::<T>() + heap(part))
}

const ENDED: Outcome = Outcome { used: 0, skip: 0, then: Then::Finish };
