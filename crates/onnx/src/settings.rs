//! What the inputs and the output of an ONNX file mean: the YAML beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tripline_core::Link;

use crate::error::OnnxError;
use crate::nearest::nearest;

/// Longest YAML that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 1 << 22;

/// The YAML beside an ONNX file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The tensors that the model takes, in its order.
    pub inputs: Vec<InputSettings>,
    /// Where the score is.
    pub score: ScoreSettings,
    /// A row alerts when its score, turned so that higher is more suspicious, is at least this.
    pub threshold: Option<f64>,
    /// Names of the output's columns, the first benign: makes the model tell classes apart.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Limits of the process that runs the model.
    #[serde(default)]
    pub limits: Limits,
}

/// One tensor of n rows × its columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSettings {
    /// Its name in the file; needed if the model takes several.
    pub tensor: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<ColumnSettings>,
}

/// One column of a tensor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSettings {
    /// Its name in the data.
    pub name: String,
    /// What stands for a missing value; `.nan` gives it to the model as it is, none refuses it.
    pub missing: Option<f64>,
    /// Subtracted from the value.
    #[serde(default)]
    pub mean: f64,
    /// The value is then divided by this.
    #[serde(default = "one")]
    pub scale: f64,
    /// The number of each category; makes it a category column.
    #[serde(default)]
    pub categories: BTreeMap<String, f64>,
    /// The number of every other category; none treats it as missing. It also stands for a missing
    /// one where `missing` is not given.
    pub unknown: Option<f64>,
}

/// Where the score is, and what it means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreSettings {
    /// Name of the output.
    pub output: String,
    /// Column of the output, from 0; the last if none is given.
    pub index: Option<usize>,
    /// What the number means.
    #[serde(deserialize_with = "link")]
    pub link: Link,
    /// Which way it goes.
    #[serde(default)]
    pub higher_is: Direction,
}

/// Which way an output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Higher is more suspicious.
    #[default]
    Suspicious,
    /// Higher is more normal, as of scikit-learn's isolation forest.
    Normal,
}

/// Limits of the process that runs a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory of one process, in MiB, beside that of the program itself.
    pub memory_mib: u64,
    /// Processor time for one request of up to 1,024 rows, in seconds.
    pub processor_seconds: u64,
    /// Time on the clock for one request, in seconds.
    pub seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        // 1,024 rows take a network of a million weights less than a second.
        Self { memory_mib: 1024, processor_seconds: 20, seconds: 60 }
    }
}

impl Limits {
    /// Each limit, or that of `most` where it is smaller.
    pub(crate) fn at_most(self, most: Self) -> Self {
        Self {
            memory_mib: self.memory_mib.min(most.memory_mib),
            processor_seconds: self.processor_seconds.min(most.processor_seconds),
            seconds: self.seconds.min(most.seconds),
        }
    }
}

fn one() -> f64 {
    1.0
}

fn link<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Link, D::Error> {
    let text = String::deserialize(from)?;
    match text.as_str() {
        "probability" => Ok(Link::Probability),
        "logit" => Ok(Link::Logit),
        "rank" => Ok(Link::Rank),
        other => Err(serde::de::Error::unknown_variant(other, &["probability", "logit", "rank"])),
    }
}

impl Settings {
    /// From YAML; errors name the key with the nearest known one.
    pub fn parse(text: &str) -> Result<Self, OnnxError> {
        let refuse = |reason: String| OnnxError::Settings { reason };
        if text.len() > MAX_BYTES {
            return Err(refuse(format!("longer than {MAX_BYTES} bytes")));
        }
        let settings: Self =
            serde_saphyr::from_str(text).map_err(|source| refuse(explain(&source.to_string())))?;
        settings.check().map_err(refuse)?;
        Ok(settings)
    }

    /// All columns, in the order of the tensors.
    pub fn columns(&self) -> impl Iterator<Item = &ColumnSettings> {
        self.inputs.iter().flat_map(|input| &input.columns)
    }

    fn check(&self) -> Result<(), String> {
        if self.columns().next().is_none() {
            return Err("`inputs` names no column".to_owned());
        }
        if self.inputs.len() > 1 && self.inputs.iter().any(|input| input.tensor.is_none()) {
            return Err("with several `inputs` each needs its `tensor`".to_owned());
        }
        let mut seen = BTreeSet::new();
        for column in self.columns() {
            let name = &column.name;
            if !seen.insert(name) {
                return Err(format!("column `{name}` appears twice"));
            }
            let numbers = [Some(column.mean), Some(column.scale), column.unknown];
            let finite = numbers.iter().flatten().chain(column.categories.values());
            if finite.copied().any(|number| !number.is_finite()) || column.scale == 0.0 {
                return Err(format!(
                    "column `{name}`: numbers must be finite and `scale` not 0; only `missing` may \
                     be .nan"
                ));
            }
            if column.missing.is_some_and(f64::is_infinite) {
                return Err(format!("column `{name}`: `missing` must not be infinite"));
            }
            if column.unknown.is_some() && column.categories.is_empty() {
                return Err(format!("column `{name}`: `unknown` needs `categories`"));
            }
        }
        if self.threshold.is_some_and(|threshold| !threshold.is_finite()) {
            return Err("`threshold` must be finite".to_owned());
        }
        if !self.classes.is_empty() {
            let distinct: BTreeSet<&String> = self.classes.iter().collect();
            if distinct.len() < self.classes.len() || self.classes.len() < 2 {
                return Err("`classes` needs at least two distinct names".to_owned());
            }
            if self.score.link != Link::Probability
                || self.score.index.is_some()
                || self.score.higher_is == Direction::Normal
            {
                return Err(
                    "with `classes` the output holds the probability of each, the score is \
                     1 minus that of the first: `link: probability`, without `index` and \
                     `higher_is`"
                        .to_owned(),
                );
            }
        }
        let Limits { memory_mib, processor_seconds, seconds } = self.limits;
        if !(16..=1 << 20).contains(&memory_mib)
            || !(1..=86_400).contains(&processor_seconds)
            || !(1..=86_400).contains(&seconds)
        {
            return Err("`limits`: memory_mib from 16 to 1048576, processor_seconds and seconds \
                 from 1 to 86400"
                .to_owned());
        }
        Ok(())
    }
}

/// A message of the parser, with the known key that is nearest to an unknown one.
fn explain(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let mut quoted = first.split('`').skip(1).step_by(2);
    let unknown = first.contains("unknown field") || first.contains("unknown variant");
    match (unknown, quoted.next()) {
        (true, Some(given)) => {
            let known: Vec<&str> = match first.split_once("expected") {
                Some((_, list)) => list
                    .split([',', ' ', '`', ';'])
                    .filter(|word| !word.is_empty() && !["one", "of", "or"].contains(word))
                    .collect(),
                None => quoted.collect(),
            };
            match nearest(given, known) {
                Some(word) => format!("{first}: did you mean `{word}`?"),
                None => first.to_owned(),
            }
        }
        _ => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
inputs:
  - columns:
      - name: duration
        missing: 0
        mean: 2.5
        scale: 2
      - {name: proto, categories: {tcp: 0, udp: 1}, unknown: -1}
score: {output: scores, link: rank, higher_is: normal}
";

    #[test]
    fn settings_are_read() {
        let settings = Settings::parse(GOOD).unwrap();
        assert_eq!(settings.columns().count(), 2);
        assert_eq!(settings.score.higher_is, Direction::Normal);
        assert_eq!(settings.limits, Limits::default());
        let proto = &settings.inputs[0].columns[1];
        assert_eq!(proto.categories["udp"], 1.0);
        let nan = GOOD.replace("missing: 0", "missing: .nan");
        assert!(Settings::parse(&nan).unwrap().inputs[0].columns[0].missing.unwrap().is_nan());
    }

    #[test]
    fn an_unknown_key_is_told_with_the_nearest() {
        let text = GOOD.replace("higher_is", "higher_si");
        let message = Settings::parse(&text).unwrap_err().to_string();
        assert!(message.contains("did you mean `higher_is`?"), "{message}");
        let text = GOOD.replace("link: rank", "link: logits");
        let message = Settings::parse(&text).unwrap_err().to_string();
        assert!(message.contains("did you mean `logit`?"), "{message}");
    }

    #[test]
    fn changed_settings_are_read_or_refused() {
        let marks = b"\0\t\n -:&*!|>{}[],'\"#%@0e.~\xff";
        for at in 0..GOOD.len() {
            for &mark in marks {
                let mut changed = GOOD.as_bytes().to_vec();
                changed[at] = mark;
                let text = String::from_utf8_lossy(&changed);
                let Ok(settings) = Settings::parse(&text) else { continue };
                assert!(settings.columns().all(|column| column.scale != 0.0), "{text}");
            }
            let _ = Settings::parse(&GOOD[..at]);
            let _ = Settings::parse(&format!("{}{GOOD}", "[".repeat(at * 100)));
        }
    }

    #[test]
    fn settings_that_cannot_hold_are_refused() {
        for (from, to) in [
            ("scale: 2", "scale: 0"),
            ("mean: 2.5", "mean: .inf"),
            ("name: proto", "name: duration"),
            ("link: rank", "link: rank, index: -1"),
            ("score:", "classes: [benign, attack]\nscore:"),
            ("score:", "limits: {memory_mib: 1}\nscore:"),
            ("score:", "threshold: .nan\nscore:"),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD);
            assert!(Settings::parse(&text).is_err(), "{to}");
        }
    }
}
