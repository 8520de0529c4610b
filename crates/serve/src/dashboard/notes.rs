//! What a page tells after something was done: by a key in its address, so that nobody can make it
//! say anything else.

use super::page::Note;

/// Key, tone, text.
const NOTES: &[(&str, &str, &str)] = &[
    ("feedback", "good", "Your verdict is stored. Trainings on detections learn from it."),
    ("deployed", "good", "This version answers now."),
    ("rolled-back", "good", "The version before answers again."),
    ("shadow", "good", "The version scores in the shadow now."),
    ("archived", "good", "The version is archived."),
    ("deleted", "good", "It is deleted."),
    ("rule", "good", "The rule holds from now on."),
    ("rule-removed", "good", "The rule is taken away."),
    ("experiment", "good", "The experiment has begun."),
    ("experiment-ended", "good", "The experiment has ended."),
    ("queued", "good", "The job is queued."),
    (
        "queueing",
        "warn",
        "The form was sent before and is being worked on: the job will stand here.",
    ),
    ("cancelled", "warn", "The job was asked to stop."),
    ("uploaded", "good", "The file is here."),
    ("revoked", "good", "The key is refused from now on."),
    ("user", "good", "The user is stored; sessions of before have ended."),
    ("user-removed", "good", "The user is gone, with all sessions."),
    (
        "sampled",
        "good",
        "A sample was judged. It is on the list if its score reached the threshold.",
    ),
];

/// The note of a key.
pub(super) fn note(key: &str) -> Option<Note> {
    let &(_, tone, text) = NOTES.iter().find(|(known, _, _)| *known == key)?;
    Some(Note { tone, text: text.to_owned() })
}
