//! A trail that was changed behind the service's back: what checking finds.

use std::path::Path;

use proptest::prelude::*;
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tripline_store::audit::{AuditReport, Finding};
use tripline_store::metadata::Audit as _;
use tripline_store::sqlite::verify_trail;

use super::{database, execute, intruder, open};
use crate::metadata::{audit_key, change, run};

const ENTRIES: u64 = 12;

/// A trail with requests and without.
async fn fill(folder: &Path) {
    let store = open(folder).await;
    for number in 0..ENTRIES {
        let mut change = change(number as i64);
        change.request = change.request.filter(|_| number % 2 == 0);
        store.record("model.deploy", "m_v1.0.0", r#"{"a":1}"#, &change).await.unwrap();
    }
    store.close().await;
}

/// A folder with a trail: written once, copied for each test.
async fn folder() -> TempDir {
    static WRITTEN: OnceCell<TempDir> = OnceCell::const_new();
    let written = WRITTEN
        .get_or_init(async || {
            let folder = tempfile::tempdir().unwrap();
            fill(folder.path()).await;
            folder
        })
        .await;
    copied(written)
}

fn copied(from: &TempDir) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["metadata.db", "audit-heads.log"] {
        std::fs::copy(from.path().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

async fn tamper(folder: &Path, statement: &str) {
    let mut connection = intruder(folder).await;
    let rails =
        "DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_cut";
    execute(&mut connection, rails).await;
    execute(&mut connection, statement).await;
    connection.close().await.unwrap();
}

async fn check(folder: &Path) -> AuditReport {
    let log = folder.join("audit-heads.log");
    verify_trail(&database(folder), &audit_key().public(), Some(&log)).await.unwrap()
}

async fn after(statement: &str) -> Vec<Finding> {
    let folder = folder().await;
    assert!(check(folder.path()).await.is_intact());
    tamper(folder.path(), statement).await;
    check(folder.path()).await.findings
}

#[test]
fn each_kind_of_change_is_told() {
    run(async {
        let changed = |sequence| Finding::Changed { sequence };
        let unlinked = |sequence| Finding::Unlinked { sequence };
        assert_eq!(
            after("UPDATE audit SET actor = 'user:eve' WHERE sequence = 5").await,
            [changed(5)]
        );
        assert_eq!(after("UPDATE audit SET request = '' WHERE sequence = 2").await, [changed(2)]);
        assert_eq!(
            after("UPDATE audit SET previous = zeroblob(31) WHERE sequence = 5").await[..2],
            [changed(5), unlinked(6)]
        );
        let missing = after("DELETE FROM audit WHERE sequence IN (5, 6)").await;
        assert_eq!(missing[..2], [Finding::Missing { first: 5, last: 6 }, unlinked(7)]);
        // Two rows change places: the contents say other numbers than the rows.
        let swapped = after(
            "UPDATE audit SET sequence = -5 WHERE sequence = 5;
             UPDATE audit SET sequence = 5 WHERE sequence = 6;
             UPDATE audit SET sequence = 6 WHERE sequence = -5",
        )
        .await;
        assert!(swapped.contains(&changed(5)) && swapped.contains(&changed(6)), "{swapped:?}");
        assert_eq!(
            after("DELETE FROM audit WHERE sequence > 9").await[0],
            Finding::Cut { head: 12, last: 9 }
        );
        // Rows that were put before the first one.
        for number in ["-5", "-9223372036854775808"] {
            let added = after(&format!(
                "INSERT INTO audit SELECT {number}, at, actor, action, object, detail, request,
                 previous, hash FROM audit WHERE sequence = 5"
            ))
            .await;
            assert!(added.contains(&changed(0)), "{number}: {added:?}");
        }
        assert_eq!(after("DELETE FROM audit_head").await, [Finding::NoHead { last: 12 }]);
        assert_eq!(
            after("UPDATE audit_head SET signature = zeroblob(64)").await,
            [Finding::OtherSigner { sequence: 12 }]
        );
        // Nothing is left but the log.
        let gone = after("DELETE FROM audit; DELETE FROM audit_head").await;
        assert_eq!(gone.len(), 12);
        assert_eq!(gone[0], Finding::LoggedCut { line: 1, head: 1, last: 0 });
    });
}

#[test]
fn an_old_head_put_back_with_its_tail_cut_is_found_by_the_log() {
    run(async {
        let folder = folder().await;
        let log = std::fs::read_to_string(folder.path().join("audit-heads.log")).unwrap();
        for kept in 1..ENTRIES {
            let old = log.lines().nth(kept as usize - 1).unwrap();
            let mut parts = old.split(' ').skip(1);
            let (hash, signature) = (parts.next().unwrap(), parts.next().unwrap());
            let statement = format!(
                "DELETE FROM audit WHERE sequence > {kept};
                 UPDATE audit_head SET sequence = {kept}, hash = x'{hash}', signature = x'{signature}'"
            );
            let cut = copied(&folder);
            tamper(cut.path(), &statement).await;
            let alone = verify_trail(&database(cut.path()), &audit_key().public(), None).await;
            assert!(alone.unwrap().is_intact(), "without a log nobody can know");
            let findings = check(cut.path()).await.findings;
            let line = kept + 1;
            assert_eq!(findings[0], Finding::LoggedCut { line, head: line, last: kept });
            // The service tells it when it starts, goes on, and it is found for ever after.
            let store = open(cut.path()).await;
            assert!(matches!(store.broken_trail(), Some(Finding::LoggedCut { .. })));
            store.record("a", "b", "{}", &change(99)).await.unwrap();
            drop(store);
            assert!(!check(cut.path()).await.is_intact());
            let store = open(cut.path()).await;
            assert_eq!(store.broken_trail(), None);
        }
    });
}

#[test]
fn a_chain_made_anew_is_never_signed_by_the_service() {
    run(async {
        let folder = folder().await;
        let store = open(folder.path()).await;
        let mut entry = store.entries_from(ENTRIES, 1).await.unwrap().remove(0);
        entry.actor = "user:eve".to_owned();
        entry.hash = entry.digest();
        let forged = format!(
            "UPDATE audit SET actor = 'user:eve', hash = x'{}' WHERE sequence = {ENTRIES}",
            entry.hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        );
        // While it runs, and before it starts again.
        for running in [true, false] {
            let copy = tempfile::tempdir().unwrap();
            store.backup_to(&database(copy.path())).await.unwrap();
            let opened = if running { Some(open(copy.path()).await) } else { None };
            tamper(copy.path(), &forged).await;
            let service = match opened {
                Some(service) => service,
                None => open(copy.path()).await,
            };
            assert_eq!(service.broken_trail().is_none(), running);
            service.record("a", "b", "{}", &change(50)).await.unwrap();
            let key = audit_key().public();
            let report = verify_trail(&database(copy.path()), &key, None).await.unwrap();
            let unlinked = Finding::Unlinked { sequence: ENTRIES + 1 };
            assert!(report.findings.contains(&unlinked), "{:?}", report.findings);
            if !running {
                let noted = service.entries_from(ENTRIES + 1, 1).await.unwrap().remove(0);
                assert_eq!(noted.action, "audit.broken");
            }
        }
    });
}

#[test]
fn another_key_is_told_at_the_start() {
    run(async {
        let folder = folder().await;
        let mut options = super::options(folder.path());
        options.audit_key = tripline_store::SecretKey::from_bytes([1; 32]);
        let store = tripline_store::Sqlite::open(&database(folder.path()), options).await.unwrap();
        assert_eq!(store.broken_trail(), Some(&Finding::OtherSigner { sequence: ENTRIES }));
        drop(store);
        assert!(!check(folder.path()).await.is_intact());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any byte of any column of any row, changed to any other.
    #[test]
    fn a_changed_byte_is_found(row in 1..=ENTRIES, column in 0_usize..9, place in any::<u16>(), byte in any::<u8>()) {
        let columns = ["sequence", "at", "actor", "action", "object", "detail", "request", "previous", "hash"];
        let name = columns[column];
        run(async {
            let folder = folder().await;
            let statement = match name {
                "sequence" | "at" => {
                    // Another number than those of the other rows, which the table would refuse.
                    let bit = 1_i64 << (4 + place % 58);
                    format!("UPDATE audit SET {name} = ({name} | {bit}) - ({name} & {bit}) WHERE sequence = {row}")
                }
                // Of a text or a blob one byte; an absent text becomes one of a byte.
                _ => {
                    let cast = if name == "previous" || name == "hash" { "blob" } else { "text" };
                    let at = format!("(1 + {place} % max(1, length(cast(coalesce({name}, '') AS blob))))");
                    let whole = format!("cast(coalesce({name}, '') AS blob)");
                    let old = format!("substr({whole}, {at}, 1)");
                    let new = format!("iif({old} = x'{byte:02x}', x'{:02x}', x'{byte:02x}')", byte ^ 1);
                    format!(
                        "UPDATE audit SET {name} = iif({name} IS NULL, 'x', cast(cast(
                           substr({whole}, 1, {at} - 1) || {new} || substr({whole}, {at} + 1)
                         AS blob) AS {cast})) WHERE sequence = {row}"
                    )
                }
            };
            tamper(folder.path(), &statement).await;
            let report = check(folder.path()).await;
            assert!(!report.is_intact(), "{statement}");
            // However it was changed, the service starts.
            open(folder.path()).await;
            assert!(!check(folder.path()).await.is_intact(), "{statement}");
        });
    }
}
