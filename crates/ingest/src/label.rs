//! The class of each row from the cells of its label columns.

use std::borrow::Cow;
use std::collections::HashMap;

use tripline_core::Note;

use crate::chunk::MISSING;
use crate::dictionary::text_of;
use crate::error::IngestError;
use crate::layout::{Layout, key};
use crate::notes::{self, listed, note};
use crate::number::{Number, number};
use crate::options::ReadOptions;
use crate::plan::find_column;
use crate::sample::Sample;

/// Classes that a label column may have.
const MAX_CLASSES: usize = 1024;
/// Words that mean benign in label columns of tables without a layout.
const BENIGN_WORDS: [&str; 5] = ["0", "benign", "normal", "legitimate", "false"];
/// The class of an attack without a name.
const UNNAMED: &str = "attack";

/// Which columns tell the class, and how.
#[derive(Debug)]
pub(crate) struct LabelPlan {
    families: Option<usize>,
    binary: Option<usize>,
    // Label columns that are not used, and so no features either.
    others: Vec<usize>,
    /// The benign class.
    pub(crate) benign: String,
    tidy: Tidy,
    blank_is_benign: bool,
    /// Whether `benign` was asked for, so that it must occur.
    pub(crate) asked: bool,
    /// The name of the column, for messages.
    pub(crate) column: String,
    // Whether a row without class is bad; else it is read, and its data set has no labels.
    required: bool,
}

#[derive(Debug, Clone, Copy)]
enum Tidy {
    Layout(fn(&str) -> Cow<'_, str>),
    AsWritten,
}

impl LabelPlan {
    /// Finds the label columns; `None` if there are none.
    pub(crate) fn new(
        path: &str,
        layout: Option<&'static Layout>,
        names: &[String],
        sample: &Sample,
        options: &ReadOptions,
        notes: &mut Vec<Note>,
    ) -> Result<Option<Self>, IngestError> {
        let find = |known: &[&str]| {
            names.iter().position(|name| known.iter().any(|known| key(known) == key(name)))
        };
        let (families, binary) = match layout {
            Some(layout) => (find(layout.label.families), find(layout.label.binary)),
            None => (find(&["attack_cat"]), find(&["label"])),
        };
        let own: Vec<usize> = families.into_iter().chain(binary).collect();
        if let Some(wanted) = &options.label {
            let column = find_column(path, "--label", wanted, names, sample)?;
            let others = own.iter().copied().filter(|&other| other != column).collect();
            return Self::named(path, layout, column, families, others, names, sample, options)
                .map(Some);
        }
        let plan = match layout {
            Some(layout) if !own.is_empty() => Some(Self {
                families,
                binary,
                others: Vec::new(),
                benign: layout.label.benign.to_owned(),
                tidy: Tidy::Layout(layout.label.tidy),
                blank_is_benign: layout.label.blank_is_benign,
                asked: false,
                column: names[own[0]].clone(),
                required: options.require_labels,
            }),
            Some(_) => None,
            None => Self::found(families, binary, names, sample, options, notes),
        };
        if plan.is_none() && options.require_labels {
            return Err(match binary.or(families) {
                Some(column) if layout.is_none() => ask_benign(path, column, names, sample),
                _ => IngestError::NoLabel { path: path.to_owned(), columns: listed(&sample.names) },
            });
        }
        if let Some(families) = plan.as_ref().and_then(|plan| plan.families)
            && layout.is_some_and(|layout| !layout.label.binary.is_empty())
            && sample.values(families).all(|cell| matches!(number(cell), Number::Finite(_)))
            && sample.values(families).next().is_some()
        {
            let text = format!(
                "`{}` holds numbers where the publisher has names; they are kept as `category N`",
                names[families]
            );
            notes.push(note(notes::NUMBERED_CATEGORIES, text));
        }
        Ok(plan)
    }

    /// By `--label COLUMN`.
    #[expect(clippy::too_many_arguments, reason = "all that is known of the file")]
    fn named(
        path: &str,
        layout: Option<&'static Layout>,
        column: usize,
        families: Option<usize>,
        others: Vec<usize>,
        names: &[String],
        sample: &Sample,
        options: &ReadOptions,
    ) -> Result<Self, IngestError> {
        let name = names[column].clone();
        let plan = Self {
            families: Some(column),
            binary: None,
            others,
            benign: String::new(),
            tidy: Tidy::AsWritten,
            blank_is_benign: false,
            asked: options.benign.is_some(),
            column: name,
            required: options.require_labels,
        };
        if let Some(benign) = &options.benign {
            return Ok(Self { benign: benign.trim().to_owned(), ..plan });
        }
        match layout {
            Some(layout) if families == Some(column) => Ok(Self {
                benign: layout.label.benign.to_owned(),
                tidy: Tidy::Layout(layout.label.tidy),
                blank_is_benign: layout.label.blank_is_benign,
                ..plan
            }),
            _ => match benign_word(column, sample) {
                Some(benign) => Ok(Self { benign, ..plan }),
                None => Err(ask_benign(path, column, names, sample)),
            },
        }
    }

    /// By the column's name, in a table of no known layout.
    fn found(
        families: Option<usize>,
        binary: Option<usize>,
        names: &[String],
        sample: &Sample,
        options: &ReadOptions,
        notes: &mut Vec<Note>,
    ) -> Option<Self> {
        let column = families.or(binary)?;
        let benign = match &options.benign {
            Some(benign) => benign.trim().to_owned(),
            None => benign_word(column, sample)?,
        };
        let text = format!(
            "`{}` is taken for the label, `{benign}` for its benign value; `--label COLUMN \
             --benign VALUE` names others",
            names[column]
        );
        notes.push(note(notes::LABEL_FOUND, text));
        // The second of the two is compared where it says 0 or 1.
        let zero_or_one = |&at: &usize| sample.values(at).all(|cell| matches!(cell, b"0" | b"1"));
        let compared = binary.filter(|&at| at != column).filter(zero_or_one);
        Some(Self {
            families: Some(column),
            binary: compared,
            others: binary.into_iter().filter(|&at| at != column && compared.is_none()).collect(),
            benign,
            tidy: Tidy::AsWritten,
            blank_is_benign: false,
            asked: options.benign.is_some(),
            column: names[column].clone(),
            required: options.require_labels,
        })
    }

    /// Whether classes are told by this column.
    pub(crate) fn uses(&self, column: usize) -> bool {
        self.families == Some(column) || self.binary == Some(column)
    }

    /// Whether this column would tell the class, too.
    pub(crate) fn tells(&self, column: usize) -> bool {
        self.others.contains(&column)
    }

    /// Whether a record without a value in this column is bad.
    pub(crate) fn requires(&self, column: usize) -> bool {
        let blank_tells = self.families == Some(column) && self.blank_is_benign;
        let told_elsewhere = self.families.is_some() && self.binary == Some(column);
        self.required && !blank_tells && !told_elsewhere
    }

    /// The columns that tell the class.
    pub(crate) fn columns(&self) -> (Option<usize>, Option<usize>) {
        (self.families, self.binary)
    }
}

/// The one word among a column's values that means benign.
fn benign_word(column: usize, sample: &Sample) -> Option<String> {
    let mut words = sample.distinct(column).into_iter().filter_map(|value| {
        let text = std::str::from_utf8(value).ok()?;
        let known = BENIGN_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
        known.then(|| text.to_owned())
    });
    let first = words.next()?;
    words.next().is_none().then_some(first)
}

fn ask_benign(path: &str, column: usize, names: &[String], sample: &Sample) -> IngestError {
    let values: Vec<String> =
        sample.distinct(column).into_iter().map(|value| text_of(value).0).collect();
    IngestError::AskBenign {
        path: path.to_owned(),
        column: names[column].clone(),
        values: listed(&values),
    }
}

/// Classes as they are found.
#[derive(Debug)]
pub(crate) struct Classes {
    /// Names; the first is benign.
    pub(crate) names: Vec<String>,
    positions: HashMap<String, u32>,
    /// Rows whose two label columns disagree.
    pub(crate) conflicts: u64,
    /// Rows without class.
    pub(crate) unlabelled: u64,
}

impl Classes {
    pub(crate) fn new(plan: &LabelPlan) -> Self {
        let mut positions = HashMap::new();
        positions.insert(plan.benign.clone(), 0);
        Self { names: vec![plan.benign.clone()], positions, conflicts: 0, unlabelled: 0 }
    }

    /// The class of a row from its cells, and whether they disagree; `None` is an empty cell, or a
    /// column that is not there. A row without class has the code [`MISSING`].
    pub(crate) fn class(
        &mut self,
        path: &str,
        plan: &LabelPlan,
        family: Option<&[u8]>,
        binary: Option<&[u8]>,
    ) -> Result<(u32, bool), IngestError> {
        let blank_tells = plan.families.is_some() && plan.blank_is_benign;
        if family.is_none() && binary.is_none() && !blank_tells {
            return Ok((MISSING, false));
        }
        let attack = binary.map(|cell| number(cell) != Number::Finite(0.0));
        let family = family.map(|cell| text_of(cell).0);
        let name = match (&family, plan.families) {
            (Some(family), _) => plan.name(family),
            (None, Some(_)) if plan.blank_is_benign => Cow::Borrowed(plan.benign.as_str()),
            _ if attack == Some(false) => Cow::Borrowed(plan.benign.as_str()),
            _ => Cow::Borrowed(UNNAMED),
        };
        let conflict = attack.is_some_and(|attack| attack == (name == plan.benign.as_str()));
        // An attack without a name stays an attack; an attack's name outweighs a 0.
        let name =
            if conflict && name == plan.benign.as_str() { Cow::Borrowed(UNNAMED) } else { name };
        if let Some(&class) = self.positions.get(name.as_ref()) {
            return Ok((class, conflict));
        }
        if self.names.len() >= MAX_CLASSES {
            return Err(IngestError::TooManyClasses {
                path: path.to_owned(),
                column: plan.column.clone(),
                bound: MAX_CLASSES,
            });
        }
        let class = self.names.len() as u32;
        self.names.push(name.clone().into_owned());
        self.positions.insert(name.into_owned(), class);
        Ok((class, conflict))
    }
}

impl LabelPlan {
    fn name<'a>(&'a self, family: &'a str) -> Cow<'a, str> {
        match self.tidy {
            Tidy::Layout(tidy) => tidy(family),
            Tidy::AsWritten => {
                let family = family.trim();
                // `0` is `0.0`.
                let same = match (number(family.as_bytes()), number(self.benign.as_bytes())) {
                    (Number::Finite(a), Number::Finite(b)) => a == b,
                    _ => false,
                };
                if same { Cow::Borrowed(self.benign.as_str()) } else { Cow::Borrowed(family) }
            }
        }
    }
}

/// Label cells of a row as codes, so that each pair is named once.
#[derive(Debug, Default)]
pub(crate) struct ClassCache {
    known: HashMap<(u32, u32), (u32, bool)>,
}

impl ClassCache {
    /// The class of a pair of codes, from the values behind them if it is new.
    pub(crate) fn class(
        &mut self,
        family: u32,
        binary: u32,
        name: impl FnOnce() -> Result<(u32, bool), IngestError>,
    ) -> Result<(u32, bool), IngestError> {
        if let Some(&known) = self.known.get(&(family, binary)) {
            return Ok(known);
        }
        let class = name()?;
        self.known.insert((family, binary), class);
        Ok(class)
    }
}

/// The value behind a code; `None` for a missing one.
pub(crate) fn value(values: &[Box<[u8]>], code: u32) -> Option<&[u8]> {
    if code == MISSING { None } else { values.get(code as usize).map(|value| &**value) }
}
