//! Every chart from made numbers.

use tripline_assess::plot::{
    self, Bar, BarUnit, Curve, DependencePoint, DependenceX, Figure, Mark, Part, Parts,
    ReliabilityBin, RocAxis, SwarmPoint, SwarmRow, TrialAxis, TrialPoint, Width,
};
use tripline_core::{Rng, math};

/// One figure of each kind, some of several sizes.
pub(crate) fn figures() -> Vec<Figure> {
    let mut rng = Rng::new(7);
    let models = [("gradient_boosting", 2.6), ("random_forest", 2.2), ("sgd", 1.4)];
    let rows = 20_000;
    let attacks: Vec<bool> = (0..rows).map(|_| rng.unit() < 0.3).collect();
    let scores: Vec<Vec<f64>> = models
        .iter()
        .map(|model| {
            attacks
                .iter()
                .map(|&attack| rng.normal() + if attack { model.1 } else { 0.0 })
                .collect()
        })
        .collect();
    let rocs: Vec<Vec<(f64, f64)>> = scores.iter().map(|scores| roc_of(scores, &attacks)).collect();
    let prs: Vec<Vec<(f64, f64)>> = scores.iter().map(|scores| pr_of(scores, &attacks)).collect();
    let curves = |points: &'static str| -> Vec<String> {
        models.iter().map(|model| format!("{} {points}", model.0)).collect()
    };
    let names = curves("0.98");
    let roc_curves: Vec<Curve<'_>> =
        names.iter().zip(&rocs).map(|(name, points)| Curve { name, points }).collect();
    let pr_curves: Vec<Curve<'_>> =
        names.iter().zip(&prs).map(|(name, points)| Curve { name, points }).collect();
    let mark = [Mark { name: "threshold 0.62", x: 0.004, y: 0.51 }];
    let mut figures = vec![
        plot::roc(&roc_curves, &[], RocAxis::Linear),
        plot::roc(&roc_curves, &[], RocAxis::Log { benign: 14_000 }),
        plot::roc(&roc_curves[..1], &mark, RocAxis::Log { benign: 14_000 }),
        plot::roc(&roc_curves[..1], &mark, RocAxis::Log { benign: 600 }),
        plot::precision_recall(&pr_curves, &[], Some(0.3)),
        plot::precision_recall(&pr_curves[..1], &mark, Some(0.3)),
    ];
    let bins: Vec<ReliabilityBin> = (0..15)
        .map(|i| {
            let p = (f64::from(i) + 0.5) / 15.0;
            ReliabilityBin { predicted: p, observed: p * p, rows: 1000 / (i as usize + 1) }
        })
        .collect();
    figures.push(plot::calibration(&bins));
    let two = ["benign".to_owned(), "attack".to_owned()];
    figures.push(plot::confusion(
        "Confusion",
        &two,
        &[36_950, 50, 4_100, 41_232],
        "at the threshold",
    ));
    let many: Vec<String> =
        ["Normal", "Analysis", "Backdoor", "DoS", "Exploits", "Fuzzers", "Generic", "Shellcode"]
            .map(str::to_owned)
            .into();
    let counts: Vec<usize> =
        (0..64).map(|i| if i % 9 == 0 { 900 + i * 40 } else { (i * 37) % 160 }).collect();
    figures.push(plot::confusion("Confusion", &many[..4], &counts[..16], "at the threshold"));
    figures.push(plot::confusion("Confusion", &many, &counts, "at the threshold"));
    let classes: Vec<String> = (0..23).map(|i| format!("attack_class_{i}")).collect();
    let counts: Vec<usize> = (0..23 * 23).map(|i| if i % 24 == 0 { 500 } else { i % 7 }).collect();
    figures.push(plot::confusion("Confusion", &classes, &counts, "at the threshold"));
    figures.push(plot::score_distribution(
        &scores[0],
        &attacks,
        Some(2.31),
        "score (log-odds)",
        None,
    ));
    let bars: Vec<Bar> = (0..14)
        .map(|i| Bar {
            name: if i == 3 {
                "<script>alert(1)</script> & a very long column name".to_owned()
            } else {
                format!("ct_state_ttl_{i}")
            },
            value: 900.0 / f64::from(i + 1),
            interval: None,
            note: String::new(),
        })
        .collect();
    figures.push(plot::bars("Importance", &bars, BarUnit::Number, "total gain", 20));
    let families: Vec<Bar> = many
        .iter()
        .enumerate()
        .map(|(i, name)| Bar {
            name: name.clone(),
            value: 1.0 - 0.11 * i as f64,
            interval: Some((0.95 - 0.11 * i as f64, (1.02 - 0.11 * i as f64).min(1.0))),
            note: format!("of {}", plot::count(18_871 / (i + 1))),
        })
        .collect();
    figures.push(plot::bars("Detection by family", &families, BarUnit::Share, "detected", 20));
    let parts: Vec<Part> = [
        ("sttl = 254", 1.81),
        ("ct_state_ttl = 2", 0.92),
        ("sbytes = 1,234,567", -0.61),
        ("service = dns", -0.42),
        ("smean = 57", 0.3),
        ("dload = 45,341.2", 0.21),
        ("ct_srv_dst = 3", -0.17),
        ("rate = 111,111", 0.05),
        ("proto = a very long protocol name that does not fit", 0.04),
        ("dur = 0.00001", -0.02),
        ("sloss = 0", 0.01),
    ]
    .iter()
    .map(|(name, value)| Part { name: (*name).to_owned(), value: *value })
    .collect();
    let output = -1.2 + parts.iter().map(|part| part.value).sum::<f64>();
    let parts = Parts { base: -1.2, output, unit: "log-odds".to_owned(), parts };
    figures.push(plot::waterfall(&parts, 9, Width::Wide));
    figures.push(plot::force(&parts, Width::Wide));
    figures.push(plot::waterfall(&parts, 9, Width::Narrow));
    figures.push(plot::force(&parts, Width::Narrow));
    let swarm: Vec<SwarmRow> = (0..12)
        .map(|i| SwarmRow {
            name: format!("column_{i}"),
            points: (0..2000)
                .map(|_| {
                    let level = rng.unit();
                    let size = 2.0 / f64::from(i + 1);
                    let value = (level - 0.5) * size * 2.0 + rng.normal() * 0.1 * size;
                    SwarmPoint { value, level: (i != 4).then_some(level) }
                })
                .collect(),
        })
        .collect();
    figures.push(plot::beeswarm(&swarm, "log-odds", 20));
    let points: Vec<DependencePoint> = (0..3000)
        .map(|_| {
            let x = rng.unit() * 255.0;
            let level = rng.unit();
            let effect = math::tanh((x - 100.0) / 40.0) + (level - 0.5) * 0.8;
            DependencePoint { x, effect, level: Some(level) }
        })
        .collect();
    figures.push(plot::dependence(
        "sttl",
        &DependenceX::Numeric,
        &points,
        Some("dttl"),
        "log-odds",
    ));
    let names = ["-", "http", "dns", "smtp", "ftp-data"].map(str::to_owned).to_vec();
    let points: Vec<DependencePoint> = (0..800)
        .map(|i| {
            let x = f64::from(i % 5);
            DependencePoint { x, effect: x * 0.2 + rng.normal() * 0.1, level: Some(rng.unit()) }
        })
        .collect();
    let x = DependenceX::Category(names);
    figures.push(plot::dependence("service", &x, &points, Some("sttl"), "log-odds"));
    figures.extend(of_trials(&mut rng));
    figures
}

fn of_trials(rng: &mut Rng) -> Vec<Figure> {
    let trials: Vec<TrialPoint> = (0..1700)
        .map(|number| TrialPoint {
            number,
            x: number as f64,
            y: 0.98 - 0.1 * rng.unit() / (1.0 + number as f64 * 0.1),
            best: number == 60,
        })
        .collect();
    let across = |x: &mut dyn FnMut(usize) -> f64| -> Vec<TrialPoint> {
        trials.iter().take(80).enumerate().map(|(i, t)| TrialPoint { x: x(i), ..*t }).collect()
    };
    let rates = across(&mut |i| math::pow(10.0, -3.0 + 3.0 * i as f64 / 80.0));
    let boosters = across(&mut |i| (i % 3) as f64);
    let names = ["gbdt", "<b>&", "a_booster_with_a_very_long_name"].map(str::to_owned);
    let costs: Vec<TrialPoint> = across(&mut |i| 3.0 + (i % 17) as f64)
        .into_iter()
        .map(|t| TrialPoint { best: t.y > 0.975, ..t })
        .collect();
    vec![
        plot::trial_history("ROC AUC", &trials, true),
        plot::trial_slice("learning_rate", &TrialAxis::Log, "ROC AUC", &rates),
        plot::trial_slice("num_leaves", &TrialAxis::Linear, "ROC AUC", &trials[..1]),
        plot::trial_slice("booster", &TrialAxis::Choices(names.to_vec()), "ROC AUC", &boosters),
        plot::trial_front("Scoring a row, µs", "ROC AUC", &costs),
    ]
}

fn ranked(scores: &[f64], attacks: &[bool]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order.into_iter().map(|row| attacks[row]).collect()
}

fn roc_of(scores: &[f64], attacks: &[bool]) -> Vec<(f64, f64)> {
    let all = attacks.iter().filter(|attack| **attack).count() as f64;
    let benign = attacks.len() as f64 - all;
    let (mut fp, mut tp) = (0.0, 0.0);
    let mut points = vec![(0.0, 0.0)];
    for attack in ranked(scores, attacks) {
        if attack {
            tp += 1.0
        } else {
            fp += 1.0
        }
        points.push((fp / benign, tp / all));
    }
    points
}

fn pr_of(scores: &[f64], attacks: &[bool]) -> Vec<(f64, f64)> {
    let all = attacks.iter().filter(|attack| **attack).count() as f64;
    let (mut fp, mut tp) = (0.0, 0.0);
    let mut points = vec![(0.0, 1.0)];
    for attack in ranked(scores, attacks) {
        if attack {
            tp += 1.0
        } else {
            fp += 1.0
        }
        points.push((tp / all, tp / (tp + fp)));
    }
    points
}
