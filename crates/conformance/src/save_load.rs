//! Saving then loading keeps a detector; a damaged state is an error or a detector, never a panic.

use tripline_core::{State, Task};

use crate::subject::{Subject, same};

/// Damaged bytes tried; spread evenly over the state.
const DAMAGES: usize = 120;

pub(crate) fn check(subject: &Subject) {
    let card = subject.card;
    let register = &subject.register;
    let sample = subject.sample(400, 2);
    let detector = subject.fit(&sample, Task::Binary);
    let scores = subject.scores(detector.as_ref(), &sample.frame());
    let bytes = detector.save().to_bytes();

    subject.at("loading what was saved");
    let state = State::from_bytes(&bytes).expect("bytes that a state gave");
    let loaded = (card.load)(&state, register).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.card().id, card.id, "another card after loading");
    assert_eq!(loaded.schema(), detector.schema(), "another schema after loading");
    assert_eq!(loaded.link(), detector.link(), "another link after loading");
    same("scores after loading", &scores, &subject.scores(loaded.as_ref(), &sample.frame()));
    assert!(loaded.save().to_bytes() == bytes, "saving what was loaded gives other bytes");

    subject.at("loading an empty state");
    assert!((card.load)(&State::new(), register).is_err(), "an empty state loads");

    let probe = sample.select(&[0, 1, 4]).frame();
    for damage in 0..DAMAGES {
        let position = damage * bytes.len() / DAMAGES;
        subject.at(&format!("loading a state whose byte {position} is changed"));
        let mut damaged = bytes.clone();
        damaged[position] ^= [0x01, 0x80, 0xff][damage % 3];
        let Ok(state) = State::from_bytes(&damaged) else { continue };
        if let Ok(loaded) = (card.load)(&state, register) {
            // Whatever it says, it must say it without a panic.
            let _ = loaded.score(&probe);
        }
    }
}
