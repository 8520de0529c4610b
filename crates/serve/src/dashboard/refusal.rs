//! Problems as pages: what a browser shows where a program would get a document.

use std::sync::Arc;

use axum::extract::Request;
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
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let (Some(caller), Some(reader)) = (caller, reader) else { return response };
    if problem.kind == Kind::Unauthorized && caller.known() == Known::Nobody && reads {
        return redirect(&Fields::default().with("back", &target).url("/ui/login"));
    }
    let drawn = Drawn(Arc::from(body(&reader, problem).into_string()));
    response.extensions_mut().insert(drawn);
    response
}

fn body(viewer: &Viewer, problem: &Problem) -> Markup {
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
                p { a.button href="/ui/" { "Overview" } }
            }
        }
    };
    page(viewer, "", title, &content)
}
