//! What the control connection of FTP tells.

use tripline_core::flow::Flow;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Columns of FTP; the state is that of [`super::service::Service`].
#[derive(Debug)]
pub struct Ftp;

impl FlowFeature for Ftp {
    fn columns() -> Vec<ColumnDoc> {
        vec![
            ColumnDoc::number(
                "ftp_seen",
                "1",
                "1 if it is a control connection of FTP (RFC 959), else 0.",
            ),
            ColumnDoc::number("ftp_commands", "1", "Commands."),
            ColumnDoc::number(
                "ftp_login",
                "1",
                "1 if the server accepted a login (reply 230), else 0.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self
    }

    #[inline]
    fn on_update(&mut self, _: &Step) {}

    fn write(_: Option<&Self>, flow: &Flow, row: &mut Row) {
        let told = flow.app.as_ref().and_then(|app| app.ftp.as_ref());
        row.flag(told.is_some());
        row.maybe(told.map(|ftp| ftp.commands.into()));
        row.maybe(told.map(|ftp| f64::from(u8::from(ftp.login))));
    }
}
