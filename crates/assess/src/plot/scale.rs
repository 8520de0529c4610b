//! A scale from values to positions on the page.

use tripline_core::math;

use super::number::short;

/// A mapping of an interval of values to an interval of positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

/// A labelled value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Position on the page.
    pub(crate) at: f64,
    /// What is written there.
    pub(crate) label: String,
}

impl Scale {
    /// Equal steps are equal lengths; an empty interval is widened.
    pub(crate) fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        let (low, high) = widen(low, high);
        Self { low, high, from, to, log: false }
    }

    /// Equal ratios are equal lengths; both ends above 0.
    pub(crate) fn log(low: f64, high: f64, from: f64, to: f64) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        let high = if high > low { high } else { low * 10.0 };
        Self { low: math::log10(low), high: math::log10(high), from, to, log: true }
    }

    /// The position of a value; a value outside lands on the nearer end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let value = if self.log { math::log10(value.max(f64::MIN_POSITIVE)) } else { value };
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// About `wanted` round values with their positions.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        if self.log { self.powers() } else { self.round(wanted) }
    }

    /// The ends with the kind, for a script that turns positions back into values.
    pub(crate) fn ends(&self) -> (f64, f64, bool) {
        (self.low, self.high, self.log)
    }

    fn round(&self, wanted: usize) -> Vec<Tick> {
        let step = step(self.high - self.low, wanted.max(1));
        let first = (self.low / step - 1e-9).ceil();
        let last = (self.high / step + 1e-9).floor();
        let number = (last - first).clamp(0.0, 100.0) as usize;
        (0..=number)
            .map(|i| (first + i as f64) * step)
            .map(|value| {
                let value = if value.abs() < step * 1e-9 { 0.0 } else { value };
                Tick { at: self.place(value), label: label(value) }
            })
            .collect()
    }

    fn powers(&self) -> Vec<Tick> {
        let (first, last) = ((self.low - 1e-9).ceil() as i32, (self.high + 1e-9).floor() as i32);
        // Six labels stand beside each other without touching on the narrowest chart.
        let every = ((last - first) / 6 + 1).max(1);
        (first..=last)
            .filter(|power| (power - first) % every == 0)
            .map(|power| {
                let value = math::pow(10.0, f64::from(power));
                let label = match power {
                    -3..=5 => label(value),
                    _ => format!("1e{power}").replace('-', "\u{2212}"),
                };
                Tick { at: self.place(value), label }
            })
            .collect()
    }
}

fn label(value: f64) -> String {
    // Steps are round in decimal, so rounding at the twelfth digit removes what binary adds.
    let text = format!("{:.11e}", value);
    short(text.parse().unwrap_or(value))
}

/// A step of 1, 2 or 5 times a power of ten that cuts `span` into about `wanted` parts.
fn step(span: f64, wanted: usize) -> f64 {
    let rough = span / wanted as f64;
    let magnitude = math::pow(10.0, math::log10(rough).floor());
    let factor = match rough / magnitude {
        ratio if ratio < 1.5 => 1.0,
        ratio if ratio < 3.5 => 2.0,
        ratio if ratio < 7.5 => 5.0,
        _ => 10.0,
    };
    factor * magnitude
}

fn widen(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = match (low.is_finite(), high.is_finite()) {
        (true, true) => (low.min(high), low.max(high)),
        (true, false) => (low, low),
        (false, true) => (high, high),
        (false, false) => (0.0, 1.0),
    };
    let size = low.abs().max(high.abs());
    // A span near the rounding error of its ends cannot be cut into distinct ticks.
    if high - low > size * 1e-9 && (high - low).is_normal() && (high - low).is_finite() {
        return (low, high);
    }
    let margin = if size.is_normal() && size < f64::MAX / 4.0 { size * 0.1 } else { 0.5 };
    (low.max(-f64::MAX / 4.0) - margin, high.min(f64::MAX / 4.0) + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale) -> Vec<String> {
        scale.ticks(5).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            labels(Scale::linear(0.0, 1.0, 0.0, 1.0)),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
        assert_eq!(
            labels(Scale::log(1e-4, 1.0, 0.0, 1.0)),
            ["1e\u{2212}4", "0.001", "0.01", "0.1", "1"]
        );
        assert_eq!(labels(Scale::linear(-7.0, 13.0, 0.0, 1.0)), ["\u{2212}5", "0", "5", "10"]);
    }

    #[test]
    fn an_empty_interval_has_a_middle() {
        for value in [0.0, 3.0, -1e300, f64::NAN, f64::INFINITY, 1e-320] {
            let scale = Scale::linear(value, value, 0.0, 100.0);
            assert!(scale.place(1.0).is_finite() && scale.ticks(5).len() < 50, "{value}");
        }
        assert_eq!(Scale::linear(3.0, 3.0, 0.0, 100.0).place(3.0), 50.0);
    }
}
