//! When a row is an alert.

use tripline_assess::bootstrap::Interval;
use tripline_assess::threshold::{Extrapolation, Realised, Threshold};
use tripline_core::{State, StateError};

/// When a row is an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// A row alerts when its raw score is at least this.
    pub threshold: f64,
    /// How the threshold was found.
    pub rule: String,
    /// What the user should know of it, such as too few benign rows for the rate asked for.
    pub note: Option<String>,
    /// How far a threshold from the tail of the scores can be trusted.
    pub extrapolation: Option<Extrapolation>,
    /// False alarms on benign rows that did not choose the threshold.
    pub realised: Option<Realised>,
}

impl From<Threshold> for Decision {
    fn from(chosen: Threshold) -> Self {
        Self {
            threshold: chosen.value,
            rule: chosen.rule.to_string(),
            note: chosen.note,
            extrapolation: chosen.extrapolation,
            realised: chosen.realised,
        }
    }
}

impl Decision {
    pub(crate) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64("threshold", self.threshold);
        state.put_text("rule", &self.rule);
        if let Some(note) = &self.note {
            state.put_text("note", note);
        }
        // Files of before have no such entries.
        if let Some(found) = &self.extrapolation {
            let mut entry = State::new();
            entry.put_f64s("threshold", vec![found.threshold.low, found.threshold.high]);
            entry.put_f64s("rate", vec![found.rate.low, found.rate.high]);
            entry.put_f64("above", found.above);
            entry.put_i64("exceedances", found.exceedances as i64);
            entry.put_f64("shape", found.shape);
            entry.put_f64("p_value", found.p_value);
            state.put_state("extrapolation", entry);
        }
        if let Some(realised) = &self.realised {
            let mut entry = State::new();
            entry.put_i64("alerts", realised.alerts as i64);
            entry.put_i64("benign", realised.benign as i64);
            state.put_state("realised", entry);
        }
        state
    }

    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let threshold = state.f64("threshold")?;
        if threshold.is_nan() {
            return Err(StateError::invalid("threshold", "a number"));
        }
        let note = if state.has("note") { Some(state.text("note")?.to_owned()) } else { None };
        Ok(Self {
            threshold,
            rule: state.text("rule")?.to_owned(),
            note,
            extrapolation: if state.has("extrapolation") {
                Some(extrapolation(state.state("extrapolation")?)?)
            } else {
                None
            },
            realised: if state.has("realised") {
                Some(realised(state.state("realised")?)?)
            } else {
                None
            },
        })
    }
}

fn extrapolation(state: &State) -> Result<Extrapolation, StateError> {
    Ok(Extrapolation {
        threshold: interval(state, "threshold")?,
        rate: interval(state, "rate")?,
        above: state.f64("above")?,
        exceedances: state.count("exceedances")?,
        shape: state.f64("shape")?,
        p_value: state.f64("p_value")?,
    })
}

fn interval(state: &State, name: &str) -> Result<Interval, StateError> {
    match state.f64s(name)? {
        &[low, high] if low <= high => Ok(Interval { low, high, level: 0.95 }),
        _ => Err(StateError::invalid(name, "two numbers, the lower first")),
    }
}

fn realised(state: &State) -> Result<Realised, StateError> {
    let (alerts, benign) = (state.count("alerts")?, state.count("benign")?);
    if benign == 0 || alerts > benign {
        return Err(StateError::invalid("alerts", "at most as many as there are benign rows"));
    }
    Ok(Realised::new(alerts, benign))
}
