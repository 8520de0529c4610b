//! Hello messages of TLS, made by hand.

/// A vector with its length in so many bytes in front.
pub(crate) fn vector(length_bytes: usize, bytes: &[u8]) -> Vec<u8> {
    let mut vector = (bytes.len() as u64).to_be_bytes()[8 - length_bytes..].to_vec();
    vector.extend_from_slice(bytes);
    vector
}

pub(crate) fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

pub(crate) fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [words(&[kind]), vector(2, body)].concat()
}

pub(crate) fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &vector(2, &[vec![0], vector(2, name)].concat()))
}

pub(crate) fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind, 3, 1], vector(2, body)].concat()
}

/// A handshake message of a client; the body of DTLS has a cookie.
pub(crate) fn client_hello(
    version: u16,
    ciphers: &[u16],
    extensions: &[Vec<u8>],
    dtls: bool,
) -> Vec<u8> {
    let mut body = words(&[version]);
    body.extend_from_slice(&[7; 32]);
    body.extend(vector(1, &[9; 32]));
    if dtls {
        body.extend(vector(1, b"cookie"));
    }
    body.extend(vector(2, &words(ciphers)));
    body.extend(vector(1, &[0]));
    if !extensions.is_empty() {
        body.extend(vector(2, &extensions.concat()));
    }
    [vec![1], vector(3, &body)].concat()
}

/// A handshake message of a server.
pub(crate) fn server_hello(version: u16, cipher: u16, extensions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = words(&[version]);
    body.extend_from_slice(&[8; 32]);
    body.extend(vector(1, &[]));
    body.extend(words(&[cipher]));
    body.push(0);
    if !extensions.is_empty() {
        body.extend(vector(2, &extensions.concat()));
    }
    [vec![2], vector(3, &body)].concat()
}

/// The client's hello of FoxIO's example, with the server's answer and some data.
pub(crate) fn modern() -> Vec<u8> {
    let ciphers = [
        0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
        0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    ];
    let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let extensions = [
        extension(0x2a2a, &[]),
        extension(0x001b, &[]),
        server_name(b"www.example.com"),
        extension(0x0033, &[]),
        extension(0x0010, &vector(2, &[vector(1, b"h2"), vector(1, b"http/1.1")].concat())),
        extension(0x4469, &[]),
        extension(0x0017, &[]),
        extension(0x002d, &[]),
        extension(0x000d, &vector(2, &words(&signatures))),
        extension(0x0005, &[]),
        extension(0x0023, &[]),
        extension(0x0012, &[]),
        extension(0x002b, &vector(1, &words(&[0x5a5a, 0x0304, 0x0303]))),
        extension(0xff01, &[]),
        extension(0x000b, &vector(1, &[0])),
        extension(0x000a, &vector(2, &words(&[0x4a4a, 29, 23, 24]))),
        extension(0x0015, &[0; 200]),
    ];
    client_hello(0x0303, &ciphers, &extensions, false)
}
