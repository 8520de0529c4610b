//! The trail of a service's folder.

use tripline_engine::service::{AUDIT_HEADS, AUDIT_KEY, DATABASE, ServiceSettings};

use super::ready;

#[tokio::test]
async fn the_key_stands_outside_the_database_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let service = ready(ServiceSettings::new(folder.path())).await;
    let head = service.store().head().await.unwrap().unwrap();
    let key = tripline_store::SecretKey::read(&folder.path().join(AUDIT_KEY)).unwrap();
    assert!(head.is_signed_by(&key.public()));
    service.shut_down().await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.path().join(AUDIT_KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    let database = std::fs::read(folder.path().join(DATABASE)).unwrap();
    let secret = key.to_hex();
    assert!(!database.windows(64).any(|part| part == secret.as_bytes()));
    let heads = std::fs::read_to_string(folder.path().join(AUDIT_HEADS)).unwrap();
    assert!(heads.lines().count() >= 2, "{heads}");
}
