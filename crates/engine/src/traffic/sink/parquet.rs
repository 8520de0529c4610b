//! Flows as Parquet.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::super::table::{Cells, Table};
use super::{FlowRecords, FlowSink, table};
use crate::sinks::SinkError;

pub(super) struct ParquetSink<W: Write + Send> {
    out: Option<W>,
    writer: Option<(ArrowWriter<W>, Arc<Schema>)>,
}

impl<W: Write + Send> ParquetSink<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out: Some(out), writer: None }
    }
}

impl<W: Write + Send> FlowSink for ParquetSink<W> {
    fn write(&mut self, records: &FlowRecords<'_>) -> Result<(), SinkError> {
        let table = table(records);
        if let Some(out) = self.out.take() {
            let schema = Arc::new(schema(&table));
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_created_by(concat!("tripline ", env!("CARGO_PKG_VERSION")).to_owned())
                .build();
            let writer =
                ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(refused)?;
            self.writer = Some((writer, schema));
        }
        let Some((writer, schema)) = &mut self.writer else {
            return Err(SinkError::Format("the file is finished already".to_owned()));
        };
        let arrays = table.columns.into_iter().map(|(_, cells)| array(cells)).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays)
            .map_err(|error| SinkError::Format(error.to_string()))?;
        writer.write(&batch).map_err(refused)
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        if self.out.is_some() {
            // A file without flows still has its columns.
            self.write(&FlowRecords::default())?;
        }
        match self.writer.take() {
            Some((writer, _)) => writer.close().map(|_| ()).map_err(refused),
            None => Ok(()),
        }
    }
}

fn schema(table: &Table) -> Schema {
    let field = |(name, cells): &(String, Cells)| match cells {
        Cells::Time(_) => {
            let zone = Some("UTC".into());
            Field::new(name, DataType::Timestamp(TimeUnit::Nanosecond, zone), false)
        }
        Cells::Count(_) => Field::new(name, DataType::UInt64, false),
        Cells::Number(_) => Field::new(name, DataType::Float64, true),
        Cells::Text(_) => Field::new(name, DataType::Utf8, true),
    };
    Schema::new(table.columns.iter().map(field).collect::<Vec<_>>())
}

fn array(cells: Cells) -> ArrayRef {
    match cells {
        Cells::Time(values) => {
            Arc::new(TimestampNanosecondArray::from(values).with_timezone("UTC"))
        }
        Cells::Count(values) => Arc::new(UInt64Array::from(values)),
        Cells::Number(values) => Arc::new(Float64Array::from_iter(
            values.into_iter().map(|value| (!value.is_nan()).then_some(value)),
        )),
        Cells::Text(values) => Arc::new(StringArray::from(values)),
    }
}

fn refused(error: parquet::errors::ParquetError) -> SinkError {
    SinkError::Format(error.to_string())
}
