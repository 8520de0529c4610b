//! The page of a search: well-formed, escaped, honest about what was chosen.

use tripline_assess::protocol::Protocol;
use tripline_assess::report::{DataSource, HeldOutView, ObjectiveView, TuningPage, render_tuning};
use tripline_assess::tune::{Direction, Outcome, Sampler, Study, StudyPlan, Tpe, Trial};

use super::study::{plan, run};
use crate::made::{Made, dataset, evaluations, folds};
use crate::report::{HOSTILE, check};

fn objective(id: &str, name: &str) -> ObjectiveView {
    ObjectiveView { id: id.to_owned(), name: name.to_owned(), seed_stable: id == "roc_auc" }
}

fn page(
    study: &Study,
    objectives: Vec<ObjectiveView>,
    held_out: Option<HeldOutView<'_>>,
) -> String {
    render_tuning(&TuningPage {
        title: HOSTILE.to_owned(),
        when: HOSTILE.to_owned(),
        command: HOSTILE.to_owned(),
        version: HOSTILE.to_owned(),
        data: vec![DataSource {
            role: "training".to_owned(),
            name: HOSTILE.to_owned(),
            layout: HOSTILE.to_owned(),
            sha256: "0".repeat(64),
            bytes: 1,
            rows: 2,
            bad_records: 3,
            columns: 4,
            classes: vec![(HOSTILE.to_owned(), 2)],
            notes: vec![HOSTILE.to_owned()],
        }],
        rows: 1234,
        protocol: Protocol::DuplicateGrouped { folds: 3 },
        leakage_accepted: Vec::new(),
        findings: &[],
        objectives,
        study,
        held_out,
        notes: vec![HOSTILE.to_owned()],
    })
}

#[test]
fn the_page_says_that_the_best_figure_is_optimistic() {
    let plan = StudyPlan {
        first: Some(vec![5.0, 0.0, 9.0, 256.0, 1e-3]),
        ..plan(&[Direction::Maximize], Sampler::Tpe(Tpe::default()), 1)
    };
    let mut study = Study::new(plan);
    run(&mut study, 40);
    let (number, point) = study.next_batch().remove(0);
    let outcome = Outcome::Failed(HOSTILE.to_owned());
    study.tell(Trial { number, point, reported: vec![0.5], outcome }).unwrap();
    let (number, point) = study.next_batch().remove(0);
    study.tell(Trial { number, point, reported: vec![0.5], outcome: Outcome::Pruned }).unwrap();
    let html = page(&study, vec![objective("roc_auc", "ROC AUC")], None);
    check(&html);
    assert!(html.contains("This figure is optimistic: of 42 trials"));
    assert!(html.contains("<code>--holdout</code>"));
    assert!(html.contains("40 came to a result, 1 were given up on the way, 1 failed"));
    assert!(html.contains("PED-ANOVA"));
    assert!(html.contains("Trial 0, which has the parameters that the search began with, has"));
    assert_eq!(html, page(&study, vec![objective("roc_auc", "ROC AUC")], None));

    let data = dataset(400, &["benign", "dos"], 1);
    let (_, splits) = folds(&data, 2);
    let made = [Made { id: "tuned", skill: 0.9 }, Made { id: "untuned", skill: 0.6 }];
    let both = evaluations(&data, &made, &splits[..1]);
    let view = HeldOutView { tuned: &both[0], untuned: &both[1], rows: 200 };
    let html = page(&study, vec![objective("roc_auc", "ROC AUC")], Some(view));
    check(&html);
    assert!(html.contains("judged on 200 rows that no trial saw"));
    assert!(!html.contains("<code>--holdout</code>"));
}

#[test]
fn two_objectives_have_their_front() {
    let ways = [Direction::Maximize, Direction::Minimize];
    let mut study = Study::new(plan(&ways, Sampler::Tpe(Tpe::default()), 1));
    run(&mut study, 30);
    let second = objective("score_microseconds", "Scoring a row, µs");
    let html = page(&study, vec![objective("roc_auc", "ROC AUC"), second], None);
    check(&html);
    assert!(html.contains("Pareto front"));
    assert!(html.contains("A measured time is an objective"));
}

#[test]
fn a_study_without_a_result_has_a_page() {
    let study = Study::new(plan(&[Direction::Minimize], Sampler::Random, 1));
    let html = page(&study, vec![objective("brier", "Brier score")], None);
    check(&html);
    assert!(html.contains("No trial came to a result."));
}
