//! What must last: the model file, journals, the atomic writing of any output.
//!
//! A model file is data: reading it executes nothing. Its size is bounded before it is read, its
//! checksum is verified before anything else is believed, every length in it is checked before
//! memory is taken. What a section means is not known here.

pub mod atomic;
pub mod error;
pub mod format;
pub mod journal;
pub mod key;
pub mod limits;
pub mod model_file;

pub use atomic::{AtomicFile, discard_unfinished, write_atomic};
pub use error::StoreError;
pub use journal::{Journal, Lines};
pub use key::{KeyError, PublicKey, SecretKey};
pub use limits::Limits;
pub use model_file::{ModelFile, SectionError, is_model_file, read_bounded};
