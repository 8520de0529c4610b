//! Folds for scores of rows that a member was not fitted to.

use std::cmp::Ordering;

use tripline_core::{Category, Column, FitError, Labels, Rng, Rows};

/// A part number of its own keeps this draw apart from those of the members.
const PART: u64 = 0x666f_6c64;

/// The rows held out by each fold, rising; none empty.
///
/// The only distinct attack, or the only distinct benign row, is in no fold: without it there would
/// be nothing to tell apart. Rows with equal cells share a fold: else a member would have seen the
/// very row that it is to score. Each class is dealt over the folds, so that they hold about the same
/// share of it.
pub(crate) fn folds(
    rows: &Rows,
    labels: Option<&Labels>,
    count: usize,
    seed: u64,
) -> Result<Vec<Vec<usize>>, FitError> {
    let groups = equal_rows(rows);
    if groups.len() < 2 {
        return Err(FitError::Diverged {
            reason: "all rows are equal; at least two distinct rows are needed".to_owned(),
        });
    }
    let alone = |attack: bool| {
        let same =
            |group: &&Vec<usize>| labels.is_some_and(|labels| labels.is_attack(group[0]) == attack);
        groups.iter().filter(same).count() == 1
    };
    let (one_benign, one_attack) = (alone(false), alone(true));
    let kept = |group: &[usize]| {
        labels.is_some_and(
            |labels| {
                if labels.is_attack(group[0]) { one_attack } else { one_benign }
            },
        )
    };
    let class = |group: &[usize]| labels.map_or(0, |labels| labels.codes()[group[0]]);
    let classes = labels.map_or(1, |labels| labels.classes().len());
    let mut held_out = vec![Vec::new(); count.clamp(2, groups.len())];
    for code in 0..classes as u32 {
        let mut mine: Vec<&Vec<usize>> =
            groups.iter().filter(|group| class(group) == code && !kept(group)).collect();
        Rng::for_part(seed ^ PART, u64::from(code)).shuffle(&mut mine);
        // The fold with the fewest rows of this class takes the next group; of equals the one with
        // the fewest rows at all.
        let mut taken = vec![0_usize; held_out.len()];
        for group in mine {
            let fold = (0..held_out.len())
                .min_by_key(|&fold| (taken[fold], held_out[fold].len(), fold))
                .unwrap_or(0);
            taken[fold] += group.len();
            held_out[fold].extend_from_slice(group);
        }
    }
    held_out.retain(|fold| !fold.is_empty());
    held_out.iter_mut().for_each(|fold| fold.sort_unstable());
    Ok(held_out)
}

/// The rows of `0..count` that a fold does not hold out, rising.
pub(crate) fn others(count: usize, held_out: &[usize]) -> Vec<usize> {
    let mut out = vec![true; count];
    held_out.iter().for_each(|&row| out[row] = false);
    (0..count).filter(|&row| out[row]).collect()
}

/// Rows with equal cells, by their first row; `NaN` equals `NaN`, −0 equals 0.
fn equal_rows(rows: &Rows) -> Vec<Vec<usize>> {
    let key = |column: &Column, row: usize| match column {
        Column::Numeric(values) => {
            let value = values[row];
            if value.is_nan() { u64::MAX } else { (value + 0.0).to_bits() }
        }
        Column::Category(category) => match category.codes[row] {
            Category::MISSING => u64::MAX,
            code => u64::from(code),
        },
    };
    let compare = |&a: &usize, &b: &usize| {
        let unequal = |column: &Column| match key(column, a).cmp(&key(column, b)) {
            Ordering::Equal => None,
            unequal => Some(unequal),
        };
        rows.columns().iter().find_map(unequal).unwrap_or(Ordering::Equal)
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(compare);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for row in order {
        match groups.last_mut() {
            Some(group) if compare(&group[0], &row) == Ordering::Equal => group.push(row),
            _ => groups.push(vec![row]),
        }
    }
    groups.sort_by_key(|group| group[0]);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_share_a_fold_and_classes_are_spread() {
        let values: Vec<Vec<f64>> =
            (0..120).map(|row| vec![f64::from(row % 40), f64::from(row % 2)]).collect();
        let rows = Rows::from_matrix(&["a", "b"], &values).unwrap();
        let attacks: Vec<bool> = (0..120).map(|row| row % 4 == 0).collect();
        let labels = Labels::binary(&attacks);
        let folds = folds(&rows, Some(&labels), 5, 3).unwrap();
        assert_eq!(folds.len(), 5);
        let mut fold_of = vec![usize::MAX; 120];
        for (number, fold) in folds.iter().enumerate() {
            assert_eq!(fold.iter().filter(|&&row| attacks[row]).count(), 6);
            for &row in fold {
                assert_eq!(fold_of[row], usize::MAX);
                fold_of[row] = number;
            }
        }
        assert!((0..80).all(|row| fold_of[row] == fold_of[row + 40]));
        assert_eq!(others(5, &[1, 3]), [0, 2, 4]);
    }

    #[test]
    fn the_only_distinct_attack_is_never_held_out() {
        let values: Vec<Vec<f64>> = (0..30).map(|row| vec![f64::from(row).max(2.0)]).collect();
        let rows = Rows::from_matrix(&["a"], &values).unwrap();
        let labels = Labels::binary(&(0..30).map(|row| row < 3).collect::<Vec<_>>());
        let folds = folds(&rows, Some(&labels), 3, 0).unwrap();
        assert_eq!(folds.len(), 3);
        let mut held: Vec<usize> = folds.concat();
        held.sort_unstable();
        assert_eq!(held, (3..30).collect::<Vec<_>>());
    }

    #[test]
    fn one_row_many_times_makes_no_folds() {
        let rows = Rows::from_matrix(&["a"], &vec![vec![f64::NAN]; 9]).unwrap();
        assert!(folds(&rows, None, 3, 0).is_err());
    }
}
