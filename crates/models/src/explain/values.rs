//! Shapley values from what coalitions gain.

use super::coalitions::Coalitions;
use crate::matrix::Cholesky;

/// Shapley's formula over what every coalition gains, by its bits but none and all.
pub(crate) fn shapley(gains: &[f64], whole: f64, players: usize) -> Vec<f64> {
    let all = (1_usize << players) - 1;
    let gain = |bits: usize| match bits {
        0 => 0.0,
        bits if bits == all => whole,
        bits => gains[bits - 1],
    };
    // |S|! (n − |S| − 1)! / n! = 1 / (n C(n − 1, |S|)).
    let mut weights = vec![1.0 / players as f64; players];
    for size in 1..players {
        weights[size] = weights[size - 1] * size as f64 / (players - size) as f64;
    }
    let value = |player: usize| {
        let without = (0..=all).filter(|bits| bits >> player & 1 == 0);
        without
            .map(|bits| {
                let weight = weights[bits.count_ones() as usize];
                weight * (gain(bits | 1 << player) - gain(bits))
            })
            .sum()
    };
    (0..players).map(value).collect()
}

/// Weighted least squares of the gains by who is present, with the sum of the values fixed to
/// `whole`: the last player's value is what the others leave (Lundberg & Lee 2017, supplement).
pub(crate) fn solve(
    coalitions: &Coalitions,
    weights: &[f64],
    gains: &[f64],
    whole: f64,
    players: usize,
) -> Vec<f64> {
    let free = players - 1;
    let mut matrix = vec![0.0; free * free];
    let mut right = vec![0.0; free];
    let mut row = vec![0.0; free];
    for ((present, &weight), &gain) in
        coalitions.present.chunks_exact(players).zip(weights).zip(gains)
    {
        let last = f64::from(u8::from(present[free]));
        for (cell, &present) in row.iter_mut().zip(present) {
            *cell = f64::from(u8::from(present)) - last;
        }
        let target = gain - last * whole;
        for i in 0..free {
            let weighted = weight * row[i];
            if weighted != 0.0 {
                right[i] += weighted * target;
                for j in 0..=i {
                    matrix[i * free + j] += weighted * row[j];
                }
            }
        }
    }
    let mut values = right;
    match Cholesky::with_ridge(&matrix, free) {
        Some(factor) => factor.solve(&mut values),
        None => values.fill(whole / players as f64),
    }
    let rest = whole - values.iter().sum::<f64>();
    values.push(rest);
    values
}
