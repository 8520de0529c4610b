//! Scored rows as Parquet.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{ScoredBatch, Sink, SinkColumns, SinkError};

pub(super) struct ParquetSink<W: Write + Send> {
    columns: SinkColumns,
    schema: Arc<Schema>,
    writer: Option<ArrowWriter<W>>,
}

impl<W: Write + Send> ParquetSink<W> {
    pub(super) fn new(columns: SinkColumns, out: W) -> Result<Self, SinkError> {
        let mut fields = vec![
            Field::new("row", DataType::UInt64, false),
            Field::new("score", DataType::Float64, false),
            Field::new("probability", DataType::Float64, false),
            Field::new("verdict", DataType::Utf8, false),
        ];
        for (there, name) in [
            (columns.class, "class"),
            (columns.label, "label"),
            (columns.reasons, "reasons"),
            (columns.notice, "notice"),
        ] {
            if there {
                fields.push(Field::new(name, DataType::Utf8, false));
            }
        }
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("tripline ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer =
            ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(refused)?;
        Ok(Self { columns, schema, writer: Some(writer) })
    }
}

impl<W: Write + Send> Sink for ParquetSink<W> {
    fn write(&mut self, batch: &ScoredBatch<'_>) -> Result<(), SinkError> {
        let Some(writer) = &mut self.writer else {
            return Err(SinkError::Format("the file is finished already".to_owned()));
        };
        let rows = batch.verdicts.raw.len();
        let numbers = (0..rows as u64).map(|row| batch.first_row + row);
        let text = |cell: &dyn Fn(usize) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values((0..rows).map(cell)))
        };
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from_iter_values(numbers)),
            Arc::new(Float64Array::from(batch.verdicts.raw.clone())),
            Arc::new(Float64Array::from(batch.verdicts.probability.clone())),
            text(&|row| batch.verdict(row).to_owned()),
        ];
        if self.columns.class {
            arrays.push(text(&|row| batch.class(row).to_owned()));
        }
        if self.columns.label {
            arrays.push(text(&|row| batch.label(row).to_owned()));
        }
        if self.columns.reasons {
            arrays.push(text(&|row| batch.reasons(row).to_owned()));
        }
        if self.columns.notice {
            arrays.push(text(&|_| batch.notice.to_owned()));
        }
        let batch = RecordBatch::try_new(self.schema.clone(), arrays)
            .map_err(|error| SinkError::Format(error.to_string()))?;
        writer.write(&batch).map_err(refused)
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        match self.writer.take() {
            Some(writer) => writer.close().map(|_| ()).map_err(refused),
            None => Ok(()),
        }
    }
}

fn refused(error: parquet::errors::ParquetError) -> SinkError {
    SinkError::Format(error.to_string())
}
