//! Where the next part of a list begins.

use super::check::invalid;
use crate::metadata::Result;
use crate::records::{Page, PageRequest};

/// A cursor of one number: items before it follow.
pub(super) fn number(page: &PageRequest) -> Result<i64> {
    match &page.after {
        None => Ok(i64::MAX),
        Some(after) => match after.parse() {
            Ok(number) => Ok(number),
            Err(_) => invalid("after", "`next` of the page before", after),
        },
    }
}

/// A cursor of time with id: items before both follow.
pub(super) fn time(page: &PageRequest) -> Result<Option<(i64, String)>> {
    let Some(after) = &page.after else { return Ok(None) };
    let parts = after.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    match parts {
        Some(parts) => Ok(Some(parts)),
        None => invalid("after", "`next` of the page before", after),
    }
}

/// A page of rows, of which one more was asked for than it holds.
pub(super) fn page<R, T>(
    request: &PageRequest,
    rows: Vec<R>,
    item: impl Fn(&R) -> Result<T>,
    cursor: impl Fn(&R) -> Result<String>,
) -> Result<Page<T>> {
    let (rows, next) = cut(request, rows, cursor)?;
    Ok(Page { items: rows.iter().map(item).collect::<Result<_>>()?, next })
}

/// The rows of a page, and where the next one begins.
pub(super) fn cut<R>(
    request: &PageRequest,
    mut rows: Vec<R>,
    cursor: impl Fn(&R) -> Result<String>,
) -> Result<(Vec<R>, Option<String>)> {
    let limit = request.rows() as usize;
    let further = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last() {
        Some(last) if further => Some(cursor(last)?),
        _ => None,
    };
    Ok((rows, next))
}

/// How many rows to ask for.
pub(super) fn rows(request: &PageRequest) -> i64 {
    i64::from(request.rows()) + 1
}
