//! Averaging classification trees, each grown on rows drawn anew or on all.

use rayon::prelude::*;
use tripline_core::{FitContext, FitError, Rng};

use super::binned::{Binned, ColumnCodes};
use super::binning::ColumnBins;
use super::class_split::Item;
use super::class_tree::{ClassGrower, ClassTreePlan};
use super::forest::{Aggregate, Forest};
use super::grown::append;

/// Trees that are grown between two looks at whether to go on.
const BATCH: usize = 16;

/// How a forest of classification trees is grown.
#[derive(Debug, Clone)]
pub(crate) struct ClassForestPlan {
    pub(crate) n_estimators: usize,
    pub(crate) tree: ClassTreePlan,
    /// Share of the rows that each tree draws with replacement; `None` is all rows, once each.
    pub(crate) bootstrap: Option<f64>,
    /// Judge each row by the trees that did not draw it.
    pub(crate) oob_score: bool,
}

/// A forest with its out-of-bag judgement.
pub(crate) struct ClassForest {
    pub(crate) forest: Forest,
    pub(crate) out_of_bag: Option<f64>,
}

/// The rows that trees draw from.
pub(crate) struct DrawnRows<'a> {
    pub(crate) binned: &'a Binned,
    /// Weight of each row, 0 is never drawn.
    pub(crate) weight: &'a [f64],
    /// Class of each row.
    pub(crate) class: &'a [u32],
}

impl ClassForestPlan {
    /// Grows the forest for this many classes; two have one output unless `multiclass`.
    pub(crate) fn fit(
        &self,
        rows: &DrawnRows<'_>,
        width: usize,
        classes: usize,
        multiclass: bool,
        context: &FitContext<'_>,
    ) -> Result<ClassForest, FitError> {
        let outputs = if multiclass { classes } else { 1 };
        // Sums over classes have a fixed length, so that the compiler can lay loops flat.
        match classes {
            ..=2 => self.fit_k::<2>(rows, width, outputs, context),
            3..=4 => self.fit_k::<4>(rows, width, outputs, context),
            5..=8 => self.fit_k::<8>(rows, width, outputs, context),
            9..=16 => self.fit_k::<16>(rows, width, outputs, context),
            17..=64 => self.fit_k::<64>(rows, width, outputs, context),
            65..=512 => self.fit_k::<512>(rows, width, outputs, context),
            _ => Err(FitError::Param {
                name: "n_estimators".to_owned(),
                reason: format!("{classes} classes are too many for this forest, at most 512"),
            }),
        }
    }

    fn fit_k<const K: usize>(
        &self,
        rows: &DrawnRows<'_>,
        width: usize,
        outputs: usize,
        context: &FitContext<'_>,
    ) -> Result<ClassForest, FitError> {
        let codes = rows.binned.by_column();
        let drawable: Vec<u32> =
            (0..rows.weight.len() as u32).filter(|&row| rows.weight[row as usize] > 0.0).collect();
        let mut forest = Forest::empty(width, outputs, Aggregate::Mean);
        let mut votes = self.oob_score.then(|| OutOfBag::new(rows.class.len()));
        let mut place = vec![0; width];
        rows.binned.source.iter().enumerate().for_each(|(own, &c)| place[c as usize] = own);
        let typical = rows.binned.columns.iter().map(ColumnBins::typical).collect();
        let (plan, codes, drawable) = (self, &codes[..], &drawable[..]);
        let task = Task { plan, rows, codes, drawable, outputs, place, typical };
        let numbers: Vec<usize> = (0..self.n_estimators).collect();
        for batch in numbers.chunks(BATCH) {
            if !context.progress.go_on() {
                return Err(FitError::Cancelled);
            }
            let trees: Vec<Grown> = batch
                .par_iter()
                .with_max_len(1)
                .map_init(
                    || ClassGrower::<K>::new(rows.binned, codes, &self.tree, outputs, width),
                    |grower, &number| task.tree(grower, Rng::for_part(context.seed, number as u64)),
                )
                .collect();
            for tree in &trees {
                append(&mut forest, &tree.forest);
                if let Some(votes) = &mut votes {
                    votes.add(&tree.votes);
                }
            }
            let done = forest.trees() as u64;
            context.progress.step("trees", done, self.n_estimators as u64);
        }
        let out_of_bag = votes.and_then(|votes| votes.auc(rows.class));
        Ok(ClassForest { forest, out_of_bag })
    }
}

struct Task<'a> {
    plan: &'a ClassForestPlan,
    rows: &'a DrawnRows<'a>,
    codes: &'a [ColumnCodes],
    drawable: &'a [u32],
    outputs: usize,
    /// For each column of the frame, the column in use.
    place: Vec<usize>,
    /// For each column in use, a value of each code.
    typical: Vec<Vec<f64>>,
}

struct Grown {
    forest: Forest,
    /// The attack probability of each row that was not drawn.
    votes: Vec<(u32, f32)>,
}

impl Task<'_> {
    fn tree<const K: usize>(&self, grower: &mut ClassGrower<'_, K>, mut rng: Rng) -> Grown {
        let binned = self.rows.binned;
        let item = |entry: usize, count: u32, weight: f64| Item {
            entry: entry as u32,
            class: binned.class[entry] as u16,
            count: count.min(u32::from(u16::MAX)) as u16,
            weight,
        };
        let Some(share) = self.plan.bootstrap else {
            let items = (0..binned.len).map(|e| item(e, binned.count[e], binned.weight[e]));
            return Grown { forest: grower.grow(items, &mut rng), votes: Vec::new() };
        };
        let draws = ((self.drawable.len() as f64 * share).round() as usize).max(1);
        let mut count = vec![0u32; binned.len];
        let mut weight = vec![0.0; binned.len];
        let mut drawn =
            vec![0u64; if self.plan.oob_score { self.rows.class.len().div_ceil(64) } else { 0 }];
        for _ in 0..draws {
            let row = self.drawable[rng.index(self.drawable.len())] as usize;
            let entry = binned.entry[row] as usize;
            count[entry] += 1;
            weight[entry] += self.rows.weight[row];
            if self.plan.oob_score {
                drawn[row / 64] |= 1 << (row % 64);
            }
        }
        let items = (0..binned.len).filter(|&e| count[e] > 0).map(|e| item(e, count[e], weight[e]));
        let forest = grower.grow(items, &mut rng);
        let votes = if self.plan.oob_score { self.votes(&forest, &drawn) } else { Vec::new() };
        Grown { forest, votes }
    }

    fn votes(&self, tree: &Forest, drawn: &[u64]) -> Vec<(u32, f32)> {
        let binned = self.rows.binned;
        let mut own = vec![f32::NAN; binned.len];
        let mut votes = Vec::new();
        for &row in self.drawable {
            if drawn[row as usize / 64] >> (row % 64) & 1 == 1 {
                continue;
            }
            let entry = binned.entry[row as usize];
            let vote = &mut own[entry as usize];
            if vote.is_nan() {
                *vote = self.attack(tree, entry) as f32;
            }
            votes.push((row, *vote));
        }
        votes
    }

    /// The attack probability that a tree gives an entry, by its codes.
    fn attack(&self, tree: &Forest, entry: u32) -> f64 {
        let mut node = 0;
        while !tree.is_leaf(node) {
            let column = self.place[tree.feature[node] as usize];
            let value = self.typical[column][self.codes[column].code(entry)];
            let left = tree.goes_left(node, value);
            node = if left { tree.left[node] } else { tree.right[node] } as usize;
        }
        let leaf = tree.left[node] as usize;
        if self.outputs == 1 { tree.values[leaf] } else { 1.0 - tree.values[leaf * self.outputs] }
    }
}

/// Sums of votes by row.
struct OutOfBag {
    sum: Vec<f64>,
    trees: Vec<u32>,
}

impl OutOfBag {
    fn new(rows: usize) -> Self {
        Self { sum: vec![0.0; rows], trees: vec![0; rows] }
    }

    fn add(&mut self, votes: &[(u32, f32)]) {
        for &(row, vote) in votes {
            self.sum[row as usize] += f64::from(vote);
            self.trees[row as usize] += 1;
        }
    }

    /// ROC AUC of attack against benign over rows that some tree did not draw.
    fn auc(&self, class: &[u32]) -> Option<f64> {
        let judged = (0..class.len()).filter(|&row| self.trees[row] > 0);
        let mut scores: Vec<(f64, bool)> = judged
            .map(|row| (self.sum[row] / f64::from(self.trees[row]), class[row] != 0))
            .collect();
        scores.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut benign, mut area, mut attacks) = (0.0, 0.0, 0.0);
        for tied in scores.chunk_by(|a, b| a.0 == b.0) {
            let own = tied.iter().filter(|(_, attack)| *attack).count() as f64;
            let others = tied.len() as f64 - own;
            area += own * (benign + others / 2.0);
            benign += others;
            attacks += own;
        }
        (benign > 0.0 && attacks > 0.0).then(|| area / (benign * attacks))
    }
}
