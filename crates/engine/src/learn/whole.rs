//! Whether a batch looks, as a whole, like the benign rows of the reference.

use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Dataset, math};

use super::GuardSettings;
use crate::error::EngineError;
use crate::model::{Model, Verdicts};

/// A share counts as beyond chance below this probability: with a batch a second, once in 12 days.
const CHANCE: f64 = 1e-6;

/// Share of benign rows that alert where a model does not tell for which rate its threshold is.
const UNKNOWN_RATE: f64 = 0.01;

/// What benign rows look like to the reference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual {
    /// Share that alerts.
    alerts: f64,
    /// Half of them score higher.
    median: Option<f64>,
}

impl Usual {
    pub(super) fn of(reference: &Model) -> Result<Self, EngineError> {
        let decision = reference.decision();
        let asked = match ThresholdRule::parse(&decision.rule) {
            Ok(ThresholdRule::Fpr(rate)) => rate,
            _ => UNKNOWN_RATE,
        };
        let realised = decision.realised.as_ref().map_or(0.0, |realised| realised.rate);
        let median = match reference.background() {
            Some(rows) if !rows.is_empty() => {
                let mut raw = reference.score(rows)?.raw;
                raw.sort_unstable_by(f64::total_cmp);
                Some(raw[raw.len() / 2])
            }
            _ => None,
        };
        Ok(Self { alerts: asked.max(realised), median })
    }

    /// Why a batch must wait as a whole, if it must; `verdicts` are those of the reference. Rows
    /// that a label calls attacks do not count.
    pub(super) fn unlike(
        &self,
        batch: &Dataset,
        verdicts: &Verdicts,
        guard: &GuardSettings,
    ) -> Option<String> {
        let counted: Vec<usize> = (0..batch.len())
            .filter(|&row| !batch.labels.as_ref().is_some_and(|labels| labels.is_attack(row)))
            .collect();
        let share = |holds: &dyn Fn(usize) -> bool| {
            let hits = counted.iter().filter(|&&row| holds(row)).count();
            hits as f64 / counted.len().max(1) as f64
        };
        let rows = counted.len() as f64;
        let alerts = share(&|row| verdicts.alert[row]);
        if alerts > guard.most_alerts && chance(alerts, self.alerts, rows) < CHANCE {
            return Some(format!(
                "{:.1} % of the batch alert, {:.2} % of benign rows do: all of it waits",
                100.0 * alerts,
                100.0 * self.alerts
            ));
        }
        let median = self.median?;
        let above = share(&|row| verdicts.raw[row] > median);
        (above > guard.most_above && chance(above, 0.5, rows) < CHANCE).then(|| {
            format!(
                "{:.0} % of the batch score above the median of benign rows: all of it waits",
                100.0 * above
            )
        })
    }
}

/// A bound of the chance that at least this share of so many rows are hits where `usual` of them
/// are on average: e^(−n KL(share, usual)) (Hoeffding 1963, theorem 1).
fn chance(share: f64, usual: f64, rows: f64) -> f64 {
    if share <= usual {
        return 1.0;
    }
    if usual <= 0.0 {
        return 0.0;
    }
    let part = |p: f64, q: f64| if p > 0.0 { p * math::ln(p / q) } else { 0.0 };
    math::exp(-rows * (part(share, usual) + part(1.0 - share, 1.0 - usual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_above_the_binomial_tail() {
        // scipy 1.17.1: binom.sf(k - 1, n, p)
        for (hits, rows, p, tail) in [
            (10.0, 500.0, 0.005, 0.000_263_6),
            (40.0, 500.0, 0.01, 2.485e-23),
            (300.0, 500.0, 0.5, 4.47e-6),
        ] {
            let bound = chance(hits / rows, p, rows);
            assert!(bound > tail && bound < 50.0 * tail, "{hits} of {rows}: {bound}");
        }
        assert_eq!(chance(0.005, 0.01, 500.0), 1.0);
        assert_eq!(chance(1.0, 0.0, 5.0), 0.0);
    }
}
