//! Labels of flows from a file, joined by endpoints and time.
//!
//! A file tells flows by the endpoints with the time; what is known of them is found by the names
//! of the columns: the truth that `tripline generate packets` writes, the flows of CIC-IDS2017
//! (`Src IP`, `Timestamp`, `Label`), the ground truth of UNSW-NB15 (`Start time`, `Last time`,
//! `Attack category`), or a list written by hand. An address may be a network (`10.0.0.0/8`), any
//! endpoint or protocol may be left open (`*` or empty), and a line without a time holds always.
//!
//! A flow takes a label if endpoints fit in either direction and the times overlap, given some
//! slack. Of several the one whose start is nearest to the flow's wins, then the more specific,
//! then the earlier line; that there were others of another class is counted.

mod columns;
mod intervals;
mod pattern;
mod read;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use tripline_core::flow::Flow;

use self::intervals::Intervals;
use self::pattern::{Pattern, Shape};
use crate::bytes::Input;
use crate::error::IngestError;

/// Name of the class of flows without a label.
pub const BENIGN: &str = "normal";

/// How labels are read and joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelOptions {
    /// Times of label and flow may be this far apart.
    pub slack: Duration,
    /// Added to every time of the file, in seconds: a file in local time needs it, such as
    /// CIC-IDS2017, which was captured in UTC−3 (10,800).
    pub shift_s: i64,
    /// What becomes of flows without a label.
    pub unlabelled: Unlabelled,
    /// Most lines; a label takes some 100 bytes.
    pub max_labels: usize,
}

impl Default for LabelOptions {
    fn default() -> Self {
        let slack = Duration::from_secs(1);
        Self { slack, shift_s: 0, unlabelled: Unlabelled::Benign, max_labels: 20_000_000 }
    }
}

/// What becomes of flows without a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unlabelled {
    /// They are benign: the file tells of all attacks.
    #[default]
    Benign,
    /// They are left out: nobody knows.
    Drop,
}

/// Labels of flows, by endpoints.
#[derive(Debug)]
pub struct FlowLabels {
    /// Class names; the first is benign.
    classes: Vec<String>,
    /// Kinds of patterns there are, the most specific first.
    shapes: Vec<Shape>,
    /// For each shape and each pattern of it, the labels by class.
    rules: Vec<HashMap<Pattern, Vec<(u32, Intervals)>>>,
    labels: u64,
    bad: BadLines,
    options: LabelOptions,
}

/// Lines that tell no label.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BadLines {
    /// How many.
    pub lines: u64,
    /// The first: its number from 1, with what is wrong.
    pub first: Option<(u64, String)>,
}

/// What came of joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JoinCounts {
    /// Flows given.
    pub flows: u64,
    /// Flows with a label.
    pub labelled: u64,
    /// Of those, flows whose label names the endpoints the other way round.
    pub reversed: u64,
    /// Flows that labels of several classes fit.
    pub conflicts: u64,
    /// Flows without a label.
    pub unlabelled: u64,
    /// Labels of the file.
    pub labels: u64,
    /// Labels that no flow took.
    pub labels_without_flow: u64,
}

impl FlowLabels {
    /// Reads a file of comma-separated values, plain or compressed.
    ///
    /// Errors if there is no file, if its header lacks a column that is needed, or if no line of
    /// it tells a label; single bad lines are counted.
    pub fn read(path: &Path, options: &LabelOptions) -> Result<Self, IngestError> {
        read::read(&Input::File(path.to_owned()), options)
    }

    /// The same from memory; `name` is for messages.
    pub fn read_bytes(
        name: &str,
        bytes: &[u8],
        options: &LabelOptions,
    ) -> Result<Self, IngestError> {
        read::read(&Input::Memory { name: name.to_owned(), bytes: bytes.into() }, options)
    }

    /// Class names; the first is that of benign flows.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.labels as usize
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.labels == 0
    }

    /// Lines that told no label.
    pub fn bad_lines(&self) -> &BadLines {
        &self.bad
    }

    /// The class of each flow, as an index into [`FlowLabels::classes`]; `None` for flows that are
    /// to be dropped.
    pub fn join(&self, flows: &[Flow]) -> (Vec<Option<u32>>, JoinCounts) {
        let mut joiner = self.joiner();
        let classes = joiner.join(flows);
        (classes, joiner.counts())
    }

    /// The same for flows that come in pieces.
    pub fn joiner(&self) -> Joiner<'_> {
        Joiner {
            labels: self,
            taken: vec![0; self.len().div_ceil(64)],
            counts: JoinCounts { labels: self.labels, ..JoinCounts::default() },
        }
    }

    /// Labels that fit a flow in one direction are offered to `take`.
    fn each(&self, flow: &Flow, reversed: bool, take: &mut impl FnMut(Match)) {
        let slack = i64::try_from(self.options.slack.as_nanos()).unwrap_or(i64::MAX);
        let from = flow.start_ns.saturating_sub(slack);
        let to = flow.end_ns.max(flow.start_ns).saturating_add(slack);
        for (place, (shape, rules)) in self.shapes.iter().zip(&self.rules).enumerate() {
            let pattern = shape.of_flow(&flow.key, reversed);
            for (class, intervals) in rules.get(&pattern).into_iter().flatten() {
                for found in intervals.nearest(from, to, flow.start_ns).into_iter().flatten() {
                    take(Match {
                        distance: found.start.abs_diff(flow.start_ns),
                        shape: place,
                        label: found.label,
                        class: *class,
                        reversed,
                    });
                }
            }
        }
    }
}

/// Joins flows that come in pieces.
#[derive(Debug)]
pub struct Joiner<'a> {
    labels: &'a FlowLabels,
    /// A bit for each label.
    taken: Vec<u64>,
    counts: JoinCounts,
}

impl Joiner<'_> {
    /// The class of each flow, as an index into [`FlowLabels::classes`]; `None` for flows that are
    /// to be dropped.
    pub fn join(&mut self, flows: &[Flow]) -> Vec<Option<u32>> {
        flows.iter().map(|flow| self.class(flow)).collect()
    }

    /// What came of it so far.
    pub fn counts(&self) -> JoinCounts {
        let taken: u64 = self.taken.iter().map(|bits| u64::from(bits.count_ones())).sum();
        JoinCounts { labels_without_flow: self.labels.labels - taken, ..self.counts }
    }

    fn class(&mut self, flow: &Flow) -> Option<u32> {
        let mut best: Option<Match> = None;
        let mut conflict = false;
        let mut take = |found: Match| {
            conflict |= best.is_some_and(|best| best.class != found.class);
            if best.is_none_or(|best| found < best) {
                best = Some(found);
            }
        };
        self.labels.each(flow, false, &mut take);
        self.labels.each(flow, true, &mut take);
        self.counts.flows += 1;
        let Some(best) = best else {
            self.counts.unlabelled += 1;
            return match self.labels.options.unlabelled {
                Unlabelled::Benign => Some(0),
                Unlabelled::Drop => None,
            };
        };
        self.counts.labelled += 1;
        self.counts.conflicts += u64::from(conflict);
        self.counts.reversed += u64::from(best.reversed);
        if let Some(bits) = self.taken.get_mut(best.label as usize / 64) {
            *bits |= 1 << (best.label % 64);
        }
        Some(best.class)
    }
}

/// A label that fits; the order of fields is that of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    distance: u64,
    shape: usize,
    label: u32,
    class: u32,
    reversed: bool,
}
