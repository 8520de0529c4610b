//! `tripline detectors`: what can be trained.

use clap::Args;
use serde::Serialize;
use tripline_core::{Card, Family, Input, MissingPolicy, ParamSpec, Supervision};
use tripline_engine::register;

use super::check::wrap;
use crate::exit::Exit;
use crate::output;
use crate::session::Session;
use crate::terminal::{Style, Terminal};

/// List the detectors with their parameters.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline detectors\n  tripline detectors gradient_boosting")]
pub(crate) struct Detectors {
    /// Tell everything about this one
    #[arg(value_name = "ID")]
    id: Option<String>,
}

#[derive(Serialize)]
struct DetectorWire {
    id: &'static str,
    name: &'static str,
    family: &'static str,
    summary: &'static str,
    source: &'static str,
    cost: &'static str,
    input: &'static str,
    supervision: &'static str,
    missing_values: &'static str,
    multiclass: bool,
    weights: bool,
    explain: bool,
    importance: bool,
    online: bool,
    outliers: bool,
    early_stopping: bool,
    parameters: Vec<ParamWire>,
}

#[derive(Serialize)]
struct ParamWire {
    name: &'static str,
    doc: &'static str,
    default: String,
    valid: String,
    searched: Option<String>,
}

impl Detectors {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        match &self.id {
            Some(id) => {
                let card = register::trainable_card(id)?;
                output::show(&session.terminal, &wire(card), || describe(&session.terminal, card))?;
            }
            None => {
                let all: Vec<DetectorWire> =
                    register::trainable().iter().map(|card| wire(card)).collect();
                output::show(&session.terminal, &all, || list(&session.terminal))?;
            }
        }
        Ok(Exit::Ok)
    }
}

/// The suite by family: what each needs, can do, costs.
fn list(terminal: &Terminal) -> String {
    let cards = register::trainable();
    let mut families: Vec<Family> = Vec::new();
    for card in cards {
        if !families.contains(&card.family) {
            families.push(card.family);
        }
    }
    let widest = cards.iter().map(|card| card.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for family in families {
        text.push_str(&format!("{}\n", terminal.paint(Style::Bold, family.name())));
        for card in cards.iter().filter(|card| card.family == family) {
            let mut can = card.abilities.words().join(", ");
            if can.is_empty() {
                can.push_str("scores alone");
            }
            text.push_str(&format!(
                "  {:widest$}  learns from {}; {can}\n",
                card.id,
                supervision(card.supervision)
            ));
            text.push_str(&wrap(card.summary, widest + 4));
            text.push_str(&wrap(card.cost, widest + 4));
        }
        text.push('\n');
    }
    text.push_str("`tripline detectors ID` tells parameters with their ranges.\n");
    text
}

fn describe(terminal: &Terminal, card: &Card) -> String {
    let mut text = format!("{}  {}\n\n", terminal.paint(Style::Bold, card.id), card.name);
    for (name, value) in [
        ("what", card.summary),
        ("source", card.source),
        ("cost", card.cost),
        ("columns", input(card.input)),
        ("learns from", supervision(card.supervision)),
        ("missing values", missing(card.missing)),
    ] {
        text.push_str(&format!("{name:>15}  {value}\n"));
    }
    text.push_str("\nParameters (--param NAME=VALUE):\n");
    for spec in card.params {
        let ParamWire { name, doc, default, valid, .. } = param(spec);
        text.push_str(&format!("  {name} = {default}\n      {doc} ({valid})\n"));
    }
    for exemption in card.exemptions {
        text.push_str(&format!(
            "\nDoes not promise {:?}: {}\n",
            exemption.promise, exemption.reason
        ));
    }
    text
}

fn wire(card: &Card) -> DetectorWire {
    DetectorWire {
        id: card.id,
        name: card.name,
        family: card.family.name(),
        summary: card.summary,
        source: card.source,
        cost: card.cost,
        input: input(card.input),
        supervision: supervision(card.supervision),
        missing_values: missing(card.missing),
        multiclass: card.abilities.multiclass,
        weights: card.abilities.weights,
        explain: card.abilities.explain,
        importance: card.abilities.importance,
        online: card.abilities.online,
        outliers: card.abilities.outliers,
        early_stopping: card.abilities.early_stopping,
        parameters: card.params.iter().map(param).collect(),
    }
}

fn param(spec: &'static ParamSpec) -> ParamWire {
    ParamWire {
        name: spec.name,
        doc: spec.doc,
        default: spec.default.to_string(),
        valid: spec.range.to_string(),
        searched: spec.search.map(|range| range.to_string()),
    }
}

fn input(input: Input) -> &'static str {
    match input {
        Input::Mixed => "numbers and categories as they are",
        Input::Numeric => "numbers; categories are encoded",
        Input::Scaled => "numbers of similar scale; categories are encoded",
    }
}

fn supervision(supervision: Supervision) -> &'static str {
    match supervision {
        Supervision::Supervised => "labelled rows",
        Supervision::Benign => "benign rows",
        Supervision::Optional => "labelled or benign rows",
    }
}

fn missing(policy: MissingPolicy) -> &'static str {
    match policy {
        MissingPolicy::Native => "taken as they are",
        MissingPolicy::Reject => "filled before",
    }
}
