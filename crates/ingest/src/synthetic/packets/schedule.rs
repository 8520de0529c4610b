//! Packets of all conversations in order of time, in memory bounded by what is under way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tripline_core::Rng;

use super::agent::{Agent, Turn};
use super::conversation::{Conversation, nanos};
use super::scene::Scene;

/// Whoever causes traffic, with how much it still may.
struct Source {
    agent: Box<dyn Agent>,
    rng: Rng,
    /// Index into the budgets.
    budget: usize,
}

/// Something that happens next: its time, then its number, so that the order is one alone.
type Entry = Reverse<(i64, u64, usize)>;

/// Conversations under way with what will begin some.
pub(super) struct Schedule {
    scene: Scene,
    heap: BinaryHeap<Entry>,
    items: Vec<Option<Item>>,
    free: Vec<usize>,
    budgets: Vec<usize>,
    entries: u64,
    planned: Vec<Conversation>,
}

enum Item {
    Source(Source),
    /// A conversation with the place of its next packet.
    Conversation(Conversation, usize),
}

/// What comes next.
pub(super) struct Next<'a> {
    pub(super) conversation: &'a Conversation,
    /// Place of the packet in it.
    pub(super) index: usize,
}

impl Schedule {
    pub(super) fn new(scene: Scene) -> Self {
        Self {
            scene,
            heap: BinaryHeap::new(),
            items: Vec::new(),
            free: Vec::new(),
            budgets: Vec::new(),
            entries: 0,
            planned: Vec::new(),
        }
    }

    /// So many conversations that some sources share; gives the number of the budget.
    pub(super) fn budget(&mut self, conversations: usize) -> usize {
        self.budgets.push(conversations);
        self.budgets.len() - 1
    }

    /// A source that is first asked at `start`.
    pub(super) fn add(&mut self, start: i64, budget: usize, agent: Box<dyn Agent>, rng: Rng) {
        self.put(start, Item::Source(Source { agent, rng, budget }));
    }

    /// Calls `use_next` with the next packet; false if there is none.
    pub(super) fn next(&mut self, use_next: impl FnOnce(Next<'_>)) -> bool {
        while let Some(Reverse((at, _, slot))) = self.heap.pop() {
            match self.items[slot].take() {
                Some(Item::Conversation(conversation, index)) => {
                    use_next(Next { conversation: &conversation, index });
                    self.free.push(slot);
                    self.put_conversation(conversation, index + 1);
                    return true;
                }
                Some(Item::Source(source)) => {
                    self.free.push(slot);
                    self.wake(at, source);
                }
                None => {}
            }
        }
        false
    }

    fn wake(&mut self, at: i64, mut source: Source) {
        let left = self.budgets[source.budget];
        if left == 0 {
            return;
        }
        let mut planned = std::mem::take(&mut self.planned);
        let mut turn =
            Turn { scene: &mut self.scene, rng: &mut source.rng, at, left, out: &mut planned };
        let pause = source.agent.wake(&mut turn);
        planned.truncate(left);
        self.budgets[source.budget] = left - planned.len();
        for conversation in planned.drain(..) {
            self.put_conversation(conversation, 0);
        }
        self.planned = planned;
        if let Some(pause) = pause {
            // At least a microsecond goes by, so that time goes on whatever an agent says.
            self.put(at + nanos(pause).max(1000), Item::Source(source));
        }
    }

    fn put_conversation(&mut self, conversation: Conversation, index: usize) {
        if let Some(time) = conversation.packets.get(index).map(|planned| planned.time) {
            self.put(time, Item::Conversation(conversation, index));
        }
    }

    fn put(&mut self, time: i64, item: Item) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.items[slot] = Some(item);
                slot
            }
            None => {
                self.items.push(Some(item));
                self.items.len() - 1
            }
        };
        self.heap.push(Reverse((time, self.entries, slot)));
        self.entries += 1;
    }
}
