//! `tripline detectors`: what can be trained.

use clap::Args;
use serde::Serialize;
use tripline_core::{Card, Input, MissingPolicy, ParamSpec, Supervision};
use tripline_engine::register;

use crate::exit::Exit;
use crate::output;
use crate::session::Session;
use crate::table::{Align, Table};
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
                output::show(&session.terminal, &all, list)?;
            }
        }
        Ok(Exit::Ok)
    }
}

fn list() -> String {
    let mut table = Table::new(&[
        ("id", Align::Left),
        ("family", Align::Left),
        ("learns from", Align::Left),
        ("classes", Align::Left),
        ("explains", Align::Left),
        ("what it is", Align::Left),
    ]);
    let yes = |is: bool| if is { "yes" } else { "-" };
    for card in register::trainable() {
        table.row([
            card.id,
            card.family.name(),
            supervision(card.supervision),
            yes(card.abilities.multiclass),
            yes(card.abilities.explain),
            card.summary,
        ]);
    }
    let mut text = table.lines(0).join("\n");
    text.push_str("\n\n`tripline detectors ID` tells its parameters.\n");
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
