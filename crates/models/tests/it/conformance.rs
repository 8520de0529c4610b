//! Every card keeps every promise.

use rayon::prelude::*;
use tripline_conformance::{PROMISES, check};
use tripline_core::{Promise, Register};
use tripline_models::CARDS;

/// All cards.
pub(crate) fn register() -> Register {
    Register::new(CARDS.iter().copied())
}

/// One test for each promise, so that a broken one is seen at a glance.
macro_rules! promises {
    ($($name:ident: $promise:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                CARDS.par_iter().for_each(|card| check(card, &register(), Promise::$promise));
            }
        )*

        const TESTED: &[Promise] = &[$(Promise::$promise),*];
    };
}

promises! {
    same_seed_gives_same_bytes: SameSeedSameBytes,
    saving_then_loading_keeps_the_scores: SaveLoad,
    a_batch_scores_as_its_rows: BatchEqualsRows,
    shuffled_columns_score_the_same: ShuffledColumns,
    missing_values_are_handled_as_the_card_says: MissingValues,
    hostile_frames_give_an_error_or_an_answer: HostileFrames,
    a_million_rows_are_scored: MillionRows,
    attacks_score_higher: HigherIsSuspicious,
    weights_equal_repeated_rows: WeightsRepeatRows,
    attributions_sum_to_the_output: Additivity,
    abilities_are_those_of_the_card: Abilities,
}

#[test]
fn there_are_cards_to_check() {
    assert!(!CARDS.is_empty());
}

#[test]
fn no_promise_is_left_out() {
    assert!(PROMISES.iter().all(|promise| TESTED.contains(promise)));
}
