//! A small sound detector, linear discriminants of unit covariance, which breaks one promise if
//! told to.

use tripline_core::{
    Abilities, Aligned, Attributions, Card, Classes, Detector, Estimator, Explain, ExplainError,
    ExplainMethod, ExplainOptions, Family, Field, FieldKind, FitContext, FitError, Frame,
    Importance, Input, Link, LoadError, MissingPolicy, Online, ParamError, ParamSpec, ParamValue,
    Params, Range, Register, Schema, ScoreError, Shape, State, StateError, Supervision, Task, math,
};

pub(crate) static CARD: Card = Card {
    id: "centroid",
    name: "Centroids",
    family: Family::Linear,
    summary: "Distance to the mean of each class.",
    source: "Hastie et al. 2009, eq. 4.10 with unit covariance",
    cost: "O(n d)",
    shape: Shape::Rows,
    input: Input::Scaled,
    supervision: Supervision::Supervised,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: true,
        weights: true,
        explain: true,
        importance: true,
        online: true,
        outliers: false,
        early_stopping: true,
    },
    params: &[ParamSpec {
        name: "defect",
        doc: "The promise that is broken.",
        default: ParamValue::Static("none"),
        range: Range::Text,
        search: None,
    }],
    exemptions: &[],
    build: |params, _| build(params),
    load: |state, register| load(state, register),
};

fn build(params: &Params) -> Result<Box<dyn Estimator>, ParamError> {
    Ok(Box::new(Untaught { defect: params.text("defect").to_owned() }))
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = Schema::load(state.state("schema")?)?;
    let names = state.texts("classes")?.to_vec();
    let defect = state.text("defect")?.to_owned();
    let mut sums = state.f64s("sums")?.to_vec();
    if sums.len() != names.len() * (schema.len() + 1)
        || names.len() < 2
        || sums.iter().any(|sum| !sum.is_finite())
    {
        return Err(StateError::invalid("sums", "finite sums for each class").into());
    }
    if defect == "SaveLoad" {
        sums[0] += 1.0;
    }
    let extra = state.f64("extra")?;
    Ok(Box::new(Centroids { schema, names, sums, extra, defect }))
}

struct Untaught {
    defect: String,
}

/// For each class, its weight, then its weighted sums of columns.
struct Centroids {
    schema: Schema,
    names: Vec<String>,
    sums: Vec<f64>,
    /// Added to every score: 0 in a sound detector.
    extra: f64,
    defect: String,
}

impl Estimator for Untaught {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        if rows.width() == 0 {
            return Err(FitError::NoColumns);
        }
        let labels = context.supervised(rows.len())?;
        if rows.is_empty() {
            return Err(FitError::TooFewRows { needed: 2, got: 0 });
        }
        let fields = rows
            .schema()
            .names()
            .map(|name| Field { name: name.to_owned(), kind: FieldKind::Numeric });
        let names = match context.task {
            Task::Multiclass => labels.classes().as_ref().clone(),
            Task::Binary => vec!["benign".to_owned(), "attack".to_owned()],
        };
        let threads = if self.defect == "SameSeedSameBytes" {
            rayon::current_num_threads() as f64
        } else {
            0.0
        };
        let schema = Schema::new(fields.collect())?;
        let mut detector = Centroids {
            sums: vec![0.0; names.len() * (schema.len() + 1)],
            schema,
            names,
            extra: threads,
            defect: self.defect.clone(),
        };
        detector.learn(frame, context)?;
        Ok(Box::new(detector))
    }
}

impl Centroids {
    fn is(&self, defect: &str) -> bool {
        self.defect == defect
    }

    fn learn(&mut self, frame: &Frame, context: &FitContext<'_>) -> Result<(), FitError> {
        let rows = frame.rows()?;
        let labels = context.labels.ok_or(FitError::NoLabels)?;
        let width = self.schema.len();
        let aligned = self.schema.align(rows)?;
        if let Some((column, row)) = self.hole(&aligned) {
            return Err(FitError::Missing { column, row });
        }
        for row in 0..rows.len() {
            let code = labels.codes()[row] as usize;
            let class = if self.names.len() == 2 { code.min(1) } else { code };
            let weight = match context.weights {
                Some(weights) if !self.is("WeightsRepeatRows") => weights[row],
                _ => 1.0,
            };
            let sums = &mut self.sums[class * (width + 1)..(class + 1) * (width + 1)];
            sums[0] += weight;
            for (sum, column) in sums[1..].iter_mut().zip(&aligned.columns) {
                *sum += weight * column.number(row);
            }
        }
        if self.sums.iter().any(|sum| !sum.is_finite()) {
            return Err(FitError::Diverged { reason: "sums overflow".to_owned() });
        }
        Ok(())
    }

    fn hole(&self, aligned: &Aligned<'_>) -> Option<(String, usize)> {
        if self.is("MissingValues") {
            return None;
        }
        for (field, column) in self.schema.fields().iter().zip(&aligned.columns) {
            if let Some(row) = (0..aligned.len).find(|&row| !column.number(row).is_finite()) {
                return Some((field.name.clone(), row));
            }
        }
        None
    }

    /// Coefficients of a class's discriminant, its constant last.
    fn discriminant(&self, class: usize) -> Vec<f64> {
        let width = self.schema.len();
        let sums = &self.sums[class * (width + 1)..(class + 1) * (width + 1)];
        let weight = sums[0].max(1e-9);
        let mut line: Vec<f64> = sums[1..].iter().map(|sum| sum / weight).collect();
        let square: f64 = line.iter().map(|mean| mean * mean).sum();
        line.push(math::ln(weight) - square / 2.0);
        line
    }

    /// The value of a line for each row, bounded so that it stays a number.
    fn values(&self, frame: &Frame, line: &[f64]) -> Result<Vec<f64>, ScoreError> {
        let rows = frame.rows()?;
        if self.is("HostileFrames") {
            assert!(!rows.is_empty(), "no rows");
        }
        let aligned = self.schema.align(rows)?;
        if let Some((column, row)) = self.hole(&aligned) {
            return Err(ScoreError::Missing { column, row });
        }
        let width = self.schema.len();
        let mut values = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let mut value = line[width];
            for (j, column) in aligned.columns.iter().enumerate() {
                let number = match &rows.columns()[j] {
                    tripline_core::Column::Numeric(own) if self.is("ShuffledColumns") => own[row],
                    _ => column.number(row),
                };
                value += line[j] * number;
            }
            values.push(if value.is_nan() { 0.0 } else { value.clamp(-1e300, 1e300) });
        }
        Ok(values)
    }

    fn odds(&self) -> Vec<f64> {
        let (benign, attack) = (self.discriminant(0), self.discriminant(1));
        attack.iter().zip(&benign).map(|(a, b)| a - b).collect()
    }
}

impl Detector for Centroids {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let mut scores = if self.names.len() == 2 {
            self.values(frame, &self.odds())?
        } else {
            let benign = self.probabilities(frame)?;
            let chances = benign.chunks_exact(self.names.len());
            chances.map(|p| -math::logit(p[0].clamp(1e-15, 1.0 - 1e-15))).collect()
        };
        scores.iter_mut().for_each(|score| *score += self.extra);
        if self.is("BatchEqualsRows") {
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            scores.iter_mut().for_each(|score| *score -= mean);
        }
        if self.is("MillionRows") {
            scores.iter_mut().skip(500_000).for_each(|score| *score = 0.0);
        }
        if self.is("HigherIsSuspicious") {
            scores.iter_mut().for_each(|score| *score = -*score);
        }
        Ok(scores)
    }

    fn link(&self) -> Link {
        Link::Logit
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_texts("classes", self.names.clone());
        state.put_text("defect", &self.defect);
        state.put_f64s("sums", self.sums.clone());
        state.put_f64("extra", self.extra);
        state
    }

    fn classes(&self) -> Option<&dyn Classes> {
        Some(self)
    }

    fn explain(&self) -> Option<&dyn Explain> {
        Some(self)
    }

    fn importance(&self) -> Option<&dyn Importance> {
        (!self.is("Abilities")).then_some(self as &dyn Importance)
    }

    fn online(&mut self) -> Option<&mut dyn Online> {
        Some(self)
    }
}

impl Classes for Centroids {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn probabilities(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let count = self.names.len();
        let mut chances = vec![0.0; frame.len() * count];
        for class in 0..count {
            let values = self.values(frame, &self.discriminant(class))?;
            for (row, value) in values.into_iter().enumerate() {
                chances[row * count + class] = value;
            }
        }
        chances.chunks_exact_mut(count).for_each(math::softmax);
        Ok(chances)
    }
}

impl Explain for Centroids {
    fn attributions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Attributions, ExplainError> {
        let line = match options.class {
            None => self.odds(),
            Some(class) if class < self.names.len() => self.discriminant(class),
            Some(class) => return Err(ExplainError::Class { class, count: self.names.len() }),
        };
        if let ExplainMethod::Interventional { background } = options.method
            && background.is_empty()
        {
            return Err(ExplainError::EmptyBackground);
        }
        let aligned = self.schema.align(frame.rows()?)?;
        let width = self.schema.len();
        let mut values = Vec::new();
        let mut outputs = Vec::new();
        for row in 0..frame.len() {
            let parts = (0..width).map(|j| line[j] * aligned.columns[j].number(row));
            values.extend(parts);
            outputs.push(line[width] + values[row * width..].iter().sum::<f64>());
        }
        let base = line[width] + if self.is("Additivity") { 1.0 } else { 0.0 };
        let features = self.schema.names().map(str::to_owned).collect();
        Ok(Attributions { features, base, values, outputs, link: Link::Logit })
    }
}

impl Importance for Centroids {
    fn importance(&self) -> Vec<f64> {
        self.odds()[..self.schema.len()].iter().map(|weight| weight.abs()).collect()
    }
}

impl Online for Centroids {
    fn partial_fit(&mut self, frame: &Frame, context: &FitContext<'_>) -> Result<(), FitError> {
        self.learn(frame, context)
    }

    fn test_then_train(
        &mut self,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Vec<f64>, FitError> {
        let mut scores = Vec::new();
        for row in 0..frame.len() {
            let one = frame.select(&[row]);
            scores.extend(self.score(&one).expect("a row as those fitted"));
            let labels = context.labels.map(|labels| labels.select(&[row]));
            let weights = context.weights.map(|weights| &weights[row..=row]);
            let context = FitContext { labels: labels.as_ref(), weights, ..*context };
            self.learn(&one, &context)?;
        }
        Ok(scores)
    }
}
