//! What SSH identification strings tell.

use tripline_core::flow::Flow;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Columns of SSH; the state is that of [`super::service::Service`].
#[derive(Debug)]
pub struct Ssh;

impl FlowFeature for Ssh {
    fn columns() -> Vec<ColumnDoc> {
        vec![
            ColumnDoc::number(
                "ssh_seen",
                "1",
                "1 if an SSH identification string was read, else 0.",
            ),
            ColumnDoc::number(
                "ssh_client_length",
                "bytes",
                "Length of the client's identification string (RFC 4253, section 4.2).",
            ),
            ColumnDoc::number(
                "ssh_server_length",
                "bytes",
                "Length of the server's identification string.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self
    }

    #[inline]
    fn on_update(&mut self, _: &Step) {}

    fn write(_: Option<&Self>, flow: &Flow, row: &mut Row) {
        let told = flow.app.as_ref().and_then(|app| app.ssh.as_ref());
        let length = |text: &Option<Box<str>>| text.as_ref().map(|text| text.len() as f64);
        row.flag(told.is_some());
        row.maybe(told.and_then(|ssh| length(&ssh.client)));
        row.maybe(told.and_then(|ssh| length(&ssh.server)));
    }
}
