//! What a fresh installation shows: what to do first, in commands that work as they stand.

use maud::{Markup, html};
use tripline_store::records::Scope;

use super::super::page::{Viewer, csrf};
use super::super::parts::panel;

/// The steps. `keys` tells whether a request from a program needs a key.
pub(crate) fn panel_of(viewer: &Viewer, keys: bool) -> Markup {
    let origin = &viewer.origin;
    let key = if keys { " -H \"Authorization: Bearer $TRIPLINE_KEY\"" } else { "" };
    panel(
        "Start here",
        &html! { a href="/docs" { "API documentation" } },
        &html! { div.body data-welcome {
            ol.steps {
                @if viewer.may(Scope::Predict) {
                    li { b { "See a detection." } " One of our recorded attacks is judged and opens with the reasons for its score."
                        form method="post" action="/ui/sample" { (csrf(viewer)) button.primary type="submit" { "Send a sample" } }
                    }
                }
                li { b { "Ask over the API." } " The line judges the next of our six samples; it appears on this page at once."
                    (command("judge", &format!(
                        "curl -s {origin}/ui/samples/flow | curl -d @- -H 'Content-Type: application/json'{key} '{origin}/api/v1/predict/flow?reasons=all'"
                    )))
                    @if keys { p.small.dim { "TRIPLINE_KEY is a key with the scope predict: Settings, Keys." } }
                }
                li { b { "Judge traffic of your own." } " A capture is taken as it is: pcap or pcapng, packed or not."
                    (command("capture", &format!(
                        "curl --data-binary @traffic.pcap{key} {origin}/api/v1/predict/capture"
                    )))
                }
                @if viewer.may(Scope::Train) {
                    li { b { "Teach it." } " " a href="/ui/data" { "Upload labelled events" } ", then " a href="/ui/jobs/new" { "train a model" } " on them. It answers only when you deploy it." }
                }
            }
        } },
    )
}

/// A command with a button that copies it.
pub(crate) fn command(id: &str, text: &str) -> Markup {
    let id = format!("command-{id}");
    html! { div.command {
        pre #(id) { (text) }
        button type="button" data-copy=(id) hidden { "Copy" }
    } }
}
