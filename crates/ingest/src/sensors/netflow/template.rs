//! Templates: what the bytes of a record mean, as an exporter told.

use std::sync::Arc;

use super::element::Element;
use super::wire::Wire;

/// A length that stands in the record itself (RFC 7011, section 7).
const VARIABLE: u16 = u16::MAX;

/// A template of data records or of options records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    fields: Vec<Field>,
    /// Bytes of a record, the least that it takes if fields vary.
    pub(super) least_bytes: usize,
    /// Whether its records tell of the exporter instead of flows.
    pub(super) options: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    element: Element,
    bytes: u16,
}

/// What a template set holds, one after the other.
#[derive(Debug)]
pub(super) enum Told {
    /// A template by its number.
    Template(u16, Arc<Template>),
    /// It holds no more (RFC 7011, section 8.1).
    Withdrawn(u16),
    /// The same of all data templates, or of all options templates.
    AllWithdrawn { options: bool },
}

/// How the fields of a template set are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RFC 3954, section 5.2.
    V9,
    /// RFC 3954, section 6.1.
    V9Options,
    /// RFC 7011, section 3.4.1.
    Ipfix,
    /// RFC 7011, section 3.4.2.
    IpfixOptions,
}

impl Template {
    /// The next template of a set; `None` at its end or where it cannot be read on.
    pub(super) fn next(set: &mut Wire<'_>, form: Form, max_fields: usize) -> Option<Told> {
        // Less than a header is padding.
        let id = set.u16()?;
        let count = usize::from(set.u16()?);
        let ipfix = matches!(form, Form::Ipfix | Form::IpfixOptions);
        if ipfix && count == 0 {
            return Some(match id {
                2 => Told::AllWithdrawn { options: false },
                3 => Told::AllWithdrawn { options: true },
                _ => Told::Withdrawn(id),
            });
        }
        let (scopes, fields) = match form {
            Form::V9 | Form::Ipfix => (0, count),
            // Lengths in bytes: of the scope fields, then of the others.
            Form::V9Options => (count / 4, count / 4 + usize::from(set.u16()?) / 4),
            Form::IpfixOptions => (usize::from(set.u16()?), count),
        };
        if id < 256 || fields > max_fields {
            return None;
        }
        let mut template = Self {
            fields: Vec::with_capacity(fields),
            least_bytes: 0,
            options: matches!(form, Form::V9Options | Form::IpfixOptions),
        };
        for position in 0..fields {
            let number = set.u16()?;
            let bytes = set.u16()?;
            let enterprise = if ipfix && number & 0x8000 != 0 { set.u32()? } else { 0 };
            // In version 9, scopes have numbers of their own; above 32767 they are vendors'.
            let element = match form {
                Form::V9Options if position < scopes => Element::Other,
                Form::V9 | Form::V9Options => Element::of(number, 0),
                Form::Ipfix | Form::IpfixOptions => Element::of(number & 0x7fff, enterprise),
            };
            let variable = ipfix && bytes == VARIABLE;
            template.push(element, if variable { VARIABLE } else { bytes }, variable);
        }
        // A record of no bytes would never end.
        (template.least_bytes > 0).then(|| Told::Template(id, Arc::new(template)))
    }

    /// The values of the next record; `None` if the rest holds no whole one.
    #[inline]
    pub(super) fn values<'a>(
        &self,
        rest: &mut Wire<'a>,
        mut each: impl FnMut(Element, &'a [u8]),
    ) -> Option<()> {
        if rest.0.len() < self.least_bytes {
            return None;
        }
        for field in &self.fields {
            let bytes = match field.bytes {
                VARIABLE => match rest.u8()? {
                    u8::MAX => usize::from(rest.u16()?),
                    short => usize::from(short),
                },
                bytes => usize::from(bytes),
            };
            let value = rest.take(bytes)?;
            if field.element != Element::Other {
                each(field.element, value);
            }
        }
        Some(())
    }

    fn push(&mut self, element: Element, bytes: u16, variable: bool) {
        self.least_bytes += if variable { 1 } else { usize::from(bytes) };
        // Neighbours that are skipped are skipped together.
        if let Some(last) = self.fields.last_mut()
            && (last.element, element) == (Element::Other, Element::Other)
            && last.bytes != VARIABLE
            && !variable
            && let Some(sum) = last.bytes.checked_add(bytes).filter(|sum| *sum < VARIABLE)
        {
            last.bytes = sum;
            return;
        }
        self.fields.push(Field { element, bytes });
    }
}
