//! HTTP/1 requests with their answers (RFC 9112).

mod half;
mod outstanding;
mod probe;

use tripline_core::flow::{Direction, Http};

use self::half::{Half, Phase, UNTIL_CLOSE};
use self::outstanding::{Asked, Outstanding};
pub(super) use self::probe::{probe_answer, probe_request};
use super::line::{LINE_BYTES, Line};
use super::outcome::{Outcome, Then};
use super::text::text;

/// Bytes of a text that is kept.
const TEXT_BYTES: usize = 256;
/// Reads both directions of a connection.
#[derive(Debug)]
pub(super) struct HttpSession {
    http: Http,
    client: Direction,
    halves: [Half; 2],
    outstanding: Outstanding,
}

impl HttpSession {
    /// Requests come from the client.
    pub(super) fn new(client: Direction) -> Self {
        Self {
            http: Http::default(),
            client,
            halves: Default::default(),
            outstanding: Outstanding::default(),
        }
    }

    /// What was learnt; none before the first line. `coming` are the bytes that each direction's
    /// stream still has to skip.
    pub(super) fn told(&self, coming: [u64; 2]) -> Option<Http> {
        let body = |direction: Direction| {
            let side = direction as usize;
            self.halves[side].body_bytes.saturating_sub(coming[side])
        };
        self.is_confirmed().then(|| Http {
            request_body_bytes: body(self.client),
            response_body_bytes: body(other(self.client)),
            ..self.http.clone()
        })
    }

    /// True after the first line of a message.
    pub(super) fn is_confirmed(&self) -> bool {
        self.http.requests > 0 || self.halves[other(self.client) as usize].status > 0
    }

    /// Reads bytes of a direction.
    pub(super) fn read(&mut self, direction: Direction, bytes: &[u8]) -> Outcome {
        let side = direction as usize;
        let mut used = 0;
        loop {
            if self.halves[side].phase == Phase::Held {
                return Outcome::more(used);
            }
            let (line, more) = self.halves[side].lines.next(&bytes[used..]);
            used += more;
            let Line::Whole(line) = line else { return Outcome::more(used) };
            let outcome = match self.halves[side].phase {
                Phase::Start if line.is_empty() => None,
                Phase::Start if direction == self.client => self.request(line, used),
                Phase::Start => self.answer(line, used),
                Phase::Headers if !line.is_empty() => {
                    self.header(direction, line);
                    None
                }
                Phase::Headers => self.body(direction, used),
                Phase::ChunkSize => self.halves[side].chunk(line, used),
                Phase::ChunkEnd => {
                    self.halves[side].phase = Phase::ChunkSize;
                    (!line.is_empty()).then(|| Outcome::done(used))
                }
                Phase::Trailers => {
                    if line.is_empty() {
                        self.halves[side].phase = Phase::Start;
                    }
                    None
                }
                Phase::Held => None,
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let http = &self.http;
        [&http.method, &http.host, &http.uri, &http.user_agent, &http.content_type]
            .into_iter()
            .map(|text| text.as_ref().map_or(0, |text| text.len()))
            .sum()
    }

    fn request(&mut self, line: &[u8], used: usize) -> Option<Outcome> {
        let http = &mut self.http;
        let refused = if http.requests == 0 { Outcome::fail(used) } else { Outcome::done(used) };
        let Some(space) = memchr::memchr(b' ', line) else { return Some(refused) };
        let (method, rest) = (&line[..space], line[space + 1..].trim_ascii_start());
        let token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if method.is_empty() || method.len() > 24 || !method.iter().all(token) {
            return Some(refused);
        }
        let (uri, version) = match memchr::memrchr(b' ', rest) {
            Some(space) => (&rest[..space], Some(&rest[space + 1..])),
            None => (rest, None),
        };
        let (uri, old) = match version {
            Some(version) if version.starts_with(b"HTTP/") => (uri.trim_ascii_end(), false),
            // A line that was cut, or one of another protocol such as RTSP.
            Some(version) if is_protocol(version) => return Some(refused),
            // HTTP/0.9 knows GET alone, without a version.
            _ => (rest, line.len() < LINE_BYTES),
        };
        if old && (method != b"GET" || http.requests > 0) {
            return Some(refused);
        }
        http.requests = http.requests.saturating_add(1);
        http.get_or_post =
            http.get_or_post.saturating_add(matches!(method, b"GET" | b"POST").into());
        http.uri_bytes = http.uri_bytes.max(uri.len() as u32);
        if http.requests == 1 {
            http.method = Some(text(method, TEXT_BYTES));
            http.uri = Some(text(uri, TEXT_BYTES));
        }
        let half = &mut self.halves[self.client as usize];
        half.asked = match method {
            b"HEAD" => Asked::Head,
            b"CONNECT" => Asked::Connect,
            _ => Asked::Other,
        };
        half.begin_headers();
        old.then(|| Outcome::done(used))
    }

    fn answer(&mut self, line: &[u8], used: usize) -> Option<Outcome> {
        let half = &mut self.halves[other(self.client) as usize];
        let refused = Outcome::done(used);
        if !line.starts_with(b"HTTP/") {
            return Some(refused);
        }
        let status = memchr::memchr(b' ', line).map(|space| line[space..].trim_ascii_start());
        let Some(&[a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9']) =
            status.and_then(|status| status.first_chunk())
        else {
            return Some(refused);
        };
        half.status = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
        half.begin_headers();
        if half.status >= 200 {
            let http = &mut self.http;
            http.responses = http.responses.saturating_add(1);
            http.errors = http.errors.saturating_add((half.status >= 400).into());
            http.status.get_or_insert(half.status);
        }
        None
    }

    fn header(&mut self, direction: Direction, line: &[u8]) {
        // By the first letter: most fields are none of these. A line that begins with a space goes
        // on with the one before (RFC 9112, section 5.2): none of these is written so.
        let half = &mut self.halves[direction as usize];
        let http = &mut self.http;
        let client = direction == self.client;
        let of_first = if client { http.requests == 1 } else { http.responses == 1 };
        let slot = match line[0].to_ascii_lowercase() {
            b'h' if client && of_first => field(line, b"host").map(|v| (&mut http.host, v)),
            b'u' if client && of_first => {
                field(line, b"user-agent").map(|v| (&mut http.user_agent, v))
            }
            b'c' => {
                if let Some(value) = field(line, b"content-length") {
                    half.set_length(value);
                    return;
                }
                if client || !of_first || half.status < 200 {
                    return;
                }
                field(line, b"content-type").map(|v| (&mut http.content_type, v))
            }
            b't' => {
                if let Some(value) = field(line, b"transfer-encoding") {
                    half.set_coding(value);
                }
                return;
            }
            _ => return,
        };
        if let Some((slot, value)) = slot
            && slot.is_none()
        {
            *slot = Some(text(value, TEXT_BYTES));
        }
    }

    /// After the headers: how long the body is (RFC 9112, section 6.3).
    fn body(&mut self, direction: Direction, used: usize) -> Option<Outcome> {
        let client = direction == self.client;
        let mut bodiless = false;
        let mut until_close = false;
        if client {
            let asked = self.halves[direction as usize].asked;
            self.outstanding.push(asked);
            if asked == Asked::Connect {
                self.halves[direction as usize].phase = Phase::Held;
                return None;
            }
        } else {
            let status = self.halves[direction as usize].status;
            if status == 101 {
                return Some(Outcome::then(used, Then::Finish));
            }
            let asked = match status {
                ..200 => Asked::Other,
                _ => self.outstanding.pop(),
            };
            if asked == Asked::Connect {
                if status / 100 == 2 {
                    return Some(Outcome::then(used, Then::Switch));
                }
                // Refused: the client's next request follows.
                let held = &mut self.halves[self.client as usize];
                if status >= 200 && held.phase == Phase::Held {
                    held.phase = Phase::Start;
                }
            }
            bodiless = asked == Asked::Head || matches!(status, ..200 | 204 | 304);
            until_close = !bodiless;
            if asked == Asked::Connect {
                let half = &mut self.halves[direction as usize];
                let length = half.length.unwrap_or(0);
                half.phase = if half.chunked { Phase::ChunkSize } else { Phase::Start };
                let skip = if half.chunked { 0 } else { half.take(length) };
                return Some(Outcome { used, skip, then: Then::Release });
            }
        }
        let half = &mut self.halves[direction as usize];
        half.phase = Phase::Start;
        if bodiless {
            return None;
        }
        if half.chunked {
            half.phase = Phase::ChunkSize;
            return None;
        }
        let length = half.length.unwrap_or(if until_close { UNTIL_CLOSE } else { 0 });
        (length > 0).then(|| Outcome::skip(used, half.take(length)))
    }
}

fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Orig => Direction::Resp,
        Direction::Resp => Direction::Orig,
    }
}

/// The value of a field, if it has this name (RFC 9112, section 5: nothing stands between a name
/// and its colon).
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":")?;
    head.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

/// Whether a word is the version of a protocol, such as `RTSP/1.0`.
fn is_protocol(word: &[u8]) -> bool {
    let name = word.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    name >= 3
        && word.get(name) == Some(&b'/')
        && word.get(name + 1).is_some_and(u8::is_ascii_digit)
        && word.len() == name + 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_targets() {
        assert!(is_protocol(b"RTSP/1.0") && !is_protocol(b"/a/b"));
    }
}
