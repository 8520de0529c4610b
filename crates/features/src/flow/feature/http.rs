//! What HTTP/1 requests and answers tell.

use tripline_core::flow::Flow;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Columns of HTTP; the state is that of [`super::service::Service`].
#[derive(Debug)]
pub struct Http;

/// Values of `http_method`; the last is any other.
const METHODS: &[&str] = &[
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH", "PROPFIND",
    "other",
];

impl FlowFeature for Http {
    fn columns() -> Vec<ColumnDoc> {
        vec![
            ColumnDoc::number("http_seen", "1", "1 if HTTP/1 was read, else 0."),
            ColumnDoc::category("http_method", METHODS, "Method of the first request."),
            ColumnDoc::number(
                "http_status",
                "1",
                "Status of the first answer; those from 100 to 199 do not count.",
            ),
            ColumnDoc::number("http_requests", "1", "Requests."),
            ColumnDoc::number("http_responses", "1", "Answers with a status from 200."),
            ColumnDoc::number("http_errors", "1", "Answers with a status from 400."),
            ColumnDoc::number(
                "http_host_length",
                "bytes",
                "Length of the `Host` field of the first request, counted to 256; 0 without one.",
            ),
            ColumnDoc::number(
                "http_uri_length",
                "bytes",
                "Length of the longest request target, counted to about 4,000.",
            ),
            ColumnDoc::number(
                "http_user_agent_length",
                "bytes",
                "Length of the `User-Agent` field of the first request, counted to 256; 0 without \
                 one.",
            ),
            ColumnDoc::number(
                "http_request_body_bytes",
                "bytes",
                "Bytes of request bodies, as transferred.",
            ),
            ColumnDoc::number(
                "http_response_body_bytes",
                "bytes",
                "Bytes of answer bodies, as transferred.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self
    }

    #[inline]
    fn on_update(&mut self, _: &Step) {}

    fn write(_: Option<&Self>, flow: &Flow, row: &mut Row) {
        let told = flow.app.as_ref().and_then(|app| app.http.as_ref());
        row.flag(told.is_some());
        let Some(http) = told else {
            row.missing(10);
            return;
        };
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len() as u64);
        row.category(http.method.as_deref().map(method_index));
        row.maybe(http.status.map(f64::from));
        row.count(http.requests.into());
        row.count(http.responses.into());
        row.count(http.errors.into());
        row.count(length(&http.host));
        row.count(http.uri_bytes.into());
        row.count(length(&http.user_agent));
        row.count(http.request_body_bytes);
        row.count(http.response_body_bytes);
    }
}

fn method_index(method: &str) -> usize {
    METHODS.iter().position(|&name| name == method).unwrap_or(METHODS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_an_index() {
        assert_eq!(method_index("HEAD"), 2);
        assert_eq!(METHODS[method_index("BREW")], "other");
    }
}
