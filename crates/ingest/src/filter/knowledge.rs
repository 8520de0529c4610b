//! Tests left out whose answers are known from tests before them.
//!
//! `host A or host B` asks twice for the type of the frame; on the way to the second question, the
//! answer is known. Only fields that tell what follows ([`Load::Kind`]) are kept in mind: there are
//! few, so a test is not copied for many different histories.

use std::collections::HashMap;

use super::condition::{Compare, Load, Test};
use super::decision::{Decision, Node, Place};

/// Answers kept in mind on one way.
const KEPT: usize = 12;

/// Tests with different histories, over which the graph is left as it is.
const BOUND: usize = 1 << 18;

/// Answers on the way to a test, sorted.
type History = Vec<(Test, bool)>;

/// A graph with the same answers and fewer tests on each way, with the place where it starts.
pub(super) fn simplify(decision: &Decision, start: Place) -> (Decision, Place) {
    simplified(decision, start).unwrap_or_else(|| (decision.clone(), start))
}

/// `None` over the bound.
fn simplified(decision: &Decision, start: Place) -> Option<(Decision, Place)> {
    let mut histories = Histories::default();
    // For each place: with which histories it is reached, and where that leads in the new graph.
    let mut reached: Vec<Vec<(usize, Place)>> = vec![Vec::new(); start.index() + 1];
    reached[start.index()].push((histories.id(History::new()), Place::REJECT));
    let mut total = 0;
    // What leads to a place was made after it, so has a higher index.
    for index in (0..=start.index()).rev() {
        total += reached[index].len();
        if total > BOUND {
            return None;
        }
        let Some(node) = decision.get(Place::at(index)) else { continue };
        for at in 0..reached[index].len() {
            let (history, _) = reached[index][at];
            for (next, history) in histories.ways(history, node).into_iter().flatten() {
                let slot = &mut reached[next.index()];
                if !slot.iter().any(|(known, _)| *known == history) {
                    slot.push((history, Place::REJECT));
                }
            }
        }
    }
    let mut simple = Decision::default();
    for index in 0..=start.index() {
        let place = Place::at(index);
        for at in 0..reached[index].len() {
            let (history, _) = reached[index][at];
            let target = match decision.get(place) {
                None => place,
                Some(node) => {
                    let new = |way: Option<(Place, usize)>| {
                        let (next, history) = way?;
                        let found = reached[next.index()].iter();
                        found.clone().find(|(known, _)| *known == history).map(|(_, new)| *new)
                    };
                    match histories.ways(history, node).map(new) {
                        [Some(on_true), Some(on_false)] => {
                            simple.node(node.test, on_true, on_false)
                        }
                        [Some(only), None] | [None, Some(only)] => only,
                        [None, None] => return None,
                    }
                }
            };
            reached[index][at].1 = target;
        }
    }
    let (_, start) = *reached[start.index()].first()?;
    Some((simple, start))
}

/// Histories by number, each once.
#[derive(Default)]
struct Histories {
    all: Vec<History>,
    known: HashMap<History, usize>,
}

impl Histories {
    fn id(&mut self, history: History) -> usize {
        let next = self.all.len();
        *self.known.entry(history).or_insert_with_key(|history| {
            self.all.push(history.clone());
            next
        })
    }

    /// Where the answers "yes" and "no" lead, with the history behind them; `None` where the
    /// history excludes the answer.
    fn ways(&mut self, history: usize, node: &Node) -> [Option<(Place, usize)>; 2] {
        let known = &self.all[history];
        let settled = known.iter().find_map(|(test, answer)| node.test.given(test, *answer));
        let ways = [(true, node.on_true), (false, node.on_false)];
        ways.map(|(answer, next)| match settled {
            None => Some((next, self.with(history, node.test, answer))),
            Some(known) if known == answer => Some((next, history)),
            Some(_) => None,
        })
    }

    fn with(&mut self, history: usize, test: Test, answer: bool) -> usize {
        if !matches!(test.value.load, Load::Kind(..)) {
            return history;
        }
        let mut longer = self.all[history].clone();
        if answer && test.compare == Compare::Equal {
            // This tells all of the value.
            longer.retain(|(other, _)| other.value != test.value);
        }
        if longer.len() < KEPT {
            longer.push((test, answer));
            longer.sort_unstable();
        }
        self.id(longer)
    }
}
