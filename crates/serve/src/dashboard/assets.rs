//! The files of the dashboard, compiled in and served under the hash of their content.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tripline_assess::plot;

/// A file.
pub(super) struct Asset {
    /// Its name in the URL.
    name: &'static str,
    /// Its media type.
    media: &'static str,
    /// Its content.
    content: String,
    /// The same packed, where that is smaller.
    packed: Option<Vec<u8>>,
    /// The first 16 hexadecimal digits of its SHA-256.
    hash: String,
}

/// What pages refer to.
pub(super) static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let file = |name, media, content: String| {
        let digest = Sha256::digest(content.as_bytes());
        let hash = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let packed = pack(content.as_bytes()).filter(|packed| packed.len() < content.len());
        Asset { name, media, content, packed, hash }
    };
    let script = "text/javascript; charset=utf-8";
    vec![
        file("dashboard.css", "text/css; charset=utf-8", style()),
        file("dashboard.js", script, include_str!("../../assets/dashboard.js").to_owned()),
        file("charts.js", script, include_str!("../../assets/charts.js").to_owned()),
        file("uplot.js", script, include_str!("../../assets/uplot.min.js").to_owned()),
        file("mark.svg", "image/svg+xml", include_str!("../../assets/mark.svg").to_owned()),
    ]
});

/// By gzip, once for each start.
fn pack(content: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(content).ok()?;
    packer.finish().ok()
}

/// Where the asset of that name is.
pub(super) fn url(name: &str) -> String {
    let hash = ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| &asset.hash);
    format!("/ui/assets/{hash}/{name}")
}

/// An asset; its URL changes with its content, so that it may be kept for ever. Pages are not
/// packed: they hold the form token beside what others wrote, which packing would give away bit by
/// bit (BREACH, Gluck et al. 2013).
pub(super) async fn serve(Path((hash, name)): Path<(String, String)>, head: HeaderMap) -> Response {
    let found = ASSETS.iter().find(|asset| asset.name == name && asset.hash == hash);
    let Some(asset) = found else { return StatusCode::NOT_FOUND.into_response() };
    let packed = asset.packed.as_deref().filter(|_| takes_gzip(&head));
    let tag = format!("\"{}{}\"", asset.hash, if packed.is_some() { "-gzip" } else { "" });
    let known =
        head.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match packed {
        _ if known => StatusCode::NOT_MODIFIED.into_response(),
        Some(packed) => Response::new(Body::from(packed)),
        None => Response::new(Body::from(asset.content.as_str())),
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed.is_some() && !known {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media));
    let keep = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, keep);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether a client takes gzip (RFC 9110, section 12.5.3): named, or by `*`, and not with `q=0`.
fn takes_gzip(head: &HeaderMap) -> bool {
    let values = head.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    let mut star = false;
    for item in values.flat_map(|value| value.split(',')) {
        let (name, rest) = item.split_once(';').unwrap_or((item, ""));
        let weight = rest.trim().strip_prefix("q=").map(|q| q.trim().parse::<f64>().unwrap_or(0.0));
        let taken = weight.is_none_or(|weight| weight > 0.0);
        match name.trim() {
            name if name.eq_ignore_ascii_case("gzip") => return taken,
            "*" => star = taken,
            _ => {}
        }
    }
    star
}

/// The one style sheet: ours, that of the charts, that of the chart library. A theme that was
/// chosen holds against the system's.
fn style() -> String {
    let own = include_str!("../../assets/dashboard.css");
    let dark = include_str!("../../assets/dark.css").trim();
    let themes = |dark: &str| {
        format!(
            "@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n\
             :root[data-theme=dark]{{{dark}}}\n"
        )
    };
    let mut style = plot::STYLE.to_owned();
    // The charts' own colours follow the system alone; the same block serves the chosen theme.
    let media = "@media (prefers-color-scheme:dark){:root{";
    if let Some((before, rest)) = plot::STYLE.split_once(media)
        && let Some((block, after)) = rest.split_once("}}")
    {
        style = format!("{before}{}{after}", themes(block));
    }
    style.push_str(&own.replacen("/*DARK*/", &themes(dark), 1));
    style.push_str(include_str!("../../assets/uplot.min.css"));
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_themes_can_be_chosen() {
        let style = style();
        assert_eq!(style.matches(":root[data-theme=dark]{").count(), 2);
        assert_eq!(style.matches(":root:not([data-theme=light]){").count(), 2);
        assert!(!style.contains("/*DARK*/"));
        assert_eq!(style.matches('{').count(), style.matches('}').count());
    }

    #[test]
    fn a_client_gets_what_it_takes() {
        let takes = |value: &'static str| {
            let mut head = HeaderMap::new();
            head.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_gzip(&head)
        };
        assert!(takes("gzip, deflate, br") && takes("br;q=1.0, GZIP;q=0.5") && takes("*"));
        assert!(!takes("") && !takes("br") && !takes("gzip;q=0, *") && !takes("identity"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn what_is_packed_is_the_asset() {
        let url = url("dashboard.css");
        let mut parts = url.rsplit('/').map(str::to_owned);
        let (name, hash) = (parts.next().expect("a name"), parts.next().expect("a hash"));
        let mut head = HeaderMap::new();
        head.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let packed = serve(Path((hash.clone(), name.clone())), head.clone()).await;
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(packed.headers()[header::VARY], "accept-encoding");
        let tag = packed.headers()[header::ETAG].clone();
        let bytes = axum::body::to_bytes(packed.into_body(), 1 << 20).await.expect("a body");
        let mut text = String::new();
        let mut reader = flate2::read::GzDecoder::new(&bytes[..]);
        std::io::Read::read_to_string(&mut reader, &mut text).expect("gzip");
        assert_eq!(text, style());
        assert!(bytes.len() * 2 < text.len(), "{} of {}", bytes.len(), text.len());
        head.insert(header::IF_NONE_MATCH, tag.clone());
        let again = serve(Path((hash.clone(), name.clone())), head).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let plain = serve(Path((hash, name)), HeaderMap::new()).await;
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        assert_ne!(plain.headers()[header::ETAG], tag);
    }

    #[test]
    fn no_asset_asks_another_host() {
        for asset in ASSETS.iter() {
            let text = asset.content.replace("http://www.w3.org/2000/svg", "");
            let text = text.replace("https://github.com/leeoniya/uPlot", "");
            assert!(!text.contains("http:") && !text.contains("https:"), "{}", asset.name);
        }
    }
}
