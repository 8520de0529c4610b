//! Coalitions of players by which Shapley values are found, with their weights.
//!
//! Source: Lundberg & Lee 2017, theorem 2 (the Shapley kernel); the order in which sizes are filled,
//! then drawn, is that of `shap.KernelExplainer`; that pairs of a coalition with its complement lower
//! the variance is Covert & Lee 2021, section 4.

use std::collections::BTreeMap;

use tripline_core::Rng;

/// Coalitions, each a list of those present, with the weights of the regression.
pub(crate) struct Coalitions {
    /// Row-major (coalitions × players).
    pub(crate) present: Vec<bool>,
    pub(crate) weights: Vec<f64>,
    /// 0 and 1 of those drawn, by the half they fall into; 2 of those that are complete.
    pub(crate) half: Vec<u8>,
}

/// All subsets of so many players but none and all, by their bits.
pub(crate) fn every(players: usize) -> Vec<bool> {
    let mut present = Vec::with_capacity(players << players);
    for bits in 1..(1_u32 << players) - 1 {
        present.extend((0..players).map(|player| bits >> player & 1 == 1));
    }
    present
}

/// About `budget` coalitions of `players` players: sizes from the outermost inwards as long as all
/// of a size have room, then draws from the sizes that are left. Deterministic by the seed.
pub(crate) fn weighted(players: usize, budget: usize, seed: u64) -> Coalitions {
    let sizes = players / 2;
    // Of an even number the size in the middle is its own complement.
    let paired = players.div_ceil(2) - 1;
    let mut kernel: Vec<f64> = (1..=sizes)
        .map(|size| {
            let weight = (players - 1) as f64 / (size * (players - size)) as f64;
            if size <= paired { 2.0 * weight } else { weight }
        })
        .collect();
    let total: f64 = kernel.iter().sum();
    kernel.iter_mut().for_each(|weight| *weight /= total);

    let mut made = Coalitions { present: Vec::new(), weights: Vec::new(), half: Vec::new() };
    let (mut left, mut full, mut weight_left) = (budget as f64, 0, 1.0);
    for size in 1..=sizes {
        let pairs = if size <= paired { 2.0 } else { 1.0 };
        let subsets = pairs * binomial(players, size);
        if left * kernel[size - 1] / weight_left < subsets * (1.0 - 1e-8) {
            break;
        }
        let weight = kernel[size - 1] / subsets;
        combinations(players, size, |chosen| {
            made.push(chosen, players, false, weight, 2);
            if size <= paired {
                made.push(chosen, players, true, weight, 2);
            }
        });
        left -= subsets;
        full = size;
        weight_left = (weight_left - kernel[size - 1]).max(0.0);
    }
    if full < sizes && left >= 1.0 {
        made.draw(players, full, &kernel, left as usize, seed);
    }
    made
}

impl Coalitions {
    fn push(&mut self, chosen: &[usize], players: usize, complement: bool, weight: f64, half: u8) {
        let start = self.present.len();
        self.present.resize(start + players, complement);
        chosen.iter().for_each(|&player| self.present[start + player] = !complement);
        self.weights.push(weight);
        self.half.push(half);
    }

    /// Draws from the sizes above `full`; a coalition drawn again weighs more.
    fn draw(&mut self, players: usize, full: usize, kernel: &[f64], budget: usize, seed: u64) {
        let mut rng = Rng::for_part(seed, players as u64);
        // Each draw gives two coalitions, that of the middle size too.
        let chances = &kernel[full..];
        let total: f64 = chances.iter().sum();
        let first = self.weights.len();
        // What was drawn before, so that a repeat costs no scoring.
        let mut known: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        let mut drawn = 0;
        // Repeats of few coalitions must end too.
        for attempt in 0..budget.saturating_mul(4) {
            if drawn >= budget {
                break;
            }
            let mut at = rng.unit() * total;
            let below = |chance: &f64| {
                at -= chance;
                at < 0.0
            };
            let size = full + 1 + chances.iter().position(below).unwrap_or(chances.len() - 1);
            let mut chosen = rng.sample(players, size);
            chosen.sort_unstable();
            if 2 * size == players && chosen[0] != 0 {
                // One of two complements of the same size stands for both.
                chosen = (0..players).filter(|player| !chosen.contains(player)).collect();
            }
            match known.get(&chosen).copied() {
                Some(place) => {
                    self.weights[place] += 1.0;
                    self.weights[place + 1] += 1.0;
                }
                None => {
                    let half = (attempt % 2) as u8;
                    known.insert(chosen.clone(), self.weights.len());
                    self.push(&chosen, players, false, 1.0, half);
                    self.push(&chosen, players, true, 1.0, half);
                    drawn += 2;
                }
            }
        }
        let weight_left: f64 = kernel[full..].iter().sum();
        let given: f64 = self.weights[first..].iter().sum();
        self.weights[first..].iter_mut().for_each(|weight| *weight *= weight_left / given);
    }

    /// The weights of one half of the draws with all that is complete; the half stands for both.
    pub(crate) fn half_weights(&self, half: u8) -> Vec<f64> {
        let share = |wanted: u8| -> f64 {
            let drawn = self.weights.iter().zip(&self.half);
            drawn.filter(|(_, half)| **half == wanted).map(|(weight, _)| weight).sum()
        };
        let mine = share(half);
        let scale = if mine > 0.0 { (share(0) + share(1)) / mine } else { 0.0 };
        let weights = self.weights.iter().zip(&self.half);
        weights
            .map(|(weight, &of)| match of {
                2 => *weight,
                of if of == half => weight * scale,
                _ => 0.0,
            })
            .collect()
    }

    /// Whether some were drawn.
    pub(crate) fn are_drawn(&self) -> bool {
        self.half.iter().any(|&half| half != 2)
    }
}

/// The number of subsets of that size.
fn binomial(players: usize, size: usize) -> f64 {
    (1..=size).map(|i| (players - size + i) as f64 / i as f64).product::<f64>().round()
}

/// Each subset of that size, in the order of its members.
fn combinations(players: usize, size: usize, mut each: impl FnMut(&[usize])) {
    let mut chosen: Vec<usize> = (0..size).collect();
    loop {
        each(&chosen);
        let Some(at) = (0..size).rev().find(|&at| chosen[at] < players - size + at) else { return };
        chosen[at] += 1;
        for next in at + 1..size {
            chosen[next] = chosen[next - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_room_is_complete() {
        // 5 players: all 30 subsets fit, each with its kernel weight 4 / (C(5, s) s (5 − s)).
        let all = weighted(5, 30, 0);
        assert_eq!((all.weights.len(), all.are_drawn()), (30, false));
        let weight_of = |size: usize| {
            let at = (0..30)
                .find(|at| all.present[at * 5..at * 5 + 5].iter().filter(|p| **p).count() == size);
            all.weights[at.unwrap()]
        };
        // By hand: sizes 1 and 4 weigh 4/4 together over 10, 2 and 3 4/6 over 20.
        assert!((weight_of(1) / weight_of(2) - (1.0 / 5.0) / (4.0 / 6.0 / 10.0)).abs() < 1e-12);
        assert!((all.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn draws_come_in_pairs_and_their_weights_sum_to_1() {
        let made = weighted(20, 400, 3);
        assert!(made.are_drawn());
        assert!((390..=402).contains(&made.weights.len()), "{}", made.weights.len());
        assert!((made.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let present = |player: usize| -> usize {
            (0..made.weights.len()).filter(|at| made.present[at * 20 + player]).count()
        };
        // A coalition with its complement holds each player once.
        assert!((0..20).all(|player| present(player) * 2 == made.weights.len()));
        for half in [0, 1] {
            assert!((made.half_weights(half).iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}
