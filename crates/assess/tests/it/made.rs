//! A made data set with trainers whose models know the answer to a degree.
#![allow(clippy::unwrap_used, reason = "what is made here is valid")]

use tripline_assess::evaluate::{
    EvaluateOptions, Evaluation, Scored, Scores, Trained, Trainer, TrainerError, evaluate,
};
use tripline_assess::metrics::ClassProbabilities;
use tripline_assess::protocol::{Protocol, Split};
use tripline_core::{Column, Dataset, Labels, Progress, Rng, Rows, Silent, Source, math};

/// Rows of several families; column `signal` holds what the trainers score by.
pub(crate) fn dataset(rows: usize, classes: &[&str], seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let names: Vec<&str> = (0..rows)
        .map(|_| if rng.unit() < 0.6 { classes[0] } else { classes[rng.index(classes.len())] })
        .collect();
    let signal: Vec<f64> = names
        .iter()
        .map(|name| {
            let shift = classes.iter().position(|class| class == name).unwrap_or(0) as f64;
            rng.normal() + if shift > 0.0 { 1.2 + 0.5 * shift } else { 0.0 }
        })
        .collect();
    let noise: Vec<f64> = (0..rows).map(|_| rng.normal()).collect();
    let columns = vec![
        ("signal".to_owned(), Column::numeric(signal)),
        ("noise".to_owned(), Column::numeric(noise)),
    ];
    Dataset {
        rows: Rows::new(columns).unwrap(),
        labels: Some(Labels::from_names(&names, classes[0])),
        time: None,
        source: std::sync::Arc::new(Source {
            name: "made.csv".to_owned(),
            layout: "table".to_owned(),
            sha256: "0".repeat(64),
            bytes: 1,
            rows: rows as u64,
            bad_records: 0,
        }),
        notes: Vec::new(),
    }
}

/// Scores `skill` × signal + noise.
pub(crate) struct Made {
    pub(crate) id: &'static str,
    pub(crate) skill: f64,
}

struct MadeModel {
    skill: f64,
    threshold: f64,
    validation: Scored,
}

impl MadeModel {
    fn scores(skill: f64, data: &Dataset) -> Scores {
        let number = |name: &str| match data.rows.column(name) {
            Some(Column::Numeric(values)) => values.to_vec(),
            _ => vec![0.0; data.len()],
        };
        let raw: Vec<f64> = number("signal")
            .iter()
            .zip(number("noise"))
            .map(|(signal, noise)| skill * signal + (1.0 - skill) * noise)
            .collect();
        let probability: Vec<f64> =
            raw.iter().map(|raw| math::sigmoid(2.0 * (raw - 1.2))).collect();
        let names = data.labels.as_ref().unwrap().classes().to_vec();
        // All classes alike, but for the benign one.
        let others = (names.len() as f64 - 1.0).max(1.0);
        let values = probability
            .iter()
            .flat_map(|p: &f64| {
                (0..names.len()).map(move |i| if i == 0 { 1.0 - p } else { p / others })
            })
            .collect();
        let classes = Some(ClassProbabilities { names, values });
        Scores { raw, probability, seconds: 0.01, classes }
    }
}

impl Trainer for Made {
    fn id(&self) -> &str {
        self.id
    }

    fn train(
        &self,
        train: &Dataset,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Trained>, TrainerError> {
        let scores = MadeModel::scores(self.skill, train);
        let labels = train.labels.clone().unwrap();
        let mut benign: Vec<f64> = scores
            .raw
            .iter()
            .zip(labels.attacks())
            .filter(|(_, attack)| !attack)
            .map(|(raw, _)| *raw)
            .collect();
        benign.sort_by(f64::total_cmp);
        let threshold = benign.get(benign.len() * 99 / 100).copied().unwrap_or(0.0);
        let validation = Scored::new(scores.raw, scores.probability, labels);
        Ok(Box::new(MadeModel { skill: self.skill, threshold, validation }))
    }
}

impl Trained for MadeModel {
    fn score(&self, data: &Dataset) -> Result<Scores, TrainerError> {
        Ok(Self::scores(self.skill, data))
    }

    fn threshold(&self) -> f64 {
        self.threshold
    }

    fn validation(&self) -> Option<&Scored> {
        Some(&self.validation)
    }

    fn fit_seconds(&self) -> f64 {
        0.25
    }

    fn importance(&self) -> Option<Vec<(String, f64)>> {
        Some(vec![("signal".to_owned(), self.skill * 100.0), ("noise".to_owned(), 1.0)])
    }
}

/// Evaluations of some trainers over the same splits.
pub(crate) fn evaluations(data: &Dataset, trainers: &[Made], splits: &[Split]) -> Vec<Evaluation> {
    let mut options = EvaluateOptions::default();
    options.bootstrap.replicates = 200;
    trainers
        .iter()
        .map(|trainer| evaluate(trainer, data, splits, &options, &Silent).unwrap())
        .collect()
}

/// Folds of the made rows.
pub(crate) fn folds(data: &Dataset, folds: usize) -> (Protocol, Vec<Split>) {
    let protocol = Protocol::DuplicateGrouped { folds };
    let splits = protocol.splits(data, 0).unwrap();
    (protocol, splits)
}
