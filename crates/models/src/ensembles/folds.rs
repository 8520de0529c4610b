//! Folds for scores of rows that a member was not fitted to.

use std::cmp::{Ordering, Reverse};

use tripline_core::{
    Category, Column, FitError, Labels, ParamSpec, ParamValue, Params, Range, Rng, Rows,
};

/// A part number of its own keeps this draw apart from those of the members.
const PART: u64 = 0x666f_6c64;

/// How an ensemble holds rows out.
#[derive(Debug, Clone)]
pub(crate) struct Holding {
    pub(crate) count: usize,
    /// A column of which equal values share a fold; else equal rows do.
    pub(crate) by: Option<String>,
}

/// The parameter [`Holding::count`].
pub(crate) const COUNT: ParamSpec = ParamSpec {
    name: "folds",
    doc: "Parts of the training rows, each scored by members fitted to the others; rows with \
          equal cells share one.",
    default: ParamValue::Int(3),
    range: Range::Int { min: 2, max: 100, log: false },
    search: None,
};

/// The parameter [`Holding::by`].
pub(crate) const BY: ParamSpec = ParamSpec {
    name: "fold_by",
    doc: "A column of which rows with equal values share a fold, such as a service or a site: members \
          are then weighed by how they score values that they have not seen. None means that equal \
          rows share one.",
    default: ParamValue::Static(""),
    range: Range::Text,
    search: None,
};

impl Holding {
    /// From the parameters [`COUNT`] and [`BY`].
    pub(crate) fn new(params: &Params) -> Self {
        let by = params.text("fold_by").trim();
        Self { count: params.count("folds"), by: (!by.is_empty()).then(|| by.to_owned()) }
    }

    /// The rows held out by each fold, rising; none empty.
    pub(crate) fn folds(
        &self,
        rows: &Rows,
        labels: Option<&Labels>,
        seed: u64,
    ) -> Result<Vec<Vec<usize>>, FitError> {
        let Some(by) = &self.by else { return folds(rows, labels, self.count, seed) };
        let Some(at) = rows.schema().position(by) else {
            let reason = format!("there is no column `{by}` among those that are learnt from");
            return Err(FitError::Param { name: BY.name.to_owned(), reason });
        };
        let groups = equal_rows(&rows.columns()[at..=at], rows.len());
        if groups.len() < 2 {
            let reason = format!("all rows have the same value of column `{by}`");
            return Err(FitError::Param { name: BY.name.to_owned(), reason });
        }
        Ok(folds_of(groups, labels, self.count, seed))
    }
}

/// Whole groups dealt over folds, the largest first, each to the fold where it makes the classes'
/// shares the least uneven. A class that stands in one fold alone is in none.
fn folds_of(
    mut groups: Vec<Vec<usize>>,
    labels: Option<&Labels>,
    count: usize,
    seed: u64,
) -> Vec<Vec<usize>> {
    let class = |row: usize| labels.map_or(0, |labels| labels.codes()[row] as usize);
    let classes = labels.map_or(1, |labels| labels.classes().len());
    let mut totals = vec![0.0; classes];
    groups.iter().flatten().for_each(|&row| totals[class(row)] += 1.0);
    Rng::for_part(seed ^ PART, 0).shuffle(&mut groups);
    groups.sort_by_key(|group| Reverse(group.len()));
    let mut held_out = vec![Vec::new(); count.clamp(2, groups.len())];
    let mut shares = vec![vec![0.0; classes]; held_out.len()];
    for group in groups {
        let mut mine = vec![0.0; classes];
        group.iter().for_each(|&row| mine[class(row)] += 1.0 / totals[class(row)]);
        // What the sum of squares of all shares grows by.
        let growth = |fold: &usize| -> f64 {
            let pairs = shares[*fold].iter().zip(&mine);
            pairs.map(|(taken, mine)| mine * (mine + 2.0 * taken)).sum()
        };
        let order = |a: &usize, b: &usize| growth(a).total_cmp(&growth(b)).then(a.cmp(b));
        let fold = (0..held_out.len()).min_by(order).unwrap_or(0);
        shares[fold].iter_mut().zip(&mine).for_each(|(share, mine)| *share += mine);
        held_out[fold].extend(group);
    }
    let spread: Vec<bool> = (0..classes)
        .map(|class| shares.iter().filter(|shares| shares[class] > 0.0).count() > 1)
        .collect();
    held_out.iter_mut().for_each(|fold| fold.retain(|&row| spread[class(row)]));
    held_out.retain(|fold| !fold.is_empty());
    held_out.iter_mut().for_each(|fold| fold.sort_unstable());
    held_out
}

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
    let groups = equal_rows(rows.columns(), rows.len());
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

/// Rows with equal cells in these columns, by their first row; `NaN` equals `NaN`, −0 equals 0.
fn equal_rows(columns: &[Column], rows: usize) -> Vec<Vec<usize>> {
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
        columns.iter().find_map(unequal).unwrap_or(Ordering::Equal)
    };
    let mut order: Vec<usize> = (0..rows).collect();
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
    fn rows_with_equal_values_of_a_column_share_a_fold() {
        // Sites of 40, 20, 10, 10 rows; all attacks but those of one class are at two sites.
        let site = |row: u32| match row {
            0..40 => 0.0,
            40..60 => 1.0,
            60..70 => 2.0,
            _ => f64::NAN,
        };
        let values: Vec<Vec<f64>> = (0..80).map(|row| vec![f64::from(row), site(row)]).collect();
        let rows = Rows::from_matrix(&["a", "site"], &values).unwrap();
        let codes = (0..80)
            .map(|row| match row {
                0 | 41 => 1,
                62 | 63 => 2,
                _ => 0,
            })
            .collect();
        let classes = ["benign", "scan", "flood"].map(str::to_owned).to_vec();
        let labels = Labels::new(classes, codes).unwrap();
        let holding = Holding { count: 3, by: Some("site".to_owned()) };
        let folds = holding.folds(&rows, Some(&labels), 7).unwrap();
        let site_of = |row: &usize| (site(*row as u32) + 0.0).to_bits();
        for (at, fold) in folds.iter().enumerate() {
            let elsewhere = folds.iter().enumerate().filter(|(other, _)| *other != at);
            let mut elsewhere = elsewhere.flat_map(|(_, fold)| fold).map(site_of);
            assert!(elsewhere.all(|site| !fold.iter().map(site_of).any(|mine| mine == site)));
        }
        let mut held = folds.concat();
        held.sort_unstable();
        // Held out, floods would be known to nobody.
        assert_eq!(held, (0..80).filter(|row| ![62, 63].contains(row)).collect::<Vec<_>>());

        let nowhere = Holding { by: Some("town".to_owned()), ..holding.clone() };
        let said = nowhere.folds(&rows, None, 0).unwrap_err().to_string();
        assert!(said.contains("no column `town`"), "{said}");
        let one = Rows::from_matrix(&["site"], &vec![vec![3.0]; 9]).unwrap();
        let said = holding.folds(&one, None, 0).unwrap_err().to_string();
        assert!(said.contains("same value of column `site`"), "{said}");
    }

    #[test]
    fn one_row_many_times_makes_no_folds() {
        let rows = Rows::from_matrix(&["a"], &vec![vec![f64::NAN]; 9]).unwrap();
        assert!(folds(&rows, None, 3, 0).is_err());
    }
}
