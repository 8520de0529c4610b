//! Control connections of FTP (RFC 959).

use tripline_core::flow::{Direction, Ftp};

use super::line::{Line, Lines};
use super::outcome::{Outcome, Then};

/// Reads commands and replies.
#[derive(Debug)]
pub(super) struct FtpSession {
    ftp: Ftp,
    client: Direction,
    lines: [Lines; 2],
}

impl FtpSession {
    /// Commands come from the client.
    pub(super) fn new(client: Direction) -> Self {
        Self { ftp: Ftp::default(), client, lines: Default::default() }
    }

    /// What was learnt.
    pub(super) fn told(&self) -> Ftp {
        self.ftp.clone()
    }

    /// Reads bytes of a direction.
    pub(super) fn read(&mut self, direction: Direction, bytes: &[u8]) -> Outcome {
        let mut used = 0;
        loop {
            let (line, more) = self.lines[direction as usize].next(&bytes[used..]);
            used += more;
            let Line::Whole(line) = line else { return Outcome::more(used) };
            if direction == self.client {
                self.command(line);
            } else if let Some(outcome) = self.reply(line, used) {
                return outcome;
            }
        }
    }

    fn command(&mut self, line: &[u8]) {
        // Telnet's interrupt and synch (RFC 959, section 4.1.3: ABOR) stand in front of a command.
        let start = line.iter().position(u8::is_ascii_alphabetic).unwrap_or(line.len());
        let line = &line[start..];
        let end = line.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(line.len());
        if !matches!(end, 3..=4) {
            return;
        }
        let ftp = &mut self.ftp;
        ftp.commands = ftp.commands.saturating_add(1);
        ftp.user |= line[..end].eq_ignore_ascii_case(b"USER");
        ftp.password |= line[..end].eq_ignore_ascii_case(b"PASS");
    }

    fn reply(&mut self, line: &[u8], used: usize) -> Option<Outcome> {
        // A line with a hyphen behind its code goes on.
        match line.get(..3)? {
            b"230" => self.ftp.login = true,
            // RFC 2228, section 3: the security exchange begins; with AUTH TLS that is TLS.
            b"234" if line.get(3) != Some(&b'-') => {
                return Some(Outcome::then(used, Then::Switch));
            }
            _ => {}
        }
        None
    }
}
