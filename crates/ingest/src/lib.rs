//! Bytes to data sets: readers of labelled flows in their published layouts.
//!
//! [`read`] gives a file in one piece, [`open`] batch by batch in bounded memory. CSV, TSV, JSON
//! lines and Parquet are told apart by content, as are gzip and zstd around them; a published
//! [`layout`] is recognised by its columns. What was found and handled is told in
//! [`tripline_core::Dataset::notes`] by the codes of [`notes`].

mod assemble;
mod batches;
mod bytes;
pub mod capture;
mod chunk;
mod compressed;
mod dictionary;
pub mod error;
pub mod filter;
pub mod flow_labels;
mod format;
mod label;
pub mod layout;
pub mod live;
pub mod notes;
mod number;
pub mod options;
mod packet_writer;
mod parquet;
mod plan;
mod sample;
pub mod sensors;
pub mod synthetic;
mod text;
mod time;

pub use batches::{Batches, open, open_bytes, read, read_bytes};
pub use bytes::{Fingerprint, fingerprint_file, head};
pub use compressed::Compressed;
pub use error::IngestError;
pub use filter::{Filter, FilterError};
pub use layout::{LAYOUTS, Layout};
pub use number::is_missing;
pub use options::ReadOptions;
pub use packet_writer::PacketWriter;
