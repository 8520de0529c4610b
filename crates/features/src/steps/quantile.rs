//! Numbers replaced by their place in the training rows' distribution.

use tripline_core::{Column, State, StateError, math};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::PrepareReport;
use crate::statistics;
use crate::step::{Outcome, Place, Step, StepCard, Transform, check_each, load_each, save_each};
use crate::table::{Described, Table, change_numbers};

pub(crate) const KIND: &str = "quantile";

/// Quantiles kept of each column, as scikit-learn's n_quantiles.
const QUANTILES: usize = 1000;

/// Distance kept from 0 and 1 before the normal quantile, as scikit-learn's BOUNDS_THRESHOLD.
const BOUND: f64 = 1e-7;

pub(crate) const CARD: StepCard = StepCard {
    id: "scale=quantile",
    syntax: "scale=quantile[:uniform|normal]",
    summary: "Replaces numbers by their place in the training distribution, evenly from 0 to 1 \
              (uniform, the default) or as a standard normal (normal).",
    source: "scikit-learn 1.9 QuantileTransformer with 1000 quantiles of all rows",
    parse: |parts| {
        Ok(Box::new(match parts {
            [] | ["uniform"] => Quantile { normal: false },
            ["normal"] => Quantile { normal: true },
            _ => return Err(format!("must be {}", CARD.syntax)),
        }))
    },
};

#[derive(Debug)]
struct Quantile {
    normal: bool,
}

impl Step for Quantile {
    fn text(&self) -> String {
        if self.normal { "scale=quantile:normal" } else { "scale=quantile" }.to_owned()
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let quantiles = table.fit_numeric(|values| {
            let sorted = statistics::sorted(values);
            let count = QUANTILES.min(table.len).max(1);
            let mut quantiles: Vec<f64> = (0..count)
                .filter_map(|i| statistics::quantile(&sorted, reference(i, count)))
                .collect();
            // Rounding may turn the order of neighbours around (numpy issue 14685).
            for i in 1..quantiles.len() {
                quantiles[i] = quantiles[i].max(quantiles[i - 1]);
            }
            quantiles
        });
        Ok(Outcome::Transform(Box::new(Quantiles { normal: self.normal, quantiles })))
    }
}

fn reference(i: usize, count: usize) -> f64 {
    if count == 1 { 0.0 } else { i as f64 / (count - 1) as f64 }
}

/// The quantiles of each numeric column, rising; none where training rows had no number.
#[derive(Debug)]
pub(crate) struct Quantiles {
    normal: bool,
    quantiles: Vec<Option<Vec<f64>>>,
}

impl Quantiles {
    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let quantiles = load_each(state.states("quantiles")?, |state| {
            let quantiles = state.f64s("values")?.to_vec();
            if quantiles.iter().all(|q| q.is_finite()) && quantiles.is_sorted() {
                Ok(quantiles)
            } else {
                Err(StateError::invalid("values", "finite numbers in rising order"))
            }
        })?;
        Ok(Self { normal: state.bool("normal")?, quantiles })
    }
}

impl Transform for Quantiles {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        check_each(&self.quantiles, fields, true, "quantiles")?;
        Ok(fields.to_vec())
    }

    fn apply(
        &self,
        place: &Place<'_>,
        mut columns: Vec<Column>,
        _: usize,
        _: &mut PrepareReport,
    ) -> Vec<Column> {
        change_numbers(&mut columns, &self.quantiles, place.live, |quantiles, values| {
            for value in values {
                *value = rank(quantiles, *value);
                if self.normal {
                    *value = normal_quantile(value.clamp(BOUND, 1.0 - BOUND));
                }
            }
            0
        });
        columns
    }

    fn describe(&self) -> String {
        let columns = self.quantiles.iter().flatten().count();
        let shape = if self.normal { "a normal" } else { "an even" };
        format!("{columns} columns given {shape} distribution")
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_bool("normal", self.normal);
        let quantiles = save_each(&self.quantiles, |quantiles| {
            let mut state = State::new();
            state.put_f64s("values", quantiles.clone());
            state
        });
        state.put_states("quantiles", quantiles);
        state
    }
}

/// Place in [0, 1]; the middle of its run for a value that equals several quantiles, as
/// scikit-learn's mean of the interpolation from either side.
fn rank(quantiles: &[f64], value: f64) -> f64 {
    let count = quantiles.len();
    let (Some(&first), Some(&last)) = (quantiles.first(), quantiles.last()) else {
        return if value.is_nan() { value } else { 0.0 };
    };
    if value.is_nan() {
        return value;
    }
    // The ends come first, the lower one before the upper one, as in scikit-learn.
    if value == first {
        return 0.0;
    }
    if value >= last {
        return 1.0;
    }
    if value < first {
        return 0.0;
    }
    let below = quantiles.partition_point(|&q| q < value);
    let above = quantiles.partition_point(|&q| q <= value);
    if below < above {
        return 0.5 * (reference(below, count) + reference(above - 1, count));
    }
    let (low, high) = (quantiles[below - 1], quantiles[below]);
    let (from, to) = (reference(below - 1, count), reference(below, count));
    from + (value - low) / (high - low) * (to - from)
}

/// The quantile of the standard normal distribution: algorithm AS 241, routine PPND16 (Wichura
/// 1988), relative error about 1e-16; `p` lies inside (0, 1).
fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(&CENTRE, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-math::ln(tail)).sqrt();
    let value = if r <= 5.0 { ratio(&MIDDLE, r - 1.6) } else { ratio(&TAIL, r - 5.0) };
    if q < 0.0 { -value } else { value }
}

/// Two polynomials, coefficients from the constant term up.
type Ratio = ([f64; 8], [f64; 8]);

fn ratio((top, bottom): &Ratio, r: f64) -> f64 {
    let horner = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |a, c| a * r + c);
    horner(top) / horner(bottom)
}

const CENTRE: Ratio = (
    [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_854e3,
    ],
);

const MIDDLE: Ratio = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);

const TAIL: Ratio = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        5.998_322_065_558_88e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_agree_with_scipy() {
        // scipy 1.17.1: scipy.stats.norm.ppf
        for (p, expected) in SCIPY {
            let got = normal_quantile(p);
            assert!((got - expected).abs() < 1e-14 * expected.abs().max(1.0), "{p}: {got}");
        }
    }

    const SCIPY: [(f64, f64); 6] = [
        (0.5, 0.0),
        (0.975, 1.959963984540054),
        (0.2, -0.8416212335729142),
        (1e-7, -5.1993375821928165),
        (0.01, -2.3263478740408408),
        (1e-13, -7.348796102800677),
    ];
}
