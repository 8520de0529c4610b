//! Which columns of a path each row of a block follows: many rows follow the same ones, so that
//! what a leaf adds is worked out once for all of these.

use crate::tree::Forest;
use crate::tree::score::Coded;
use crate::tree::score::columns::{BLOCK, Scratch};

use super::path::Path;

/// Rows whose bits are held in registers together.
const GROUP: usize = 64;

/// Rows of a block as the tests see them.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Number of rows, at most [`BLOCK`].
    pub(super) count: usize,
    /// Codes, if the forest has them.
    pub(super) scratch: Scratch,
    /// Else values, row-major.
    pub(super) values: Vec<f64>,
}

impl Block {
    /// Whether a row goes left at an inner node.
    #[inline(always)]
    pub(super) fn goes_left(
        &self,
        forest: &Forest,
        coded: Option<&Coded>,
        row: usize,
        node: usize,
    ) -> bool {
        match coded {
            Some(coded) => {
                let test = &coded.tests[node];
                let code = self.scratch.codes[test.view as usize * BLOCK + row];
                if test.category { code & test.level == 0 } else { code <= test.level }
            }
            None => {
                let column = forest.feature[node] as usize;
                forest.goes_left(node, self.values[row * forest.width + column])
            }
        }
    }
}

/// The distinct patterns of a block on one path.
///
/// A pattern has a bit for each column of the path: 1 where the row passes all its tests.
#[derive(Debug)]
pub(super) struct Patterns {
    /// For each eight columns, a byte of the pattern of each row.
    planes: Vec<[u8; BLOCK]>,
    /// For each 64 columns, a word of the pattern of each row.
    words: Vec<[u64; BLOCK]>,
    /// Words in use.
    size: usize,
    /// For each row the number of its pattern.
    pub(super) of_row: [u8; BLOCK],
    /// A row of each pattern, by number.
    rows: Vec<u8>,
    /// Rows of each pattern, by number.
    pub(super) counts: Vec<u32>,
    /// Number + 1 of the pattern at each place of a hash table; 0 is free.
    table: [u16; PLACES],
}

/// Places of the hash table: twice the most patterns.
const PLACES: usize = 2 * BLOCK;

impl Patterns {
    pub(super) fn new() -> Self {
        Self {
            planes: Vec::new(),
            words: Vec::new(),
            size: 0,
            of_row: [0; BLOCK],
            rows: Vec::new(),
            counts: Vec::new(),
            table: [0; PLACES],
        }
    }

    /// Number of patterns.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// 64 bits of a pattern, those of lower columns lower.
    #[inline(always)]
    pub(super) fn word(&self, pattern: usize, word: usize) -> u64 {
        self.words[word][usize::from(self.rows[pattern])]
    }

    /// Finds the patterns of a block's rows.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        forest: &Forest,
        coded: Option<&Coded>,
        block: &Block,
        path: &Path,
    ) {
        let bytes = path.columns.len().div_ceil(8);
        self.planes.resize(bytes.max(self.planes.len()), [0; BLOCK]);
        match coded {
            Some(coded) => self.test_codes(coded, block, path),
            None => self.test_values(forest, block, path),
        }
        self.size = path.columns.len().div_ceil(64);
        self.words.resize(self.size.max(self.words.len()), [0; BLOCK]);
        for byte in 0..bytes {
            let (word, plane) = (&mut self.words[byte / 8], &self.planes[byte]);
            for i in 0..BLOCK {
                let before = if byte % 8 == 0 { 0 } else { word[i] };
                word[i] = before | u64::from(plane[i]) << (8 * (byte % 8));
            }
        }
        self.rows.clear();
        self.counts.clear();
        if bytes == 1 {
            self.number_bytes(block.count);
        } else {
            self.number_words(block.count);
        }
    }

    #[inline(always)]
    fn test_codes(&mut self, coded: &Coded, block: &Block, path: &Path) {
        let (codes, _) = block.scratch.codes.as_chunks::<GROUP>();
        for group in 0..block.count.div_ceil(GROUP) {
            let mut first = 0;
            for number in 0..path.columns.len().div_ceil(8) {
                let mut bits = [0u8; GROUP];
                for bit in 0..(path.columns.len() - number * 8).min(8) {
                    let column = path.columns[number * 8 + bit];
                    let mut passes = [1u8 << bit; GROUP];
                    for step in &path.tests[first..column.end] {
                        let test = coded.tests[step.node as usize];
                        let codes = &codes[test.view as usize * (BLOCK / GROUP) + group];
                        // All ones to turn the answer of a test that must not be passed.
                        let turn = u8::from(!step.left).wrapping_neg();
                        if test.category {
                            for i in 0..GROUP {
                                let left = u8::from(codes[i] & test.level == 0).wrapping_neg();
                                passes[i] &= left ^ turn;
                            }
                        } else {
                            for i in 0..GROUP {
                                let left = u8::from(codes[i] <= test.level).wrapping_neg();
                                passes[i] &= left ^ turn;
                            }
                        }
                    }
                    first = column.end;
                    for i in 0..GROUP {
                        bits[i] |= passes[i];
                    }
                }
                let plane = &mut self.planes[number];
                plane[group * GROUP..][..GROUP].copy_from_slice(&bits);
            }
        }
    }

    fn test_values(&mut self, forest: &Forest, block: &Block, path: &Path) {
        self.planes.iter_mut().for_each(|plane| plane.fill(0));
        for row in 0..block.count {
            let values = &block.values[row * forest.width..][..forest.width];
            let mut first = 0;
            for (number, column) in path.columns.iter().enumerate() {
                let value = values[column.column];
                let passes = path.tests[first..column.end]
                    .iter()
                    .all(|step| forest.goes_left(step.node as usize, value) == step.left);
                self.planes[number / 8][row] |= u8::from(passes) << (number % 8);
                first = column.end;
            }
        }
    }

    /// Numbers patterns of one byte.
    #[inline(always)]
    fn number_bytes(&mut self, count: usize) {
        let mut numbers = [0u16; 256];
        for row in 0..count {
            let number = &mut numbers[usize::from(self.planes[0][row])];
            if *number == 0 {
                self.rows.push(row as u8);
                self.counts.push(0);
                *number = self.rows.len() as u16;
            }
            self.of_row[row] = (*number - 1) as u8;
            self.counts[usize::from(self.of_row[row])] += 1;
        }
    }

    /// Numbers longer patterns by a hash table.
    #[inline(always)]
    fn number_words(&mut self, count: usize) {
        self.table = [0; PLACES];
        let words = &self.words[..self.size];
        for row in 0..count {
            let mut hash = 0_u64;
            for word in words {
                // Multiplicative hashing (Knuth 1998, § 6.4) with the golden ratio.
                hash = (hash ^ word[row]).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
            let mut place = (hash >> 32) as usize % PLACES;
            let number = loop {
                let number = usize::from(self.table[place]);
                if number == 0 {
                    self.rows.push(row as u8);
                    self.counts.push(0);
                    self.table[place] = self.rows.len() as u16;
                    break self.rows.len() - 1;
                }
                let known = usize::from(self.rows[number - 1]);
                if words.iter().all(|word| word[known] == word[row]) {
                    break number - 1;
                }
                place = (place + 1) % PLACES;
            };
            self.of_row[row] = number as u8;
            self.counts[number] += 1;
        }
    }
}
