//! A filter applied to blocks of frames, whatever their link types.

use std::collections::BTreeMap;

use super::{Filter, FilterError, FrameView, Program};
use crate::capture::{Block, LinkType};

/// A filter applied to blocks of frames; programs are compiled when a link type first comes.
#[derive(Debug, Clone)]
pub struct Selection {
    filter: Filter,
    /// `None` where a known link type cannot have what is asked for.
    programs: BTreeMap<LinkType, Option<Program>>,
    passed: u64,
    rejected: u64,
    not_known: u64,
    refusal: Option<FilterError>,
}

impl Selection {
    /// # Errors
    /// The filter makes a program that is too long.
    pub fn new(filter: Filter) -> Result<Self, FilterError> {
        let ethernet = filter.compile(LinkType::ETHERNET, u32::MAX)?;
        Ok(Self {
            filter,
            programs: BTreeMap::from([(LinkType::ETHERNET, Some(ethernet))]),
            passed: 0,
            rejected: 0,
            not_known: 0,
            refusal: None,
        })
    }

    /// Keeps the frames that pass. Those of a link type that filters do not know never do.
    pub fn keep(&mut self, block: &mut Block) {
        block.retain(|record, bytes| {
            let frame = FrameView { bytes, wire_bytes: record.wire, ..FrameView::default() };
            let passes = self.program(record.link).map(|program| program.passes(&frame));
            let count = match passes {
                Some(true) => &mut self.passed,
                Some(false) => &mut self.rejected,
                None => &mut self.not_known,
            };
            *count += 1;
            passes == Some(true)
        });
    }

    /// Frames that passed.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Frames that did not.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Frames of link types that filters do not know, or that cannot have what is asked for.
    pub fn not_known(&self) -> u64 {
        self.not_known
    }

    /// Why the first of those could not be judged.
    pub fn refusal(&self) -> Option<&FilterError> {
        self.refusal.as_ref()
    }

    fn program(&mut self, link: LinkType) -> Option<&Program> {
        if !self.programs.contains_key(&link) {
            match self.filter.compile(link, u32::MAX) {
                Ok(program) => {
                    self.programs.insert(link, Some(program));
                }
                Err(error) => {
                    // Only types that filters know are kept, of which there are ten.
                    if !matches!(error, FilterError::Link { .. }) {
                        self.programs.insert(link, None);
                    }
                    self.refusal.get_or_insert(error);
                }
            }
        }
        self.programs.get(&link)?.as_ref()
    }
}
