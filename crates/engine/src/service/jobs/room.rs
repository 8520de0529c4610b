//! The room that uploads share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::JobError;
use super::settings::JobSettings;

/// Room that uploads take, those under way too.
#[derive(Debug, Default)]
pub(super) struct Room(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    bytes: u64,
    uploads: usize,
}

impl Room {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is taken by the uploads that are there.
    pub(super) fn set(&self, bytes: u64, uploads: usize) {
        *self.taken() = Taken { bytes, uploads };
    }

    /// Gives room back.
    pub(super) fn give(&self, bytes: u64, uploads: usize) {
        let mut taken = self.taken();
        taken.bytes = taken.bytes.saturating_sub(bytes);
        taken.uploads = taken.uploads.saturating_sub(uploads);
    }
}

/// The room of one upload under way; dropped before [`Place::keep`], it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Room>,
    most: u64,
    bytes: u64,
    kept: bool,
}

impl Place {
    /// A place among the uploads, without bytes yet.
    pub(super) fn new(room: Arc<Room>, settings: &JobSettings) -> Result<Self, JobError> {
        let mut taken = room.taken();
        if taken.uploads >= settings.max_uploads {
            let message = format!("there are {} uploads already: delete one", taken.uploads);
            return Err(JobError::field("body", message));
        }
        taken.uploads += 1;
        drop(taken);
        Ok(Self { room, most: settings.max_upload_bytes, bytes: 0, kept: false })
    }

    /// Takes further room; the error is how much there would have been for this upload.
    pub(super) fn take(&mut self, more: u64) -> Result<(), u64> {
        let mut taken = self.room.taken();
        let left = self.most.saturating_sub(taken.bytes);
        if more > left {
            return Err(self.bytes + left);
        }
        taken.bytes += more;
        self.bytes += more;
        Ok(())
    }

    /// The upload is there: its room is given back when it is deleted.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept {
            self.room.give(self.bytes, 1);
        }
    }
}
