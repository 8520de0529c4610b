//! The folder of the service: what a start leaves in it, and what an interrupted one did.

use tripline_engine::service::{AUDIT_KEY, Service, ServiceSettings};

use super::by;

#[tokio::test]
async fn a_start_that_was_cut_off_before_its_key_was_written_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join(AUDIT_KEY);
    std::fs::write(&key, "").unwrap();
    let settings = || ServiceSettings::new(folder.path());
    let service = Service::open(settings(), &[]).await.unwrap();
    service.store().record("a", "b", "{}", &by("local")).await.unwrap();
    service.shut_down().await;
    drop(service);
    let written = std::fs::read_to_string(&key).unwrap();
    assert_eq!(written.len(), 64);
    // A key that is lost later is not replaced in silence: it has signed the trail.
    std::fs::write(&key, "").unwrap();
    let refused = Service::open(settings(), &[]).await.unwrap_err().to_string();
    assert!(refused.contains(AUDIT_KEY), "{refused}");
    std::fs::write(&key, written).unwrap();
    Service::open(settings(), &[]).await.unwrap().shut_down().await;
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_what_the_service_keeps() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("made/data");
    let service = Service::open(ServiceSettings::new(&data), &[]).await.unwrap();
    let mut upload = service.begin_upload("a").await.unwrap();
    upload.write(bytes::Bytes::from_static(b"a\n1\n")).await.unwrap();
    upload.finish(&by("local")).await.unwrap();
    let mut folders = vec![data];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            files += 1;
        }
    }
    // Database with log and index, lock, key, heads, two files of the upload.
    assert!(files >= 7, "{files}");
    service.shut_down().await;
}
