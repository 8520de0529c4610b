//! Groups of columns, by name or by correlation.

use tripline_core::{FitError, Schema};

/// Groups from text, `a, b; c, d`; a column that is not named is a group of its own.
pub(super) fn named(text: &str, schema: &Schema) -> Result<Vec<Vec<u32>>, FitError> {
    let refuse = |reason: String| FitError::Param { name: "groups".to_owned(), reason };
    let mut taken = vec![false; schema.len()];
    let mut groups = Vec::new();
    for part in text.split(';') {
        let mut group = Vec::new();
        for name in part.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let Some(at) = schema.position(name) else {
                return Err(refuse(format!("there is no column `{name}`")));
            };
            if std::mem::replace(&mut taken[at], true) {
                return Err(refuse(format!("column `{name}` is named twice")));
            }
            group.push(at as u32);
        }
        if !group.is_empty() {
            group.sort_unstable();
            groups.push(group);
        }
    }
    let alone = taken.iter().enumerate().filter(|(_, taken)| !**taken);
    groups.extend(alone.map(|(at, _)| vec![at as u32]));
    groups.sort_unstable();
    Ok(groups)
}

/// Groups of at most `size` columns: pairs are taken from the most correlated down (of equal ones
/// the first), and their groups become one if that is not too large. Uncorrelated columns stay
/// apart. `covariance` is that of all columns.
pub(super) fn correlated(covariance: &[f64], width: usize, size: usize) -> Vec<Vec<u32>> {
    let mut pairs = Vec::new();
    for i in 0..width {
        for j in 0..i {
            let spread = covariance[i * width + i].sqrt() * covariance[j * width + j].sqrt();
            let correlation = (covariance[i * width + j] / spread).abs();
            // Not a number where a column is constant. Less than this is chance.
            if correlation > LEAST_CORRELATION {
                pairs.push((correlation, j, i));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut group_of: Vec<usize> = (0..width).collect();
    let mut members: Vec<Vec<u32>> = (0..width as u32).map(|column| vec![column]).collect();
    for (_, i, j) in pairs {
        let (a, b) = (group_of[i].min(group_of[j]), group_of[i].max(group_of[j]));
        if a != b && members[a].len() + members[b].len() <= size {
            let moved = std::mem::take(&mut members[b]);
            moved.iter().for_each(|&column| group_of[column as usize] = a);
            members[a].extend(moved);
        }
    }
    members.retain(|group| !group.is_empty());
    members.iter_mut().for_each(|group| group.sort_unstable());
    members
}

/// Correlation from which columns belong together: its square, the share of variance that one
/// tells of the other, is 1 %.
const LEAST_CORRELATION: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_correlated_come_together() {
        #[rustfmt::skip]
        let covariance = [
            1.0, 0.9, 0.2, 0.0,
            0.9, 1.0, 0.8, 0.0,
            0.2, 0.8, 1.0, 0.7,
            0.0, 0.0, 0.7, 1.0,
        ];
        assert_eq!(correlated(&covariance, 4, 2), [vec![0, 1], vec![2, 3]]);
        assert_eq!(correlated(&covariance, 4, 3), [vec![0, 1, 2], vec![3]]);
        assert_eq!(correlated(&covariance, 4, 1).len(), 4);
        // A constant column stays alone.
        assert_eq!(correlated(&[1.0, 0.0, 0.0, 0.0], 2, 2), [vec![0], vec![1]]);
    }
}
