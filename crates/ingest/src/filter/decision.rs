//! A condition as a graph of tests, each with the next one for either answer.

use std::collections::HashMap;

use super::condition::{Ask, Condition, Test};
use super::logic::{Join, Logic};

/// A place in the graph: first the two outcomes, then tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place(usize);

impl Place {
    pub(super) const REJECT: Self = Self(0);
    pub(super) const ACCEPT: Self = Self(1);

    /// The place of an index.
    pub(super) fn at(index: usize) -> Self {
        Self(index)
    }

    /// The place as an index.
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// A test with what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) test: Test,
    pub(super) on_true: Place,
    pub(super) on_false: Place,
}

/// Tests without a cycle: what follows a test was made before it, so has a lower place.
#[derive(Debug, Clone, Default)]
pub(super) struct Decision {
    nodes: Vec<Node>,
    // Equal parts are made once. Only looked up, so its order reaches nothing.
    known: HashMap<Node, Place>,
}

impl Decision {
    /// Where to begin so as to reach one place if the condition holds, another if not.
    pub(super) fn branch(&mut self, condition: &Condition, holds: Place, fails: Place) -> Place {
        match condition {
            Logic::Is(Ask::Known(true)) => holds,
            Logic::Is(Ask::Known(false)) => fails,
            Logic::Is(Ask::Test(test)) => self.node(*test, holds, fails),
            Logic::Not(inner) => self.branch(inner, fails, holds),
            Logic::Chain(first, rest) => {
                let (mut holds, mut fails) = (holds, fails);
                for (join, part) in rest.iter().rev() {
                    match join {
                        Join::And => holds = self.branch(part, holds, fails),
                        Join::Or => fails = self.branch(part, holds, fails),
                    }
                }
                self.branch(first, holds, fails)
            }
        }
    }

    /// The test at a place; `None` at an outcome.
    pub(super) fn get(&self, place: Place) -> Option<&Node> {
        self.nodes.get(place.0.checked_sub(2)?)
    }

    /// The place of a test, made if it is new and settles something.
    pub(super) fn node(&mut self, test: Test, on_true: Place, on_false: Place) -> Place {
        let on_true = self.behind(on_true, &test, true);
        let on_false = self.behind(on_false, &test, false);
        if on_true == on_false {
            return on_true;
        }
        let node = Node { test, on_true, on_false };
        let next = Place(self.nodes.len() + 2);
        *self.known.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            next
        })
    }

    /// Skips tests that this answer settles.
    fn behind(&self, mut place: Place, test: &Test, answer: bool) -> Place {
        while let Some(node) = self.get(place) {
            place = match node.test.given(test, answer) {
                Some(true) => node.on_true,
                Some(false) => node.on_false,
                None => break,
            };
        }
        place
    }
}
