//! A record's values at the places of a task's fields, without a map in between.

use std::sync::Arc;
use std::time::Duration;

use super::error::ServiceError;
use super::event::{Ask, Reasons};
use super::fields::{Fields, Slot};
use super::live::{Live, TaskModels};
use super::served::Served;

/// A value of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value: JSON's `null`.
    Missing,
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// Yes or no.
    Bool(bool),
}

/// A value as it is kept: text is a range of the row's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell {
    Absent,
    Missing,
    Number(f64),
    Text(u32, u32),
    Bool(bool),
}

/// Longer than that a thread that serves other requests too should not be kept.
const LONG: Duration = Duration::from_millis(1);
/// Unknown names that are remembered, to tell a similar one.
const MAX_UNKNOWN: usize = 64;
/// Longest name that is remembered.
const MAX_NAME: usize = 64;
/// Bytes of text that a record may have in all: a record may wait, with thousands of others, for the
/// shadow versions.
const MAX_TEXT: usize = 64 << 10;

/// A record's values; can be used again for the next record.
///
/// It belongs to the snapshot that it was made from: places differ from one to the next.
#[derive(Debug, Clone)]
pub struct Row {
    live: Arc<Live>,
    task: Arc<TaskModels>,
    cells: Vec<Cell>,
    text: String,
    unknown: Vec<String>,
    ignored: usize,
}

impl Row {
    /// An empty record of a task. Errors if no active model takes it.
    pub fn new(live: Arc<Live>, task: &str) -> Result<Self, ServiceError> {
        let task = live.task(task)?.clone();
        let cells = vec![Cell::Absent; task.fields.names().len()];
        Ok(Self { live, task, cells, text: String::new(), unknown: Vec::new(), ignored: 0 })
    }

    /// Empties it for the next record, of the same task, of another snapshot.
    pub fn reset(&mut self, live: &Arc<Live>) -> Result<(), ServiceError> {
        if !Arc::ptr_eq(live, &self.live) {
            self.task = live.task(&self.task.task)?.clone();
            self.live = live.clone();
        }
        self.cells.clear();
        self.cells.resize(self.task.fields.names().len(), Cell::Absent);
        self.text.clear();
        self.unknown.clear();
        self.ignored = 0;
        Ok(())
    }

    /// Takes a field. Errors if it stands twice, or if the record is too large.
    pub fn set(&mut self, name: &str, value: Value<'_>) -> Result<(), ServiceError> {
        match self.task.fields.slot(name) {
            Slot::Known(place) => self.set_at(place, value),
            Slot::Quiet => Ok(()),
            Slot::Unknown => {
                self.ignored += 1;
                if self.unknown.len() < MAX_UNKNOWN && name.len() <= MAX_NAME {
                    self.unknown.push(name.to_owned());
                }
                Ok(())
            }
        }
    }

    /// As [`Row::set`], at a place of [`Row::fields`].
    pub fn set_at(&mut self, place: u16, value: Value<'_>) -> Result<(), ServiceError> {
        let error = |expected, got: String| {
            let field = self.task.fields.names().get(usize::from(place));
            let field = field.map_or_else(String::new, |name| name.to_string());
            ServiceError::Field { field, expected, got }
        };
        let cell = match value {
            Value::Missing => Cell::Missing,
            Value::Number(number) => Cell::Number(number),
            Value::Bool(value) => Cell::Bool(value),
            Value::Text(text) => {
                if self.text.len() + text.len() > MAX_TEXT {
                    return Err(error("part of at most 64 KiB of text", "more".to_owned()));
                }
                let start = self.text.len() as u32;
                self.text.push_str(text);
                Cell::Text(start, self.text.len() as u32)
            }
        };
        match self.cells.get_mut(usize::from(place)) {
            Some(old) if *old == Cell::Absent => *old = cell,
            Some(_) => return Err(error("given once", "it twice".to_owned())),
            None => return Err(error("a known place", place.to_string())),
        }
        Ok(())
    }

    /// The snapshot whose models judge it.
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// The task.
    pub fn task(&self) -> &str {
        &self.task.task
    }

    /// The fields that it can have.
    pub fn fields(&self) -> &Fields {
        &self.task.fields
    }

    /// The value at a place; none if the record lacks it.
    pub fn value(&self, place: u16) -> Option<Value<'_>> {
        match *self.cells.get(usize::from(place))? {
            Cell::Absent => None,
            Cell::Missing => Some(Value::Missing),
            Cell::Number(number) => Some(Value::Number(number)),
            Cell::Bool(value) => Some(Value::Bool(value)),
            Cell::Text(start, end) => {
                Some(Value::Text(self.text.get(start as usize..end as usize).unwrap_or_default()))
            }
        }
    }

    /// Whether the record has a value or a `null` at a place.
    pub fn has(&self, place: u16) -> bool {
        self.cells.get(usize::from(place)).is_some_and(|cell| *cell != Cell::Absent)
    }

    /// Fields that no model of the task knows.
    pub fn ignored(&self) -> usize {
        self.ignored
    }

    /// Whether judging it may take longer than a thread of an asynchronous runtime should be kept:
    /// then it is to be done where blocking is allowed.
    pub fn takes_long(&self, ask: &Ask<'_>) -> bool {
        let reasons = ask.reasons != Reasons::None;
        let named = ask.model.and_then(|model| self.live.find(model).ok());
        let slow = |served: &Served| {
            served.waits || served.pace.score > LONG || (reasons && served.pace.explain > LONG)
        };
        let tried = self.live.splits.values().any(|split| slow(&split.treatment));
        tried
            || match named {
                Some(served) => slow(served),
                None => self.task.active.iter().any(|served| slow(served)),
            }
    }

    pub(crate) fn models(&self) -> &Arc<TaskModels> {
        &self.task
    }

    /// All that it holds, unambiguously: equal records give equal bytes.
    pub(crate) fn key(&self, out: &mut Vec<u8>) {
        for cell in &self.cells {
            self.cell_key(*cell, out);
        }
    }

    /// The values of a version's columns with their names: the same in each snapshot that has the
    /// version, whatever other models it has.
    pub(crate) fn columns_key(&self, places: Option<&Arc<[u16]>>, out: &mut Vec<u8>) {
        for &place in places.into_iter().flat_map(|places| places.iter()) {
            let at = usize::from(place);
            if let Some(name) = self.fields().names().get(at) {
                out.extend(name.as_bytes());
            }
            out.push(0);
            self.cell_key(self.cells.get(at).copied().unwrap_or(Cell::Absent), out);
        }
    }

    fn cell_key(&self, cell: Cell, out: &mut Vec<u8>) {
        match cell {
            Cell::Absent => out.push(0),
            Cell::Missing => out.push(1),
            Cell::Bool(value) => out.push(2 + u8::from(value)),
            Cell::Number(number) => {
                out.push(4);
                out.extend(number.to_bits().to_le_bytes());
            }
            Cell::Text(start, end) => {
                out.push(5);
                out.extend((end - start).to_le_bytes());
                let text = self.text.get(start as usize..end as usize).unwrap_or_default();
                out.extend(text.as_bytes());
            }
        }
    }

    pub(crate) fn unknown(&self) -> &[String] {
        &self.unknown
    }
}
