//! Parsed chunks put together into data sets.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::{
    Category, Column, Dataset, Field, FieldKind, Labels, Note, Rows, Schema, Source,
};

use crate::chunk::{BadReason, Cells, Chunk, MISSING, Odd, REMEMBERED, Role};
use crate::dictionary::{Dictionary, text_of};
use crate::error::IngestError;
use crate::label::{ClassCache, Classes, value};
use crate::notes::{self, listed, note};
use crate::options::ReadOptions;
use crate::plan::Plan;

/// Data sets in the making.
pub(crate) struct Assembler {
    path: String,
    plan: Plan,
    features: Vec<Feature>,
    classes: Option<Classes>,
    codes: Vec<u32>,
    times: Vec<i64>,
    // Rows at hand, of which the first were taken.
    held: usize,
    taken: usize,
    pub(crate) counts: Counts,
    expected: bool,
    max_categories: usize,
}

/// What was counted so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) rows: u64,
    pub(crate) lines: u64,
    pub(crate) bad: u64,
    first_bad: Vec<(u64, BadReason)>,
    repeated_headers: u64,
    unknown_members: u64,
    odd: Vec<Odd>,
}

/// A column in the making.
struct Feature {
    column: usize,
    cells: FeatureCells,
}

enum FeatureCells {
    Numbers(Vec<f64>),
    Codes { codes: Vec<u32>, values: Box<Values> },
}

/// The dictionary of a column over the whole file.
struct Values {
    known: Dictionary,
    shared: Arc<Vec<String>>,
    bound: usize,
    // Cells of values beyond the bound.
    beyond: u64,
    old_encoding: bool,
}

impl Values {
    fn new(expected: Option<&Arc<Vec<String>>>, max_categories: usize) -> Self {
        let mut known = Dictionary::default();
        let shared = expected.cloned().unwrap_or_default();
        for value in shared.iter() {
            known.code(value.as_bytes());
        }
        let bound = known.len() + max_categories;
        Self { known, shared, bound, beyond: 0, old_encoding: false }
    }

    fn code(&mut self, bytes: &[u8]) -> u32 {
        let (text, utf8) = text_of(bytes);
        self.old_encoding |= !utf8;
        if let Some(code) = self.known.find(text.as_bytes()) {
            return code;
        }
        if self.known.len() >= self.bound { MISSING } else { self.known.code(text.as_bytes()) }
    }

    /// The values so far; the same allocation as long as none is new.
    fn shared(&mut self) -> Arc<Vec<String>> {
        if self.shared.len() != self.known.len() {
            self.shared = Arc::new(self.known.values().iter().map(|v| text_of(v).0).collect());
        }
        self.shared.clone()
    }
}

impl FeatureCells {
    fn append(&mut self, cells: &Cells) {
        match (self, cells) {
            (Self::Numbers(all), Cells::Numbers(values)) => all.extend_from_slice(values),
            (Self::Codes { codes: all, values }, Cells::Codes(codes, local)) => {
                let mut table: Vec<Option<u32>> = vec![None; local.len()];
                all.reserve(codes.len());
                for &code in codes {
                    if code == MISSING {
                        all.push(MISSING);
                        continue;
                    }
                    let own = *table[code as usize]
                        .get_or_insert_with(|| values.code(&local.values()[code as usize]));
                    values.beyond += u64::from(own == MISSING);
                    all.push(own);
                }
            }
            _ => {}
        }
    }
}

impl Assembler {
    pub(crate) fn new(path: String, plan: Plan, options: &ReadOptions) -> Self {
        let features =
            plan.features
                .iter()
                .map(|&column| {
                    let name = &plan.names[column];
                    let cells = match plan.roles[column] {
                        Role::Text { .. } => {
                            let expected = options.expected.as_ref().and_then(|expected| {
                                match &expected.fields()[expected.position(name)?].kind {
                                    FieldKind::Category(values) => Some(values),
                                    FieldKind::Numeric => None,
                                }
                            });
                            let values = Box::new(Values::new(expected, options.max_categories));
                            FeatureCells::Codes { codes: Vec::new(), values }
                        }
                        _ => FeatureCells::Numbers(Vec::new()),
                    };
                    Feature { column, cells }
                })
                .collect();
        let classes = plan.labels.as_ref().map(Classes::new);
        let odd = vec![Odd::default(); plan.roles.len()];
        Self {
            path,
            plan,
            features,
            classes,
            codes: Vec::new(),
            times: Vec::new(),
            held: 0,
            taken: 0,
            counts: Counts { odd, ..Counts::default() },
            expected: options.expected.is_some(),
            max_categories: options.max_categories,
        }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Rows appended and not yet taken.
    pub(crate) fn pending(&self) -> usize {
        self.held - self.taken
    }

    /// Room for that many more rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        for feature in &mut self.features {
            match &mut feature.cells {
                FeatureCells::Numbers(values) => values.reserve_exact(rows),
                FeatureCells::Codes { codes, .. } => codes.reserve_exact(rows),
            }
        }
    }

    /// Appends chunks in their order.
    pub(crate) fn append(&mut self, chunks: &[Chunk]) -> Result<(), IngestError> {
        self.drop_taken();
        for chunk in chunks {
            self.counts.add(chunk);
            self.held += chunk.rows;
        }
        let (features, told) = rayon::join(
            || {
                self.features.par_iter_mut().for_each(|feature| {
                    for chunk in chunks {
                        feature.cells.append(&chunk.columns[feature.column]);
                    }
                });
            },
            || {
                for chunk in chunks {
                    if let Some(classes) = &mut self.classes {
                        classify(&self.path, &self.plan, classes, chunk, &mut self.codes)?;
                    }
                    end_times(&self.plan, chunk, &mut self.times);
                }
                Ok(())
            },
        );
        let () = features;
        told
    }

    /// Forgets the rows that were taken.
    fn drop_taken(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.held -= taken;
        // A vector that was taken whole is empty.
        self.features.par_iter_mut().for_each(|feature| match &mut feature.cells {
            FeatureCells::Numbers(values) => drop_front(values, taken),
            FeatureCells::Codes { codes, .. } => drop_front(codes, taken),
        });
        drop_front(&mut self.codes, taken);
        drop_front(&mut self.times, taken);
    }

    /// The first rows that are pending. The last data set of a file read in one piece has its
    /// dictionaries sorted, so that they do not depend on the order of the rows.
    pub(crate) fn take(
        &mut self,
        rows: usize,
        source: Source,
        whole: bool,
    ) -> Result<Dataset, IngestError> {
        let rows = rows.min(self.pending());
        let range = self.taken..self.taken + rows;
        self.taken += rows;
        let mut fields = Vec::with_capacity(self.features.len());
        let mut columns = Vec::with_capacity(self.features.len());
        let sorted = whole && !self.expected;
        for feature in &mut self.features {
            let column = match &mut feature.cells {
                FeatureCells::Numbers(values) => Column::numeric(part(values, &range)),
                FeatureCells::Codes { values, .. } if sorted && values.beyond > 0 => continue,
                FeatureCells::Codes { codes, values } => {
                    let (codes, values) = (part(codes, &range), values.shared());
                    let (codes, values) =
                        if sorted { sort(codes, &values) } else { (codes, values) };
                    Column::Category(Category { codes: Arc::new(codes), values })
                }
            };
            fields
                .push(Field { name: self.plan.names[feature.column].clone(), kind: column.kind() });
            columns.push(column);
        }
        if let Some(column) = self.derived(&fields, &columns, rows) {
            let name = self.plan.layout.and_then(|layout| layout.derived.as_ref());
            fields.push(Field {
                name: name.map_or_else(String::new, |derived| derived.column.to_owned()),
                kind: FieldKind::Numeric,
            });
            columns.push(column);
        }
        let frame = |source| IngestError::Frame { path: self.path.clone(), source };
        let schema = Schema::new(fields).map_err(frame)?;
        let frame_rows = Rows::with_schema(Arc::new(schema), columns, rows).map_err(frame)?;
        let labels = match &self.classes {
            Some(classes) => {
                let codes = part(&mut self.codes, &range);
                let complete = !codes.contains(&MISSING);
                let (codes, names) = if whole && complete {
                    sort_classes(codes, &classes.names)
                } else {
                    (codes, classes.names.clone())
                };
                // Every code was given by `classes`; without a class for each row there are none.
                Labels::new(names, codes).ok()
            }
            None => None,
        };
        let time = self.plan.time.map(|_| Arc::new(part(&mut self.times, &range)));
        let notes = self.notes(sorted);
        Ok(Dataset { rows: frame_rows, labels, time, source: Arc::new(source), notes })
    }

    /// Why the benign class is not what was asked for, if so: checked once all rows are read.
    pub(crate) fn check_benign(&self, labels: Option<&Labels>) -> Result<(), IngestError> {
        let (Some(plan), Some(labels)) = (&self.plan.labels, labels) else { return Ok(()) };
        if !plan.asked || labels.codes().contains(&0) {
            return Ok(());
        }
        Err(IngestError::NoBenign {
            path: self.path.clone(),
            column: plan.column.clone(),
            benign: plan.benign.clone(),
            values: listed(&labels.classes()[1..]),
        })
    }

    /// The first bad record: its line from 1, with the reason.
    pub(crate) fn first_bad(&self) -> Option<(u64, String)> {
        self.counts.first_bad.first().map(|(line, reason)| (line + 1, reason.to_string()))
    }

    fn derived(&self, fields: &[Field], columns: &[Column], rows: usize) -> Option<Column> {
        let derived = self.plan.layout?.derived.as_ref()?;
        let from = self.plan.derived.as_ref()?;
        let mut inputs = Vec::with_capacity(from.len());
        for &column in from {
            let at = fields.iter().position(|field| field.name == self.plan.names[column])?;
            match &columns[at] {
                Column::Numeric(values) => inputs.push(values),
                Column::Category(_) => return None,
            }
        }
        let mut values = Vec::with_capacity(rows);
        let mut row = vec![0.0; inputs.len()];
        for at in 0..rows {
            for (value, input) in row.iter_mut().zip(&inputs) {
                *value = input[at];
            }
            values.push((derived.compute)(&row));
        }
        Some(Column::numeric(values))
    }

    /// All that is to be told so far.
    pub(crate) fn notes(&self, dropped: bool) -> Vec<Note> {
        let mut all = self.plan.notes.clone();
        let mut beyond = Vec::new();
        let mut old = Vec::new();
        for feature in &self.features {
            if let FeatureCells::Codes { values, .. } = &feature.cells {
                let name = self.plan.names[feature.column].clone();
                if values.old_encoding {
                    old.push(name.clone());
                }
                if values.beyond > 0 {
                    beyond.push(name);
                }
            }
        }
        if !beyond.is_empty() {
            let what = if dropped { "they are left out" } else { "later values count as missing" };
            all.push(note(
                notes::FREE_TEXT,
                format!(
                    "these columns have more than {} values, {what}: {}",
                    self.max_categories,
                    listed(&beyond)
                ),
            ));
        }
        if !old.is_empty() {
            all.push(note(
                notes::OLD_ENCODING,
                format!("text that is no UTF-8 is read as Windows-1252 in: {}", listed(&old)),
            ));
        }
        self.counts.tell(&self.plan.names, &mut all);
        let unlabelled = self.classes.as_ref().map_or(0, |classes| classes.unlabelled);
        if unlabelled > 0 {
            all.push(note(
                notes::UNLABELLED_ROWS,
                format!("rows without class: {unlabelled}; no class is told where there are such"),
            ));
        }
        let conflicts = self.classes.as_ref().map_or(0, |classes| classes.conflicts);
        if conflicts > 0 {
            all.push(note(
                notes::LABEL_CONFLICT,
                format!(
                    "rows whose two label columns disagree: {conflicts}; the kind of attack \
                     decides, an attack without a kind is `attack`"
                ),
            ));
        }
        all
    }
}

impl Counts {
    fn bad(&mut self, line: u64, reason: BadReason) {
        if self.first_bad.len() < REMEMBERED {
            self.first_bad.push((line, reason));
        }
    }

    fn add(&mut self, chunk: &Chunk) {
        for bad in &chunk.first_bad {
            self.bad(self.lines + bad.line, bad.reason.clone());
        }
        self.rows += chunk.rows as u64;
        self.lines += chunk.lines;
        self.bad += chunk.bad;
        self.repeated_headers += chunk.repeated_headers;
        self.unknown_members += chunk.unknown_members;
        for (all, odd) in self.odd.iter_mut().zip(&chunk.odd) {
            all.text += odd.text;
            all.infinite += odd.infinite;
        }
    }

    fn tell(&self, names: &[String], all: &mut Vec<Note>) {
        let mut odd = |code, count: fn(&Odd) -> u64, what: &str| {
            let total: u64 = self.odd.iter().map(count).sum();
            if total > 0 {
                let columns: Vec<&String> = self
                    .odd
                    .iter()
                    .zip(names)
                    .filter(|(odd, _)| count(odd) > 0)
                    .map(|(_, name)| name)
                    .collect();
                let text = format!("{what} are read as missing: {total}, in {}", listed(&columns));
                all.push(note(code, text));
            }
        };
        odd(notes::INFINITE_CELLS, |odd| odd.infinite, "infinite numbers");
        odd(notes::TEXT_CELLS, |odd| odd.text, "texts among numbers");
        if self.repeated_headers > 0 {
            let text =
                format!("header lines among the rows are left out: {}", self.repeated_headers);
            all.push(note(notes::REPEATED_HEADERS, text));
        }
        if self.unknown_members > 0 {
            let text = format!(
                "members that the first objects do not have are left out: {}",
                self.unknown_members
            );
            all.push(note(notes::UNKNOWN_MEMBERS, text));
        }
        if self.bad > 0 {
            let first: Vec<String> = self
                .first_bad
                .iter()
                .map(|(line, reason)| format!("line {}: {reason}", line + 1))
                .collect();
            let text = format!("bad records are left out: {}; {}", self.bad, first.join("; "));
            all.push(note(notes::BAD_RECORDS, text));
        }
    }
}

/// Adds the class of each row of a chunk.
fn classify(
    path: &str,
    plan: &Plan,
    classes: &mut Classes,
    chunk: &Chunk,
    into: &mut Vec<u32>,
) -> Result<(), IngestError> {
    let Some(labels) = &plan.labels else { return Ok(()) };
    let cells = |column: Option<usize>| {
        column.and_then(|column| match &chunk.columns[column] {
            Cells::Codes(codes, dictionary) => Some((codes, dictionary.values())),
            _ => None,
        })
    };
    let (families, binary) = labels.columns();
    let (families, binary) = (cells(families), cells(binary));
    let mut cache = ClassCache::default();
    into.reserve(chunk.rows);
    for row in 0..chunk.rows {
        let family = families.as_ref().map_or(MISSING, |(codes, _)| codes[row]);
        let zero_one = binary.as_ref().map_or(MISSING, |(codes, _)| codes[row]);
        let (class, conflict) = cache.class(family, zero_one, || {
            let family = families.as_ref().and_then(|(_, values)| value(values, family));
            let zero_one = binary.as_ref().and_then(|(_, values)| value(values, zero_one));
            classes.class(path, labels, family, zero_one)
        })?;
        classes.conflicts += u64::from(conflict);
        classes.unlabelled += u64::from(class == MISSING);
        into.push(class);
    }
    Ok(())
}

/// Adds the instant at which each row of a chunk ended.
fn end_times(plan: &Plan, chunk: &Chunk, into: &mut Vec<i64>) {
    let Some(Cells::Times(times)) = plan.time.map(|column| &chunk.columns[column]) else { return };
    let duration = plan.duration.and_then(|(column, unit)| match &chunk.columns[column] {
        Cells::Numbers(values) => Some((values, unit)),
        _ => None,
    });
    let Some((durations, unit)) = duration else {
        into.extend_from_slice(times);
        return;
    };
    for (&start, &duration) in times.iter().zip(durations) {
        // A flow meter's counter may run below 0; `max` also turns NaN into 0.
        into.push(start.saturating_add((duration * unit).max(0.0) as i64));
    }
}

fn drop_front<T>(values: &mut Vec<T>, count: usize) {
    values.drain(..count.min(values.len()));
}

/// A copy of these elements; if they are all, the vector itself.
fn part<T: Copy>(values: &mut Vec<T>, range: &Range<usize>) -> Vec<T> {
    if range.len() == values.len() {
        std::mem::take(values)
    } else {
        values[range.clone()].to_vec()
    }
}

/// Codes into the sorted dictionary of the values that occur.
fn sort(mut codes: Vec<u32>, values: &[String]) -> (Vec<u32>, Arc<Vec<String>>) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].cmp(&values[b]));
    let mut table = vec![0; values.len()];
    for (to, &from) in order.iter().enumerate() {
        table[from] = to as u32;
    }
    for code in codes.iter_mut().filter(|code| **code != MISSING) {
        *code = table[*code as usize];
    }
    (codes, Arc::new(order.into_iter().map(|at| values[at].clone()).collect()))
}

/// The same for classes, of which the first stays the first.
fn sort_classes(mut codes: Vec<u32>, names: &[String]) -> (Vec<u32>, Vec<String>) {
    let (order, attacks) = sort((0..names.len() as u32 - 1).collect(), &names[1..]);
    for code in codes.iter_mut().filter(|code| **code > 0) {
        *code = order[*code as usize - 1] + 1;
    }
    (codes, std::iter::once(&names[0]).chain(attacks.iter()).cloned().collect())
}
