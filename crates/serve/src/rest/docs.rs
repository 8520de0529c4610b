//! The description of the interface as a page, written from the document itself.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::app::App;
use crate::problem::Kind;
use crate::routes::{Routes, Rule};

/// The page, which never changes while the program runs.
static PAGE: OnceLock<String> = OnceLock::new();

/// The routes of this file.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .add_hidden(Rule::OPEN, "/docs", get(page))
        .add_hidden(Rule::OPEN, "/docs/docs.css", get(style))
        .add_hidden(Rule::OPEN, "/docs/docs.js", get(script))
}

async fn page(State(app): State<Arc<App>>) -> Response {
    let text = PAGE.get_or_init(|| {
        let document = app.openapi.get().cloned().unwrap_or_default();
        let document: Value = serde_json::from_slice(&document).unwrap_or_default();
        render(&document).into_string()
    });
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text.as_str()).into_response()
}

async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("../../assets/docs.css")).into_response()
}

async fn script() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("../../assets/docs.js")).into_response()
}

fn render(document: &Value) -> Markup {
    let paths = document["paths"].as_object();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Tripline API" }
                link rel="stylesheet" href="/docs/docs.css";
                script defer src="/docs/docs.js" {}
            }
            body {
                main {
                    h1 { "Tripline API " small { (text(&document["info"]["version"])) } }
                    p { (text(&document["info"]["description"])) }
                    p { a href="/api/v1/openapi.json" { "openapi.json" } " (OpenAPI 3.1)" }
                    p {
                        label { "API key, or first-start token, for trying: "
                            input id="key" type="password" autocomplete="off" size="40"; }
                    }
                    @for (path, item) in paths.into_iter().flatten() {
                        @for (method, operation) in item.as_object().into_iter().flatten() {
                            (one(path, method, operation, document))
                        }
                    }
                    h2 { "Problems" }
                    p { "Every error is a document of type " code { "application/problem+json" }
                        " (RFC 9457); " code { "errors" } " names the fields." }
                    dl {
                        @for kind in Kind::ALL {
                            dt id={ "problem-" (kind.name()) } {
                                (kind.status().as_u16()) " " code { (kind.name()) }
                            }
                            dd { (kind.title()) }
                        }
                    }
                }
            }
        }
    }
}

fn one(path: &str, method: &str, operation: &Value, document: &Value) -> Markup {
    let parameters = operation["parameters"].as_array();
    let body = operation["requestBody"]["content"].as_object();
    let scopes = operation["security"][0]["bearer"][0].as_str();
    html! {
        details.operation id={ (method) (path) } {
            summary {
                span.method { (method.to_uppercase()) } " " code { (path) } " "
                span.summary { (text(&operation["summary"])) }
                @if let Some(scope) = scopes { " " span.scope { (scope) } }
            }
            p { (text(&operation["description"])) }
            form data-method=(method) data-path=(path) {
                @for parameter in parameters.into_iter().flatten() {
                    @let name = text(&parameter["name"]);
                    p { label { code { (name) } " " (text(&parameter["in"])) ": "
                        input name=(name) data-in=(text(&parameter["in"])) autocomplete="off"; }
                        " " (text(&parameter["description"])) }
                }
                @for (kind, content) in body.into_iter().flatten().take(1) {
                    p { label { "Body, " code { (kind) }
                        textarea name="body" rows="6" data-type=(kind) {
                            (example(content, document))
                        } } }
                }
                button type="submit" { "Send" }
                output {}
            }
            dl {
                @for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                    dt { (status) }
                    dd { (text(&response["description"])) }
                }
            }
        }
    }
}

/// An example of a body: the document's own, else one put together from the schema.
fn example(content: &Value, document: &Value) -> String {
    let given = [&content["example"], &content["examples"]];
    let value = match given {
        [example, _] if !example.is_null() => example.clone(),
        [_, examples] if examples.is_object() => {
            let first = examples.as_object().and_then(|all| all.values().next());
            first.map(|example| example["value"].clone()).unwrap_or_default()
        }
        _ => from_schema(&content["schema"], document, 0),
    };
    match value {
        Value::Null => String::new(),
        value => serde_json::to_string_pretty(&value).unwrap_or_default(),
    }
}

/// A value of a schema; schemas that hold themselves end at a depth.
fn from_schema(schema: &Value, document: &Value, depth: usize) -> Value {
    if depth > 6 {
        return Value::Null;
    }
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return from_schema(&document["components"]["schemas"][name], document, depth + 1);
    }
    if let Some(members) = schema["properties"].as_object() {
        let required = schema["required"].as_array();
        let needed = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        return members
            .iter()
            .filter(|(name, _)| needed(name))
            .map(|(name, inner)| (name.clone(), from_schema(inner, document, depth + 1)))
            .collect();
    }
    match schema["type"].as_str() {
        Some("string") => Value::from(""),
        Some("integer" | "number") => Value::from(0),
        Some("boolean") => Value::from(false),
        Some("array") => Value::Array(Vec::new()),
        Some("object") => Value::Object(serde_json::Map::new()),
        _ => Value::Null,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
