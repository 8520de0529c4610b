//! A member of an ensemble: a detector of the register with its own preparation of columns.

use std::borrow::Cow;

use tripline_core::{
    Card, Detector, Estimator, FieldKind, FitContext, FitError, Frame, FrameError, Input,
    LoadError, ParamError, Params, Preparation, Prepared, Progress, Register, Rows, Schema,
    ScoreError, Shape, State, StateError, Supervision, Task,
};

use super::grammar::{self, MemberWords};
use super::part::Part;

/// A member before it is fitted.
pub(crate) struct Member {
    pub(crate) label: String,
    pub(crate) card: &'static Card,
    estimator: Box<dyn Estimator>,
    /// What prepares its columns, with the words; none gives it rows as they are.
    preparation: Option<(&'static dyn Preparation, String)>,
}

/// A member that was fitted.
pub(crate) struct FittedMember {
    pub(crate) label: String,
    pub(crate) prepared: Option<Box<dyn Prepared>>,
    pub(crate) detector: Box<dyn Detector>,
}

/// The members that the value of the parameter `param` tells.
pub(crate) fn members(
    param: &str,
    text: &str,
    register: &Register,
) -> Result<Vec<Member>, ParamError> {
    let refused = |reason: String| ParamError::Conflict { name: param.to_owned(), reason };
    let words = grammar::parse(text).map_err(|error| refused(error.to_string()))?;
    words.iter().map(|words| Member::new(words, register).map_err(refused)).collect()
}

/// The one member that the value of the parameter `param` tells.
pub(crate) fn member(param: &str, text: &str, register: &Register) -> Result<Member, ParamError> {
    let mut members = members(param, text, register)?;
    match (members.pop(), members.is_empty()) {
        (Some(member), true) => Ok(member),
        _ => Err(ParamError::Conflict {
            name: param.to_owned(),
            reason: "one detector is wanted, not several".to_owned(),
        }),
    }
}

/// The card that a member's words name; errors list those that there are.
pub(crate) fn card_of(words: &MemberWords, register: &Register) -> Result<&'static Card, String> {
    match register.get(&words.id) {
        Some(card) if card.shape == Shape::Rows => Ok(card),
        _ => {
            let known: Vec<&str> = register
                .cards()
                .iter()
                .filter(|card| card.shape == Shape::Rows)
                .map(|card| card.id)
                .collect();
            let (label, id) = (&words.label, &words.id);
            Err(format!(
                "member `{label}`: there is no detector of rows `{id}`, known are: {}",
                known.join(", ")
            ))
        }
    }
}

impl Member {
    fn new(words: &MemberWords, register: &Register) -> Result<Self, String> {
        let card = card_of(words, register)?;
        let member = |error: String| format!("member `{}`: {error}", words.label);
        let params =
            Params::parse(card.params, &words.params).map_err(|error| member(error.to_string()))?;
        let estimator =
            (card.build)(&params, register).map_err(|error| member(error.to_string()))?;
        let preparation = match (&words.preparation, register.preparation()) {
            (Some(text), _) if text.is_empty() => None,
            (Some(text), Some(preparation)) => {
                preparation.check(text).map_err(|error| member(error.to_string()))?;
                Some((preparation, text.clone()))
            }
            (Some(text), None) => {
                let none = tripline_core::PreparationError::None { words: text.clone() };
                return Err(member(none.to_string()));
            }
            (None, Some(preparation)) => {
                let text = preparation.words_for(card.input);
                (!text.is_empty()).then_some((preparation, text))
            }
            (None, None) => None,
        };
        Ok(Self { label: words.label.clone(), card, estimator, preparation })
    }

    /// The same member given rows as they are, unless words of its own told otherwise.
    #[must_use]
    pub(crate) fn without_default_preparation(mut self, text: &str) -> Self {
        let told = grammar::parse(text)
            .is_ok_and(|words| words.first().is_some_and(|words| words.preparation.is_some()));
        if !told {
            self.preparation = None;
        }
        self
    }

    /// Fits to a part of the training rows: all of it, or the benign rows if it learns those
    /// alone. Rows that its preparation removes stay out of this fit.
    pub(crate) fn fit(
        &self,
        part: &Part,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<FittedMember, FitError> {
        self.fit_plain(part, seed, progress).map_err(|source| match source {
            FitError::Cancelled => FitError::Cancelled,
            source => FitError::Member { member: self.label.clone(), source: Box::new(source) },
        })
    }

    fn fit_plain(
        &self,
        part: &Part,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<FittedMember, FitError> {
        if self.card.supervision == Supervision::Supervised && part.labels.is_none() {
            return Err(FitError::NoLabels);
        }
        // Its columns are prepared by the same rows that it learns: attacks would show in quantiles.
        let benign = self.card.supervision == Supervision::Benign && part.labels.is_some();
        let part = if benign { &part.select(&part.benign()) } else { part };
        let (prepared, keep) = match &self.preparation {
            Some((preparation, words)) => {
                let fitted = preparation.fit(words, &part.rows, part.labels.as_ref(), seed)?;
                (Some(fitted.prepared), fitted.keep)
            }
            None => (None, None),
        };
        let chosen = match keep {
            Some(keep) => Cow::Owned(part.select(&keep)),
            None => Cow::Borrowed(part),
        };
        let rows = match &prepared {
            Some(prepared) => prepared.apply(&chosen.rows)?,
            None => chosen.rows.clone(),
        };
        self.takes(&rows)?;
        let task = if self.card.abilities.multiclass { part.task } else { Task::Binary };
        let context = FitContext {
            labels: chosen.labels.as_ref(),
            weights: chosen.weights.as_deref().filter(|_| self.card.abilities.weights),
            validation: None,
            task,
            seed,
            progress,
        };
        let detector = self.estimator.fit(&Frame::from(rows), &context)?;
        Ok(FittedMember { label: self.label.clone(), prepared, detector })
    }

    /// Errors if categories would reach a member that takes numbers.
    fn takes(&self, rows: &Rows) -> Result<(), FitError> {
        let category = rows.schema().fields().iter().find(|f| f.kind != FieldKind::Numeric);
        match category {
            Some(field) if self.card.input != Input::Mixed => Err(FrameError::Kind {
                column: field.name.clone(),
                expected: FieldKind::Numeric.name(),
                got: field.kind.name(),
            }
            .into()),
            _ => Ok(()),
        }
    }
}

impl FittedMember {
    /// Rows as its detector takes them.
    pub(crate) fn prepare<'a>(&self, rows: &'a Rows) -> Result<Cow<'a, Rows>, ScoreError> {
        match &self.prepared {
            Some(prepared) => {
                let rows = prepared.apply(rows).map_err(|error| self.unscored(error.into()))?;
                Ok(Cow::Owned(rows))
            }
            None => Ok(Cow::Borrowed(rows)),
        }
    }

    pub(crate) fn score(&self, rows: &Rows) -> Result<Vec<f64>, ScoreError> {
        let frame = Frame::from(self.prepare(rows)?.into_owned());
        self.detector.score(&frame).map_err(|error| self.unscored(error))
    }

    /// Class probabilities, row-major, if it tells classes apart.
    pub(crate) fn probabilities(&self, rows: &Rows) -> Result<Option<Vec<f64>>, ScoreError> {
        let Some(classes) = self.detector.classes() else { return Ok(None) };
        let frame = Frame::from(self.prepare(rows)?.into_owned());
        classes.probabilities(&frame).map(Some).map_err(|error| self.unscored(error))
    }

    fn unscored(&self, source: ScoreError) -> ScoreError {
        ScoreError::Member { member: self.label.clone(), source: Box::new(source) }
    }

    pub(crate) fn save(&self) -> State {
        let mut state = State::new();
        state.put_text("label", &self.label);
        state.put_text("id", self.detector.card().id);
        state.put_state("detector", self.detector.save());
        if let Some(prepared) = &self.prepared {
            state.put_state("prepared", prepared.save());
        }
        state
    }

    /// From a model file; errors unless it can score rows of that schema.
    pub(crate) fn load(
        state: &State,
        schema: &Schema,
        register: &Register,
    ) -> Result<Self, LoadError> {
        let detector = register.load(state.text("id")?, state.state("detector")?)?;
        let prepared = match (state.has("prepared"), register.preparation()) {
            (false, _) => None,
            (true, Some(preparation)) => Some(preparation.load(state.state("prepared")?)?),
            (true, None) => {
                let expected = "absent: this program has nothing that prepares columns";
                return Err(StateError::invalid("prepared", expected).into());
            }
        };
        let fits = match &prepared {
            Some(prepared) => {
                has_columns(schema, prepared.input())
                    && has_columns(prepared.output(), detector.schema())
            }
            None => has_columns(schema, detector.schema()),
        };
        if !fits {
            return Err(StateError::invalid("members", "of columns that the ensemble has").into());
        }
        Ok(Self { label: state.text("label")?.to_owned(), prepared, detector })
    }
}

/// Whether a schema has all these columns, of the same kind.
fn has_columns(schema: &Schema, wanted: &Schema) -> bool {
    wanted.fields().iter().all(|field| {
        schema
            .position(&field.name)
            .is_some_and(|at| schema.fields()[at].kind.name() == field.kind.name())
    })
}

/// Errors unless rows have the columns of a schema; names the first that is missing or of the other
/// kind.
pub(crate) fn check_columns(schema: &Schema, rows: &Rows) -> Result<(), FrameError> {
    for field in schema.fields() {
        let column = rows
            .column(&field.name)
            .ok_or_else(|| FrameError::Missing { column: field.name.clone() })?;
        let (expected, got) = (field.kind.name(), column.kind().name());
        if expected != got {
            return Err(FrameError::Kind { column: field.name.clone(), expected, got });
        }
    }
    Ok(())
}
