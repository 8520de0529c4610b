//! Interval of the difference of two shares of independent rows.

use super::{Interval, wilson};

/// The 95 % interval of the share of the first less that of the second, each `(hits, whole)`
/// (Newcombe 1998, method 10: from the Wilson intervals of both).
///
/// All of [-1, 1] if either has no row.
pub fn newcombe(first: (f64, f64), second: (f64, f64)) -> Interval {
    let (a, b) = (wilson(first.0, first.1), wilson(second.0, second.1));
    if first.1 <= 0.0 || second.1 <= 0.0 {
        return Interval { low: -1.0, high: 1.0, level: a.level };
    }
    let (p, q) = (first.0 / first.1, second.0 / second.1);
    let length = |x: f64, y: f64| (x * x + y * y).sqrt();
    Interval {
        low: p - q - length(p - a.low, b.high - q),
        high: p - q + length(a.high - p, q - b.low),
        level: a.level,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_peer() {
        // statsmodels 0.15.0: bench/oracles/difference.py
        let cases = [
            ((56.0, 70.0), (48.0, 80.0), 0.05243147240236498, 0.33387265403690614),
            ((9.0, 10.0), (3.0, 10.0), 0.1705227239345029, 0.809017973535488),
            ((6.0, 7.0), (2.0, 7.0), 0.05822792748231209, 0.8062496375242278),
            ((5.0, 56.0), (0.0, 29.0), -0.038137147903536936, 0.19256001385511165),
            ((0.0, 10.0), (0.0, 20.0), -0.1611251580528194, 0.27753279986288926),
            ((10.0, 10.0), (0.0, 20.0), 0.6790860371419145, 1.0),
            ((120.0, 10000.0), (95.0, 1000000.0), 0.009950362044978157, 0.014234370352921969),
        ];
        for (first, second, low, high) in cases {
            let found = newcombe(first, second);
            assert!((found.low - low).abs() < 1e-12, "{first:?} {second:?}: {found:?}");
            assert!((found.high - high).abs() < 1e-12, "{first:?} {second:?}: {found:?}");
        }
        let nothing = newcombe((0.0, 0.0), (1.0, 5.0));
        assert_eq!((nothing.low, nothing.high), (-1.0, 1.0));
    }
}
