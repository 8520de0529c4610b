//! Why a file could not be read, each with the way out.

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// No such file.
    #[error("{path}: there is no such file; check the path")]
    Missing {
        /// As given.
        path: String,
    },
    /// A directory.
    #[error("{path}: this is a directory; name a file in it")]
    Directory {
        /// As given.
        path: String,
    },
    /// The operating system refused.
    #[error("{path}: cannot be read: {source}; check the file's permissions or its disk")]
    Io {
        /// As given.
        path: String,
        /// What it said.
        source: std::io::Error,
    },
    /// Not one byte, or blank lines alone.
    #[error("{path}: the file is empty; give a table with a row for each flow")]
    Empty {
        /// As given.
        path: String,
    },
    /// A header alone, or no record that could be read.
    #[error(
        "{path}:{line}: no row{bad} follows; give a table with a row for each flow", 
        bad = if *.bad_records == 0 { String::new() }
              else { format!(" that can be read (bad records: {bad_records})") }
    )]
    NoRows {
        /// As given.
        path: String,
        /// The last line read, from 1.
        line: u64,
        /// Records that could not be read.
        bad_records: u64,
    },
    /// Bytes that are no table.
    #[error("{path}: this is {what}, not a table; {way_out}")]
    NotATable {
        /// As given.
        path: String,
        /// What it looks like.
        what: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// Not one byte where a capture should be.
    #[error("{path}: the file is empty; give a capture, such as `tcpdump -w {path}` writes")]
    EmptyCapture {
        /// As given.
        path: String,
    },
    /// Bytes that are no capture.
    #[error(
        "{path}: this is {what}, not a packet capture; give a pcap or pcapng file, plain or packed \
         by gzip or zstd"
    )]
    NotACapture {
        /// As given.
        path: String,
        /// What it looks like.
        what: String,
    },
    /// Compressed data or a Parquet file that does not hold together.
    #[error("{path}: damaged {format} data: {reason}; fetch or write the file again")]
    Damaged {
        /// As given.
        path: String,
        /// `gzip`, `zstd`, `Parquet`.
        format: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// Bigger than any table of flows.
    #[error("{path}:{line}: {what} is over the bound of {bound}; {way_out}")]
    TooLarge {
        /// As given.
        path: String,
        /// From 1.
        line: u64,
        /// What is.
        what: &'static str,
        /// How much is allowed.
        bound: usize,
        /// What to do.
        way_out: &'static str,
    },
    /// A file of flow labels lacks a column.
    #[error(
        "{path}:1: a file of flow labels needs a column {missing}; `source`, `source_port`, \
         `destination`, `destination_port`, `protocol`, `start_time`, `end_time`, `label`, \
         `category` are understood; its columns are: {columns}"
    )]
    LabelColumns {
        /// As given.
        path: String,
        /// One of the names that would do.
        missing: &'static str,
        /// The header.
        columns: String,
    },
    /// Labels are needed, and no column is known to hold them.
    #[error(
        "{path}: no label column is known for this table; name it by `--label COLUMN --benign \
         VALUE`; its columns are: {columns}"
    )]
    NoLabel {
        /// As given.
        path: String,
        /// Names, with commas between.
        columns: String,
    },
    /// An option names a column that is not there.
    #[error(
        "{path}:1: there is no column `{column}` for `{option}`{close}; columns are: {columns}"
    )]
    UnknownColumn {
        /// As given.
        path: String,
        /// The option, such as `--label`.
        option: &'static str,
        /// As asked for.
        column: String,
        /// Empty, or names that are nearly it.
        close: String,
        /// Names, with commas between.
        columns: String,
    },
    /// Which value of the label column is benign cannot be told.
    #[error(
        "{path}: which value of label column `{column}` is benign? say it by `--benign VALUE`; its \
         values are: {values}"
    )]
    AskBenign {
        /// As given.
        path: String,
        /// The label column.
        column: String,
        /// Those seen first, with commas between.
        values: String,
    },
    /// No row has the benign value.
    #[error(
        "{path}: no row of label column `{column}` is `{benign}`; name the benign one of its \
         values by `--benign VALUE`: {values}"
    )]
    NoBenign {
        /// As given.
        path: String,
        /// The label column.
        column: String,
        /// As asked for.
        benign: String,
        /// Those seen, with commas between.
        values: String,
    },
    /// The label column has more values than there can be kinds of attack.
    #[error(
        "{path}: label column `{column}` has more than {bound} values; name a column of classes by \
         `--label COLUMN`"
    )]
    TooManyClasses {
        /// As given.
        path: String,
        /// The label column.
        column: String,
        /// How many are allowed.
        bound: usize,
    },
    /// More bad records than allowed.
    #[error(
        "{path}:{line}: {reason}; too many records are bad: {bad_records} beside {rows} good ones; mend \
         the file, or check its delimiter and its header"
    )]
    BadRecords {
        /// As given.
        path: String,
        /// Of the first bad record, from 1.
        line: u64,
        /// What is wrong with the first bad record.
        reason: String,
        /// How many are bad.
        bad_records: u64,
        /// How many are good.
        rows: u64,
    },
    /// Columns that make no frame.
    #[error("{path}: {source}")]
    Frame {
        /// As given.
        path: String,
        /// Why.
        source: tripline_core::FrameError,
    },
    /// Not one byte, or blank lines alone, where a sensor's log was expected.
    #[error("{path}: the log is empty; give one that the sensor has written to")]
    EmptyLog {
        /// As given.
        path: String,
    },
    /// No log of a sensor.
    #[error(
        "{path}: this is no log that is read here; give Zeek's conn, http, dns, ssl, ssh or files \
         log (TSV with its header, or JSON), a folder of them, or Suricata's eve.json"
    )]
    NotALog {
        /// As given.
        path: String,
    },
    /// A Zeek log whose header lacks a column that its flows need.
    #[error(
        "{path}: the header of this Zeek log has no column `{column}`; write the log with Zeek's \
         own column names and without leaving it out; its columns are: {columns}"
    )]
    NoSensorColumn {
        /// As given.
        path: String,
        /// The first that is missing.
        column: &'static str,
        /// Names, with commas between.
        columns: String,
    },
    /// A socket that cannot be bound.
    #[error(
        "{address}: cannot listen for flow records: {source}; if another collector holds the \
         port, stop it or choose another port"
    )]
    Bind {
        /// As given.
        address: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A socket that stopped giving datagrams.
    #[error("{address}: receiving flow records failed: {source}; start again")]
    Receive {
        /// As bound.
        address: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// An interface cannot be listened to.
    #[error(transparent)]
    Live(#[from] crate::live::LiveError),
    /// A filter is refused.
    #[error(transparent)]
    Filter(#[from] crate::filter::FilterError),
    /// `Progress::go_on` said no.
    #[error("{path}: reading was cancelled")]
    Cancelled {
        /// As given.
        path: String,
    },
}
