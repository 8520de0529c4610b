//! Random Fourier features, whose products are near those of the RBF kernel (Rahimi & Recht 2007).

use tripline_core::{Rng, State, StateError, math};

use super::lanes::LARGEST;

/// z(x) = √(2/D) cos(Ωx + φ), Ω normal with variance 2γ, φ uniform (Rahimi & Recht 2007,
/// algorithm 1).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FourierMap {
    width: usize,
    components: usize,
    /// d × D.
    frequencies: Vec<f64>,
    /// D.
    phases: Vec<f64>,
}

impl FourierMap {
    /// Draws a map for e^(−γ |x − y|²).
    pub(super) fn draw(width: usize, components: usize, gamma: f64, rng: &mut Rng) -> Self {
        let deviation = (2.0 * gamma).sqrt();
        let frequencies = (0..width * components).map(|_| deviation * rng.normal()).collect();
        let phases = (0..components).map(|_| std::f64::consts::TAU * rng.unit()).collect();
        Self { width, components, frequencies, phases }
    }

    pub(super) fn components(&self) -> usize {
        self.components
    }

    /// Maps rows (n × d) to features (n × D).
    pub(super) fn map(&self, rows: &[f64], out: &mut [f64]) {
        let scale = (2.0 / self.components as f64).sqrt();
        let pairs = rows.chunks_exact(self.width).zip(out.chunks_exact_mut(self.components));
        for (row, out) in pairs {
            out.copy_from_slice(&self.phases);
            for (value, frequencies) in row.iter().zip(self.frequencies.chunks_exact(out.len())) {
                let value = value.clamp(-LARGEST, LARGEST);
                for (angle, frequency) in out.iter_mut().zip(frequencies) {
                    *angle += value * frequency;
                }
            }
            out.iter_mut().for_each(|angle| *angle = scale * math::cos(*angle));
        }
    }

    pub(super) fn save(&self, state: &mut State) {
        state.put_f64s("frequencies", self.frequencies.clone());
        state.put_f64s("phases", self.phases.clone());
    }

    pub(super) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let (frequencies, phases) = (state.f64s("frequencies")?, state.f64s("phases")?);
        let bounded = |numbers: &[f64]| numbers.iter().all(|number| number.abs() <= LARGEST);
        if phases.is_empty()
            || phases.len().checked_mul(width) != Some(frequencies.len())
            || !bounded(frequencies)
            || !bounded(phases)
        {
            return Err(StateError::invalid("frequencies", "one for each column and phase"));
        }
        let (frequencies, phases) = (frequencies.to_vec(), phases.to_vec());
        Ok(Self { width, components: phases.len(), frequencies, phases })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_features_are_near_the_kernel() {
        let map = FourierMap::draw(3, 20_000, 0.3, &mut Rng::new(1));
        let rows = [0.5, -1.0, 2.0, 1.5, 0.0, 1.0];
        let mut out = vec![0.0; 2 * map.components()];
        map.map(&rows, &mut out);
        let (a, b) = out.split_at(map.components());
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        // |x − y|² = 3; deviations of 1/√D.
        assert!((dot(a, b) - math::exp(-0.9)).abs() < 0.02);
        assert!((dot(a, a) - 1.0).abs() < 0.02);
    }
}
