//! Members that were fitted, with the scales by which they vote.

use tripline_core::{
    Card, Classes, Detector, Frame, Link, LoadError, Register, Rows, Schema, ScoreError, State,
    StateError,
};

use super::combine::Combine;
use super::member::{FittedMember, check_columns};
use super::scale::Scale;
use super::voting::CARD;

/// A member with its scale.
pub(crate) struct Voter {
    pub(crate) member: FittedMember,
    pub(crate) scale: Scale,
    /// It votes for an attack above this raw score.
    pub(crate) threshold: f64,
}

/// Voting that was fitted.
pub(crate) struct VotingModel {
    pub(crate) schema: Schema,
    pub(crate) voters: Vec<Voter>,
    /// One for each voter; they sum to 1.
    pub(crate) shares: Vec<f64>,
    pub(crate) combine: Combine,
    /// The score is a probability.
    pub(crate) probability: bool,
    /// Class names if classes are told apart, else none.
    pub(crate) classes: Vec<String>,
}

impl Voter {
    /// What a raw score counts for.
    fn vote(&self, raw: f64, combine: Combine) -> f64 {
        match combine {
            Combine::Hard => f64::from(u8::from(raw > self.threshold)),
            _ => self.scale.apply(raw),
        }
    }
}

impl VotingModel {
    fn rows<'a>(&self, frame: &'a Frame) -> Result<&'a Rows, ScoreError> {
        let rows = frame.rows()?;
        check_columns(&self.schema, rows)?;
        Ok(rows)
    }

    fn score_rows(&self, rows: &Rows) -> Result<Vec<f64>, ScoreError> {
        let mut votes = Vec::with_capacity(self.voters.len());
        for voter in &self.voters {
            let mut scores = voter.member.score(rows)?;
            scores.iter_mut().for_each(|raw| *raw = voter.vote(*raw, self.combine));
            votes.push(scores);
        }
        let mut scores = self.combine.apply_all(&votes, &self.shares);
        if matches!(self.combine, Combine::Soft | Combine::Hard) {
            // Shares sum to 1 but for rounding.
            scores.iter_mut().for_each(|score| *score = score.clamp(0.0, 1.0));
        }
        Ok(scores)
    }

    pub(crate) fn load(state: &State, register: &Register) -> Result<Self, LoadError> {
        let schema = Schema::load(state.state("schema")?)?;
        let combine = Combine::from_name(state.text("combine")?)?;
        let shares = state.f64s("shares")?.to_vec();
        let entries = state.states("voters")?;
        let total: f64 = shares.iter().sum();
        let valid = shares.iter().all(|share| *share > 0.0) && (total - 1.0).abs() < 1e-9;
        if entries.is_empty() || shares.len() != entries.len() || !valid {
            return Err(StateError::invalid("shares", "one above 0 for each voter, sum 1").into());
        }
        let classes = state.texts("classes")?.to_vec();
        let mut voters = Vec::with_capacity(entries.len());
        for entry in entries {
            let member = FittedMember::load(entry.state("member")?, &schema, register)?;
            let known = member.detector.classes().map(|classes| classes.names().to_vec());
            if !classes.is_empty() && known.is_some_and(|names| names != classes) {
                return Err(StateError::invalid("classes", "those of the members").into());
            }
            let scale = Scale::load(entry.state("scale")?)?;
            let threshold = entry.f64("threshold")?;
            if threshold.is_nan() {
                return Err(StateError::invalid("threshold", "a number").into());
            }
            voters.push(Voter { member, scale, threshold });
        }
        let apart = voters.iter().any(|voter| voter.member.detector.classes().is_some());
        if !classes.is_empty() && (classes.len() < 2 || !apart || combine != Combine::Soft) {
            return Err(StateError::invalid("classes", "none of these members").into());
        }
        let probability = state.bool("probability")?;
        let scaled = voters.iter().all(|voter| voter.scale.is_probability());
        if probability && !(scaled && combine == Combine::Soft) {
            return Err(StateError::invalid("probability", "that of these scales").into());
        }
        Ok(Self { schema, voters, shares, combine, probability, classes })
    }
}

impl Detector for VotingModel {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        self.score_rows(self.rows(frame)?)
    }

    fn link(&self) -> Link {
        if self.probability { Link::Probability } else { Link::Rank }
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_text("combine", self.combine.name());
        state.put_f64s("shares", self.shares.clone());
        state.put_bool("probability", self.probability);
        state.put_texts("classes", self.classes.clone());
        let voters = self.voters.iter().map(|voter| {
            let mut entry = State::new();
            entry.put_state("member", voter.member.save());
            entry.put_state("scale", voter.scale.save());
            entry.put_f64("threshold", voter.threshold);
            entry
        });
        state.put_states("voters", voters.collect());
        state
    }

    fn classes(&self) -> Option<&dyn Classes> {
        if self.classes.is_empty() { None } else { Some(self) }
    }
}

impl Classes for VotingModel {
    fn names(&self) -> &[String] {
        &self.classes
    }

    /// All members say whether a row is an attack; those that tell classes apart say which, by
    /// their weighted mean. So the benign class has one minus the score.
    fn probabilities(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let rows = self.rows(frame)?;
        let scores = self.score_rows(rows)?;
        let width = self.classes.len();
        let mut values = vec![0.0; rows.len() * width];
        for (voter, share) in self.voters.iter().zip(&self.shares) {
            let Some(told) = voter.member.probabilities(rows)? else { continue };
            for (sums, told) in values.chunks_exact_mut(width).zip(told.chunks_exact(width)) {
                let attack: f64 = told[1..].iter().sum();
                for (sum, &part) in sums[1..].iter_mut().zip(&told[1..]) {
                    // A member that sees no attack at all has no view of which.
                    let even = 1.0 / (width - 1) as f64;
                    *sum += share * if attack > 0.0 { part / attack } else { even };
                }
            }
        }
        for (parts, &attack) in values.chunks_exact_mut(width).zip(&scores) {
            let total: f64 = parts[1..].iter().sum();
            parts[0] = 1.0 - attack;
            for part in &mut parts[1..] {
                *part = (*part / total * attack).min(1.0);
            }
        }
        Ok(values)
    }
}
