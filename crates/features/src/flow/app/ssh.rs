//! SSH identification strings (RFC 4253, section 4.2).

use tripline_core::flow::{Direction, Ssh};

use super::line::{Line, Lines};
use super::outcome::Outcome;
use super::text::text;

/// Most lines that a server sends in front of its identification; OpenSSH reads as many.
const LINES: u16 = 1024;

/// Reads the first lines of both directions.
#[derive(Debug, Default)]
pub(super) struct SshSession {
    texts: [Option<Box<str>>; 2],
    lines: [Lines; 2],
    count: [u16; 2],
}

impl SshSession {
    /// What was learnt; none before the first identification.
    pub(super) fn told(&self, client: Direction) -> Option<Ssh> {
        let [orig, resp] = &self.texts;
        let (client, server) = match client {
            Direction::Orig => (orig, resp),
            Direction::Resp => (resp, orig),
        };
        self.is_confirmed().then(|| Ssh {
            client: client.clone(),
            server: server.clone(),
            ..Ssh::default()
        })
    }

    /// True after the first identification.
    pub(super) fn is_confirmed(&self) -> bool {
        self.texts.iter().any(Option::is_some)
    }

    /// Reads bytes of a direction.
    pub(super) fn read(&mut self, direction: Direction, bytes: &[u8]) -> Outcome {
        let side = direction as usize;
        let mut used = 0;
        loop {
            let (line, more) = self.lines[side].next(&bytes[used..]);
            used += more;
            let Line::Whole(line) = line else { return Outcome::more(used) };
            if line.starts_with(b"SSH-") {
                self.texts[side] = Some(text(line, 255));
                return Outcome::done(used);
            }
            self.count[side] += 1;
            if self.count[side] == LINES {
                return Outcome::done(used);
            }
        }
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        self.texts.iter().flatten().map(|text| text.len()).sum()
    }
}
