//! Attacks far from the benign rows score higher than these.

use tripline_core::Task;

use crate::sample::sample;
use crate::subject::Subject;

/// Six standard deviations: far enough that a method which finds nothing here finds nothing.
const SHIFT: f64 = 6.0;

/// Least area under the ROC curve on such rows.
const LEAST_AUC: f64 = 0.9;

pub(crate) fn check(subject: &Subject) {
    let detector = subject.fit(&sample(subject.card.input, 600, SHIFT, 12), Task::Binary);
    let fresh = sample(subject.card.input, 600, SHIFT, 13);
    let scores = subject.scores(detector.as_ref(), &fresh.frame());
    let auc = auc(&scores, &fresh.labels.attacks());
    assert!(auc > LEAST_AUC, "attacks six deviations away have a ROC AUC of {auc:.3}");

    if subject.card.abilities.multiclass {
        let detector = subject.fit(&sample(subject.card.input, 600, SHIFT, 12), Task::Multiclass);
        let scores = subject.scores(detector.as_ref(), &fresh.frame());
        let auc = self::auc(&scores, &fresh.labels.attacks());
        assert!(auc > LEAST_AUC, "told apart by class, attacks have a ROC AUC of {auc:.3}");
    }
}

/// The share of pairs in which the attack scores higher; ties count half.
fn auc(scores: &[f64], attacks: &[bool]) -> f64 {
    let (mut above, mut pairs) = (0.0, 0.0);
    for (attack, _) in scores.iter().zip(attacks).filter(|(_, is)| **is) {
        for (benign, _) in scores.iter().zip(attacks).filter(|(_, is)| !**is) {
            above += if attack > benign {
                1.0
            } else if attack == benign {
                0.5
            } else {
                0.0
            };
            pairs += 1.0;
        }
    }
    above / pairs
}
