//! What a query may cost.

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

/// Aliases of a document, fragments included.
pub(super) fn aliases(document: &ExecutableDocument) -> usize {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set);
    operations.chain(fragments).map(|set| within(&set.node)).sum()
}

fn within(set: &SelectionSet) -> usize {
    set.items
        .iter()
        .map(|selection| match &selection.node {
            Selection::Field(field) => {
                usize::from(field.node.alias.is_some()) + within(&field.node.selection_set.node)
            }
            Selection::InlineFragment(fragment) => within(&fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_counted_wherever_they_stand() {
        let text = "query { a: models { id b: name ... on Model { c: id } } ...F } \
                    fragment F on Query { d: experiments { name } }";
        let document = async_graphql::parser::parse_query(text).unwrap();
        assert_eq!(aliases(&document), 4);
    }
}
