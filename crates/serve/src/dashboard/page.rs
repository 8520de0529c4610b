//! The frame around every page.

use maud::{DOCTYPE, Markup, html};
use tripline_store::records::{Scope, Scopes};

use super::assets;

/// The menu: where, what, the scope that it takes. A page that comes later is a line here.
const MENU: &[(&str, &str, Scope)] = &[
    ("/ui/", "Overview", Scope::Read),
    ("/ui/detections", "Detections", Scope::Read),
    ("/ui/models", "Models", Scope::Read),
    ("/ui/jobs", "Jobs", Scope::Read),
    ("/ui/data", "Data", Scope::Read),
    ("/ui/settings", "Settings", Scope::Read),
];

/// Which colours the reader chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Theme {
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The name in cookie and markup.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// From its name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name)
    }
}

/// Who reads the page.
#[derive(Debug, Clone)]
pub(super) struct Viewer {
    /// The user's name; none for the local user of a service without keys.
    pub(super) user: Option<String>,
    /// What the reader may do.
    pub(super) scopes: Scopes,
    /// What each posted form carries.
    pub(super) csrf: String,
    /// Whether deploys, deletions and keys still ask for the token of the first start.
    pub(super) token_needed: bool,
    /// Where the service answers, as the reader's browser knows it: `http://localhost:5003`.
    pub(super) origin: String,
    /// The theme, if one was chosen.
    pub(super) theme: Option<Theme>,
    /// What is to be told at the top of the next page.
    pub(super) note: Option<Note>,
}

impl Viewer {
    /// Whether the reader may do that.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.scopes.allow(scope)
    }
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// `good`, `warn`, `bad`.
    pub(super) tone: &'static str,
    /// One or two sentences.
    pub(super) text: String,
}

/// A page: `here` is the address of its menu line, `body` what stands in `main`.
pub(super) fn page(viewer: &Viewer, here: &str, title: &str, body: &Markup) -> Markup {
    document(viewer, here, title, body, false)
}

/// A page with charts over time.
pub(super) fn page_with_charts(viewer: &Viewer, here: &str, title: &str, body: &Markup) -> Markup {
    document(viewer, here, title, body, true)
}

fn document(viewer: &Viewer, here: &str, title: &str, body: &Markup, charts: bool) -> Markup {
    let other = match viewer.theme {
        Some(Theme::Dark) => Theme::Light,
        _ => Theme::Dark,
    };
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[viewer.theme.map(Theme::name)] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Tripline" }
                link rel="icon" type="image/svg+xml" href=(assets::url("mark.svg"));
                link rel="stylesheet" href=(assets::url("dashboard.css"));
                script src=(assets::url("dashboard.js")) defer {}
                @if charts {
                    script src=(assets::url("uplot.js")) defer {}
                    script src=(assets::url("charts.js")) defer {}
                }
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header.top {
                    a.brand href="/ui/" {
                        img src=(assets::url("mark.svg")) width="22" height="22" alt="";
                        "Tripline"
                    }
                    nav aria-label="Pages" {
                        @for &(href, name, scope) in MENU {
                            @if viewer.may(scope) {
                                a href=(href) aria-current=[(href == here).then_some("page")] { (name) }
                            }
                        }
                    }
                    div.side {
                        span.live data-live-state role="status" hidden { "waiting" }
                        form method="get" action="/ui/theme" data-theme-switch {
                            input type="hidden" name="to" value=(other.name());
                            button.icon type="submit" title="Dark or light" aria-label="Switch between dark and light" { "◐" }
                        }
                        @match &viewer.user {
                            Some(user) => {
                                span.who { (user) }
                                form method="post" action="/ui/logout" {
                                    (csrf(viewer))
                                    button.icon type="submit" { "Log out" }
                                }
                            },
                            None => {
                                @if viewer.may(Scope::Read) { span.who { "local user" } }
                            },
                        }
                    }
                }
                main #main tabindex="-1" {
                    @if let Some(note) = &viewer.note {
                        p.note.(note.tone) role="status" { (note.text) }
                    }
                    (body)
                }
                footer {
                    span data-zone { "Times in UTC" }
                    @if viewer.may(Scope::Read) { a href="/docs" { "API documentation" } }
                }
            }
        }
    }
}

/// The field that a posted form carries against requests forged by another site.
pub(super) fn csrf(viewer: &Viewer) -> Markup {
    html! { input type="hidden" name="csrf" value=(viewer.csrf); }
}

/// The field for the token of the first start, where it is still asked for.
pub(super) fn token_field(viewer: &Viewer, id: &str) -> Markup {
    html! {
        @if viewer.token_needed {
            div.field {
                label for={ "token-" (id) } { "First-start token" }
                input #{ "token-" (id) } name="token" type="password" autocomplete="off" required;
                small { "Printed when the service first started; kept for this session." }
            }
        }
    }
}

/// A button that opens a panel in which the act is confirmed.
pub(super) fn ask(
    viewer: &Viewer,
    (label, class): (&str, &str),
    action: &str,
    token: bool,
    body: &Markup,
) -> Markup {
    let id: String = action.chars().filter(char::is_ascii_alphanumeric).collect();
    html! {
        details.ask.(class) {
            summary { (label) }
            form method="post" action=(action) {
                (csrf(viewer))
                (body)
                @if token { (token_field(viewer, &id)) }
                div.buttons { button.primary type="submit" { (label.trim_end_matches('…')) } }
            }
        }
    }
}
