//! Recipes as the preparation of an ensemble's members.

use tripline_core::{
    FittedPreparation, Input, Labels, LoadError, Preparation, PreparationError, Prepared, Rows,
    Schema, State,
};

use crate::error::PrepareError;
use crate::preparer::Preparer;
use crate::recipe::{PrepareContext, Recipe};

/// Reads the words of a preparation as a [`Recipe`].
///
/// A step that asks a model to rate columns has none here, and says so.
#[derive(Debug, Clone, Copy)]
pub struct Recipes;

impl Preparation for Recipes {
    fn words_for(&self, input: Input) -> String {
        Recipe::for_input(input).to_string()
    }

    fn check(&self, words: &str) -> Result<(), PreparationError> {
        Recipe::parse(words).map(|_| ()).map_err(|error| refused(words, error))
    }

    fn fit(
        &self,
        words: &str,
        rows: &Rows,
        labels: Option<&Labels>,
        seed: u64,
    ) -> Result<FittedPreparation, PreparationError> {
        let context = PrepareContext { labels, rater: None, seed };
        let fitted = Recipe::parse(words)
            .and_then(|recipe| recipe.fit(rows, &context))
            .map_err(|error| refused(words, error))?;
        Ok(FittedPreparation { prepared: Box::new(fitted.preparer), keep: fitted.keep })
    }

    fn load(&self, state: &State) -> Result<Box<dyn Prepared>, LoadError> {
        Ok(Box::new(Preparer::load(state)?))
    }
}

impl Prepared for Preparer {
    fn apply(&self, rows: &Rows) -> Result<Rows, PreparationError> {
        match Self::apply(self, rows) {
            Ok(prepared) => Ok(prepared.rows),
            Err(error) => Err(refused(self.recipe(), error)),
        }
    }

    fn input(&self) -> &Schema {
        Self::input(self)
    }

    fn output(&self) -> &Schema {
        Self::output(self)
    }

    fn sources(&self) -> &[Vec<usize>] {
        Self::sources(self)
    }

    fn save(&self) -> State {
        Self::save(self)
    }
}

fn refused(words: &str, error: PrepareError) -> PreparationError {
    match error {
        PrepareError::Frame(source) => PreparationError::Frame(source),
        PrepareError::MissingColumn { column } => {
            tripline_core::FrameError::Missing { column }.into()
        }
        other => PreparationError::Words { words: words.to_owned(), reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use tripline_core::Column;

    use super::*;

    fn rows() -> Rows {
        Rows::new(vec![
            ("bytes".to_owned(), Column::numeric(vec![1.0, 2.0, f64::NAN, 5.0])),
            ("proto".to_owned(), Column::category(&[Some("tcp"), Some("udp"), None, Some("tcp")])),
        ])
        .unwrap()
    }

    #[test]
    fn what_is_fitted_applies_and_survives_saving() {
        let words = Recipes.words_for(Input::Scaled);
        let fitted = Recipes.fit(&words, &rows(), None, 0).unwrap();
        let prepared = fitted.prepared.apply(&rows()).unwrap();
        assert_eq!(prepared.schema().as_ref(), fitted.prepared.output());
        assert!(prepared.columns().iter().all(|column| matches!(column, Column::Numeric(_))));
        assert!(fitted.keep.is_none());
        let loaded = Recipes.load(&fitted.prepared.save()).unwrap();
        assert_eq!(loaded.apply(&rows()).unwrap().save(), prepared.save());
        assert_eq!(loaded.sources().len(), loaded.output().len());
        assert!(loaded.sources().iter().flatten().all(|&at| at < loaded.input().len()));
    }

    #[test]
    fn words_that_are_no_recipe_are_refused_with_the_step() {
        let error = Recipes.check("impute=median,scale=wrong").unwrap_err().to_string();
        assert!(error.contains("scale=wrong") && error.contains("scale=robust"), "{error}");
        let without = rows().project(&["proto"]).unwrap();
        let fitted = Recipes.fit("impute=median", &rows(), None, 0).unwrap();
        let error = fitted.prepared.apply(&without).unwrap_err().to_string();
        assert_eq!(error, "column `bytes` is missing");
    }
}
