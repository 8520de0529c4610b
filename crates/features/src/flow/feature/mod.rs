//! A part of a flow's state with the columns that come from it; each is one file.

mod byte_counts;
pub mod dns;
pub(crate) mod endpoints;
pub(crate) mod first_packets;
pub mod ftp;
pub(crate) mod handshake;
pub(crate) mod header_anomalies;
pub mod http;
pub(crate) mod interarrival;
pub(crate) mod payload;
pub(crate) mod segments;
pub mod service;
pub(crate) mod size_median;
pub(crate) mod sizes;
mod spread;
pub mod ssh;
pub(crate) mod tcp_flags;
pub(crate) mod tcp_windows;
pub mod tls;
pub(crate) mod totals;
pub(crate) mod ttl;

use tripline_core::flow::Flow;

use super::column::ColumnDoc;
use super::row::Row;
use super::step::Step;

/// A part of a flow's state with the columns that come from it.
///
/// The same `write` serves packets and sensors: without packets (a log of another sensor) the
/// state is `None`, and a column is computed from the [`Flow`] alone or is missing.
pub trait FlowFeature: Send + Sync + Sized + 'static {
    /// Columns in the order in which [`FlowFeature::write`] gives them.
    fn columns() -> Vec<ColumnDoc>;

    /// The state before the first packet, which is then given to [`FlowFeature::on_update`].
    fn on_init(first: &Step) -> Self;

    /// Takes a packet, the first included.
    fn on_update(&mut self, step: &Step);

    /// The flow is told, at its end or early: adds what belongs to the flow itself, such as what
    /// its application protocol said.
    fn on_expire(&self, flow: &mut Flow) {
        let _ = flow;
    }

    /// Writes the columns of a flow, after [`FlowFeature::on_expire`].
    fn write(state: Option<&Self>, flow: &Flow, row: &mut Row);

    /// Bytes held outside the struct itself.
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// A feature made of features: a struct whose fields each are a [`FlowFeature`].
macro_rules! compose {
    ($(#[$about:meta])* $visibility:vis struct $name:ident { $($(#[$field_about:meta])* $field:ident: $feature:ty,)+ }) => {
        $(#[$about])*
        #[derive(Debug)]
        $visibility struct $name { $($(#[$field_about])* $field: $feature,)+ }

        impl $crate::flow::feature::FlowFeature for $name {
            fn columns() -> Vec<$crate::flow::column::ColumnDoc> {
                let mut columns = Vec::new();
                $(columns.extend(<$feature as $crate::flow::feature::FlowFeature>::columns());)+
                columns
            }

            fn on_init(first: &$crate::flow::step::Step) -> Self {
                Self { $($field: <$feature as $crate::flow::feature::FlowFeature>::on_init(first),)+ }
            }

            #[inline]
            fn on_update(&mut self, step: &$crate::flow::step::Step) {
                $($crate::flow::feature::FlowFeature::on_update(&mut self.$field, step);)+
            }

            fn on_expire(&self, flow: &mut tripline_core::flow::Flow) {
                $($crate::flow::feature::FlowFeature::on_expire(&self.$field, flow);)+
            }

            fn write(
                state: Option<&Self>,
                flow: &tripline_core::flow::Flow,
                row: &mut $crate::flow::row::Row,
            ) {
                $(<$feature as $crate::flow::feature::FlowFeature>::write(
                    state.map(|state| &state.$field), flow, row,
                );)+
            }

            fn heap_bytes(&self) -> usize {
                0 $(+ $crate::flow::feature::FlowFeature::heap_bytes(&self.$field))+
            }
        }
    };
}
pub(crate) use compose;
