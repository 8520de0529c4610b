//! Rows of a feature set from flows that a sensor told.

use std::marker::PhantomData;
use std::sync::Arc;

use tripline_core::flow::Flow;
use tripline_core::{Rows, Schema};

use super::columns::Columns;
use super::engine::SensorRows;
use super::feature::FlowFeature;
use super::row::Row;
use super::window::Window;

/// Rows of the features of `S` from flows alone, with the columns that `window` fills.
pub fn sensor_rows<S: FlowFeature>(window: Option<Box<dyn Window>>) -> Box<dyn SensorRows> {
    Box::new(FromFlows::<S> { columns: Columns::new(&S::columns()), window, set: PhantomData })
}

struct FromFlows<S> {
    columns: Columns,
    window: Option<Box<dyn Window>>,
    set: PhantomData<fn() -> S>,
}

impl<S: FlowFeature> SensorRows for FromFlows<S> {
    fn schema(&self) -> &Arc<Schema> {
        self.columns.schema()
    }

    fn rows(&mut self, flows: &[Flow]) -> Rows {
        let width = self.columns.len();
        let mut values = Vec::with_capacity(width * flows.len());
        for (position, flow) in flows.iter().enumerate() {
            S::write(None, flow, &mut Row::new(&mut values));
            debug_assert_eq!(values.len(), (position + 1) * width);
            values.resize((position + 1) * width, f64::NAN);
            if let Some(window) = &mut self.window {
                window.push(flow, &mut values[position * width..]);
            }
        }
        let rows: Vec<&[f64]> =
            (0..flows.len()).map(|position| &values[position * width..][..width]).collect();
        self.columns.rows(&rows)
    }
}
