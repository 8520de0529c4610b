//! Every page with data of hostile names: nothing inline, nothing unescaped, nothing from elsewhere.

mod pages;
mod records;

use pages::pages;
pub(crate) use records::version_of;

#[test]
fn pages_are_safe_and_small() {
    let folder = std::env::var_os("TRIPLINE_PAGES").map(std::path::PathBuf::from);
    for (name, markup) in pages() {
        let text = markup.into_string();
        assert!(!text.contains("<script>alert"), "{name}: unescaped");
        assert!(!text.contains("alert(1)</script>"), "{name}: unescaped");
        for inline in
            [" style=", " onclick=", " onload=", "javascript:", "http://www.google", "https://"]
        {
            assert!(!text.contains(inline), "{name}: {inline}");
        }
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/ui/assets/"), "{name}: a script of its own");
        }
        for form in text.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let post = form.split('>').next().unwrap_or_default().contains("method=\"post\"");
            assert!(
                !post || form.contains("name=\"csrf\" value=\"c5rf\""),
                "{name}: a form without token"
            );
        }
        let files: usize = if text.contains("uplot.js") { 95_000 } else { 40_000 };
        assert!(text.len() + files < 200_000, "{name}: {} bytes", text.len());
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("{name}.html")), text).unwrap();
        }
    }
}

#[test]
fn every_field_has_a_label() {
    for (name, markup) in pages() {
        let text = markup.into_string();
        for kind in ["<input ", "<select ", "<textarea "] {
            for field in text.split(kind).skip(1) {
                let tag = field.split('>').next().unwrap_or_default();
                if tag.contains("type=\"hidden\"") || tag.contains("aria-label=") {
                    continue;
                }
                let id = tag.split("id=\"").nth(1).and_then(|rest| rest.split('"').next());
                let labelled = id.is_some_and(|id| text.contains(&format!("for=\"{id}\"")));
                let within = tag.contains("type=\"radio\"") || tag.contains("type=\"checkbox\"");
                assert!(labelled || within, "{name}: {kind}{tag}");
            }
        }
    }
}
