//! Log-in, log-out, theme.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::super::page::{Theme, page};
use super::super::view::login;
use super::super::visit::{Answer, Posted, THEME, Visit, redirect, show};
use crate::problem::Kind;

/// The log-in page.
pub(crate) async fn form(visit: Visit) -> Answer {
    let back = back(visit.fields.get("back"));
    Ok(show(page(&visit.viewer, "", "Log in", &login::page(&visit.viewer, back, None))))
}

/// Begins a session.
pub(crate) async fn log_in(posted: Posted) -> Answer {
    let name = posted.fields.get("name").unwrap_or_default();
    let password = posted.fields.get("password").unwrap_or_default().to_owned();
    let back = back(posted.fields.get("back"));
    let settings = posted.app.settings();
    match posted.app.gate().log_in(&posted.caller, name, password, &settings).await {
        Ok(session) => Ok(with_cookie(redirect(back), session.cookie)),
        Err(problem) if matches!(problem.kind, Kind::Unauthorized | Kind::RateLimited) => {
            let body = login::page(&posted.viewer, back, Some(&problem.detail));
            let mut response = show(page(&posted.viewer, "", "Log in", &body));
            *response.status_mut() = problem.kind.status();
            Ok(response)
        }
        Err(problem) => Err(problem),
    }
}

/// Ends it.
pub(crate) async fn log_out(posted: Posted) -> Answer {
    let cookie = posted.app.gate().log_out(&posted.caller, &posted.app.settings()).await?;
    Ok(with_cookie(redirect("/ui/login"), cookie))
}

/// Keeps the theme, for browsers without scripts.
pub(crate) async fn theme(visit: Visit) -> Answer {
    let mut response = redirect("/ui/");
    if let Some(theme) = visit.fields.get("to").and_then(Theme::parse) {
        let line = format!("{THEME}={}; Path=/ui; Max-Age=31536000; SameSite=Lax", theme.name());
        if let Ok(cookie) = HeaderValue::try_from(line) {
            response = with_cookie(response, cookie);
        }
    }
    Ok(response)
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// Where to go after the log-in: a page of ours and nothing else.
fn back(asked: Option<&str>) -> &str {
    let own = |path: &&str| {
        path.starts_with("/ui/")
            && !path.starts_with("/ui/login")
            && path.bytes().all(|b| b.is_ascii_graphic())
    };
    asked.filter(own).unwrap_or("/ui/")
}

#[cfg(test)]
mod tests {
    use super::back;

    #[test]
    fn a_log_in_leads_to_our_pages_alone() {
        assert_eq!(back(Some("/ui/models?x=1")), "/ui/models?x=1");
        for other in ["//evil.example", "https://evil.example", "/ui/login", "/ui/\r\nx: y", ""] {
            assert_eq!(back(Some(other)), "/ui/", "{other}");
        }
    }
}
