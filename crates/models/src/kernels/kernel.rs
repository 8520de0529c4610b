//! Kernels: how alike two rows are, from their product with their squares.

use tripline_core::{ParamError, Params, State, StateError, math};

use super::lanes::{LANES, Lane, Lanes};
use crate::table::Table;

/// Bound of a kernel's value, so that sums are numbers for any row.
const LARGEST: f64 = 1e200;

/// k(x, y), with scikit-learn's names and meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kernel {
    /// x·y.
    Linear,
    /// (γ x·y + c)^degree.
    Poly { gamma: f64, coef0: f64, degree: u32 },
    /// e^(−γ |x − y|²).
    Rbf { gamma: f64 },
    /// tanh(γ x·y + c).
    Sigmoid { gamma: f64, coef0: f64 },
}

/// The parameter γ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Gamma {
    /// 1 / (columns · variance of all cells).
    Scale,
    /// 1 / columns.
    Auto,
    /// As given.
    Value(f64),
}

impl Gamma {
    pub(super) const NAMES: &str = "`scale`, `auto` or a number above 0, at most 1e6";

    /// From the text of parameter `gamma`.
    pub(super) fn new(params: &Params) -> Result<Self, ParamError> {
        let text = params.text("gamma");
        match text {
            "scale" => return Ok(Self::Scale),
            "auto" => return Ok(Self::Auto),
            _ => {}
        }
        match text.parse() {
            Ok(value) if is_gamma(value) => Ok(Self::Value(value)),
            _ => Err(ParamError::Value {
                name: "gamma".to_owned(),
                expected: Self::NAMES.to_owned(),
                got: text.to_owned(),
            }),
        }
    }

    /// γ for these rows.
    pub(super) fn of(self, table: &Table<'_>) -> f64 {
        let width = table.columns.len() as f64;
        match self {
            Self::Value(value) => value,
            Self::Auto => 1.0 / width,
            Self::Scale => {
                let variance = variance(table);
                let gamma = if variance > 0.0 { 1.0 / (width * variance) } else { 1.0 };
                // Of numbers that are no numbers when squared, nothing can be told.
                if is_gamma(gamma) { gamma } else { 1.0 }
            }
        }
    }
}

fn is_gamma(value: f64) -> bool {
    value > 0.0 && value <= 1e6
}

/// The variance of all cells.
fn variance(table: &Table<'_>) -> f64 {
    let cells = (table.columns.len() * table.len) as f64;
    let sum: f64 = table.columns.iter().map(|column| column.iter().sum::<f64>()).sum();
    let mean = sum / cells;
    let squares = |column: &&[f64]| column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    table.columns.iter().map(squares).sum::<f64>() / cells
}

impl Kernel {
    pub(super) const NAMES: &[&str] = &["rbf", "linear", "poly", "sigmoid"];

    /// From parameters `kernel`, `coef0`, `degree`.
    pub(super) fn new(params: &Params, gamma: f64) -> Self {
        let coef0 = params.float("coef0");
        match params.text("kernel") {
            "linear" => Self::Linear,
            "poly" => Self::Poly { gamma, coef0, degree: params.count("degree") as u32 },
            "sigmoid" => Self::Sigmoid { gamma, coef0 },
            _ => Self::Rbf { gamma },
        }
    }

    /// k of a row with the rows of a block, in place of their products.
    #[inline(always)]
    pub(super) fn apply(self, square: f64, squares: &Lane, values: &mut Lane) {
        match self {
            Self::Linear => {}
            Self::Poly { gamma, coef0, degree } => {
                values.iter_mut().for_each(|dot| *dot = power(gamma * *dot + coef0, degree));
            }
            Self::Rbf { gamma } => {
                for i in 0..LANES {
                    let distance = square + squares[i] - 2.0 * values[i];
                    values[i] = -gamma * if distance > 0.0 { distance } else { 0.0 };
                }
                math::exp_all(values);
                return;
            }
            Self::Sigmoid { gamma, coef0 } => {
                values.iter_mut().for_each(|dot| *dot = math::tanh(gamma * *dot + coef0));
            }
        }
        values.iter_mut().for_each(|value| *value = value.clamp(-LARGEST, LARGEST));
    }

    /// k of each row with itself.
    pub(super) fn diagonal(self, rows: &Lanes) -> Vec<f64> {
        let of = |row| {
            let square = rows.square_of(row);
            let mut values = [square; LANES];
            self.apply(square, &[square; LANES], &mut values);
            values[0]
        };
        (0..rows.len).map(of).collect()
    }

    pub(super) fn save(self, state: &mut State) {
        let (name, gamma, coef0, degree) = match self {
            Self::Linear => ("linear", 1.0, 0.0, 1),
            Self::Poly { gamma, coef0, degree } => ("poly", gamma, coef0, degree),
            Self::Rbf { gamma } => ("rbf", gamma, 0.0, 1),
            Self::Sigmoid { gamma, coef0 } => ("sigmoid", gamma, coef0, 1),
        };
        state.put_text("kernel", name);
        state.put_f64("gamma", gamma);
        state.put_f64("coef0", coef0);
        state.put_i64("degree", i64::from(degree));
    }

    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let (gamma, coef0) = (state.f64("gamma")?, state.f64("coef0")?);
        if !is_gamma(gamma) {
            return Err(StateError::invalid("gamma", "above 0, at most 1e6"));
        }
        if coef0.is_nan() || coef0.abs() > 1e6 {
            return Err(StateError::invalid("coef0", "in the card's range"));
        }
        let degree = state.count("degree")?;
        if !(1..=10).contains(&degree) {
            return Err(StateError::invalid("degree", "from 1 to 10"));
        }
        match state.text("kernel")? {
            "linear" => Ok(Self::Linear),
            "poly" => Ok(Self::Poly { gamma, coef0, degree: degree as u32 }),
            "rbf" => Ok(Self::Rbf { gamma }),
            "sigmoid" => Ok(Self::Sigmoid { gamma, coef0 }),
            _ => Err(StateError::invalid("kernel", "`rbf`, `linear`, `poly` or `sigmoid`")),
        }
    }
}

/// base^exponent by squares, in the order of LIBSVM.
fn power(base: f64, exponent: u32) -> f64 {
    let (mut square, mut result) = (base, 1.0);
    let mut left = exponent;
    while left > 0 {
        if left % 2 == 1 {
            result *= square;
        }
        square *= square;
        left /= 2;
    }
    // 0 · ∞ of squares beyond those that are used.
    if result.is_nan() { 0.0 } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_products() {
        assert_eq!(power(-3.0, 5), -243.0);
        assert_eq!(power(1e200, 3), f64::INFINITY);
        assert_eq!(power(2.0, 1), 2.0);
    }

    #[test]
    fn a_kernel_is_its_formula() {
        // By hand: x = (1, 2), y = (3, −1), x·y = 1, |x − y|² = 13.
        let value = |kernel: Kernel| {
            let mut values = [1.0; LANES];
            kernel.apply(5.0, &[10.0; LANES], &mut values);
            values[3]
        };
        assert_eq!(value(Kernel::Linear), 1.0);
        assert_eq!(value(Kernel::Poly { gamma: 2.0, coef0: 1.0, degree: 3 }), 27.0);
        assert!((value(Kernel::Rbf { gamma: 0.1 }) - math::exp(-1.3)).abs() < 1e-15);
        let sigmoid = Kernel::Sigmoid { gamma: 0.5, coef0: -1.0 };
        assert_eq!(value(sigmoid), math::tanh(-0.5));
    }
}
