//! What each column of a file becomes: decided once, before the first row is parsed.

use std::collections::HashMap;

use tripline_core::{FieldKind, Note};

use crate::chunk::{Absent, Role};
use crate::error::IngestError;
use crate::label::LabelPlan;
use crate::layout::{Layout, key};
use crate::notes::{self, listed, note};
use crate::options::ReadOptions;
use crate::sample::{Kind, Sample};
use crate::time::TimeFormat;

/// What each column of a file becomes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) layout: Option<&'static Layout>,
    /// For each column of the file.
    pub(crate) roles: Vec<Role>,
    /// For each column of the file, the name it goes by here.
    pub(crate) names: Vec<String>,
    /// Columns of the file that are features, in order.
    pub(crate) features: Vec<usize>,
    pub(crate) labels: Option<LabelPlan>,
    /// The column that tells when a row ended, or when it started.
    pub(crate) time: Option<usize>,
    /// The column of the duration to add to it, with its unit in nanoseconds.
    pub(crate) duration: Option<(usize, f64)>,
    /// A feature to compute: the layout's, with the columns it needs.
    pub(crate) derived: Option<Vec<usize>>,
    pub(crate) notes: Vec<Note>,
}

/// Names that identify a row in any table.
const IDENTIFIERS: [&str; 8] =
    ["id", "uid", "index", "rowid", "rownumber", "flowid", "unnamed0", ""];

impl Plan {
    /// Decides.
    pub(crate) fn new(
        path: &str,
        layout: Option<&'static Layout>,
        sample: &Sample,
        options: &ReadOptions,
    ) -> Result<Self, IngestError> {
        let mut notes = Vec::new();
        let names = names(layout, sample, &mut notes);
        let taken = |name: &str| names.iter().position(|known| known == name);
        let time = time(path, layout, &names, sample, options)?;
        let labels = LabelPlan::new(path, layout, &names, sample, options, &mut notes)?;
        let mut plan = Self {
            layout,
            roles: vec![Role::Skip; names.len()],
            features: Vec::new(),
            time: time.map(|(column, _)| column),
            duration: None,
            derived: None,
            labels,
            notes,
            names: Vec::new(),
        };
        let mut told = Told::default();
        for (column, name) in names.iter().enumerate() {
            plan.roles[column] = plan.role(column, name, time, sample, options, &mut told);
            if matches!(plan.roles[column], Role::Number { .. } | Role::Text { .. })
                && !plan.labels.as_ref().is_some_and(|labels| labels.uses(column))
            {
                plan.features.push(column);
            }
        }
        told.tell(&mut plan.notes);
        if let Some(layout) = layout {
            plan.add_layout(layout, &taken, time.is_some(), options);
        }
        plan.names = names;
        Ok(plan)
    }

    /// The same with notes before its own.
    pub(crate) fn told(mut self, mut notes: Vec<Note>) -> Self {
        notes.append(&mut self.notes);
        self.notes = notes;
        self
    }

    fn role(
        &self,
        column: usize,
        name: &str,
        time: Option<(usize, TimeFormat)>,
        sample: &Sample,
        options: &ReadOptions,
        told: &mut Told,
    ) -> Role {
        let numbers = Role::Number { absent: Absent::Unknown };
        if let Some(labels) = &self.labels {
            if labels.uses(column) {
                return Role::Text { required: labels.requires(column) };
            }
            if labels.tells(column) {
                return Role::Skip;
            }
        }
        if let Some((_, format)) = time.filter(|(at, _)| *at == column) {
            told.not_features.push(format!("{name} (the time)"));
            return Role::Time(format);
        }
        if name.is_empty() {
            // A repeated column.
            return Role::Skip;
        }
        let layout_label = |layout: &Layout| {
            layout.label.families.iter().chain(layout.label.binary).any(|label| *label == name)
        };
        if let Some(layout) = self.layout {
            if let Some((_, reason)) = layout.never.iter().find(|(never, _)| *never == name) {
                told.not_features.push(format!("{name} ({reason})"));
                return Role::Skip;
            }
            if layout_label(layout) {
                return Role::Skip;
            }
        }
        if let Some(expected) = &options.expected {
            return match expected.position(name).map(|at| &expected.fields()[at].kind) {
                Some(FieldKind::Numeric) => Role::Number { absent: self.absent(name) },
                Some(FieldKind::Category(_)) => Role::Text { required: false },
                None => {
                    told.further.push(name.to_owned());
                    Role::Skip
                }
            };
        }
        if let Some(layout) = self.layout.filter(|layout| layout.columns.contains(&name)) {
            return if layout.categories.contains(&name) {
                Role::Text { required: false }
            } else {
                Role::Number { absent: self.absent(name) }
            };
        }
        if IDENTIFIERS.contains(&key(name).as_str()) {
            told.not_features.push(format!("{name} (the number of the row)"));
            return Role::Skip;
        }
        match sample.kind(column, options.max_categories) {
            Kind::Numbers => numbers,
            Kind::Empty => {
                told.empty.push(name.to_owned());
                numbers
            }
            Kind::Categories => Role::Text { required: false },
            Kind::Addresses => {
                told.not_features.push(format!("{name} (addresses)"));
                Role::Skip
            }
            Kind::Times => {
                told.not_features.push(format!("{name} (times; `--time {name}` reads them)"));
                Role::Skip
            }
            Kind::FreeText => {
                told.free_text.push(name.to_owned());
                Role::Skip
            }
        }
    }

    fn absent(&self, name: &str) -> Absent {
        match self.layout {
            Some(layout) if layout.absent_is_zero.contains(&name) => Absent::Zero,
            _ => Absent::Unknown,
        }
    }

    fn add_layout(
        &mut self,
        layout: &'static Layout,
        taken: &dyn Fn(&str) -> Option<usize>,
        has_time: bool,
        options: &ReadOptions,
    ) {
        let own_time = options.time.is_none() && has_time;
        if let Some((column, unit)) = layout.time.as_ref().and_then(|time| time.duration)
            && own_time
            && let Some(at) = taken(column).filter(|&at| self.roles[at] != Role::Skip)
        {
            self.duration = Some((at, unit));
        }
        if let Some(derived) = &layout.derived {
            let from: Vec<usize> = derived
                .from
                .iter()
                .filter_map(|column| taken(column))
                .filter(|&at| matches!(self.roles[at], Role::Number { .. }))
                .collect();
            let wanted = options
                .expected
                .as_ref()
                .is_none_or(|expected| expected.position(derived.column).is_some());
            if from.len() == derived.from.len() && taken(derived.column).is_none() && wanted {
                self.derived = Some(from);
                self.notes.push(note(notes::DERIVED_COLUMN, derived.doc));
            }
        }
        for remark in layout.remarks {
            if taken(remark.column).is_some_and(|at| self.roles[at] != Role::Skip) {
                self.notes.push(note(remark.code, remark.text));
            }
        }
    }
}

/// Columns to be told of, by what became of them.
#[derive(Default)]
struct Told {
    not_features: Vec<String>,
    free_text: Vec<String>,
    empty: Vec<String>,
    further: Vec<String>,
}

impl Told {
    fn tell(self, notes: &mut Vec<Note>) {
        let mut tell = |code, names: &[String], what: &str| {
            if !names.is_empty() {
                notes.push(note(code, format!("{what}: {}", listed(names))));
            }
        };
        tell(notes::NOT_FEATURES, &self.not_features, "these columns are no features");
        tell(
            notes::FREE_TEXT,
            &self.free_text,
            "these columns hold text with too many values for a category, and are left out",
        );
        tell(notes::EMPTY_COLUMNS, &self.empty, "these columns hold no value in the first rows");
        tell(notes::FURTHER_COLUMNS, &self.further, "the model does not take these columns");
    }
}

/// The name that each column goes by here; a column to leave out because it repeats another has
/// none.
fn names(layout: Option<&'static Layout>, sample: &Sample, notes: &mut Vec<Note>) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(sample.names.len());
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut renamed = Vec::new();
    let mut repeated = Vec::new();
    for published in &sample.names {
        let canonical = layout.and_then(|layout| layout.canonical(published));
        let mut name = canonical.map_or_else(|| published.clone(), str::to_owned);
        if canonical.is_some_and(|canonical| key(canonical) != key(published)) {
            renamed.push(format!("{published} as {name}"));
        }
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            repeated.push(published.clone());
            if canonical.is_some() {
                // A layout's column that stands twice holds the same twice.
                name.clear();
            } else {
                // As pandas writes it.
                let mut suffix = *count - 1;
                while seen.contains_key(&format!("{name}.{suffix}"))
                    || sample.names.contains(&format!("{name}.{suffix}"))
                {
                    suffix += 1;
                }
                name = format!("{name}.{suffix}");
                seen.insert(name.clone(), 1);
            }
        }
        names.push(name);
    }
    if !renamed.is_empty() {
        let text = format!("columns by the names used here: {}", listed(&renamed));
        notes.push(note(notes::RENAMED_COLUMNS, text));
    }
    if !repeated.is_empty() {
        let text = format!(
            "the header names these columns more than once: {}; a published column is read once, \
             another gets a number after its name",
            listed(&repeated)
        );
        notes.push(note(notes::DUPLICATED_COLUMNS, text));
    }
    names
}

fn time(
    path: &str,
    layout: Option<&'static Layout>,
    names: &[String],
    sample: &Sample,
    options: &ReadOptions,
) -> Result<Option<(usize, TimeFormat)>, IngestError> {
    if let Some(wanted) = &options.time {
        let column = find_column(path, "--time", wanted, names, sample)?;
        let day_first = !sample.is_time(column, TimeFormat::Any)
            && sample.is_time(column, TimeFormat::DayFirst);
        let format = if day_first { TimeFormat::DayFirst } else { TimeFormat::Any };
        return Ok(Some((column, format)));
    }
    let Some(time) = layout.and_then(|layout| layout.time.as_ref()) else { return Ok(None) };
    let format = if time.day_first { TimeFormat::DayFirst } else { TimeFormat::Any };
    let column = names.iter().position(|name| name == time.column);
    Ok(column.filter(|&at| sample.is_time(at, format)).map(|at| (at, format)))
}

/// The column that an option names, by the file's name for it or by the name used here.
pub(crate) fn find_column(
    path: &str,
    option: &'static str,
    wanted: &str,
    names: &[String],
    sample: &Sample,
) -> Result<usize, IngestError> {
    let is = |name: &String| name == wanted.trim();
    sample.names.iter().position(is).or_else(|| names.iter().position(is)).ok_or_else(|| {
        let close: Vec<&String> =
            sample.names.iter().filter(|name| is_close(name, wanted)).take(3).collect();
        let close = if close.is_empty() {
            String::new()
        } else {
            format!(", did you mean {}?", listed(&close))
        };
        IngestError::UnknownColumn {
            path: path.to_owned(),
            option,
            column: wanted.to_owned(),
            close,
            columns: listed(&sample.names),
        }
    })
}

/// Whether two names differ by case, punctuation, or at most a third of the letters.
fn is_close(name: &str, wanted: &str) -> bool {
    let (name, wanted) = (key(name), key(wanted));
    // Names beyond this are no slips of the hand.
    if name.is_empty() || wanted.is_empty() || name.len() > 64 || wanted.len() > 64 {
        return false;
    }
    name == wanted
        || distance(name.as_bytes(), wanted.as_bytes()) * 3 <= name.len().max(wanted.len())
}

/// The edit distance (Levenshtein 1966).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
