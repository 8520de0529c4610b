//! Where each setting comes from: defaults, then a file, then the environment.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::Config;
use super::environment::{self, Foreign};
use crate::exit::Usage;
use tripline_engine::service::nearest;
use tripline_serve::settings::Told;

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Built in.
    Default,
    /// The configuration file.
    File,
    /// This variable.
    Variable(String),
    /// This option of the command line.
    Option(&'static str),
}

/// All settings with where each comes from.
#[derive(Debug, Clone)]
pub(crate) struct Layers {
    pub(crate) config: Config,
    /// By path, such as `serve.port`.
    pub(crate) values: BTreeMap<String, (Value, Source)>,
    /// What should be told of variables that set nothing.
    pub(crate) notes: Vec<String>,
}

impl Layers {
    /// Every setting that holds, by its path.
    pub(crate) fn settings(&self) -> BTreeMap<String, Value> {
        flat(&tree(&self.config))
    }

    /// Reads a file, if there is one, then variables.
    pub(crate) fn read(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Usage> {
        let defaults = flat(&tree(&Config::default()));
        let mut values: BTreeMap<String, (Value, Source)> =
            defaults.into_iter().map(|(path, value)| (path, (value, Source::Default))).collect();
        if let Some(file) = file {
            let text = Config::text(file)?;
            // Once with types, so that a mistake is named with its line; then to see what is given.
            let config = Config::parse(&file.display().to_string(), &text)?;
            let given = Config::given(&text);
            for (path, value) in flat(&tree(&config)) {
                let at = given.iter().any(|given| is_under(&path, given) || is_under(given, &path));
                let source = if at { Source::File } else { Source::Default };
                values.insert(path, (value, source));
            }
        }
        let mut notes = Vec::new();
        // Ours come after the seeds' names, so that they win.
        let mut ours = Vec::new();
        for (name, text) in variables {
            // An empty variable is one that is not set.
            if text.is_empty() {
                continue;
            }
            match environment::foreign(&name) {
                Some(Foreign::Sets(path)) => set(&mut values, path, &name, &text)?,
                Some(Foreign::Unsupported(why)) => notes.push(format!("{name}: {why}")),
                Some(Foreign::Secret) => {}
                None if name.starts_with(environment::PREFIX) => ours.push((name, text)),
                None => {}
            }
        }
        ours.sort();
        for (name, text) in ours {
            let known: Vec<(String, String)> =
                values.keys().map(|path| (environment::variable_of(path), path.clone())).collect();
            match known.iter().find(|(variable, _)| *variable == name) {
                Some((_, path)) => set(&mut values, path, &name, &text)?,
                None if environment::is_other(&name) => {}
                None => {
                    let hint = nearest(&name, known.iter().map(|(variable, _)| variable.as_str()))
                        .map(|near| format!("; is `{near}` meant?"))
                        .unwrap_or_default();
                    return Err(Usage(format!(
                        "{name}: the environment names a setting that there is not{hint}"
                    )));
                }
            }
        }
        let whole = nested(values.iter().map(|(path, (value, _))| (path.as_str(), value)));
        let config = serde_json::from_value(whole).map_err(|error| Usage(error.to_string()))?;
        Ok(Self { config, values, notes })
    }
}

impl Source {
    /// As it is shown.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Variable(name) => name,
            Self::Option(name) => name,
        }
    }
}

impl Layers {
    /// A value that the command line gives.
    pub(crate) fn given(&mut self, path: &str, option: &'static str) {
        let held = flat(&tree(&self.config));
        if let Some(value) = held.get(path) {
            self.values.insert(path.to_owned(), (value.clone(), Source::Option(option)));
        }
    }

    /// What concerns the service, as its dashboard shows it. An address may hold a credential in
    /// its query: that is left out.
    pub(crate) fn told(&self) -> Vec<Told> {
        let shown = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) if text.contains("://") => {
                text.split(['?', '#']).next().unwrap_or_default().to_owned()
            }
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let texts = items
                    .iter()
                    .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                texts.collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        let served = |path: &str| {
            ["serve.", "monitoring.", "deployment."].iter().any(|p| path.starts_with(p))
        };
        let entries = self.values.iter().filter(|(path, _)| served(path));
        let told = entries.map(|(path, (value, source))| Told {
            name: path.clone(),
            value: shown(value),
            source: source.name().to_owned(),
        });
        told.collect()
    }
}

/// Sets a value from a variable; its text is read as the type that the setting has.
fn set(
    values: &mut BTreeMap<String, (Value, Source)>,
    path: &str,
    variable: &str,
    text: &str,
) -> Result<(), Usage> {
    let candidates = [
        serde_json::from_str(text).ok().filter(|value: &Value| !value.is_object()),
        // `True`, as some write it.
        text.to_ascii_lowercase().parse().ok().map(Value::Bool),
        Some(Value::String(text.to_owned())),
        // A list, as a variable writes it.
        Some(text.split(',').map(|item| Value::String(item.trim().to_owned())).collect()),
    ];
    let before = values.get(path).cloned();
    for value in candidates.into_iter().flatten() {
        values.insert(path.to_owned(), (value, Source::Variable(variable.to_owned())));
        let whole = nested(values.iter().map(|(path, (value, _))| (path.as_str(), value)));
        if serde_json::from_value::<Config>(whole).is_ok() {
            return Ok(());
        }
    }
    let kind = match before.map(|(value, _)| value) {
        Some(Value::Number(_)) => "a number in its range",
        Some(Value::Bool(_)) => "`true` or `false`",
        Some(Value::Array(_)) => "a list parted by commas",
        _ => "a value that `config/tripline.yaml` describes",
    };
    Err(Usage(format!("{variable}: `{path}` must be {kind}, got {text:?}")))
}

fn tree(config: &Config) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}

/// Leaves by path; an empty object and a list are leaves, and so are a model's own parameters.
fn flat(value: &Value) -> BTreeMap<String, Value> {
    fn walk(path: &str, value: &Value, out: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(members) if path != "model.parameters" => {
                for (name, value) in members {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(&path, value, out);
                }
            }
            value => {
                out.insert(path.to_owned(), value.clone());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk("", value, &mut out);
    out
}

fn nested<'a>(leaves: impl Iterator<Item = (&'a str, &'a Value)>) -> Value {
    let mut root = Map::new();
    for (path, value) in leaves {
        let mut at = &mut root;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                at.insert(part.to_owned(), value.clone());
                break;
            }
            let next = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(next) = next else { break };
            at = next;
        }
    }
    Value::Object(root)
}

/// Whether a path is another, or lies under it.
fn is_under(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(yaml: &str, variables: &[(&str, &str)]) -> Result<Layers, Usage> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.yaml");
        std::fs::write(&file, yaml).unwrap();
        let variables = variables.iter().map(|(name, text)| ((*name).into(), (*text).into()));
        Layers::read(Some(&file), variables)
    }

    #[test]
    fn the_environment_wins_over_the_file_over_the_default() {
        let found = layers(
            "serve:\n  port: 7000\n  bind: 127.0.0.2\n",
            &[
                ("ML_PORT", "6000"),
                ("TRIPLINE_SERVE_PORT", "8000"),
                ("TRIPLINE_SERVE_ACCESS_HOSTS", "a.example, b.example"),
                ("TRIPLINE_SERVE_LIMITS_HEADER_SECONDS", "2.5"),
            ],
        )
        .unwrap();
        let serve = &found.config.serve;
        assert_eq!((serve.port, serve.bind.as_str()), (8000, "127.0.0.2"));
        assert_eq!(serve.access.hosts, ["a.example", "b.example"]);
        assert_eq!(serve.limits.header_seconds, 2.5);
        assert_eq!(found.values["serve.port"].1, Source::Variable("TRIPLINE_SERVE_PORT".into()));
        assert_eq!(found.values["serve.bind"].1, Source::File);
        assert_eq!(found.values["serve.tls"].1, Source::Default);
        assert!(found.notes.is_empty());
    }

    #[test]
    fn a_variable_that_cannot_be_is_named() {
        let text = |variables| layers("run:\n  seed: 1\n", variables).unwrap_err().to_string();
        assert_eq!(
            text(&[("TRIPLINE_SERVE_PORTS", "1")]),
            "TRIPLINE_SERVE_PORTS: the environment names a setting that there is not; is \
             `TRIPLINE_SERVE_PORT` meant?"
        );
        assert_eq!(
            text(&[("ML_PORT", "many")]),
            "ML_PORT: `serve.port` must be a number in its range, got \"many\""
        );
    }

    #[test]
    fn servers_that_are_not_supported_are_told() {
        let found = layers(
            "run:\n  seed: 1\n",
            &[("ML_DB_HOST", "localhost"), ("ML_S3_SECRET_KEY", "hush"), ("TRIPLINE_DATA", "/x")],
        )
        .unwrap();
        assert_eq!(found.notes.len(), 1);
        assert!(found.notes[0].starts_with("ML_DB_HOST: "), "{:?}", found.notes);
    }
}
