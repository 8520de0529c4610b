//! Protocols of lines of text, by the greeting of the server with the first command of the client.

use super::protocol::Protocol;

/// What bytes of a direction say.
pub(super) enum Hint {
    /// A client of this protocol sent them.
    Client(Protocol),
    /// A server of this protocol sent them.
    Server(Protocol),
    /// More bytes are needed.
    More,
    /// They are of none that is known.
    Nothing,
}

/// What the first line of a direction says, with the bytes of the other; ports tell where both
/// leave it open. `whole` says that no more bytes will be looked at.
pub(super) fn words(bytes: &[u8], other: &[u8], ports: [u16; 2], whole: bool) -> Hint {
    let port = |list: &[u16]| ports.iter().any(|port| list.contains(port));
    let line = match memchr::memchr(b'\n', bytes) {
        Some(end) => &bytes[..end],
        None if !whole && bytes.iter().all(|&byte| is_text(byte)) => return Hint::More,
        None => return Hint::Nothing,
    };
    if !line.iter().all(|&byte| is_text(byte)) {
        return Hint::Nothing;
    }
    let line = line.trim_ascii_end();
    let is = |word: &[u8]| {
        line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && line.get(word.len()).is_none_or(|&byte| byte == b' ')
    };
    let greeted = |text: &[u8]| other.starts_with(text);
    // Servers.
    if line.starts_with(b"220") {
        if contains(line, b"SMTP") || port(&[25, 587, 465, 2525]) {
            return Hint::Server(Protocol::Smtp);
        }
        if contains(line, b"FTP") || port(&[21, 2811]) {
            return Hint::Server(Protocol::Ftp);
        }
        return Hint::More;
    }
    if line.starts_with(b"+OK") {
        return Hint::Server(Protocol::Pop3);
    }
    if line.starts_with(b"* OK") || line.starts_with(b"* PREAUTH") {
        return Hint::Server(Protocol::Imap);
    }
    if is(b"NOTICE AUTH") || is_irc(line) {
        return Hint::Server(Protocol::Irc);
    }
    // Clients.
    if is(b"EHLO") || is(b"HELO") || is(b"XEHLO") {
        return Hint::Client(Protocol::Smtp);
    }
    if is(b"NICK") || is(b"CAP LS") || (is(b"USER") && contains(line, b" :")) {
        return Hint::Client(Protocol::Irc);
    }
    if greeted(b"+OK") || port(&[110]) {
        let commands: [&[u8]; 5] = [b"USER", b"APOP", b"CAPA", b"AUTH", b"STLS"];
        if commands.into_iter().any(is) {
            return Hint::Client(Protocol::Pop3);
        }
    }
    if is(b"PASS") && !port(&[21]) && !greeted(b"220") {
        return Hint::Client(Protocol::Irc);
    }
    let commands: [&[u8]; 8] =
        [b"USER", b"AUTH", b"FEAT", b"SYST", b"OPTS", b"HOST", b"CLNT", b"PASS"];
    if (is(b"USER") || greeted(b"220") || port(&[21])) && commands.into_iter().any(is) {
        return Hint::Client(Protocol::Ftp);
    }
    Hint::Nothing
}

/// A message of an IRC server: its name, then a notice or a number (RFC 1459, section 2.3.1).
fn is_irc(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ');
    let name = words.next().is_some_and(|word| word.len() > 1 && word[0] == b':');
    let command = words.next().unwrap_or_default();
    let number = command.len() == 3 && command.iter().all(u8::is_ascii_digit);
    name && (number || command == b"NOTICE")
}

fn contains(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | 0x80..)
}
