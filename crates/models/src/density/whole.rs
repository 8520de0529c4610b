//! Small whole numbers among values, as places of a table.

/// Whole numbers below this are counted and scored by a table: that stays in the second cache.
pub(super) const SMALL: usize = 1 << 14;

/// Values that are looked at together.
pub(super) const BLOCK: usize = 16;

/// Numbers of one register, on any processor.
const LANES: usize = 2;

/// 2⁵²: what is added to it becomes a whole number, which then stands in the lowest bits.
const ROUNDER: f64 = 4_503_599_627_370_496.0;

/// Writes the whole numbers that values are to `places`. False if one of them is none, is −0, or is
/// not below `limit`, a power of two; places are then any numbers.
#[inline(always)]
pub(super) fn whole_numbers(
    values: &[f64; BLOCK],
    limit: usize,
    places: &mut [u32; BLOCK],
) -> bool {
    let (mut rounded_off, mut all) = ([0; LANES], [0; LANES]);
    for start in (0..BLOCK).step_by(LANES) {
        for lane in 0..LANES {
            let value = values[start + lane];
            let sum = value + ROUNDER;
            rounded_off[lane] |= (sum - ROUNDER).to_bits() ^ value.to_bits();
            // Of what is negative, too large or no number, the upper bits differ.
            let place = sum.to_bits() ^ ROUNDER.to_bits();
            all[lane] |= place;
            places[start + lane] = place as u32;
        }
    }
    (rounded_off[0] | rounded_off[1] == 0) & ((all[0] | all[1]) < limit as u64)
}

/// The scores of whole numbers up to what is above all values, if these are small whole numbers for
/// which that is no larger than the column.
pub(super) fn whole_scores(values: &[f64], at_most: &[u32], scores: &[f64]) -> Vec<f64> {
    let (Some(&last), Some(&rows)) = (values.last(), at_most.last()) else { return Vec::new() };
    let is_small = |value: &f64| {
        (0.0..SMALL as f64).contains(value) && value.fract() == 0.0 && value.is_sign_positive()
    };
    if last > f64::from(rows) || !values.iter().all(is_small) {
        return Vec::new();
    }
    let count = (last as usize + 2).next_power_of_two();
    let mut whole = Vec::with_capacity(count);
    for (value, score) in values.iter().zip(scores.as_chunks::<2>().0) {
        whole.resize(*value as usize, score[0]);
        whole.push(score[1]);
    }
    whole.resize(count, scores[scores.len() - 1]);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_told_from_others_wherever_they_stand() {
        let small: Vec<f64> = (0..64).map(f64::from).collect();
        let others = [
            -0.0,
            0.5,
            63.0_f64.next_up(),
            64.0,
            1e9,
            5e-324,
            -1.0,
            -0.25,
            4_294_967_296.0,
            ROUNDER,
            2.0 * ROUNDER,
            -ROUNDER,
            1e300,
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            -f64::NAN,
        ];
        let mut places = [0; BLOCK];
        for values in small.as_chunks::<BLOCK>().0 {
            assert!(whole_numbers(values, 64, &mut places));
            assert!(places.iter().zip(values).all(|(place, value)| f64::from(*place) == *value));
            for other in others {
                for at in 0..BLOCK {
                    let mut values = *values;
                    values[at] = other;
                    assert!(!whole_numbers(&values, 64, &mut places), "{other} at {at}");
                }
            }
        }
    }
}
