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

/// Letters to change, put in, take away (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
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
    }
}
