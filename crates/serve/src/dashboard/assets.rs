//! The files of the dashboard, compiled in and served under the hash of their content.

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
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
    /// The first 16 hexadecimal digits of its SHA-256.
    hash: String,
}

/// What pages refer to.
pub(super) static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let file = |name, media, content: String| {
        let digest = Sha256::digest(content.as_bytes());
        let hash = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Asset { name, media, content, hash }
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

/// Where the asset of that name is.
pub(super) fn url(name: &str) -> String {
    let hash = ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| &asset.hash);
    format!("/ui/assets/{hash}/{name}")
}

/// An asset; its URL changes with its content, so that it may be kept for ever.
pub(super) async fn serve(Path((hash, name)): Path<(String, String)>, head: HeaderMap) -> Response {
    let found = ASSETS.iter().find(|asset| asset.name == name && asset.hash == hash);
    let Some(asset) = found else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", asset.hash);
    if head.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let mut response = Response::new(Body::from(asset.content.as_str()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media));
    let keep = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, keep);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
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
    fn no_asset_asks_another_host() {
        for asset in ASSETS.iter() {
            let text = asset.content.replace("http://www.w3.org/2000/svg", "");
            let text = text.replace("https://github.com/leeoniya/uPlot", "");
            assert!(!text.contains("http:") && !text.contains("https:"), "{}", asset.name);
        }
    }
}
