//! Problems as pages: what a browser shows where a program would get a document.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use maud::{Markup, html};

use super::fields::Fields;
use super::page::{Viewer, page};
use super::visit::{redirect, viewer};
use crate::caller::{Caller, Known};
use crate::problem::{Drawn, Kind, Problem};

/// Draws the problem of an answer as a page; who is not known is sent to the log-in.
pub(super) async fn draw(request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let reader = caller.as_ref().map(|caller| viewer(caller, request.headers()));
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let reads = request.method().is_safe();
    let form = if reads { None } else { form_of(request.headers()) };
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let (Some(caller), Some(reader)) = (caller, reader) else { return response };
    if problem.kind == Kind::Unauthorized && caller.known() == Known::Nobody && reads {
        return redirect(&Fields::default().with("back", &target).url("/ui/login"));
    }
    let drawn = Drawn(Arc::from(body(&reader, problem, form.as_deref()).into_string()));
    response.extensions_mut().insert(drawn);
    response
}

/// The page of ours from which a form was posted.
fn form_of(headers: &HeaderMap) -> Option<String> {
    let from = headers.get(header::REFERER)?.to_str().ok()?;
    let (_, rest) = from.split_once("://")?;
    let path = rest.get(rest.find('/')?..)?;
    let own = path.starts_with("/ui/") && path.len() < 1024;
    (own && path.bytes().all(|byte| byte.is_ascii_graphic())).then(|| path.to_owned())
}

fn body(viewer: &Viewer, problem: &Problem, form: Option<&str>) -> Markup {
    let title = problem.kind.title();
    let content = html! {
        section.panel.login {
            header { h1 { (title) } }
            div.body {
                p { (problem.detail) }
                @if !problem.errors.is_empty() {
                    ul.reasons { @for error in &problem.errors { li.up {
                        @if !error.field.is_empty() { code { (error.field) } " " }
                        (error.message)
                        @if !error.known.is_empty() { div.dim { "There are: " (error.known.join(", ")) } }
                    } } }
                }
                div.buttons {
                    @if let Some(form) = form { a.button.primary href=(form) { "Back to the form" } }
                    a.button href="/ui/" { "Overview" }
                }
            }
        }
    };
    page(viewer, "", title, &content)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_refused_form_leads_back_to_our_own_page_alone() {
        let of = |from: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::REFERER, HeaderValue::from_static(from));
            form_of(&headers)
        };
        let path = of("http://localhost:5003/ui/settings/users?x=1");
        assert_eq!(path.as_deref(), Some("/ui/settings/users?x=1"));
        for other in ["http://evil.example", "http://evil.example//ui/", "javascript:/ui/", ""] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
