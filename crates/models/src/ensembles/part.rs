//! Training rows with what is known of them, as members take parts of them.

use tripline_core::{FitContext, FitError, Frame, Labels, Progress, Rows, Task};

/// Training rows: weights are above 0, labels are there if an attack is among them.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) rows: Rows,
    /// With attacks as well as benign rows.
    pub(crate) labels: Option<Labels>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) task: Task,
}

impl Part {
    /// What an ensemble is given to fit. Rows of weight 0 are left out, since not every member
    /// takes weights; labels of benign rows alone tell nothing.
    pub(crate) fn new(frame: &Frame, context: &FitContext<'_>) -> Result<Self, FitError> {
        let rows = frame.rows()?;
        if rows.width() == 0 {
            return Err(FitError::NoColumns);
        }
        let expected = rows.len();
        if let Some(labels) = context.labels.filter(|labels| labels.len() != expected) {
            return Err(FitError::Length { what: "labels", expected, got: labels.len() });
        }
        context.check_weights(expected)?;
        let mut part = Self {
            rows: rows.clone(),
            labels: context.labels.cloned(),
            weights: context.weights.map(<[f64]>::to_vec),
            task: context.task,
        };
        if let Some(weights) = context.weights.filter(|weights| weights.contains(&0.0)) {
            let kept: Vec<usize> = (0..expected).filter(|&row| weights[row] > 0.0).collect();
            part = part.select(&kept);
        }
        if part.rows.len() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: part.rows.len() });
        }
        if let Some(labels) = &part.labels {
            let attacks = labels.codes().iter().filter(|&&code| code != 0).count();
            if attacks == labels.len() {
                return Err(FitError::OneClass { class: labels.class(0).to_owned() });
            }
            if attacks == 0 {
                part.labels = None;
            }
        }
        if part.labels.is_none() {
            part.task = Task::Binary;
        }
        Ok(part)
    }

    pub(crate) fn select(&self, index: &[usize]) -> Self {
        Self {
            rows: self.rows.select(index),
            labels: self.labels.as_ref().map(|labels| labels.select(index)),
            weights: self
                .weights
                .as_ref()
                .map(|weights| index.iter().map(|&i| weights[i]).collect()),
            task: self.task,
        }
    }

    /// The same rows with other columns.
    pub(crate) fn with_rows(&self, rows: Rows) -> Self {
        Self { rows, ..self.clone() }
    }

    /// Whether each row is an attack, where that is known.
    pub(crate) fn attacks(&self) -> Option<Vec<bool>> {
        self.labels.as_ref().map(Labels::attacks)
    }

    /// The rows known to be benign, or all.
    pub(crate) fn benign(&self) -> Vec<usize> {
        let benign =
            |&row: &usize| self.labels.as_ref().is_none_or(|labels| !labels.is_attack(row));
        (0..self.rows.len()).filter(benign).collect()
    }
}

/// Counts the fits of an ensemble; its members ask it whether to go on, and tell it no steps.
pub(crate) struct Fits<'a> {
    progress: &'a dyn Progress,
    done: u64,
    total: u64,
}

/// What members are given in the place of the ensemble's progress.
pub(crate) struct Quiet<'a>(pub(crate) &'a dyn Progress);

impl Progress for Quiet<'_> {
    fn step(&self, _: &str, _: u64, _: u64) {}

    fn go_on(&self) -> bool {
        self.0.go_on()
    }
}

impl<'a> Fits<'a> {
    pub(crate) fn new(progress: &'a dyn Progress, total: usize) -> Self {
        Self { progress, done: 0, total: total as u64 }
    }

    pub(crate) fn quiet(&self) -> Quiet<'a> {
        Quiet(self.progress)
    }

    /// Errors if the work is to stop.
    pub(crate) fn go_on(&self) -> Result<(), FitError> {
        if self.progress.go_on() { Ok(()) } else { Err(FitError::Cancelled) }
    }

    pub(crate) fn step(&mut self) {
        self.done = (self.done + 1).min(self.total);
        self.progress.step("fitting members", self.done, self.total);
    }
}
