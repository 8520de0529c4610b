//! To which side a column is skewed.

/// The sign of the third central moment of ascending values, of which so many rows are at most each;
/// 0 where it is no more than rounding.
pub(super) fn skewness(values: &[f64], at_most: &[u32]) -> i8 {
    // Of a share of the largest distance, so that cubes stay in range; halved before it is taken.
    let rows = at_most.last().copied().map_or(1.0, f64::from);
    let counts = || {
        let before = std::iter::once(&0).chain(at_most);
        at_most.iter().zip(before).map(|(end, start)| f64::from(end - start))
    };
    let mean: f64 = values.iter().zip(counts()).map(|(x, count)| x / rows * count).sum();
    let distance = |x: Option<&f64>| x.map_or(0.0, |x| (x / 2.0 - mean / 2.0).abs());
    let largest = distance(values.first()).max(distance(values.last()));
    // As scipy has it: no further apart than rounding of the mean.
    if largest <= f64::EPSILON * mean.abs() {
        return 0;
    }
    let (mut cubes, mut sizes) = (0.0, 0.0);
    for (x, count) in values.iter().zip(counts()) {
        let distance = (x / 2.0 - mean / 2.0) / largest;
        let cube = distance * distance * distance * count;
        cubes += cube;
        sizes += cube.abs();
    }
    if cubes.abs() <= 1e-13 * sizes {
        0
    } else if cubes < 0.0 {
        -1
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_survives_offset_and_size() {
        for (factor, offset) in [(1.0, 0.0), (1e300, 0.0), (1e-300, 0.0), (1.0, 1e9)] {
            let values: Vec<f64> = [0.0, 1.0, 5.0].iter().map(|x| offset + factor * x).collect();
            assert_eq!(skewness(&values, &[1, 2, 3]), 1);
            let mirrored: Vec<f64> = values.iter().rev().map(|x| -x).collect();
            assert_eq!(skewness(&mirrored, &[1, 2, 3]), -1);
        }
        assert_eq!(skewness(&[-1.0, 0.0, 1.0], &[1, 2, 3]), 0);
        assert_eq!(skewness(&[7.0], &[5]), 0);
    }
}
