//! One score from the scores of several members.

use tripline_core::StateError;

/// How members' normalised scores become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Combine {
    /// Weighted mean of probabilities.
    Soft,
    /// Weighted share of the members that score above their own threshold.
    Hard,
    /// Weighted mean.
    Average,
    /// The largest.
    Maximum,
    /// The one in the middle; the mean of the two of an even number.
    Median,
}

impl Combine {
    pub(crate) const NAMES: &'static [&'static str] =
        &["soft", "hard", "average", "maximum", "median"];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hard => "hard",
            Self::Average => "average",
            Self::Maximum => "maximum",
            Self::Median => "median",
        }
    }

    /// By its name among [`Combine::NAMES`].
    pub(crate) fn from_name(name: &str) -> Result<Self, StateError> {
        [Self::Soft, Self::Hard, Self::Average, Self::Maximum, Self::Median]
            .into_iter()
            .find(|combine| combine.name() == name)
            .ok_or_else(|| StateError::invalid("combine", "the name of a combination"))
    }

    /// One score of one row. `shares` are the members' weights, which sum to 1; the largest and the
    /// middle one do not depend on them. `scores` are put into another order.
    pub(crate) fn apply(self, scores: &mut [f64], shares: &[f64]) -> f64 {
        match self {
            Self::Soft | Self::Hard | Self::Average => {
                scores.iter().zip(shares).map(|(score, share)| share * score).sum()
            }
            Self::Maximum => scores.iter().fold(f64::NEG_INFINITY, |largest, &s| largest.max(s)),
            Self::Median => {
                scores.sort_by(f64::total_cmp);
                let middle = scores.len() / 2;
                if scores.len() % 2 == 1 {
                    scores[middle]
                } else {
                    scores[middle - 1] / 2.0 + scores[middle] / 2.0
                }
            }
        }
    }

    /// One score for each row from one list of scores for each member.
    pub(crate) fn apply_all(self, members: &[Vec<f64>], shares: &[f64]) -> Vec<f64> {
        let rows = members.first().map_or(0, Vec::len);
        let mut row_scores = vec![0.0; members.len()];
        (0..rows)
            .map(|row| {
                for (score, member) in row_scores.iter_mut().zip(members) {
                    *score = member[row];
                }
                self.apply(&mut row_scores, shares)
            })
            .collect()
    }
}

/// Weights as shares of their sum.
pub(crate) fn shares(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// The share of held-out benign rows that a member's vote may be wrong about gives its threshold:
/// the least score that at most that share of them, by weight, is above. Without `weights` each row
/// counts once.
pub(crate) fn vote_threshold(benign: &[f64], weights: Option<&[f64]>, fpr: f64) -> f64 {
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let mut order: Vec<usize> = (0..benign.len()).collect();
    order.sort_by(|&a, &b| benign[b].total_cmp(&benign[a]).then(a.cmp(&b)));
    let allowed = fpr * order.iter().map(|&row| weight(row)).sum::<f64>();
    let mut above = 0.0;
    let found = order.iter().find(|&&row| {
        above += weight(row);
        above > allowed
    });
    found.or(order.last()).map_or(f64::MAX, |&row| benign[row])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_lets_a_share_of_benign_rows_through() {
        let benign: Vec<f64> = (0..100).map(f64::from).collect();
        let threshold = vote_threshold(&benign, None, 0.05);
        assert_eq!(benign.iter().filter(|&&score| score > threshold).count(), 5);
        let ties = vec![1.0; 50];
        assert_eq!(vote_threshold(&ties, None, 0.1), 1.0);
    }

    #[test]
    fn a_weight_counts_as_rows() {
        let (scores, weights) = ([5.0, 1.0, 4.0, 3.0, 2.0], [3.0, 4.0, 1.0, 2.0, 10.0]);
        let repeated: Vec<f64> = scores
            .iter()
            .zip(weights)
            .flat_map(|(&score, weight)| std::iter::repeat_n(score, weight as usize))
            .collect();
        for fpr in [0.0, 0.1, 0.15, 0.2, 0.25, 0.4, 0.5] {
            let expected = vote_threshold(&repeated, None, fpr);
            assert_eq!(vote_threshold(&scores, Some(&weights), fpr), expected, "{fpr}");
        }
        assert_ne!(vote_threshold(&scores, None, 0.2), vote_threshold(&repeated, None, 0.2));
    }
}
