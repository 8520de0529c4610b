//! The log-in.

use maud::{Markup, html};

use super::super::page::{Viewer, csrf};

/// The page; `back` is where to go after it.
pub(crate) fn page(viewer: &Viewer, back: &str, refused: Option<&str>) -> Markup {
    html! {
        section.panel.login {
            header { h1 { "Log in" } }
            div.body {
                @if let Some(refused) = refused { p.note.bad role="alert" { (refused) } }
                form method="post" action="/ui/login" {
                    (csrf(viewer))
                    input type="hidden" name="back" value=(back);
                    div.field {
                        label for="name" { "Name" }
                        input #name name="name" autocomplete="username" required autofocus maxlength="64";
                    }
                    div.field {
                        label for="password" { "Password" }
                        input #password name="password" type="password" autocomplete="current-password" required maxlength="1024";
                    }
                    div.buttons { button.primary type="submit" { "Log in" } }
                }
            }
        }
    }
}
