//! A detector's card: all that the rest of the system knows of it.

use crate::detector::{Detector, Estimator};
use crate::frame::Shape;
use crate::params::{ParamError, ParamSpec, Params};
use crate::register::{LoadError, Register};
use crate::state::State;

/// What a detector is, what it can do, how it is built. The list of cards is the only register:
/// command line, service, tuning and documentation read it.
pub struct Card {
    /// Stable name: lower case with underscores.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Kind of method.
    pub family: Family,
    /// One sentence.
    pub summary: &'static str,
    /// The paper or documentation that defines the method.
    pub source: &'static str,
    /// Time of fitting and scoring, memory, in words with O().
    pub cost: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// Which columns it takes.
    pub input: Input,
    /// What it needs to be told.
    pub supervision: Supervision,
    /// What it does with missing values.
    pub missing: MissingPolicy,
    /// What it can do beyond scoring.
    pub abilities: Abilities,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// Promises that it does not keep, with the reason.
    pub exemptions: &'static [Exemption],
    /// An estimator from valid parameters; errors if two of them do not go together. The register
    /// serves those with members.
    pub build: Build,
    /// A detector from what [`Detector::save`] gave; the register serves those with members.
    pub load: Load,
}

/// Gives an estimator from valid parameters.
pub type Build = fn(&Params, &Register) -> Result<Box<dyn Estimator>, ParamError>;

/// Gives a detector back from its saved state.
pub type Load = fn(&State, &Register) -> Result<Box<dyn Detector>, LoadError>;

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Kind of method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Decision trees.
    Trees,
    /// Linear models.
    Linear,
    /// Distances to neighbours.
    Neighbours,
    /// Kernels.
    Kernels,
    /// Densities.
    Density,
    /// Ensembles of other detectors.
    Ensembles,
    /// Neural networks.
    Neural,
}

impl Family {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trees => "trees",
            Self::Linear => "linear",
            Self::Neighbours => "neighbours",
            Self::Kernels => "kernels",
            Self::Density => "density",
            Self::Ensembles => "ensembles",
            Self::Neural => "neural",
        }
    }
}

/// Which columns a detector for rows takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Numbers of any scale with categories as they are.
    Mixed,
    /// Numbers of any scale; categories must be encoded.
    Numeric,
    /// Numbers of similar scale; categories must be encoded.
    Scaled,
}

/// What a detector needs to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supervision {
    /// The class of each row.
    Supervised,
    /// Rows of which most are benign; the engine fits it on benign rows where labels are known.
    Benign,
    /// Either: rows of every class where labels are known, else rows of which most are benign.
    Optional,
}

/// What a detector does with a missing value (`NaN`, unknown category).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingPolicy {
    /// Handled by the method.
    Native,
    /// An error that names the column; impute first.
    Reject,
}

/// What a detector can do beyond scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities {
    /// Tells classes apart.
    pub multiclass: bool,
    /// Takes sample weights.
    pub weights: bool,
    /// Explains each row.
    pub explain: bool,
    /// Has column importance.
    pub importance: bool,
    /// Learns from further rows.
    pub online: bool,
    /// Scores the very rows that it is fitted to, as outliers among each other.
    pub outliers: bool,
    /// Stops early on a validation part.
    pub early_stopping: bool,
}

impl Abilities {
    /// Words for those that it has.
    pub fn words(self) -> Vec<&'static str> {
        [
            (self.multiclass, "classes"),
            (self.weights, "weights"),
            (self.explain, "explanation"),
            (self.importance, "importance"),
            (self.online, "further rows"),
            (self.outliers, "outliers"),
            (self.early_stopping, "early stopping"),
        ]
        .into_iter()
        .filter_map(|(has, word)| has.then_some(word))
        .collect()
    }
}

/// What `conformance` checks of every detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// The same seed gives the same bytes, on any number of threads.
    SameSeedSameBytes,
    /// Saving then loading keeps the scores.
    SaveLoad,
    /// A batch scores as its rows one by one.
    BatchEqualsRows,
    /// The order of columns does not matter to scoring.
    ShuffledColumns,
    /// Missing values are handled as the card says.
    MissingValues,
    /// Wrong columns, empty frames, one row, constant columns, infinities: an error or an answer.
    HostileFrames,
    /// A million rows are scored.
    MillionRows,
    /// Attacks far from the benign rows score higher than these.
    HigherIsSuspicious,
    /// Weights of whole numbers equal repeated rows.
    WeightsRepeatRows,
    /// Attributions sum to the output.
    Additivity,
    /// The detector has the abilities that its card lists; class probabilities sum to 1.
    Abilities,
}

/// A promise not kept.
#[derive(Debug, Clone, Copy)]
pub struct Exemption {
    /// Which.
    pub promise: Promise,
    /// Why.
    pub reason: &'static str,
}
