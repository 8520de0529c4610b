//! Metrics on scores small enough to count by hand.

use tripline_assess::metrics::{Confusion, Ranking};

#[test]
fn ties_count_half() {
    let scores = [0.9, 0.5, 0.5, 0.1];
    let attacks = [true, true, false, false];
    let curve = Ranking::new(&scores, &attacks, None).unwrap().curve();
    assert_eq!(curve.roc_auc(), Some(0.875));
    assert_eq!(curve.average_precision(), Some(0.5 + 0.5 * 2.0 / 3.0));
    let confusion = Confusion::at(&scores, &attacks, None, 0.5);
    assert_eq!((confusion.tp, confusion.fp, confusion.tn), (2.0, 1.0, 1.0));
}
