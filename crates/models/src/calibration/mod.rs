//! Scores to probabilities.
