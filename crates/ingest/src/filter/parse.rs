//! The grammar of filters: tokens to statements.

use super::FilterError;
use super::address;
use super::logic::{Join, Logic};
use super::primitive::{Carrier, Direction, Expression, IpVersion, Primitive};
use super::token::{Kind, Token, tokens};
use super::word::{HeadKind, Protocol};

/// Most levels of parentheses and negations, so that no text uses up the stack.
const DEPTH: usize = 64;

/// Parses a whole filter.
pub(super) fn parse(text: &str) -> Result<Expression, FilterError> {
    if text.len() > super::Filter::TEXT_BOUND {
        let bound = super::Filter::TEXT_BOUND;
        return Err(FilterError::Text { bytes: text.len(), bound });
    }
    let tokens = tokens(text)?;
    if tokens.len() == 1 {
        return Ok(None);
    }
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let (expression, _) = parser.chain(None)?;
    if parser.kind() != Kind::End {
        return Err(parser.unexpected("`and`, `or` or the end"));
    }
    Ok(Some(expression))
}

/// A filter, or a part of it in parentheses, with the words that a value alone would take.
type Parsed = (Logic<Primitive>, Option<Head>);

/// The words before an address or a port.
#[derive(Debug, Clone, Copy)]
struct Head {
    before: Option<Before>,
    direction: Direction,
    kind: HeadKind,
}

/// A protocol with the place where it stands.
#[derive(Debug, Clone, Copy)]
struct Before {
    protocol: Protocol,
    column: usize,
}

struct Parser<'a> {
    /// The last one is the end.
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Statements joined, up to what joins no further.
    fn chain(&mut self, inherited: Option<Head>) -> Result<Parsed, FilterError> {
        let (first, mut head) = self.term(inherited)?;
        let mut rest = Vec::new();
        while let Some(join) = self.join() {
            let (part, next) = self.term(head)?;
            rest.push((join, part));
            head = next;
        }
        let chain = if rest.is_empty() { first } else { Logic::Chain(Box::new(first), rest) };
        Ok((chain, head))
    }

    /// One statement, a negation, or a chain in parentheses.
    fn term(&mut self, inherited: Option<Head>) -> Result<Parsed, FilterError> {
        self.nested(|parser| match parser.kind() {
            Kind::Not => {
                parser.step();
                let (inner, head) = parser.term(inherited)?;
                Ok((Logic::Not(Box::new(inner)), head))
            }
            Kind::Open => {
                parser.step();
                let (inner, _) = parser.chain(inherited)?;
                parser.close()?;
                Ok((inner, inherited))
            }
            Kind::Word(word) => match inherited {
                Some(head) if address::is_value(word) => Ok((parser.value(head)?, Some(head))),
                _ => parser.statement(word),
            },
            _ => Err(parser.unexpected(STATEMENTS)),
        })
    }

    fn statement(&mut self, word: &str) -> Result<Parsed, FilterError> {
        match word {
            "vlan" => {
                self.step();
                let id = match self.kind() {
                    Kind::Word(word) if address::is_value(word) => {
                        Some(self.number(4095, "a number to 4095")? as u16)
                    }
                    _ => None,
                };
                return Ok((Logic::Is(Primitive::Vlan(id)), None));
            }
            "less" | "greater" => {
                self.step();
                let bytes = self.number(u32::MAX, "a number of bytes")?;
                let primitive = if word == "less" {
                    Primitive::AtMost(bytes)
                } else {
                    Primitive::AtLeast(bytes)
                };
                return Ok((Logic::Is(primitive), None));
            }
            _ => {}
        }
        let column = self.column();
        let before = Protocol::parse(word).map(|protocol| Before { protocol, column });
        if before.is_some() {
            self.step();
        }
        let direction = self.direction();
        let kind = match self.kind() {
            Kind::Word(word) => HeadKind::parse(word),
            _ => None,
        };
        let head = match (kind, direction, before) {
            (Some(kind), ..) => {
                if kind == HeadKind::Proto && direction.is_some() {
                    return Err(self.unexpected("`host`, `net`, `port`, `portrange` or an address"));
                }
                self.step();
                Head { before, direction: direction.unwrap_or(Direction::Either), kind }
            }
            (None, Some(direction), _) => Head { before, direction, kind: HeadKind::Host },
            (None, None, Some(Before { protocol, .. })) => {
                let Some(alone) = protocol.alone() else {
                    return Err(self.unexpected("`proto`"));
                };
                return Ok((Logic::Is(alone), None));
            }
            (None, None, None) => return Err(self.unexpected(STATEMENTS)),
        };
        self.allow(&head)?;
        Ok((self.values(head)?, Some(head)))
    }

    /// `src`, `dst`, or both with `or` or `and` between.
    fn direction(&mut self) -> Option<Direction> {
        let end = |kind| match kind {
            Kind::Word("src") => Some(Direction::Source),
            Kind::Word("dst") => Some(Direction::Destination),
            _ => None,
        };
        let first = end(self.kind())?;
        self.step();
        let ahead = |by: usize| self.tokens.get(self.at + by).map_or(Kind::End, |token| token.kind);
        let both = match ahead(0) {
            Kind::Or => Direction::Either,
            Kind::And => Direction::Both,
            _ => return Some(first),
        };
        match end(ahead(1)) {
            Some(second) if second != first => {
                self.at += 2;
                Some(both)
            }
            _ => Some(first),
        }
    }

    /// Whether the protocol goes with the kind.
    fn allow(&self, head: &Head) -> Result<(), FilterError> {
        let Some(Before { protocol, column }) = head.before else { return Ok(()) };
        let (allowed, words) = head.kind.protocols();
        if allowed.contains(&protocol) {
            return Ok(());
        }
        Err(FilterError::Qualifier {
            column,
            protocol: protocol.word(),
            kind: head.kind.word(),
            allowed: words,
        })
    }

    /// A value, or values joined in parentheses: `port (80 or 443)`.
    fn values(&mut self, head: Head) -> Result<Logic<Primitive>, FilterError> {
        self.nested(|parser| match parser.kind() {
            Kind::Not => {
                parser.step();
                Ok(Logic::Not(Box::new(parser.values(head)?)))
            }
            Kind::Open => {
                parser.step();
                let first = parser.values(head)?;
                let mut rest = Vec::new();
                while let Some(join) = parser.join() {
                    rest.push((join, parser.values(head)?));
                }
                parser.close()?;
                Ok(Logic::Chain(Box::new(first), rest))
            }
            _ => parser.value(head),
        })
    }

    fn value(&mut self, head: Head) -> Result<Logic<Primitive>, FilterError> {
        let Head { before, direction, kind } = head;
        let protocol = before.map(|before| before.protocol);
        let primitive = match kind {
            HeadKind::Host | HeadKind::Net => {
                let (carrier, version) = match protocol {
                    Some(Protocol::Ip) => (Carrier::Ip, Some(IpVersion::V4)),
                    Some(Protocol::Arp) => (Carrier::Arp, Some(IpVersion::V4)),
                    Some(Protocol::Rarp) => (Carrier::Rarp, Some(IpVersion::V4)),
                    Some(Protocol::Ip6) => (Carrier::Ip6, Some(IpVersion::V6)),
                    _ => (Carrier::Any, None),
                };
                let network = if kind == HeadKind::Net {
                    address::net(self.tokens, &mut self.at, version)?
                } else {
                    address::host(self.tokens, &mut self.at, version)?
                };
                Primitive::Address { carrier, direction, network }
            }
            HeadKind::Port | HeadKind::PortRange => {
                let (low, high) = if kind == HeadKind::Port {
                    let port = self.number(0xffff, "a port to 65535")? as u16;
                    (port, port)
                } else {
                    self.range()?
                };
                let protocol = protocol.and_then(Protocol::ip_number);
                Primitive::Port { protocol, direction, low, high }
            }
            HeadKind::Proto if protocol == Some(Protocol::Ether) => {
                let named = self.named(Protocol::ether_type);
                Primitive::EtherType(match named {
                    Some(kind) => kind,
                    None => self.ether_type()?,
                })
            }
            HeadKind::Proto => {
                let version = match protocol {
                    Some(Protocol::Ip) => Some(IpVersion::V4),
                    Some(Protocol::Ip6) => Some(IpVersion::V6),
                    _ => None,
                };
                let number = match self.named(Protocol::ip_number) {
                    Some(number) => number,
                    None => self.number(0xff, IP_PROTOCOLS)? as u8,
                };
                Primitive::Protocol { version, number }
            }
        };
        Ok(Logic::Is(primitive))
    }

    /// The number of a protocol that is told by its word.
    fn named<T>(&mut self, number: impl Fn(Protocol) -> Option<T>) -> Option<T> {
        let Kind::Word(word) = self.kind() else { return None };
        let number = Protocol::parse(word).and_then(number)?;
        self.step();
        Some(number)
    }

    fn ether_type(&mut self) -> Result<u16, FilterError> {
        let at = self.at;
        let kind = self.number(0xffff, ETHER_TYPES)?;
        // Smaller ones are lengths; AppleTalk's two also come in other frames (IEEE 802.3, 3.2.6).
        if kind < 0x0600 || matches!(kind, 0x809b | 0x80f3) {
            self.at = at;
            return Err(self.unexpected(ETHER_TYPES));
        }
        Ok(kind as u16)
    }

    fn range(&mut self) -> Result<(u16, u16), FilterError> {
        const EXPECTED: &str = "two ports with `-` between, such as 1024-2047";
        let Kind::Word(word) = self.kind() else { return Err(self.unexpected(EXPECTED)) };
        let port = |text: &str| address::number(text).and_then(|port| u16::try_from(port).ok());
        let range = match word.split_once('-') {
            Some((low, high)) => port(low).zip(port(high)),
            None => port(word).map(|port| (port, port)),
        };
        let Some((low, high)) = range else { return Err(self.unexpected(EXPECTED)) };
        self.step();
        Ok((low.min(high), low.max(high)))
    }

    fn number(&mut self, most: u32, expected: &'static str) -> Result<u32, FilterError> {
        let Kind::Word(word) = self.kind() else { return Err(self.unexpected(expected)) };
        match address::number(word).filter(|number| *number <= most) {
            Some(number) => {
                self.step();
                Ok(number)
            }
            None => Err(self.unexpected(expected)),
        }
    }

    fn join(&mut self) -> Option<Join> {
        let join = match self.kind() {
            Kind::And => Join::And,
            Kind::Or => Join::Or,
            _ => return None,
        };
        self.step();
        Some(join)
    }

    fn close(&mut self) -> Result<(), FilterError> {
        if self.kind() != Kind::Close {
            return Err(self.unexpected("`and`, `or` or `)`"));
        }
        self.step();
        Ok(())
    }

    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth == DEPTH {
            return Err(FilterError::Depth { column: self.column(), bound: DEPTH });
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn kind(&self) -> Kind<'a> {
        self.tokens.get(self.at).map_or(Kind::End, |token| token.kind)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |token| token.column)
    }

    fn step(&mut self) {
        self.at += 1;
    }

    fn unexpected(&self, expected: &'static str) -> FilterError {
        FilterError::Syntax { column: self.column(), found: self.kind().describe(), expected }
    }
}

const STATEMENTS: &str = "`host`, `net`, `port`, `portrange`, `src`, `dst`, `ip`, `ip6`, `arp`, \
                          `rarp`, `tcp`, `udp`, `sctp`, `icmp`, `icmp6`, `proto`, `ether proto`, \
                          `vlan`, `less`, `greater`, `not` or `(`";

const IP_PROTOCOLS: &str = "a number to 255, `tcp`, `udp`, `sctp`, `icmp` or `icmp6`";

const ETHER_TYPES: &str = "an EtherType from 0x0600, but 0x809b and 0x80f3, or `ip`, `ip6`, `arp`, \
                           `rarp`";
