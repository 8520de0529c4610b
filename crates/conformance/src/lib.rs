//! The promises that every detector keeps, as checks that panic with the card's id.
//!
//! A crate with cards calls [`check`] for each card with each of [`PROMISES`]; whatever the card
//! exempts is passed over. Detectors of rows are checked; each frame is built for the card's
//! [`Input`](tripline_core::Input).

mod abilities;
mod additivity;
mod batch;
mod columns;
mod hostile;
mod hostile_context;
mod million;
mod missing;
mod sample;
mod save_load;
mod seed;
mod subject;
mod suspicious;
mod weights;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tripline_core::{Card, Params, Promise, Register};

pub use sample::{Sample, sample};
use subject::Subject;
pub use weights::weights_repeat_rows;

/// Every promise, in the order in which a newcomer meets them.
pub const PROMISES: &[Promise] = &[
    Promise::SameSeedSameBytes,
    Promise::SaveLoad,
    Promise::BatchEqualsRows,
    Promise::ShuffledColumns,
    Promise::MissingValues,
    Promise::HostileFrames,
    Promise::MillionRows,
    Promise::HigherIsSuspicious,
    Promise::WeightsRepeatRows,
    Promise::Additivity,
    Promise::Abilities,
];

/// Checks all promises of a card with its default parameters; `register` holds the cards of its
/// members.
///
/// # Panics
/// If one is broken; the message names card, promise, step.
pub fn check_all(card: &'static Card, register: &Register) {
    for &promise in PROMISES {
        check(card, register, promise);
    }
}

/// Checks one promise of a card with its default parameters.
///
/// # Panics
/// If it is broken, or exempted without a reason.
pub fn check(card: &'static Card, register: &Register, promise: Promise) {
    check_with(card, register, &Params::defaults(card.params), promise);
}

/// Checks one promise of a card with these parameters.
///
/// # Panics
/// As [`check`].
pub fn check_with(card: &'static Card, register: &Register, params: &Params, promise: Promise) {
    if let Some(exemption) = card.exemptions.iter().find(|entry| entry.promise == promise) {
        assert!(!exemption.reason.is_empty(), "`{}` exempts {promise:?} without reason", card.id);
        return;
    }
    let subject = Subject::new(card, register, params);
    let outcome = catch_unwind(AssertUnwindSafe(|| match promise {
        Promise::SameSeedSameBytes => seed::check(&subject),
        Promise::SaveLoad => save_load::check(&subject),
        Promise::BatchEqualsRows => batch::check(&subject),
        Promise::ShuffledColumns => columns::check(&subject),
        Promise::MissingValues => missing::check(&subject),
        Promise::HostileFrames => {
            hostile::check(&subject);
            hostile_context::check(&subject);
        }
        Promise::MillionRows => million::check(&subject),
        Promise::HigherIsSuspicious => suspicious::check(&subject),
        Promise::WeightsRepeatRows => weights::check(&subject),
        Promise::Additivity => additivity::check(&subject),
        Promise::Abilities => abilities::check(&subject),
    }));
    if let Err(payload) = outcome {
        let reason = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied());
        match reason {
            Some(reason) => panic!(
                "`{}` breaks {promise:?} ({} of {}): {reason}",
                card.id,
                subject.stage(),
                params.iter().map(|(name, value)| format!("{name}={value} ")).collect::<String>()
            ),
            None => resume_unwind(payload),
        }
    }
}
