//! What stands in for a packet socket on other systems: a clear refusal.

use std::convert::Infallible;
use std::time::Duration;

use super::error::LiveError;
use super::listen::{LiveCounters, LiveInterface, LiveOptions};
use crate::capture::{Block, LinkType};

/// There is none.
#[derive(Debug)]
pub(super) struct Source(Infallible);

pub(super) fn interfaces() -> Vec<LiveInterface> {
    Vec::new()
}

impl Source {
    pub(super) fn open(name: &str, _: &LiveOptions) -> Result<(Self, LinkType), LiveError> {
        Err(LiveError::System { interface: name.to_owned() })
    }

    pub(super) fn take(&mut self) -> Option<Block> {
        match self.0 {}
    }

    pub(super) fn none(&self) -> Block {
        match self.0 {}
    }

    pub(super) fn wait(&self, _: &str, _: Duration) -> Result<(), LiveError> {
        match self.0 {}
    }

    pub(super) fn counters(&mut self) -> LiveCounters {
        match self.0 {}
    }
}
