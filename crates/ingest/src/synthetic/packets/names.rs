//! Made-up names of hosts, people, files, under names that nobody can register (RFC 2606).

use tripline_core::Rng;

use super::super::draw::chance;

const WORDS: [&str; 64] = [
    "north", "river", "stone", "maple", "signal", "harbor", "cloud", "paper", "light", "field",
    "cedar", "media", "track", "store", "pixel", "metric", "global", "travel", "music", "daily",
    "green", "orbit", "vector", "bridge", "garden", "winter", "silver", "market", "studio",
    "notes", "photo", "video", "sport", "health", "design", "forum", "radio", "books", "coffee",
    "bank", "weather", "public", "council", "school", "parts", "motor", "train", "flight", "hotel",
    "pizza", "ocean", "spring", "yellow", "puzzle", "rocket", "camera", "fabric", "violet",
    "copper", "delta", "anchor", "lantern", "summit", "meadow",
];

const FIRST: [&str; 12] = [
    "www",
    "api",
    "cdn",
    "static",
    "img",
    "login",
    "mail",
    "assets",
    "edge",
    "telemetry",
    "update",
    "files",
];

const ENDS: [&str; 5] = ["example", "example.com", "example.net", "example.org", "test"];

/// Letters of Base32 in lower case (RFC 4648, section 6), which tunnels and hashes in names use.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

pub(super) fn word(rng: &mut Rng) -> &'static str {
    WORDS[rng.index(WORDS.len())]
}

/// A host of the internet; some have the long names of distribution networks.
pub(super) fn host(rng: &mut Rng) -> String {
    let end = ENDS[rng.index(ENDS.len())];
    let (one, two) = (word(rng), word(rng));
    match rng.index(10) {
        0..=3 => format!("{}.{one}{two}.{end}", FIRST[rng.index(FIRST.len())]),
        4..=5 => format!("{one}{two}.{end}"),
        6 => format!("{}-{one}.{two}.{end}", FIRST[rng.index(FIRST.len())]),
        7 => {
            let tag = hex(rng, 13);
            format!("{tag}.{}.{one}-{two}.{end}", FIRST[rng.index(FIRST.len())])
        }
        8 => {
            let (tag, zone) = (hex(rng, 32), rng.below(40));
            format!("r{zone}---sn-{tag}.{one}{two}.{end}")
        }
        _ => format!("e{}.{one}.{two}edge.{end}", rng.below(100_000)),
    }
}

/// So many hexadecimal digits.
pub(super) fn hex(rng: &mut Rng, digits: usize) -> String {
    (0..digits).map(|_| char::from(b"0123456789abcdef"[rng.index(16)])).collect()
}

/// So many characters of Base32.
pub(super) fn base32(rng: &mut Rng, characters: usize) -> String {
    (0..characters).map(|_| char::from(BASE32[rng.index(32)])).collect()
}

/// A path with or without a query.
pub(super) fn path(rng: &mut Rng) -> String {
    let mut path = String::new();
    for _ in 0..=rng.below(4) {
        path.push('/');
        path.push_str(word(rng));
    }
    match rng.index(6) {
        0 => path.push_str(".html"),
        1 => path.push_str(".js"),
        2 => path.push_str(".png"),
        3 => path.push_str(&format!("/{}", rng.below(1_000_000))),
        _ => {}
    }
    if chance(rng, 0.3) {
        let (name, digits) = (word(rng), 4 + rng.index(60));
        path.push_str(&format!("?{name}={}&t={}", hex(rng, digits), rng.below(1 << 32)));
    }
    path
}

pub(super) fn user(rng: &mut Rng) -> String {
    match rng.index(4) {
        0 => word(rng).to_owned(),
        1 => format!("{}.{}", word(rng), word(rng)),
        2 => format!("{}{}", word(rng), rng.below(100)),
        _ => ["root", "admin", "test", "backup", "deploy", "oracle"][rng.index(6)].to_owned(),
    }
}
