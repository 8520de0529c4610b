//! Flows of all partitions in one order.

use tripline_core::flow::Flow;

use super::key::PARTITIONS;
use super::window::Window;

/// Flows that a partition told, with their rows one behind the other.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) flows: Vec<Option<Flow>>,
    pub(super) values: Vec<f64>,
}

/// Where a flow lies that was told.
#[derive(Debug, Clone, Copy)]
struct Held {
    end_ns: i64,
    first_packet: u64,
    block: u32,
    row: u32,
}

impl Held {
    fn order(&self) -> (i64, u64) {
        (self.end_ns, self.first_packet)
    }
}

#[derive(Debug)]
struct Kept {
    block: Block,
    left: usize,
}

/// How far times of packets may lie behind the clock without their flows coming out of order.
const DISORDER_NS: i64 = 1_000_000_000;

/// Empty blocks kept to be used again.
const SPARE: usize = 2 * PARTITIONS;

/// Rows taken already that blocks may keep beside as many as are held.
const LOOSE: usize = 1 << 16;

/// Flows that are held back until none can come before them, by time of the last packet then by
/// number of the first.
#[derive(Debug)]
pub(super) struct Merge {
    columns: usize,
    max_held: usize,
    /// Rows of all blocks, those of flows taken already included.
    rows: usize,
    blocks: Vec<Option<Kept>>,
    free: Vec<u32>,
    spare: Vec<Block>,
    held: Vec<Held>,
    released: Vec<Held>,
    last: (i64, u64),
    /// Flows told behind one that should have come later.
    pub(super) disordered: u64,
    /// Most flows held back when some were let go.
    pub(super) held_peak: usize,
}

impl Merge {
    pub(super) fn new(columns: usize, max_held: usize, max_bytes: usize) -> Self {
        let row_bytes = columns * size_of::<f64>() + size_of::<Option<Flow>>() + size_of::<Held>();
        // Blocks are half full at the least.
        let max_held = max_held.min(max_bytes / (2 * row_bytes));
        Self {
            columns,
            max_held,
            rows: 0,
            blocks: Vec::new(),
            free: Vec::new(),
            spare: Vec::new(),
            held: Vec::new(),
            released: Vec::new(),
            last: (i64::MIN, 0),
            disordered: 0,
            held_peak: 0,
        }
    }

    /// Flows held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// An empty block, one that was used before if there is one: its pages are at hand.
    pub(super) fn spare(&mut self) -> Block {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes what a partition told; [`Merge::sort`] must follow.
    pub(super) fn absorb(&mut self, block: Block) {
        let number = match self.free.pop() {
            Some(number) => number,
            None => {
                self.blocks.push(None);
                (self.blocks.len() - 1) as u32
            }
        };
        for (row, flow) in block.flows.iter().enumerate() {
            if let Some(flow) = flow {
                self.held.push(Held {
                    end_ns: flow.end_ns,
                    first_packet: flow.first_packet,
                    block: number,
                    row: row as u32,
                });
            }
        }
        let left = block.flows.len();
        self.rows += left;
        self.blocks[number as usize] = Some(Kept { block, left });
    }

    /// Puts what was taken in order.
    pub(super) fn sort(&mut self) {
        // Stable: what one partition tells of one flow keeps its order. What was held is one run.
        self.held.sort_by_key(Held::order);
    }

    /// Lets go of flows that end before `oldest_ns` less some disorder, and of those too many.
    pub(super) fn release(&mut self, oldest_ns: Option<i64>, window: &mut Option<Box<dyn Window>>) {
        let count = match oldest_ns {
            None => self.held.len(),
            Some(oldest_ns) => {
                let bound = oldest_ns.saturating_sub(DISORDER_NS);
                let ready = self.held.partition_point(|held| held.end_ns < bound);
                ready.max(self.held.len().saturating_sub(self.max_held))
            }
        };
        for held in self.held.drain(..count) {
            if held.order() < self.last {
                self.disordered += 1;
            } else {
                self.last = held.order();
            }
            if let Some(window) = window
                && let Some(kept) = &mut self.blocks[held.block as usize]
                && let Some(flow) = &kept.block.flows[held.row as usize]
            {
                let start = held.row as usize * self.columns;
                window.push(flow, &mut kept.block.values[start..start + self.columns]);
            }
            self.released.push(held);
        }
        self.held_peak = self.held_peak.max(self.held.len());
    }

    /// Puts what is held into a block of its own, if most rows of the blocks were taken already.
    fn compact(&mut self) {
        let left = self.held.len() + self.released.len();
        if self.rows <= 2 * left + LOOSE {
            return;
        }
        let mut whole = Block::default();
        for held in self.held.iter_mut().chain(&mut self.released) {
            let Some(kept) = &mut self.blocks[held.block as usize] else { continue };
            let start = held.row as usize * self.columns;
            let Some(values) = kept.block.values.get(start..start + self.columns) else { continue };
            held.block = 0;
            whole.values.extend_from_slice(values);
            whole.flows.push(kept.block.flows[held.row as usize].take());
            held.row = (whole.flows.len() - 1) as u32;
        }
        self.free.clear();
        self.blocks.clear();
        self.rows = whole.flows.len();
        self.blocks.push(Some(Kept { left: whole.flows.len(), block: whole }));
    }

    /// The rows of the flows let go and not taken yet.
    pub(super) fn rows(&self) -> Vec<&[f64]> {
        let row = |held: &Held| {
            let start = held.row as usize * self.columns;
            self.blocks[held.block as usize]
                .as_ref()
                .and_then(|kept| kept.block.values.get(start..start + self.columns))
                .unwrap_or_default()
        };
        self.released.iter().map(row).collect()
    }

    /// Takes the flows let go.
    pub(super) fn take(&mut self) -> Vec<Flow> {
        let released = std::mem::take(&mut self.released);
        let mut flows = Vec::with_capacity(released.len());
        for held in released {
            let slot = &mut self.blocks[held.block as usize];
            if let Some(kept) = slot {
                flows.extend(kept.block.flows[held.row as usize].take());
                kept.left -= 1;
                if kept.left == 0 {
                    self.rows -= kept.block.flows.len();
                    self.free.push(held.block);
                    if let Some(Kept { mut block, .. }) = slot.take()
                        && self.spare.len() < SPARE
                    {
                        block.flows.clear();
                        block.values.clear();
                        self.spare.push(block);
                    }
                }
            }
        }
        self.compact();
        flows
    }
}
