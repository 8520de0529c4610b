//! Blobs in a folder: whole or not there, for nobody else to read.

use std::path::Path;

use bytes::Bytes;
use tripline_store::Blobs;

use crate::metadata::run;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_blob_is_there_whole_or_not_at_all() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::folder(folder.path()).unwrap();
        blobs.put("a/one", Bytes::from_static(b"first")).await.unwrap();
        blobs.put("a/one", Bytes::from_static(b"second")).await.unwrap();
        assert_eq!(blobs.get("a/one", 100).await.unwrap(), "second");

        let large = Bytes::from(vec![7; 6 << 20]);
        let mut writer = blobs.writer("a/two").await.unwrap();
        writer.write(large.clone()).await.unwrap();
        assert_eq!(blobs.list("a").await.unwrap(), [("a/one".to_owned(), 6)]);
        let mut beside = blobs.writer("a/two").await.unwrap();
        beside.write(Bytes::from_static(b"other")).await.unwrap();
        assert_eq!(names(&folder.path().join("a")), ["one", "two#1", "two#2"]);
        beside.finish().await.unwrap();
        writer.write(Bytes::from_static(b"end")).await.unwrap();
        writer.finish().await.unwrap();
        let read = blobs.get("a/two", 100 << 20).await.unwrap();
        assert_eq!((read.len(), &read[large.len()..]), (large.len() + 3, b"end".as_slice()));

        let mut dropped = blobs.writer("a/two").await.unwrap();
        dropped.write(large).await.unwrap();
        drop(dropped);
        blobs.writer("b/c/three").await.unwrap().abort().await;
        assert_eq!(names(&folder.path().join("a")), ["one", "two"]);
        assert_eq!(names(&folder.path().join("b/c")), Vec::<String>::new());
    });
}

#[test]
fn what_a_killed_process_had_begun_is_swept() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::folder(folder.path()).unwrap();
        blobs.put("models/m.trip", Bytes::from_static(b"m")).await.unwrap();
        for staged in ["models/m.trip#1", "models/n.trip#23", "x#1"] {
            std::fs::write(folder.path().join(staged), b"half").unwrap();
        }
        assert_eq!(blobs.sweep().await.unwrap(), (3, 12));
        assert_eq!(names(folder.path()), ["models"]);
        assert_eq!(names(&folder.path().join("models")), ["m.trip"]);
    });
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_a_blob() {
    use std::os::unix::fs::PermissionsExt as _;
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("blobs");
        std::fs::create_dir(&root).unwrap();
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o755)).unwrap();
        let blobs = Blobs::folder(&root).unwrap();
        blobs.put("uploads/a", Bytes::from_static(b"a")).await.unwrap();
        let mut writer = blobs.writer("uploads/b").await.unwrap();
        writer.write(Bytes::from_static(b"b")).await.unwrap();
        writer.finish().await.unwrap();
        let mode = |path: &str| root.join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("uploads")), (0o700, 0o700));
        assert_eq!((mode("uploads/a"), mode("uploads/b")), (0o600, 0o600));
    });
}
