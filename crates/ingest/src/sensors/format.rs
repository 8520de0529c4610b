//! Which sensor wrote a log, by its content.

use std::io::Read;

use memchr::memmem;

/// A form of log that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SensorFormat {
    /// Zeek's own form, with `#fields`.
    ZeekTsv,
    /// Zeek's logs as JSON lines.
    ZeekJson,
    /// Suricata's `eve.json`.
    Eve,
}

impl SensorFormat {
    /// For messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::ZeekTsv => "Zeek TSV",
            Self::ZeekJson => "Zeek JSON",
            Self::Eve => "Suricata eve.json",
        }
    }
}

/// Bytes of a file that are looked at, unpacked.
pub(crate) const HEAD_BYTES: usize = 64 << 10;

/// Tells a log by its first bytes, also packed by gzip or zstd; the more bytes the better, and
/// 64 KiB are enough.
pub fn recognise(head: &[u8]) -> Option<SensorFormat> {
    let mut unpacked = Vec::new();
    // A head is cut off somewhere: what was unpacked before the error is good.
    if head.starts_with(&[0x1f, 0x8b]) {
        let decoder = flate2::read::MultiGzDecoder::new(head);
        let _ = decoder.take(HEAD_BYTES as u64).read_to_end(&mut unpacked);
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::stream::read::Decoder::with_buffer(head).ok()?;
        let _ = decoder.take(HEAD_BYTES as u64).read_to_end(&mut unpacked);
    } else {
        return recognise_text(head);
    }
    recognise_text(&unpacked)
}

/// The same of text.
pub(crate) fn recognise_text(head: &[u8]) -> Option<SensorFormat> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let head = &head[..head.len().min(HEAD_BYTES)];
    let first = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    match first.trim_ascii_start().first()? {
        b'{' => recognise_json(first),
        b'#' => head
            .split(|&byte| byte == b'\n')
            .take_while(|line| line.trim_ascii().is_empty() || line.starts_with(b"#"))
            .any(|line| line.starts_with(b"#separator ") || line.starts_with(b"#fields"))
            .then_some(SensorFormat::ZeekTsv),
        _ => None,
    }
}

fn recognise_json(line: &[u8]) -> Option<SensorFormat> {
    let has = |name: &str| {
        let quoted = format!("\"{name}\"");
        memmem::find_iter(line, quoted.as_bytes())
            .any(|at| line[at + quoted.len()..].trim_ascii_start().starts_with(b":"))
    };
    if has("event_type") && has("timestamp") {
        return Some(SensorFormat::Eve);
    }
    let endpoint = has("id.orig_h") || has("orig_h");
    let zeek = (has("uid") && endpoint) || has("_path") || has("fuid");
    (zeek && has("ts")).then_some(SensorFormat::ZeekJson)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn logs_are_told_by_what_they_hold() {
        let zeek = br##"{"ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1"}"##;
        let nested = br##"{ "_path":"conn", "ts" : 1, "uid":"C1","id":{"orig_h":"::1"} }"##;
        let eve = br##"{"timestamp":"2021-06-06T15:59:46+0200","event_type":"stats"}"##;
        for (head, format) in [
            (&b"#separator \\x09\n#fields\tts"[..], Some(SensorFormat::ZeekTsv)),
            (b"### note\n#separator \\x2c\n", Some(SensorFormat::ZeekTsv)),
            (zeek, Some(SensorFormat::ZeekJson)),
            (nested, Some(SensorFormat::ZeekJson)),
            (eve, Some(SensorFormat::Eve)),
            (b"{\"event_type\":\"x\"}", None),
            (b"{\"text\":\"ts uid fuid\"}", None),
            (b"# a comment\n1,2,3\n", None),
            (b"uid\tservice\thistory\n", None),
            (b"", None),
            (b"\n \n", None),
        ] {
            assert_eq!(recognise(head), format, "{}", String::from_utf8_lossy(head));
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            gzip.write_all(head).expect("memory");
            assert_eq!(recognise(&gzip.finish().expect("memory")), format);
            let zstd = zstd::encode_all(head, 1).expect("memory");
            assert_eq!(recognise(&zstd), format);
        }
    }
}
