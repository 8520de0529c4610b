//! Learning on streams: a guard against rows that are meant to mislead, a journal that lasts.

use std::path::Path;
use std::sync::Arc;

use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Column, Dataset, Labels, Rng, Rows, Silent};
use tripline_engine::learn::{Event, GuardSettings, Learner};
use tripline_engine::{EngineError, Model, Plan, TrainingSettings, Verdicts};

use crate::made::dataset;

const BATCH: usize = 500;

/// Rows around a middle, in three columns.
fn around(rng: &mut Rng, middle: [f64; 3], rows: usize, spread: f64) -> Vec<[f64; 3]> {
    (0..rows).map(|_| middle.map(|at| at + spread * rng.normal())).collect()
}

fn data(rows: &[[f64; 3]]) -> Dataset {
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<f64>>();
    dataset(&[("bytes", column(0)), ("packets", column(1)), ("time", column(2))], None)
}

fn model() -> Model {
    let mut rng = Rng::new(1);
    let settings = TrainingSettings {
        threshold: ThresholdRule::Fpr(0.005),
        params: [(
            "half_space_trees".to_owned(),
            vec![
                ("n_trees".to_owned(), "40".to_owned()),
                ("window_size".to_owned(), "500".to_owned()),
            ],
        )]
        .into(),
        ..TrainingSettings::default()
    };
    let benign = data(&around(&mut rng, [0.0; 3], 12_000, 1.0));
    Plan::new("half_space_trees", &settings).unwrap().fit(&benign, 0, &Silent).unwrap().model
}

/// A stream on which an attack goes from amid benign traffic to its final form, while that drifts
/// in one column; every other row is the attack's.
#[derive(Clone, Copy)]
struct Poison {
    batches: i64,
    /// How far rows of the attack spread.
    spread: f64,
}

/// In a hurry.
const QUICK: Poison = Poison { batches: 80, spread: 0.5 };

/// So slow and so close together that its rows stay amid what was learnt last.
const PATIENT: Poison = Poison { batches: 240, spread: 0.25 };

impl Poison {
    fn stream(self) -> impl Iterator<Item = (i64, Dataset)> {
        let mut rng = Rng::new(2);
        (0..self.batches).map(move |step| {
            let way = step as f64 / (self.batches - 1) as f64;
            let benign = around(&mut rng, [DRIFT * way, 0.0, 0.0], BATCH / 2, 1.0);
            let attack = around(&mut rng, FINAL.map(|at| at * way), BATCH / 2, self.spread);
            let mut rows = [benign, attack].concat();
            rng.shuffle(&mut rows);
            (step, data(&rows))
        })
    }
}

/// How far benign traffic drifts, in its own deviations.
const DRIFT: f64 = 1.5;

/// Where the attack ends.
const FINAL: [f64; 3] = [-6.0, 6.0, 6.0];

/// Share of rows that alert.
fn alerts(model: &Model, rows: &Dataset) -> f64 {
    let alert = model.score(&rows.rows).unwrap().alert;
    alert.iter().filter(|alert| **alert).count() as f64 / rows.len() as f64
}

/// A guard that looks at rows, not at their batch: half of each batch is the attack's, so by default
/// all of them would wait before long.
fn rows_alone() -> GuardSettings {
    GuardSettings { most_alerts: 1.0, most_above: 1.0, ..GuardSettings::default() }
}

/// The share of an attack that the frozen model finds, and the guarded one still does, but not the
/// naive one.
#[track_caller]
#[allow(clippy::print_stderr, reason = "a test tells its figures")]
fn only_naive_is_led_away(guarded: &Learner, naive: &Model, attack: &Dataset) -> f64 {
    let found = [guarded.reference(), naive, guarded.model()].map(|model| alerts(model, attack));
    eprintln!(
        "attack found: frozen {:.3}, naive {:.3}, guarded {:.3}",
        found[0], found[1], found[2]
    );
    assert!(found[0] > 0.95, "the frozen model finds the attack: {found:?}");
    assert!(found[1] < 0.1, "the naive rule is led away: {found:?}");
    assert!(found[2] >= 0.9 * found[0], "the guarded one is not: {found:?}");
    found[0]
}

/// Learns the stream with a guard, gives the model as it is then.
fn after_the_stream(poison: Poison, folder: &Path, guard: GuardSettings) -> Learner {
    let mut learner = Learner::start(folder, &model(), None, guard, 0).unwrap();
    for (step, rows) in poison.stream() {
        learner.learn(&rows, step, &Silent).unwrap();
    }
    learner
}

#[test]
fn an_attack_that_creeps_in_is_learnt_without_a_guard_and_not_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let naive = naive_after_the_stream(QUICK, |verdicts, row| !verdicts.alert[row]);
    let guarded = after_the_stream(QUICK, &folder.path().join("guarded"), rows_alone());
    let strict = after_the_stream(QUICK, &folder.path().join("strict"), GuardSettings::default());
    let mut rng = Rng::new(3);
    let attack = data(&around(&mut rng, FINAL, 1000, 0.5));
    let drifted = data(&around(&mut rng, [DRIFT, 0.0, 0.0], 20_000, 1.0));
    let frozen = guarded.reference();
    let found = only_naive_is_led_away(&guarded, &naive, &attack);
    let alarms =
        [alerts(frozen, &drifted), alerts(&naive, &drifted), alerts(guarded.model(), &drifted)];
    eprintln!(
        "false alarms: frozen {:.4}, naive {:.4}, guarded {:.4}",
        alarms[0], alarms[1], alarms[2]
    );
    let learnt: u64 = guarded.records().iter().map(|record| record.counts.learnt).sum();
    let apart: u64 = guarded.records().iter().map(|record| record.counts.disagreeing).sum();
    eprintln!("learnt {learnt}, disagreeing {apart}");
    assert!(alerts(strict.model(), &attack) >= 0.9 * found);
    let waiting = strict.records().iter().filter(|record| record.counts.waiting > 0).count();
    assert!(waiting > 40, "{waiting} of 80 batches wait");
    assert!(alarms[2] < 0.6 * alarms[0], "benign drift is learnt: {alarms:?}");
}

/// Systems that learn by themselves take what scores under 0.3 for benign.
#[test]
fn a_patient_attacker_leads_away_what_learns_low_scores_and_not_the_guard() {
    let folder = tempfile::tempdir().unwrap();
    let naive = naive_after_the_stream(PATIENT, |verdicts, row| verdicts.probability[row] < 0.3);
    let guarded = after_the_stream(PATIENT, &folder.path().join("guarded"), rows_alone());
    let attack = data(&around(&mut Rng::new(3), FINAL, 1000, PATIENT.spread));
    only_naive_is_led_away(&guarded, &naive, &attack);
}

/// A rule without a guard: what the model as it is now takes for benign is learnt. A journal for
/// each batch makes the model its own reference.
fn naive_after_the_stream(poison: Poison, benign: impl Fn(&Verdicts, usize) -> bool) -> Model {
    let guard = GuardSettings {
        agreement: 1.0,
        tolerance: 1.0,
        most_lost: 1.0,
        most_alerts: 1.0,
        most_above: 1.0,
        ..GuardSettings::default()
    };
    let mut model = model();
    for (_, rows) in poison.stream() {
        let folder = tempfile::tempdir().unwrap();
        let mut learner = Learner::start(folder.path(), &model, None, guard.clone(), 0).unwrap();
        let verdicts = model.score(&rows.rows).unwrap();
        let index: Vec<usize> = (0..rows.len()).filter(|&row| benign(&verdicts, row)).collect();
        if !index.is_empty() {
            learner.learn(&rows.select(&index), 0, &Silent).unwrap();
        }
        let file = bytes(learner.model());
        model = Model::from_bytes(Path::new("naive.trip"), &file, &Default::default()).unwrap();
    }
    model
}

/// A few batches of benign rows.
fn short(folder: &Path) -> Learner {
    let mut learner = Learner::start(folder, &model(), None, GuardSettings::default(), 0).unwrap();
    let mut rng = Rng::new(4);
    for step in 1..4 {
        let rows = data(&around(&mut rng, [0.2, 0.0, 0.0], BATCH, 1.0));
        let record = learner.learn(&rows, step, &Silent).unwrap();
        assert_eq!(record.event, Event::Learn);
    }
    learner
}

fn bytes(model: &Model) -> Vec<u8> {
    model.to_file(None).unwrap().to_bytes()
}

#[test]
fn every_state_can_be_taken_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("journal");
    let mut learner = short(&folder);
    let last = bytes(learner.model());
    let second = learner.records()[2].after.clone();
    learner.rollback(0, 5).unwrap();
    assert_eq!(bytes(learner.model()), bytes(&model()));
    learner.rollback(2, 6).unwrap();
    assert_eq!(learner.model().digest().unwrap(), second);
    let provenance = learner.model().provenance();
    assert_eq!(provenance.lineage[0].digest, model().digest().unwrap());
    assert!(provenance.sources.iter().any(|(part, _)| part == "learn"));
    let record = learner.rollback(3, 7).unwrap();
    assert_eq!((record.event, record.number, record.time_ns), (Event::Rollback, 6, 7));
    assert_eq!(bytes(learner.model()), last);
    let error = learner.rollback(99, 8).unwrap_err();
    assert!(matches!(error, EngineError::NoEntry { number: 99, last: 6 }), "{error}");
    // One writer at a time.
    let error = Learner::resume(&folder, None, GuardSettings::default()).unwrap_err();
    assert!(matches!(error, EngineError::Store(_)), "{error}");
    drop(learner);
    let again = Learner::resume(&folder, None, GuardSettings::default()).unwrap();
    assert_eq!(bytes(again.model()), last);
    assert_eq!(again.records().len(), 7);
}

#[test]
fn a_kill_leaves_the_last_acknowledged_state() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("journal");
    let learner = short(&folder);
    let (states, file) = (
        learner.records().iter().map(|record| record.after.clone()).collect::<Vec<_>>(),
        folder.join("journal"),
    );
    drop(learner);
    let whole = std::fs::read(&file).unwrap();
    let one = whole.len() / 4;
    // Cut anywhere near the end: the state is that of the last whole one.
    for end in (whole.len() - one..whole.len()).step_by(7) {
        std::fs::write(&file, &whole[..end]).unwrap();
        let learner = Learner::resume(&folder, None, GuardSettings::default()).unwrap();
        let known = learner.records().len();
        assert!(known < 4);
        assert_eq!(learner.model().digest().unwrap(), states[known - 1]);
    }
    // What was cut off is gone: learning goes on from there.
    let mut learner = Learner::resume(&folder, None, GuardSettings::default()).unwrap();
    let rows = data(&around(&mut Rng::new(5), [0.0; 3], BATCH, 1.0));
    learner.learn(&rows, 9, &Silent).unwrap();
    drop(learner);
    let learner = Learner::resume(&folder, None, GuardSettings::default()).unwrap();
    assert_eq!(learner.records().last().unwrap().time_ns, 9);
}

#[test]
fn a_changed_journal_or_snapshot_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("journal");
    let learner = short(&folder);
    let last = learner.records().last().unwrap().after.clone();
    drop(learner);
    let resume = || Learner::resume(&folder, None, GuardSettings::default());
    let file = folder.join("journal");
    let whole = std::fs::read(&file).unwrap();
    for at in (40..whole.len() / 2).step_by(31) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&file, &changed).unwrap();
        let error = resume().unwrap_err();
        assert!(matches!(error, EngineError::Journal { .. }), "{at}: {error}");
        assert_eq!(std::fs::read(&file).unwrap(), changed, "a damaged journal is left as it is");
    }
    std::fs::write(&file, &whole).unwrap();
    let snapshot = folder.join(format!("{last}.trip"));
    std::fs::copy(folder.join(format!("{}.trip", model().digest().unwrap())), snapshot).unwrap();
    let error = resume().unwrap_err();
    assert!(matches!(error, EngineError::Journal { .. }), "{error}");
}

#[test]
fn a_source_that_floods_is_learnt_at_its_rate() {
    let folder = tempfile::tempdir().unwrap();
    let guard = GuardSettings {
        source: Some("source".to_owned()),
        rate: 1.0,
        burst: 20.0,
        ..GuardSettings::default()
    };
    let journal = folder.path().join("journal");
    let mut learner = Learner::start(&journal, &model(), None, guard.clone(), 0).unwrap();
    let mut rows = data(&around(&mut Rng::new(6), [0.0; 3], BATCH, 1.0));
    // Nine rows in ten are of one source, all within ten seconds.
    let sources: Vec<Option<String>> = (0..BATCH)
        .map(|row| {
            Some(if row % 10 == 0 { format!("10.0.0.{row}") } else { "10.9.9.9".to_owned() })
        })
        .collect();
    let mut columns = rows.rows.clone().into_columns();
    columns.push(("source".to_owned(), Column::category(&sources)));
    rows.rows = Rows::new(columns).unwrap();
    let error = learner.learn(&rows, 1, &Silent).unwrap_err();
    assert!(matches!(error, EngineError::Setting { .. }), "{error}");
    rows.time = Some(Arc::new((0..BATCH as i64).map(|row| row * 20_000_000).collect()));
    let counts = learner.learn(&rows, 1, &Silent).unwrap().counts;
    // 20 at once, 10 in the seconds after; 50 rows have sources of their own.
    assert!((70..=81).contains(&counts.learnt), "{counts:?}");
    assert!(counts.over_rate > 350, "{counts:?}");
    assert_eq!(
        counts.rows,
        counts.learnt + counts.over_rate + counts.suspicious + counts.disagreeing
    );
    // The next call knows what was sent before it.
    drop(learner);
    let mut learner = Learner::resume(&journal, None, guard).unwrap();
    let counts = learner.learn(&rows, 2, &Silent).unwrap().counts;
    assert!(counts.learnt <= 50, "{counts:?}");
}

#[test]
fn states_of_long_ago_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let mut learner =
        Learner::start(&journal, &model(), None, GuardSettings::default(), 0).unwrap();
    let mut rng = Rng::new(12);
    for time in 1..=120 {
        let rows = data(&around(&mut rng, [0.0; 3], 40, 1.0));
        learner.learn(&rows, time, &Silent).unwrap();
    }
    let snapshots = || {
        let names = std::fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|ending| ending == "trip")).count()
    };
    assert!((50..=101).contains(&snapshots()), "{}", snapshots());
    let error = learner.rollback(5, 200).unwrap_err().to_string();
    assert!(error.contains("was removed"), "{error}");
    learner.rollback(0, 201).unwrap();
    assert_eq!(bytes(learner.model()), bytes(&model()));
    learner.rollback(100, 202).unwrap();
    drop(learner);
    Learner::resume(&journal, None, GuardSettings::default()).unwrap();
    // The first state stays.
    Learner::reference_of(&journal).unwrap();
}

#[test]
fn a_journal_of_nothing_but_its_start_can_be_discarded() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let start = || Learner::start(&journal, &model(), None, GuardSettings::default(), 0).unwrap();
    assert!(start().discard());
    assert_eq!(std::fs::read_dir(&journal).unwrap().count(), 0);
    let mut learner = start();
    let rows = data(&around(&mut Rng::new(13), [0.0; 3], BATCH, 1.0));
    learner.learn(&rows, 1, &Silent).unwrap();
    assert!(!learner.discard());
    assert!(Learner::has_journal(&journal));
}

#[test]
fn canaries_hold_at_the_default_tolerance() {
    let folder = tempfile::tempdir().unwrap();
    // Every row passes by itself, and every batch: the canaries alone hold.
    let guard = GuardSettings {
        suspicious: Some(2.0),
        agreement: 2.0,
        most_alerts: 1.0,
        most_above: 1.0,
        ..GuardSettings::default()
    };
    assert_eq!(guard.tolerance, GuardSettings::default().tolerance);
    let journal = folder.path().join("journal");
    let mut learner = Learner::start(&journal, &model(), None, guard, 0).unwrap();
    // Usual traffic goes on being learnt.
    let usual = data(&around(&mut Rng::new(14), [0.0; 3], 2 * BATCH, 1.0));
    assert_eq!(learner.learn(&usual, 1, &Silent).unwrap().event, Event::Learn);
    let before = bytes(learner.model());
    let one_place = data(&around(&mut Rng::new(15), FINAL, 4 * BATCH, 0.01));
    let record = learner.learn(&one_place, 2, &Silent).unwrap();
    assert_eq!((record.event, record.counts.learnt), (Event::Reject, 0), "{record:?}");
    assert!(record.note.contains("the canaries moved"), "{record:?}");
    assert_eq!(bytes(learner.model()), before);
}

#[test]
fn canaries_undo_what_moves_them() {
    let folder = tempfile::tempdir().unwrap();
    let guard = GuardSettings { tolerance: 1e-9, most_above: 1.0, ..GuardSettings::default() };
    let journal = folder.path().join("journal");
    let mut learner = Learner::start(&journal, &model(), None, guard, 0).unwrap();
    let before = bytes(learner.model());
    // One half of the traffic alone: the other half becomes rare.
    let mut rows = around(&mut Rng::new(7), [0.8, 0.8, 0.8], 2 * BATCH, 0.4);
    rows.truncate(2 * BATCH);
    let record = learner.learn(&data(&rows), 1, &Silent).unwrap();
    assert_eq!((record.event, record.counts.learnt), (Event::Reject, 0), "{record:?}");
    assert!(record.benign_shift > 0.0, "{record:?}");
    assert_eq!(bytes(learner.model()), before);
}

#[test]
fn a_batch_of_which_many_rows_alert_waits_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let guard = GuardSettings::default();
    let mut learner = Learner::start(&journal, &model(), None, guard, 0).unwrap();
    let mut rng = Rng::new(9);
    let benign = around(&mut rng, [0.0; 3], BATCH * 7 / 10, 1.0);
    let attack = around(&mut rng, FINAL, BATCH * 3 / 10, 0.5);
    let record = learner.learn(&data(&[benign, attack].concat()), 1, &Silent).unwrap();
    assert_eq!(record.event, Event::Reject, "{record:?}");
    assert_eq!((record.counts.waiting, record.counts.learnt), (BATCH as u64, 0));
    assert!(record.note.contains("waits"), "{record:?}");
    // Benign rows alone go on.
    let record = learner.learn(&data(&around(&mut rng, [0.0; 3], BATCH, 1.0)), 2, &Silent).unwrap();
    assert_eq!(record.event, Event::Learn, "{record:?}");
}

#[test]
fn what_makes_the_rare_usual_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng::new(11);
    let decay = vec![("decay".to_owned(), "0.999".to_owned())];
    let settings = TrainingSettings {
        threshold: ThresholdRule::Fpr(0.005),
        params: [("running_gaussian".to_owned(), decay)].into(),
        ..TrainingSettings::default()
    };
    let plan = Plan::new("running_gaussian", &settings).unwrap();
    let benign = data(&around(&mut rng, [0.0; 3], 20_000, 1.0));
    let gaussian = plan.fit(&benign, 0, &Silent).unwrap().model;
    // Every row lies where one benign row in forty lies, none is an alert: by and by all that
    // lies a little farther out would hide.
    let sphere: Vec<[f64; 3]> = around(&mut rng, [0.0; 3], 40 * BATCH, 1.0)
        .into_iter()
        .map(|row| {
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            row.map(|x| 3.0 * x / length)
        })
        .collect();
    let far = data(&around(&mut rng, [2.6; 3], 1000, 0.2));
    let learn = |name: &str, guard: GuardSettings| {
        let mut learner =
            Learner::start(&folder.path().join(name), &gaussian, None, guard, 0).unwrap();
        for part in sphere.chunks(BATCH) {
            learner.learn(&data(part), 1, &Silent).unwrap();
        }
        alerts(learner.model(), &far)
    };
    let before = alerts(&gaussian, &far);
    // By default the batches wait; without that the canaries undo what goes too far.
    assert!(learn("default", GuardSettings::default()) >= 0.9 * before);
    let rows_alone =
        GuardSettings { most_alerts: 1.0, most_above: 1.0, ..GuardSettings::default() };
    assert!(learn("canaries", rows_alone.clone()) >= 0.9 * before);
    let open = GuardSettings { tolerance: 2.0, ..rows_alone };
    let led = learn("open", open);
    assert!(before > 0.9 && led < 0.5 * before, "{before} to {led}");
}

#[test]
fn attacks_of_the_training_are_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng::new(10);
    let benign = around(&mut rng, [0.0; 3], 6000, 1.0);
    let attack = around(&mut rng, FINAL, 600, 0.5);
    let attacks: Vec<bool> = (0..6600).map(|row| row >= 6000).collect();
    let mut rows = data(&[benign, attack].concat());
    rows.labels = Some(Labels::binary(&attacks));
    let settings =
        TrainingSettings { threshold: ThresholdRule::Fpr(0.01), ..TrainingSettings::default() };
    let plan = Plan::new("half_space_trees", &settings).unwrap();
    let labelled = plan.fit(&rows, 0, &Silent).unwrap().model;
    // A guard that lets every row pass: the canaries alone hold.
    let guard = GuardSettings {
        suspicious: Some(2.0),
        agreement: 2.0,
        tolerance: 1.0,
        most_alerts: 1.0,
        most_above: 1.0,
        ..GuardSettings::default()
    };
    let journal = folder.path().join("journal");
    let mut learner = Learner::start(&journal, &labelled, None, guard, 0).unwrap();
    let poison = data(&around(&mut rng, FINAL, 4 * BATCH, 0.5));
    let record = learner.learn(&poison, 1, &Silent).unwrap();
    assert_eq!(record.event, Event::Reject, "{record:?}");
    assert!(record.note.contains("attacks were lost"), "{record:?}");
    assert_eq!(bytes(learner.model()), bytes(&labelled));
}

#[test]
fn a_method_that_does_not_go_on_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let benign = data(&around(&mut Rng::new(8), [0.0; 3], 1000, 1.0));
    let plan = Plan::new("isolation_forest", &TrainingSettings::default()).unwrap();
    let fixed = plan.fit(&benign, 0, &Silent).unwrap().model;
    let guard = GuardSettings::default();
    let error = Learner::start(folder.path(), &fixed, None, guard, 0).unwrap_err();
    assert!(matches!(error, EngineError::NotOnline { .. }), "{error}");
    assert!(!Learner::has_journal(folder.path()));
}
