//! Distances between points, with lower bounds of them from boxes.
//!
//! A sum runs over eight lanes that are added in one order, so that it has the same bits however
//! wide the registers are. Rounding keeps order (if a ≤ b then a rounded ≤ b rounded), hence a bound
//! that is summed as the distance is never above the distance as computed.

/// Lanes of a sum; rows are padded with zeros to a multiple of it.
pub(super) const LANES: usize = 8;

/// Coordinates beyond this count as this, so that no square and no sum of squares overflows.
pub(super) const LARGEST: f64 = 1e150;

/// How far two points are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    Euclidean,
    Manhattan,
    Chebyshev,
}

impl Metric {
    pub(super) const NAMES: &'static [&'static str] = &["euclidean", "manhattan", "chebyshev"];

    /// By its name in [`Metric::NAMES`].
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "euclidean" => Some(Self::Euclidean),
            "manhattan" => Some(Self::Manhattan),
            "chebyshev" => Some(Self::Chebyshev),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Manhattan => "manhattan",
            Self::Chebyshev => "chebyshev",
        }
    }

    /// The distance of what [`between`] gives.
    pub(super) fn finish(self, reduced: f64) -> f64 {
        match self {
            Self::Euclidean => reduced.sqrt(),
            Self::Manhattan | Self::Chebyshev => reduced,
        }
    }
}

/// A norm without its last step: sums of squares need no root to be compared.
pub(super) trait Norm {
    /// One more coordinate; `gap` may have either sign.
    fn add(sum: f64, gap: f64) -> f64;
    /// Two lanes.
    fn join(a: f64, b: f64) -> f64;
}

/// Sum of squares.
pub(super) struct Squares;

/// Sum of absolute values.
pub(super) struct Absolutes;

/// Largest absolute value.
pub(super) struct Largest;

impl Norm for Squares {
    #[inline(always)]
    fn add(sum: f64, gap: f64) -> f64 {
        sum + gap * gap
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

impl Norm for Absolutes {
    #[inline(always)]
    fn add(sum: f64, gap: f64) -> f64 {
        sum + gap.abs()
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

impl Norm for Largest {
    #[inline(always)]
    fn add(sum: f64, gap: f64) -> f64 {
        let gap = gap.abs();
        if gap > sum { gap } else { sum }
    }

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        if b > a { b } else { a }
    }
}

/// The reduced distance of two padded rows.
#[inline(always)]
pub(super) fn between<N: Norm>(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] = N::add(sums[lane], a[lane] - b[lane]);
        }
    }
    join::<N>(sums)
}

/// A lower bound of the reduced distances from a point to all points of a box.
#[inline(always)]
pub(super) fn outside<N: Norm>(point: &[f64], low: &[f64], high: &[f64]) -> f64 {
    apart::<N>(point, point, low, high)
}

/// A lower bound of the reduced distances between all points of two boxes.
#[inline(always)]
pub(super) fn apart<N: Norm>(
    low: &[f64],
    high: &[f64],
    other_low: &[f64],
    other_high: &[f64],
) -> f64 {
    let mut sums = [0.0; LANES];
    let own = low.as_chunks::<LANES>().0.iter().zip(high.as_chunks::<LANES>().0);
    let other = other_low.as_chunks::<LANES>().0.iter().zip(other_high.as_chunks::<LANES>().0);
    for ((low, high), (other_low, other_high)) in own.zip(other) {
        for lane in 0..LANES {
            let (above, below) = (other_low[lane] - high[lane], low[lane] - other_high[lane]);
            let gap = if above > below { above } else { below };
            sums[lane] = N::add(sums[lane], if gap > 0.0 { gap } else { 0.0 });
        }
    }
    join::<N>(sums)
}

/// Added one after the other: adding halves makes the compiler keep two lanes in a register.
#[inline(always)]
fn join<N: Norm>(sums: [f64; LANES]) -> f64 {
    let mut all = sums[0];
    for &sum in &sums[1..] {
        all = N::join(all, sum);
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn distances_are_those_by_hand() {
        let (mut a, mut b) = ([0.0; 16], [0.0; 16]);
        (a[0], b[0], a[9], b[9]) = (3.0, 0.0, -2.0, 2.0);
        assert_eq!(Metric::Euclidean.finish(between::<Squares>(&a, &b)), 5.0);
        assert_eq!(Metric::Manhattan.finish(between::<Absolutes>(&a, &b)), 7.0);
        assert_eq!(Metric::Chebyshev.finish(between::<Largest>(&a, &b)), 4.0);
        assert!(between::<Squares>(&[LARGEST; 4096], &[-LARGEST; 4096]).is_finite());
        for &name in Metric::NAMES {
            assert_eq!(Metric::from_name(name).map(Metric::name), Some(name));
        }
    }

    proptest! {
        #[test]
        fn a_bound_is_never_above_a_distance(
            cells in proptest::collection::vec(prop_oneof![-1e3..1e3f64, -1e-3..1e-3f64], 40),
        ) {
            let rows: Vec<&[f64]> = cells.chunks(8).collect();
            let corner = |pick: fn(f64, f64) -> f64, part: &[&[f64]]| -> Vec<f64> {
                (0..8).map(|j| part.iter().map(|row| row[j]).reduce(pick).unwrap()).collect()
            };
            let (low, high) = (corner(f64::min, &rows[..2]), corner(f64::max, &rows[..2]));
            let (other_low, other_high) = (corner(f64::min, &rows[2..]), corner(f64::max, &rows[2..]));
            for a in &rows[..2] {
                for b in &rows[2..] {
                    prop_assert!(apart::<Squares>(&low, &high, &other_low, &other_high) <= between::<Squares>(a, b));
                    prop_assert!(outside::<Squares>(b, &low, &high) <= between::<Squares>(a, b));
                    prop_assert!(outside::<Absolutes>(b, &low, &high) <= between::<Absolutes>(a, b));
                    prop_assert!(outside::<Largest>(b, &low, &high) <= between::<Largest>(a, b));
                }
            }
        }
    }
}
