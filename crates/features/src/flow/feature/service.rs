//! The application protocol of a flow, by dynamic detection.

use tripline_core::flow::Flow;

use super::FlowFeature;
use crate::flow::app::{Conversation, SERVICES, service_index};
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Reads what the flow speaks; the other features of application protocols have no state, and take
/// their columns from what this one adds to the flow.
#[derive(Debug, Default)]
pub struct Service {
    conversation: Conversation,
}

impl FlowFeature for Service {
    fn columns() -> Vec<ColumnDoc> {
        vec![ColumnDoc::category(
            "service",
            SERVICES,
            "Application protocol, told by the first payload bytes of either direction, by Zeek's \
             names; `-` if unknown, `other` for one that only a sensor names. Where one protocol \
             follows another in a flow (TLS after STARTTLS or CONNECT), the first.",
        )]
    }

    fn on_init(_: &Step) -> Self {
        Self::default()
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        self.conversation.update(step);
    }

    fn on_expire(&self, flow: &mut Flow) {
        flow.service = self.conversation.protocol().map(|protocol| protocol.name());
        flow.app = self.conversation.told().map(Box::new);
    }

    fn write(_: Option<&Self>, flow: &Flow, row: &mut Row) {
        row.category(Some(service_index(flow.service)));
    }

    fn heap_bytes(&self) -> usize {
        self.conversation.heap_bytes()
    }
}
