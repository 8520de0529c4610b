//! Columns that come from the flows told before.

use tripline_core::flow::Flow;

/// Columns of a set that count over the flows told before, such as the last hundred.
///
/// It is given every flow in the order of ends, one after the other, after the flows of all
/// partitions were put in that order; the set's features leave the place of its columns missing.
pub trait Window: Send {
    /// Takes a flow and fills its columns in `row`, which has all columns of the set.
    ///
    /// An early look is given with [`EndReason::Open`]; the flow comes again when it ends.
    ///
    /// [`EndReason::Open`]: tripline_core::flow::EndReason::Open
    fn push(&mut self, flow: &Flow, row: &mut [f64]);
}
