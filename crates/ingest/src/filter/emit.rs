//! A graph of tests written as classic BPF.

use std::collections::HashMap;

use super::condition::{Compare, Load, Value, Width};
use super::decision::{Decision, Place};
use super::program::{Instruction, code};

/// Where the kernel's extensions of loads begin: `SKF_AD_OFF` of `linux/filter.h`.
const BESIDE: u32 = 0xffff_f000;

/// The farthest that a conditional jump reaches.
const REACH: usize = u8::MAX as usize;

/// What the two registers surely hold before a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Held {
    value: Option<Value>,
    /// X has the length of the IPv4 header that begins here.
    header: Option<u32>,
}

/// Instructions that begin at a place of the graph; accepting gives `snap_bytes`.
pub(super) fn emit(decision: &Decision, start: Place, snap_bytes: u32) -> Vec<Instruction> {
    let held = held(decision, start);
    // Written from the end to the start: every jump goes forward, to what is written already.
    let mut backward: Vec<Instruction> = Vec::new();
    let mut written = vec![0_usize; start.index() + 1];
    // The last unconditional jump to a place: others may come by it.
    let mut hops: HashMap<usize, usize> = HashMap::new();
    for index in 0..=start.index() {
        let Some(held) = &held[index] else { continue };
        let place = Place::at(index);
        let Some(node) = decision.get(place) else {
            let k = if place == Place::ACCEPT { snap_bytes } else { 0 };
            backward.push(Instruction::new(code::RETURN, k));
            written[index] = backward.len();
            continue;
        };
        let on_true = written[node.on_true.index()];
        let on_false = written[node.on_false.index()];
        // A long jump to the farther goal may put the other one out of reach, hence the 1.
        let far = |from: usize, to: usize| from - to > REACH - 1;
        let mut short = [on_true, on_false];
        for goal in &mut short {
            if far(backward.len(), *goal) {
                let hop = hops.entry(*goal).or_insert(*goal);
                if far(backward.len(), *hop) {
                    let over = backward.len() - *goal;
                    backward.push(Instruction::new(code::JUMP, over as u32));
                    *hop = backward.len();
                }
                *goal = *hop;
            }
        }
        let (jump, k) = match node.test.compare {
            Compare::Equal => (code::JUMP_EQUAL, node.test.with),
            Compare::Greater => (code::JUMP_GREATER, node.test.with),
            Compare::AtLeast => (code::JUMP_AT_LEAST, node.test.with),
            Compare::AnySet => (code::JUMP_ANY_SET, node.test.with),
        };
        let over = |goal: usize| (backward.len() - goal) as u8;
        let (jt, jf) = (over(short[0]), over(short[1]));
        backward.push(Instruction { code: jump, jt, jf, k });
        if held.value != Some(node.test.value) {
            push_load(&mut backward, node.test.value, held.header);
        }
        written[index] = backward.len();
    }
    backward.reverse();
    backward
}

/// What is held before each place that can be reached; `None` for the others.
fn held(decision: &Decision, start: Place) -> Vec<Option<Held>> {
    let mut all: Vec<Option<Held>> = vec![None; start.index() + 1];
    all[start.index()] = Some(Held::default());
    // What leads to a place was made after it.
    for index in (0..=start.index()).rev() {
        let (Some(before), Some(node)) = (all[index], decision.get(Place::at(index))) else {
            continue;
        };
        let header = match node.test.value.load {
            Load::BehindIpv4 { header, .. } => Some(header),
            _ => before.header,
        };
        let after = Held { value: Some(node.test.value), header };
        for next in [node.on_true, node.on_false] {
            let slot = &mut all[next.index()];
            *slot = Some(match *slot {
                None => after,
                Some(other) => Held {
                    value: other.value.filter(|value| after.value == Some(*value)),
                    header: other.header.filter(|header| after.header == Some(*header)),
                },
            });
        }
    }
    all
}

/// The load of a value, last instruction first.
fn push_load(backward: &mut Vec<Instruction>, value: Value, header_held: Option<u32>) {
    if value.mask != u32::MAX {
        backward.push(Instruction::new(code::AND, value.mask));
    }
    match value.load {
        Load::Length => backward.push(Instruction::new(code::LOAD_LENGTH, 0)),
        Load::At(width, offset) | Load::Kind(width, offset) => {
            let code = match width {
                Width::Byte => code::LOAD_BYTE,
                Width::Half => code::LOAD_HALF,
                Width::Word => code::LOAD_WORD,
            };
            backward.push(Instruction::new(code, offset));
        }
        Load::BehindIpv4 { header, more } => {
            backward.push(Instruction::new(code::LOAD_HALF_X, header + more));
            if header_held != Some(header) {
                backward.push(Instruction::new(code::LOAD_X_HEADER, header));
            }
        }
        Load::Beside(offset) => {
            backward.push(Instruction::new(code::LOAD_WORD, BESIDE + offset));
        }
    }
}
