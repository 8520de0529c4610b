//! Rows whose scores must not move while a model learns.

use tripline_core::Rows;

use crate::error::EngineError;
use crate::model::Model;

/// Fewest attacks among the canaries that the reference finds before their loss is told.
const LEAST_FOUND: usize = 5;

/// The part of the benign canaries that the reference finds the rarest.
const RAREST: f64 = 0.1;

/// Rows with what the reference says of them.
#[derive(Debug)]
pub(super) struct Canaries {
    /// Rows with whether each is an attack.
    parts: Vec<(Rows, Vec<bool>)>,
    reference: Said,
}

/// What a model says of all canaries.
#[derive(Debug, Default)]
struct Said {
    probability: Vec<f64>,
    alert: Vec<bool>,
}

/// By how much canaries moved towards what they are not; 0 without any.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Shift {
    /// Benign ones, upwards in mean probability.
    pub(super) benign: f64,
    /// The rarest tenth of these, downwards: what was rare has become usual, so all that lies
    /// beyond it hides.
    pub(super) rare: f64,
    /// Attacks, downwards in mean probability.
    pub(super) attack: f64,
    /// Share of the attacks that the reference finds by which fewer attacks alert.
    pub(super) lost: f64,
}

impl Canaries {
    pub(super) fn new(
        reference: &Model,
        parts: Vec<(Rows, Vec<bool>)>,
    ) -> Result<Self, EngineError> {
        let reference = said(reference, &parts)?;
        Ok(Self { parts, reference })
    }

    pub(super) fn has_attacks(&self) -> bool {
        self.parts.iter().any(|(_, attacks)| attacks.contains(&true))
    }

    pub(super) fn shift(&self, model: &Model) -> Result<Shift, EngineError> {
        let now = said(model, &self.parts)?;
        let attacks: Vec<bool> =
            self.parts.iter().flat_map(|(_, attacks)| attacks.iter().copied()).collect();
        let mean = |attack: bool| {
            let of = |values: &[f64]| {
                let own = values.iter().zip(&attacks).filter(|(_, kind)| **kind == attack);
                let (sum, count) = own.fold((0.0, 0.0), |(s, n), (value, _)| (s + value, n + 1.0));
                if count > 0.0 { sum / count } else { 0.0 }
            };
            of(&now.probability) - of(&self.reference.probability)
        };
        let found = |said: &Said| {
            said.alert.iter().zip(&attacks).filter(|(alert, attack)| **alert && **attack).count()
        };
        let (before, after) = (found(&self.reference), found(&now));
        let lost = match before >= LEAST_FOUND {
            true => before.saturating_sub(after) as f64 / before as f64,
            false => 0.0,
        };
        let rare = self.rare(&now, &attacks);
        Ok(Shift { benign: mean(false), rare, attack: -mean(true), lost })
    }

    /// By how much the rarest benign canaries fell in mean probability.
    fn rare(&self, now: &Said, attacks: &[bool]) -> f64 {
        let before = &self.reference.probability;
        let mut benign: Vec<usize> = (0..attacks.len()).filter(|&at| !attacks[at]).collect();
        benign.sort_by(|&a, &b| before[b].total_cmp(&before[a]));
        let count = (benign.len() as f64 * RAREST).ceil() as usize;
        let fall: f64 = benign[..count].iter().map(|&at| before[at] - now.probability[at]).sum();
        if count > 0 { fall / count as f64 } else { 0.0 }
    }
}

fn said(model: &Model, parts: &[(Rows, Vec<bool>)]) -> Result<Said, EngineError> {
    let mut all = Said::default();
    for (rows, _) in parts {
        let verdicts = model.score(rows)?;
        all.probability.extend(verdicts.probability);
        all.alert.extend(verdicts.alert);
    }
    Ok(all)
}
