//! Columns left out by name.

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::step::{Outcome, Step, StepCard};
use crate::steps::selection::Selection;
use crate::table::Table;

pub(crate) const CARD: StepCard = StepCard {
    id: "drop",
    syntax: "drop=NAME[:NAME…]",
    summary: "Leaves the named columns out, such as those that tell a site or a service from \
              another where a model must not learn them.",
    source: "column selection by name",
    parse: |parts| {
        if parts.is_empty() || parts.contains(&"") {
            return Err(format!("must be {}", CARD.syntax));
        }
        Ok(Box::new(Drop { names: parts.iter().map(|&part| part.to_owned()).collect() }))
    },
};

#[derive(Debug)]
struct Drop {
    names: Vec<String>,
}

impl Step for Drop {
    fn text(&self) -> String {
        format!("drop={}", self.names.join(":"))
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let there = |name: &String| table.fields.iter().any(|field| field.name == *name);
        if let Some(column) = self.names.iter().find(|name| !there(name)) {
            let reason = format!("there is no column `{column}` at this step");
            return Err(PrepareError::Recipe { step: self.text(), reason });
        }
        let stays = |at: &usize| !self.names.contains(&table.fields[*at].name);
        let kept = (0..table.fields.len()).filter(stays).collect();
        Selection::outcome(kept, table.fields.len(), self)
    }
}
