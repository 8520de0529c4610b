//! Where a model comes from.

use tripline_core::{Source, State, StateError};

use crate::lineage::Ancestor;

/// All that is needed to make the model again, with what was found on the way.
///
/// No time of day stands here: the same data with the same seed give the same bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Provenance {
    /// Program that made the model, with its version.
    pub program: String,
    /// Parameters of the detector by name, defaults included.
    pub params: Vec<(String, String)>,
    /// How columns were prepared.
    pub recipe: String,
    /// `binary` or `multiclass`.
    pub task: String,
    /// The only source of randomness.
    pub seed: u64,
    /// Where threshold and calibration come from.
    pub validation: String,
    /// The threshold's rule.
    pub threshold_rule: String,
    /// The protocol by which the metrics below were measured; empty if none was.
    pub protocol: String,
    /// Files read, with their part: `train`, `test`.
    pub sources: Vec<(String, Source)>,
    /// Names of the classes; the first is benign.
    pub classes: Vec<String>,
    /// Training rows of each class.
    pub class_rows: Vec<u64>,
    /// Rows that the detector was fitted to.
    pub fitted_rows: u64,
    /// Rows that threshold and calibration come from.
    pub validation_rows: u64,
    /// What the guard found.
    pub findings: Vec<FindingRecord>,
    /// Refusals of the guard that the user overrode; printed wherever the model is judged.
    pub accepted_leakage: Vec<String>,
    /// What was measured when the model was made.
    pub metrics: Vec<MetricRecord>,
    /// What everyone who sees an output of the model must know; empty if nothing.
    pub notice: String,
    /// The models that this one was made from, the first first.
    pub lineage: Vec<Ancestor>,
}

/// One finding of the guard, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRecord {
    /// `info`, `warning` or `refusal`.
    pub severity: String,
    /// Stable name.
    pub code: String,
    /// One sentence.
    pub title: String,
}

/// One measured number.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRecord {
    /// `train`, `validation` or `test`.
    pub part: String,
    /// Name of the metric.
    pub name: String,
    /// Value.
    pub value: f64,
}

impl Provenance {
    /// Whether the model was trained on or adapted to that very file, told by its fingerprint.
    pub fn trained_on(&self, source: &Source) -> bool {
        !source.sha256.is_empty()
            && self
                .sources
                .iter()
                .any(|(part, read)| part != "test" && read.sha256 == source.sha256)
    }

    /// As data for a model file.
    pub fn save(&self) -> State {
        let mut state = State::new();
        state.put_text("program", &self.program);
        state.put_texts("param_names", self.params.iter().map(|(n, _)| n.clone()).collect());
        state.put_texts("param_values", self.params.iter().map(|(_, v)| v.clone()).collect());
        state.put_text("recipe", &self.recipe);
        state.put_text("task", &self.task);
        state.put_i64("seed", self.seed as i64);
        state.put_text("validation", &self.validation);
        state.put_text("threshold_rule", &self.threshold_rule);
        state.put_text("protocol", &self.protocol);
        state.put_states("sources", self.sources.iter().map(save_source).collect());
        state.put_texts("classes", self.classes.clone());
        state.put_i64s("class_rows", self.class_rows.iter().map(|&n| n as i64).collect());
        state.put_i64("fitted_rows", self.fitted_rows as i64);
        state.put_i64("validation_rows", self.validation_rows as i64);
        state.put_states("findings", self.findings.iter().map(save_finding).collect());
        state.put_texts("accepted_leakage", self.accepted_leakage.clone());
        state.put_states("metrics", self.metrics.iter().map(save_metric).collect());
        // Files of before have no such entry.
        if !self.notice.is_empty() {
            state.put_text("notice", &self.notice);
        }
        if !self.lineage.is_empty() {
            state.put_states("lineage", self.lineage.iter().map(Ancestor::save).collect());
        }
        state
    }

    /// From a model file.
    pub fn load(state: &State) -> Result<Self, StateError> {
        let names = state.texts("param_names")?;
        let values = state.texts("param_values")?;
        if names.len() != values.len() {
            return Err(StateError::invalid("param_values", "one value for each name"));
        }
        Ok(Self {
            program: state.text("program")?.to_owned(),
            params: names.iter().cloned().zip(values.iter().cloned()).collect(),
            recipe: state.text("recipe")?.to_owned(),
            task: state.text("task")?.to_owned(),
            seed: state.i64("seed")? as u64,
            validation: state.text("validation")?.to_owned(),
            threshold_rule: state.text("threshold_rule")?.to_owned(),
            protocol: state.text("protocol")?.to_owned(),
            sources: state.states("sources")?.iter().map(load_source).collect::<Result<_, _>>()?,
            classes: state.texts("classes")?.to_vec(),
            class_rows: state.i64s("class_rows")?.iter().map(|&n| n as u64).collect(),
            fitted_rows: state.count("fitted_rows")? as u64,
            validation_rows: state.count("validation_rows")? as u64,
            findings: state
                .states("findings")?
                .iter()
                .map(load_finding)
                .collect::<Result<_, _>>()?,
            accepted_leakage: state.texts("accepted_leakage")?.to_vec(),
            metrics: state.states("metrics")?.iter().map(load_metric).collect::<Result<_, _>>()?,
            notice: match state.has("notice") {
                true => state.text("notice")?.to_owned(),
                false => String::new(),
            },
            lineage: match state.has("lineage") {
                true => {
                    state.states("lineage")?.iter().map(Ancestor::load).collect::<Result<_, _>>()?
                }
                false => Vec::new(),
            },
        })
    }
}

fn save_source((part, source): &(String, Source)) -> State {
    let mut state = State::new();
    state.put_text("part", part);
    state.put_text("name", &source.name);
    state.put_text("layout", &source.layout);
    state.put_text("sha256", &source.sha256);
    state.put_i64("bytes", source.bytes as i64);
    state.put_i64("rows", source.rows as i64);
    state.put_i64("bad_records", source.bad_records as i64);
    state
}

fn load_source(state: &State) -> Result<(String, Source), StateError> {
    let source = Source {
        name: state.text("name")?.to_owned(),
        layout: state.text("layout")?.to_owned(),
        sha256: state.text("sha256")?.to_owned(),
        bytes: state.count("bytes")? as u64,
        rows: state.count("rows")? as u64,
        bad_records: state.count("bad_records")? as u64,
    };
    Ok((state.text("part")?.to_owned(), source))
}

fn save_finding(finding: &FindingRecord) -> State {
    let mut state = State::new();
    state.put_text("severity", &finding.severity);
    state.put_text("code", &finding.code);
    state.put_text("title", &finding.title);
    state
}

fn load_finding(state: &State) -> Result<FindingRecord, StateError> {
    Ok(FindingRecord {
        severity: state.text("severity")?.to_owned(),
        code: state.text("code")?.to_owned(),
        title: state.text("title")?.to_owned(),
    })
}

fn save_metric(metric: &MetricRecord) -> State {
    let mut state = State::new();
    state.put_text("part", &metric.part);
    state.put_text("name", &metric.name);
    state.put_f64("value", metric.value);
    state
}

fn load_metric(state: &State) -> Result<MetricRecord, StateError> {
    Ok(MetricRecord {
        part: state.text("part")?.to_owned(),
        name: state.text("name")?.to_owned(),
        value: state.f64("value")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provenance_survives_saving() {
        let provenance = Provenance {
            program: "tripline 0.1.0".to_owned(),
            params: vec![("n_estimators".to_owned(), "100".to_owned())],
            seed: u64::MAX,
            sources: vec![(
                "train".to_owned(),
                Source {
                    name: "flows.csv".to_owned(),
                    layout: "table".to_owned(),
                    sha256: "00".to_owned(),
                    bytes: 5,
                    rows: 2,
                    bad_records: 1,
                },
            )],
            classes: vec!["benign".to_owned(), "dos".to_owned()],
            class_rows: vec![1, 1],
            findings: vec![FindingRecord {
                severity: "refusal".to_owned(),
                code: "duplicates".to_owned(),
                title: "rows repeat".to_owned(),
            }],
            metrics: vec![MetricRecord {
                part: "test".to_owned(),
                name: "roc_auc".to_owned(),
                value: 0.5,
            }],
            notice: "synthetic".to_owned(),
            ..Provenance::default()
        };
        assert_eq!(Provenance::load(&provenance.save()).unwrap(), provenance);
    }
}
