//! The chain of entries and the log of heads, apart from any database.

use futures_util::{FutureExt as _, stream};
use proptest::prelude::*;
use tripline_store::audit::{AuditReport, Finding, HeadLog, LoggedHead, read_heads, verify};
use tripline_store::records::{AuditEntry, AuditHead};
use tripline_store::{SecretKey, Timestamp};

fn key() -> SecretKey {
    SecretKey::from_bytes([3; 32])
}

/// Texts that run into each other unless lengths part them.
fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[ab\u{0}ü]{0,5}").unwrap()
}

type Parts = (i64, String, String, String, String, Option<String>);

fn parts() -> impl Strategy<Value = Vec<Parts>> {
    let request = prop_oneof![Just(None), text().prop_map(Some)];
    prop::collection::vec((any::<i64>(), text(), text(), text(), text(), request), 1..8)
}

fn chain(parts: &[Parts]) -> Vec<AuditEntry> {
    let mut previous = [0; 32];
    let mut entries = Vec::new();
    for (number, (at, actor, action, object, detail, request)) in parts.iter().cloned().enumerate()
    {
        let sequence = number as u64 + 1;
        let at = Timestamp(at);
        let hash = [0; 32];
        let mut entry =
            AuditEntry { sequence, at, actor, action, object, detail, request, previous, hash };
        entry.hash = entry.digest();
        previous = entry.hash;
        entries.push(entry);
    }
    entries
}

fn head(entries: &[AuditEntry]) -> Option<AuditHead> {
    entries.last().map(|last| AuditHead::sign(last.sequence, last.hash, &key()))
}

fn logged(entries: &[AuditEntry]) -> Vec<LoggedHead> {
    let line = |entry: &AuditEntry| LoggedHead {
        line: entry.sequence,
        head: Some(AuditHead::sign(entry.sequence, entry.hash, &key())),
    };
    entries.iter().map(line).collect()
}

fn check(entries: &[AuditEntry], head: Option<AuditHead>, log: Vec<LoggedHead>) -> AuditReport {
    let entries = stream::iter(entries.iter().cloned().map(Ok));
    verify(entries, head, &key().public(), log).now_or_never().unwrap().unwrap()
}

/// Changes one byte of one column; columns are those of the stored row.
fn change(entry: &mut AuditEntry, column: usize, place: usize, byte: u8) -> bool {
    let flip = |bytes: &mut [u8]| {
        let place = place % bytes.len().max(1);
        bytes.get_mut(place).is_some_and(|old| std::mem::replace(old, byte) != byte)
    };
    let text = |text: &mut String| {
        let mut bytes = text.clone().into_bytes();
        let changed = flip(&mut bytes);
        // Only what is still text can stand in the column.
        changed && String::from_utf8(bytes).map(|new| *text = new).is_ok()
    };
    match column {
        0 => {
            let mut bytes = entry.sequence.to_be_bytes();
            let changed = flip(&mut bytes);
            entry.sequence = u64::from_be_bytes(bytes);
            changed && entry.sequence < u64::MAX / 2
        }
        1 => {
            let mut bytes = entry.at.0.to_be_bytes();
            let changed = flip(&mut bytes);
            entry.at = Timestamp(i64::from_be_bytes(bytes));
            changed
        }
        2 => text(&mut entry.actor),
        3 => text(&mut entry.action),
        4 => text(&mut entry.object),
        5 => text(&mut entry.detail),
        6 => match &mut entry.request {
            Some(request) if !request.is_empty() => text(request),
            Some(_) => entry.request.take().is_some(),
            None => entry.request.replace(String::new()).is_none(),
        },
        7 => flip(&mut entry.previous),
        _ => flip(&mut entry.hash),
    }
}

proptest! {
    #[test]
    fn what_was_not_changed_is_intact(parts in parts()) {
        let entries = chain(&parts);
        let report = check(&entries, head(&entries), logged(&entries));
        prop_assert!(report.is_intact(), "{:?}", report.findings);
        prop_assert_eq!(report.entries, entries.len() as u64);
    }

    #[test]
    fn any_changed_byte_is_found(
        parts in parts(), row in any::<usize>(), column in 0_usize..9, place in any::<usize>(), byte in any::<u8>(),
    ) {
        let mut entries = chain(&parts);
        let head = head(&entries);
        let row = row % entries.len();
        prop_assume!(change(&mut entries[row], column, place, byte));
        prop_assert!(!check(&entries, head, vec![]).is_intact());
    }

    /// Bytes moved from the end of one text to the start of the next, and an absent text for an
    /// empty one.
    #[test]
    fn no_two_entries_have_the_same_bytes(parts in parts(), moved in 1_usize..3) {
        let entry = &chain(&parts)[0];
        let mut other = entry.clone();
        let at = entry.actor.char_indices().rev().nth(moved - 1).map_or(0, |(at, _)| at);
        let tail = other.actor.split_off(at);
        other.action.insert_str(0, &tail);
        prop_assume!(!tail.is_empty());
        prop_assert_ne!(other.digest(), entry.digest());
        let mut other = entry.clone();
        other.request = match &entry.request {
            None => Some(String::new()),
            Some(_) => None,
        };
        prop_assert_ne!(other.digest(), entry.digest());
    }

    #[test]
    fn any_cut_is_found_with_the_head_or_a_log(parts in parts(), kept in any::<usize>()) {
        let entries = chain(&parts);
        let kept = &entries[..kept % entries.len()];
        prop_assert!(!check(kept, head(&entries), vec![]).is_intact());
        // The head of then put back: only the log knows.
        let report = check(kept, head(kept), logged(&entries));
        prop_assert_eq!(report.findings.len(), entries.len() - kept.len());
        let newest = logged(&entries).pop().into_iter().collect();
        prop_assert!(!check(kept, head(kept), newest).is_intact());
    }

    #[test]
    fn a_missing_or_moved_entry_is_found(parts in parts(), at in any::<usize>()) {
        let entries = chain(&parts);
        prop_assume!(entries.len() > 1);
        let at = at % (entries.len() - 1);
        let mut missing = entries.clone();
        missing.remove(at);
        prop_assert!(!check(&missing, head(&entries), vec![]).is_intact());
        let mut moved = entries.clone();
        moved.swap(at, at + 1);
        let report = check(&moved, head(&entries), vec![]);
        let told = report.findings.iter().any(|f| matches!(f, Finding::OutOfOrder { .. }));
        prop_assert!(told, "{:?}", report.findings);
    }

    /// All made anew by who has another key: the key and the log both tell.
    #[test]
    fn a_replaced_key_is_found(parts in parts(), forged in text()) {
        let entries = chain(&parts);
        let mut other = parts.clone();
        other[0].1 = format!("{forged}!");
        let other = chain(&other);
        let last = other.last().unwrap();
        let signed = AuditHead::sign(last.sequence, last.hash, &SecretKey::from_bytes([4; 32]));
        let report = check(&other, Some(signed), vec![]);
        prop_assert_eq!(report.findings, [Finding::OtherSigner { sequence: last.sequence }]);
        let report = check(&other, head(&other), logged(&entries));
        prop_assert_eq!(&report.findings[0], &Finding::LoggedOther { line: 1, sequence: 1 });
    }
}

#[test]
fn the_layout_of_what_is_hashed_stays() {
    // Python 3.13, hashlib: sha256(b"tripline audit entry 1\0" + pack(">Qq", 1, 2) + b"".join(
    //   pack(">Q", len(t)) + t for t in (b"user:ada", b"model.deploy", b"m_v1.0.0", b"{}"))
    //   + b"\x01" + pack(">Q", 5) + b"req-1" + bytes(32))
    let mut entry = chain(&[(
        2,
        "user:ada".to_owned(),
        "model.deploy".to_owned(),
        "m_v1.0.0".to_owned(),
        "{}".to_owned(),
        Some("req-1".to_owned()),
    )])
    .remove(0);
    let hash: String = entry.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "afea9273a82b7e6849babcc0523c636e8cbd81e7358ef89d2d580ed92404ff7c");
    entry.request = None;
    let hash: String = entry.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "855c53f06561560fff5d72ed1d914d634f61010335a30c8c52d716a0e14ef8d5");
}

#[test]
fn a_head_comes_back_from_its_line() {
    let head = AuditHead::sign(17, [9; 32], &key());
    assert!(head.is_signed_by(&key().public()));
    assert_eq!(AuditHead::parse_line(&head.to_line()), Some(head.clone()));
    for wrong in ["", "17", "17 00 00", "x", &format!("{} more", head.to_line())] {
        assert_eq!(AuditHead::parse_line(wrong), None);
    }
    let longer =
        AuditHead { signature: [head.signature.clone(), vec![0]].concat(), ..head.clone() };
    assert!(!longer.is_signed_by(&key().public()));
    let later = AuditHead { sequence: 18, ..head };
    assert!(!later.is_signed_by(&key().public()));
}

#[test]
fn a_torn_line_is_cut_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit-heads.log");
    let heads: Vec<_> =
        (1..=3).map(|number| AuditHead::sign(number, [number as u8; 32], &key())).collect();
    assert_eq!(read_heads(&path).unwrap().count(), 0);
    let mut log = HeadLog::open(&path).unwrap();
    log.append(&heads[0]).unwrap();
    log.append(&heads[1]).unwrap();
    // Covered by the line of a later head.
    log.append(&heads[0]).unwrap();
    drop(log);
    let whole = std::fs::read(&path).unwrap();
    let first = heads[0].to_line().len() + 1;
    for end in (first..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..end]).unwrap();
        let mut log = HeadLog::open(&path).unwrap();
        assert_eq!(log.last(), Some(&heads[0]));
        log.append(&heads[2]).unwrap();
        let read: Vec<_> = read_heads(&path).unwrap().map(|line| line.unwrap().head).collect();
        assert_eq!(read, [Some(heads[0].clone()), Some(heads[2].clone())]);
    }
    let read: Vec<_> = {
        std::fs::write(&path, [whole.as_slice(), b"nonsense\n"].concat()).unwrap();
        read_heads(&path).unwrap().map(|line| line.unwrap()).collect()
    };
    assert_eq!(read[2], LoggedHead { line: 3, head: None });
}
