//! Groups dealt to folds so that each fold has its share of every class.

use tripline_core::Rng;

use super::duplicates::Groups;

/// The fold of each row: rows of a group are in one fold; folds are alike in classes, in size.
///
/// As scikit-learn's `StratifiedGroupKFold`: groups in order of falling size, each to the fold
/// that it makes least uneven; of equals to the fold with the fewest rows. `shares` are the wanted
/// sizes of the folds, summing to 1.
pub(super) fn deal(groups: &Groups, codes: &[u32], shares: &[f64], seed: u64) -> Vec<u32> {
    let mut members = groups.members();
    Rng::new(seed).shuffle(&mut members);
    members.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let classes = codes.iter().max().map_or(0, |&last| last as usize + 1);
    let mut totals = vec![0.0f64; classes];
    codes.iter().for_each(|&code| totals[code as usize] += 1.0);
    // Rows of each class in each fold, as a share of what the fold should have.
    let mut filled = vec![vec![0.0f64; classes]; shares.len()];
    let mut sizes = vec![0.0f64; shares.len()];
    let mut fold_of = vec![0u32; codes.len()];
    let mut counts = vec![0.0f64; classes];
    for rows in &members {
        let mut present: Vec<usize> = Vec::new();
        for &row in rows {
            let class = codes[row] as usize;
            if counts[class] == 0.0 {
                present.push(class);
            }
            counts[class] += 1.0;
        }
        let mut best: Option<(f64, f64, usize)> = None;
        for (fold, &share) in shares.iter().enumerate() {
            // How much Σ (filled share)² · share grows: least where the class is least filled.
            let growth: f64 = present
                .iter()
                .map(|&class| {
                    let wanted = totals[class] * share;
                    let before = filled[fold][class];
                    let after = before + counts[class];
                    (after * after - before * before) / (wanted * totals[class])
                })
                .sum();
            let size = sizes[fold] / share;
            let better = best.is_none_or(|(least, smallest, _)| {
                growth < least || (growth == least && size < smallest)
            });
            if better {
                best = Some((growth, size, fold));
            }
        }
        let fold = best.map_or(0, |(_, _, fold)| fold);
        for &class in &present {
            filled[fold][class] += counts[class];
            counts[class] = 0.0;
        }
        sizes[fold] += rows.len() as f64;
        rows.iter().for_each(|&row| fold_of[row] = fold as u32);
    }
    fold_of
}
