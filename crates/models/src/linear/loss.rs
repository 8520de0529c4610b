//! Losses of one row: how wrong an output is for a class of ±1.

use tripline_core::{Link, math};

/// A loss of z = y · output, where y is 1 for the class and −1 for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// max(0, 1 − z): a linear support vector machine (Cortes & Vapnik 1995).
    Hinge,
    /// ln(1 + e^−z): logistic regression.
    Log,
    /// (1 − z)² above −1, −4z below (Zhang 2004, example 2).
    ModifiedHuber,
}

impl Loss {
    pub(super) const NAMES: &'static [&'static str] = &["log_loss", "hinge", "modified_huber"];

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "hinge" => Self::Hinge,
            "modified_huber" => Self::ModifiedHuber,
            _ => Self::Log,
        }
    }

    /// What an output is.
    pub(super) fn link(self) -> Link {
        match self {
            Self::Log => Link::Logit,
            Self::Hinge | Self::ModifiedHuber => Link::Rank,
        }
    }

    pub(super) fn value(self, z: f64) -> f64 {
        match self {
            Self::Hinge => (1.0 - z).max(0.0),
            Self::Log => math::softplus(-z),
            Self::ModifiedHuber if z >= 1.0 => 0.0,
            Self::ModifiedHuber if z >= -1.0 => (1.0 - z) * (1.0 - z),
            Self::ModifiedHuber => -4.0 * z,
        }
    }

    /// Derivative in z; at a corner the steeper one.
    pub(super) fn slope(self, z: f64) -> f64 {
        match self {
            Self::Hinge => f64::from(-i8::from(z <= 1.0)),
            Self::Log => -math::sigmoid(-z),
            Self::ModifiedHuber if z >= 1.0 => 0.0,
            Self::ModifiedHuber if z >= -1.0 => -2.0 * (1.0 - z),
            Self::ModifiedHuber => -4.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_values() {
        for loss in [Loss::Hinge, Loss::Log, Loss::ModifiedHuber] {
            for z in [-3.0, -1.5, -0.3, 0.0, 0.9, 1.2, 4.0] {
                let slope = (loss.value(z + 1e-6) - loss.value(z - 1e-6)) / 2e-6;
                assert!((slope - loss.slope(z)).abs() < 1e-6, "{loss:?} at {z}");
            }
        }
    }
}
