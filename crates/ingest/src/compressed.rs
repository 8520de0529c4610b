//! An output that is compressed as the end of its name says.

use std::io::{self, Write};
use std::path::Path;

use flate2::write::GzEncoder;
use zstd::stream::write::Encoder;

/// Compresses what is written to it: gzip for names that end in `.gz`, zstd for `.zst`, nothing
/// for others. The same bytes give the same file: no time is written into it.
pub struct Compressed<W: Write>(Kind<W>);

enum Kind<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    Zstd(Encoder<'static, W>),
}

impl<W: Write> Compressed<W> {
    /// Writes to `out`, which becomes the file `name`.
    pub fn new(name: &Path, out: W) -> io::Result<Self> {
        let end = name.extension().and_then(|end| end.to_str()).unwrap_or_default();
        Ok(Self(match end.to_ascii_lowercase().as_str() {
            "gz" => Kind::Gzip(GzEncoder::new(out, flate2::Compression::fast())),
            "zst" => Kind::Zstd(Encoder::new(out, 3)?),
            _ => Kind::Plain(out),
        }))
    }

    /// Writes what is held back, then gives back what is written to.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Kind::Plain(out) => Ok(out),
            Kind::Gzip(encoder) => encoder.finish(),
            Kind::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(out) => out.write(bytes),
            Kind::Gzip(encoder) => encoder.write(bytes),
            Kind::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Plain(out) => out.flush(),
            Kind::Gzip(encoder) => encoder.flush(),
            Kind::Zstd(encoder) => encoder.flush(),
        }
    }
}
