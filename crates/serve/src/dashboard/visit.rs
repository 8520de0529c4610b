//! A request of a browser: who it is, what its address or form says.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::Markup;
use tripline_store::records::{Change, Scope};

use super::fields::Fields;
use super::notes;
use super::page::{Theme, Viewer};
use crate::app::App;
use crate::caller::{Caller, Known};
use crate::extract::read_body;
use crate::problem::{Kind, Problem};
use crate::settings::{Settings, Tls};

/// The cookie that holds the theme.
pub(super) const THEME: &str = "tripline_theme";

/// What a handler of a page gives.
pub(super) type Answer = Result<Response, Problem>;

/// A page that is asked for.
pub(super) struct Visit {
    /// The service.
    pub(super) app: Arc<App>,
    /// Who asks.
    pub(super) caller: Caller,
    /// Who reads.
    pub(super) viewer: Viewer,
    /// The query.
    pub(super) fields: Fields,
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let fields = Fields::parse(parts.uri.query().unwrap_or_default()).ok_or_else(too_many)?;
        let mut viewer = viewer(&caller, &parts.headers);
        viewer.origin = origin(parts, &app.settings());
        viewer.note = fields.get("done").and_then(notes::note);
        Ok(Self { app: app.clone(), caller, viewer, fields: fields.with("done", "") })
    }
}

/// A form that is posted, checked to come from the session's own page.
pub(super) struct Posted {
    /// The service.
    pub(super) app: Arc<App>,
    /// Who asks.
    pub(super) caller: Caller,
    /// Who reads the answer, if it is a page.
    pub(super) viewer: Viewer,
    /// The form.
    pub(super) fields: Fields,
    /// A new cookie, where the form brought the first-start token.
    cookie: Option<HeaderValue>,
}

impl FromRequest<Arc<App>> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, app).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
            let detail = "send `Content-Type: application/x-www-form-urlencoded`";
            return Err(Problem::new(Kind::UnsupportedMedia, detail));
        }
        let bytes = read_body(body).await?;
        let text = String::from_utf8_lossy(&bytes);
        let fields = Fields::parse(&text).ok_or_else(too_many)?;
        app.gate().check_csrf(&caller, fields.get("csrf").unwrap_or_default())?;
        let mut viewer = viewer(&caller, &parts.headers);
        viewer.origin = origin(&parts, &app.settings());
        Ok(Self { app: app.clone(), caller, viewer, fields, cookie: None })
    }
}

impl Posted {
    /// An error unless the caller has the scope and, where no keys are needed, has shown the
    /// first-start token before or shows it in this form's field `token`.
    pub(super) fn unlock(&mut self, scope: Scope) -> Result<(), Problem> {
        self.caller.require(scope)?;
        match self.fields.get("token") {
            Some(token) if !self.caller.unlocked() => {
                let settings = self.app.settings();
                self.cookie = Some(self.app.gate().unlock(&self.caller, token, &settings)?);
                self.viewer.token_needed = false;
                Ok(())
            }
            _ => self.caller.require_unlocked(scope),
        }
    }

    /// What stands in the audit trail.
    pub(super) fn change(&self) -> Change {
        match self.fields.get("reason") {
            Some(reason) => self.caller.change_because(reason),
            None => self.caller.change(),
        }
    }

    /// To a page that tells what was done; `done` is a key of [`notes`].
    pub(super) fn done(self, path: &str, done: &str) -> Response {
        let mut response = redirect(&Fields::default().with("done", done).url(path));
        self.keep_cookie(&mut response);
        response
    }

    /// A page as the answer.
    pub(super) fn answer(self, page: Markup) -> Response {
        let mut response = show(page);
        self.keep_cookie(&mut response);
        response
    }

    fn keep_cookie(self, response: &mut Response) {
        if let Some(cookie) = self.cookie {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
}

/// A page.
pub(super) fn show(page: Markup) -> Response {
    Html(page.into_string()).into_response()
}

/// To another page, by GET. The path is ours: it holds no control characters.
pub(super) fn redirect(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let place = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/ui/"));
    response.headers_mut().insert(header::LOCATION, place);
    response
}

/// Who reads.
pub(super) fn viewer(caller: &Caller, headers: &HeaderMap) -> Viewer {
    let user = match caller.known() {
        Known::User => caller.actor().strip_prefix("user:").map(str::to_owned),
        Known::Key | Known::Local | Known::Nobody => None,
    };
    Viewer {
        user,
        scopes: caller.scopes(),
        csrf: caller.csrf().unwrap_or_default().to_owned(),
        token_needed: caller.known() == Known::Local && !caller.unlocked(),
        origin: String::new(),
        theme: theme(headers),
        note: None,
    }
}

/// Where the service answers, for commands to be copied: the host that was asked for, if it is
/// plainly one and nothing that a shell would read.
fn origin(parts: &Parts, settings: &Settings) -> String {
    let header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = header.or_else(|| parts.uri.authority().map(Authority::as_str)).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let host = match !host.is_empty() && host.len() <= 255 && host.chars().all(plain) {
        true => host.to_owned(),
        false => settings.address().to_string(),
    };
    let scheme = if settings.tls == Tls::Off { "http" } else { "https" };
    format!("{scheme}://{host}")
}

/// The theme that was chosen.
fn theme(headers: &HeaderMap) -> Option<Theme> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| name.trim() == THEME).find_map(|(_, value)| Theme::parse(value.trim()))
}

fn too_many() -> Problem {
    Problem::new(Kind::Malformed, "there are too many fields")
}
