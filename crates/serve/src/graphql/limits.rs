//! What a query may cost.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// Bytes of a document.
pub(super) const BYTES: usize = 32 << 10;
/// Nesting of fields; introspection by usual clients takes 13.
pub(super) const DEPTH: usize = 15;
/// Nesting of the document as it is read, lists and objects of arguments included.
pub(super) const RECURSION: usize = 32;
/// Fields, each counted as often as its list may be long.
pub(super) const COST: usize = 5000;
/// Directives on one field.
pub(super) const DIRECTIVES: usize = 8;
/// Aliases of a document: by them one query asks for the same many times.
pub(super) const ALIASES: usize = 20;

/// The cost of a mutation: a query has room for a few.
pub(super) const MUTATION_COST: usize = 500;

/// Items of a list, as it is counted.
pub(super) fn items(first: Option<i32>) -> usize {
    first.and_then(|first| usize::try_from(first).ok()).unwrap_or(50).clamp(1, 1000)
}

/// Selections of a document, each fragment counted as often as it is spread: what a walk through
/// it takes.
pub(super) const SELECTIONS: usize = 2000;

/// What a document holds, each fragment counted as often as it is spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Fields, spreads, inline fragments.
    pub(super) selections: usize,
    /// Aliases.
    pub(super) aliases: usize,
}

impl Size {
    fn plus(self, other: Size) -> Size {
        Size {
            selections: self.selections.saturating_add(other.selections),
            aliases: self.aliases.saturating_add(other.aliases),
        }
    }
}

/// The size of a document; none where a fragment spreads itself.
///
/// Each fragment is looked into once, so that this takes time in proportion to the text, whatever
/// the document would expand to.
pub(super) fn size(document: &ExecutableDocument) -> Option<Size> {
    let mut known = HashMap::new();
    let mut total = Size::default();
    for (_, operation) in document.operations.iter() {
        total = total.plus(within(document, &operation.node.selection_set.node, &mut known)?);
    }
    // Those that nothing spreads are looked at by the checks too.
    for name in document.fragments.keys() {
        total = total.plus(fragment(document, name, &mut known)?);
    }
    Some(total)
}

/// Sizes of fragments; none of one that is being looked into.
type Known<'d> = HashMap<&'d str, Option<Size>>;

fn within<'d>(
    document: &'d ExecutableDocument,
    set: &'d SelectionSet,
    known: &mut Known<'d>,
) -> Option<Size> {
    let mut total = Size::default();
    for selection in &set.items {
        let (aliases, inner) = match &selection.node {
            Selection::Field(field) => {
                let aliases = usize::from(field.node.alias.is_some());
                (aliases, within(document, &field.node.selection_set.node, known)?)
            }
            Selection::InlineFragment(inline) => {
                (0, within(document, &inline.node.selection_set.node, known)?)
            }
            Selection::FragmentSpread(spread) => {
                (0, fragment(document, spread.node.fragment_name.node.as_str(), known)?)
            }
        };
        total = total.plus(Size { selections: 1, aliases }).plus(inner);
    }
    Some(total)
}

fn fragment<'d>(
    document: &'d ExecutableDocument,
    name: &str,
    known: &mut Known<'d>,
) -> Option<Size> {
    // One that is not there is refused later, by name.
    let Some((name, found)) = document.fragments.get_key_value(name) else {
        return Some(Size::default());
    };
    if let Some(size) = known.get(name.as_str()) {
        return *size;
    }
    known.insert(name.as_str(), None);
    let size = within(document, &found.node.selection_set.node, known)?;
    known.insert(name.as_str(), Some(size));
    Some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Size> {
        size(&async_graphql::parser::parse_query(text).unwrap())
    }

    #[test]
    fn aliases_are_counted_wherever_they_stand() {
        let text = "query { a: models { id b: name ... on Model { c: id } } ...F } \
                    fragment F on Query { d: experiments { name } }";
        // Those of the fragment twice: where it is spread, where it stands.
        assert_eq!(of(text), Some(Size { selections: 10, aliases: 5 }));
    }

    #[test]
    fn fragments_that_multiply_are_counted_without_walking_them() {
        let mut text = "query { ...F0 }".to_owned();
        for at in 0..60 {
            let next = at + 1;
            text.push_str(&format!(" fragment F{at} on Query {{ ...F{next} ...F{next} }}"));
        }
        text.push_str(" fragment F60 on Query { x }");
        assert!(of(&text).is_some_and(|size| size.selections > SELECTIONS));
        assert_eq!(of("query { ...A } fragment A on Query { ...A ...A }"), None);
        assert_eq!(
            of("query { ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
            None
        );
    }
}
