//! Keys and users.

use maud::{Markup, html};
use tripline_store::records::{ApiKey, Scope, User};
use tripline_store::time::Timestamp;

use super::super::fields::encode;
use super::super::page::{Viewer, ask, csrf, token_field};
use super::super::parts::{empty, panel, tag, text_panel};
use super::super::text::{day, short_time};
use super::settings::tabs;
use crate::access::MIN_CHARS;

/// Keys; `made` is a key that was made just now: shown once.
pub(crate) fn keys(viewer: &Viewer, keys: &[ApiKey], made: Option<&str>, now: Timestamp) -> Markup {
    html! {
        (tabs(viewer, "/ui/settings/keys"))
        @if let Some(key) = made {
            div.note.good role="status" {
                p { b { "The key is shown this once." } " Keep it where your program finds it; only its hash stays here." }
                div.secret { code #made { (key) } button type="button" data-copy="made" hidden { "Copy" } }
            }
        }
        div.cols {
            (panel("API keys", &html! {}, &html! {
                @if keys.is_empty() { (empty("There is no key.", &html! { p { "Without keys the service answers on this machine alone." } })) } @else { div.scroll { table {
                    thead { tr { th scope="col" { "Key" } th.m scope="col" { "Scopes" } th scope="col" { "State" } th.l.n scope="col" { "Made" } th.m.n scope="col" { "Last used" } th scope="col" { span.sr { "What to do" } } } }
                    tbody { @for key in keys { tr {
                        th scope="row" { (key.name) div.small.dim { "tl_" (key.id) "_…" } }
                        td.m { @for scope in key.scopes.names() { (tag("info", scope)) " " } }
                        td { (state(key, now)) }
                        td.l.n { (day(key.created_at)) }
                        td.m.n { @match key.last_used_at { Some(at) => (short_time(at)), None => span.dim { "never" } } }
                        td.n { @if key.revoked_at.is_none() {
                            (ask(viewer, ("Revoke…", ""), &format!("/ui/settings/keys/{}/revoke", encode(&key.id)), true, &html! { p { "Requests with this key are refused from now on." } }))
                        } }
                    } } }
                } } }
            }))
            (text_panel("Make a key", &html! {
                form method="post" action="/ui/settings/keys" {
                    (csrf(viewer))
                    div.field { label for="key-name" { "What it is for" } input #key-name name="name" required maxlength="64" autocomplete="off"; }
                    (scopes(&[Scope::Predict, Scope::Read]))
                    div.fields {
                        div.field { label for="days" { "Days until it ends" } input #days name="days" type="number" min="1" max="3650" placeholder="never"; }
                        div.field { label for="rate" { "Requests a second" } input #rate name="rate" inputmode="decimal" placeholder="the service's limit"; }
                    }
                    (token_field(viewer, "key"))
                    div.buttons { button.primary type="submit" { "Make key" } }
                }
            }))
        }
    }
}

/// Users of the dashboard.
pub(crate) fn users(viewer: &Viewer, users: &[User]) -> Markup {
    html! {
        (tabs(viewer, "/ui/settings/users"))
        div.cols {
            (panel("Users", &html! {}, &html! {
                @if users.is_empty() { (empty("There is no user.", &html! { p { "Without keys and users this machine's user sees all." } })) } @else { div.scroll { table {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Scopes" } th.m.n scope="col" { "Made" } th scope="col" { span.sr { "What to do" } } } }
                    tbody { @for user in users { tr {
                        th scope="row" { (user.name) }
                        td { @for scope in user.scopes.names() { (tag("info", scope)) " " } }
                        td.m.n { (day(user.created_at)) }
                        td.n { (ask(viewer, ("Remove…", ""), &format!("/ui/settings/users/{}/remove", encode(&user.name)), true, &html! { p { "The sessions of " b { (user.name) } " end at once." } })) }
                    } } }
                } } }
            }))
            (text_panel("Add a user, or give one another password", &html! {
                form method="post" action="/ui/settings/users" {
                    (csrf(viewer))
                    div.field { label for="user-name" { "Name" } input #user-name name="name" required maxlength="64" pattern="[A-Za-z0-9._@\\-]{1,64}" autocomplete="off";
                        small { "letters, digits, " code { ". _ - @" } } }
                    div.field { label for="password" { "Password" }
                        input #password name="password" type="password" required minlength=(MIN_CHARS) maxlength="256" autocomplete="new-password";
                        small { (MIN_CHARS) " characters or more" } }
                    (scopes(&[Scope::Read]))
                    (token_field(viewer, "user"))
                    div.buttons { button.primary type="submit" { "Save user" } }
                }
            }))
        }
    }
}

fn scopes(chosen: &[Scope]) -> Markup {
    let meaning = |scope: Scope| match scope {
        Scope::Read => "see models, jobs, detections",
        Scope::Predict => "ask for predictions, judge detections",
        Scope::Train => "upload data, start and stop jobs",
        Scope::Deploy => "deploy, roll back, split traffic, delete",
        Scope::Admin => "keys, users, settings; all of the above",
    };
    html! { fieldset {
        legend { "Scopes" }
        @for scope in Scope::ALL {
            div { label.pick { input type="checkbox" name="scope" value=(scope.name()) checked[chosen.contains(&scope)];
                span { (scope.name()) span.dim { ": " (meaning(scope)) } } } }
        }
    } }
}

fn state(key: &ApiKey, now: Timestamp) -> Markup {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => html! { (tag("bad", "revoked")) " " span.small.dim { (day(at)) } },
        (None, Some(end)) if end <= now => {
            html! { (tag("warn", "ended")) " " span.small.dim { (day(end)) } }
        }
        (None, Some(end)) => {
            html! { (tag("good", "valid")) " " span.small.dim { "until " (day(end)) } }
        }
        (None, None) => tag("good", "valid"),
    }
}
