//! The name that somebody probably meant.

/// Longest name that is looked at: a hostile one must not cost time.
const MOST: usize = 64;

/// The name of least distance, if a third of its letters at most differ.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MOST {
        return None;
    }
    let best = known
        .into_iter()
        .filter(|known| known.len() <= MOST)
        .map(|known| (distance(name, known), known))
        .min()?;
    (best.0 * 3 <= name.chars().count().max(3)).then_some(best.1)
}

/// Letters to change, put in, take away, and neighbours to exchange: the commonest slip of typing
/// (Damerau 1964, each letter in one edit at most).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_another_word_none() {
        let known = ["learning_rate", "n_estimators", "num_leaves"];
        assert_eq!(nearest("learning_rat", known), Some("learning_rate"));
        assert_eq!(nearest("n_estimator", known), Some("n_estimators"));
        assert_eq!(nearest("epochs", known), None);
    }

    #[test]
    fn distances_are_those_of_the_textbook() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("nmae", "name"), 1);
        assert_eq!(distance("ca", "abc"), 3);
    }
}
