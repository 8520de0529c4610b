//! What a threshold means at the rate of attacks that a site really has.

use serde::Serialize;

use super::confusion::Confusion;

/// How much traffic a site sees, of which how much is attack.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BaseRate {
    /// Events scored a day.
    pub events_per_day: f64,
    /// Share of them that are attacks.
    pub attack_share: f64,
}

impl Default for BaseRate {
    /// A million events a day, one in a thousand an attack: stated with every figure made from
    /// it, to be replaced by the site's own.
    fn default() -> Self {
        Self { events_per_day: 1e6, attack_share: 1e-3 }
    }
}

/// Alerts at a base rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Alerts {
    /// The rate assumed.
    pub base_rate: BaseRate,
    /// Alerts a day.
    pub per_day: Option<f64>,
    /// False alerts a day.
    pub false_per_day: Option<f64>,
    /// Share of alerts that are attacks (Axelsson 2000, eq. 5).
    pub precision: Option<f64>,
}

impl Alerts {
    /// Alerts at `base_rate` if the rates of `confusion` hold there.
    pub fn at(confusion: &Confusion, base_rate: BaseRate) -> Self {
        let BaseRate { events_per_day, attack_share } = base_rate;
        let found = confusion.recall().map(|rate| rate * attack_share * events_per_day);
        let wrong = confusion.fpr().map(|rate| rate * (1.0 - attack_share) * events_per_day);
        let per_day = found.zip(wrong).map(|(found, wrong)| found + wrong);
        let precision =
            found.zip(per_day).map(|(found, all)| if all > 0.0 { found / all } else { 0.0 });
        Self { base_rate, per_day, false_per_day: wrong, precision }
    }
}
