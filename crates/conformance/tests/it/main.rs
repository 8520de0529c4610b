//! The checks pass a sound detector; each finds the one that breaks its promise.

mod centroid;

use std::panic::{AssertUnwindSafe, catch_unwind};

use tripline_conformance::{PROMISES, check, check_all, check_with, weights_repeat_rows};
use tripline_core::{Card, Exemption, ParamValue, Params, Promise, Register};

use centroid::CARD;

fn register() -> Register {
    Register::new([&CARD])
}

#[test]
fn a_sound_detector_keeps_every_promise() {
    check_all(&CARD, &register());
    weights_repeat_rows(&CARD, &register(), &Params::defaults(CARD.params), 1e-9);
}

#[test]
fn every_broken_promise_is_found() {
    for &promise in PROMISES {
        let defect = format!("{promise:?}");
        let given = [("defect".to_owned(), ParamValue::Text(defect.clone()))];
        let params = Params::new(CARD.params, &given).unwrap();
        let outcome =
            catch_unwind(AssertUnwindSafe(|| check_with(&CARD, &register(), &params, promise)));
        let payload = outcome.expect_err(&format!("{defect} is broken, nobody noticed"));
        let message = payload.downcast_ref::<String>().expect("a message");
        let head = format!("`centroid` breaks {defect} (");
        assert!(message.starts_with(&head), "{message}");
    }
}

#[test]
fn an_exempted_promise_is_passed_over_with_its_reason() {
    const EXEMPT: Card = Card {
        exemptions: &[Exemption { promise: Promise::SaveLoad, reason: "holds a file open" }],
        build: |_, _| panic!("an exempted promise builds nothing"),
        ..CARD
    };
    static SILENT: Card =
        Card { exemptions: &[Exemption { promise: Promise::SaveLoad, reason: "" }], ..EXEMPT };
    static EXEMPTED: Card = EXEMPT;
    check(&EXEMPTED, &register(), Promise::SaveLoad);
    assert!(catch_unwind(|| check(&SILENT, &register(), Promise::SaveLoad)).is_err());
}
