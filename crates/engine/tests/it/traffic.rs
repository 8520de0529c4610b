//! Inputs of traffic on their way to a data set.

use std::path::Path;
use std::sync::Arc;

use tripline_core::{Column, Dataset, Labels, Rows, Silent, Source};
use tripline_engine::EngineError;
use tripline_engine::traffic::{
    Content, DatasetSettings, TrafficSettings, concatenated, labelled_dataset, recognise,
};
use tripline_features::flow::set;

/// A record of Zeek from port `port`.
fn conn(port: u16) -> String {
    format!(
        "{{\"_path\":\"conn\",\"ts\":1.0,\"uid\":\"C{port}\",\"id.orig_h\":\"10.0.0.1\",\
         \"id.orig_p\":{port},\"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":80,\"proto\":\"tcp\",\
         \"conn_state\":\"SF\"}}\n"
    )
}

fn source(folder: &Path) -> Source {
    let settings = DatasetSettings { labels: None, all_columns: true };
    let traffic = TrafficSettings::default();
    let set = set("tripline").unwrap();
    let told = labelled_dataset(folder, set, &traffic, settings, &Silent).unwrap();
    assert_eq!(told.data.rows.len(), 2);
    (*told.data.source).clone()
}

#[test]
fn a_folder_is_its_logs_with_those_a_level_down() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("day")).unwrap();
    std::fs::write(at("bad.gz"), [0x1f, 0x8b, 8, 0, 0xff]).unwrap();
    assert_eq!(recognise(folder.path()).unwrap(), Content::Other);
    std::fs::write(at("day/conn.log"), conn(5000) + &conn(5001)).unwrap();
    assert_eq!(recognise(folder.path()).unwrap(), Content::Logs);
    let before = source(folder.path());
    assert_eq!(before.bytes, 5 + 2 * conn(5000).len() as u64);
    assert_eq!(before.bad_records, 0);
    std::fs::write(at("day/conn.log"), conn(5000) + &conn(5002)).unwrap();
    let changed = source(folder.path());
    assert_ne!(before.sha256, changed.sha256);
    // The name within the folder counts, not where the folder lies.
    std::fs::rename(at("day"), at("night")).unwrap();
    assert_ne!(changed.sha256, source(folder.path()).sha256);
    std::fs::rename(at("night"), at("day")).unwrap();
    assert_eq!(changed.sha256, source(folder.path()).sha256);
    std::fs::write(at("day/conn.log"), conn(5000) + "{\"ts\":\n{\n" + &conn(5002)).unwrap();
    assert_eq!(source(folder.path()).bad_records, 2);
}

fn part(name: &str, column: &str, labels: Option<&[&str]>) -> Dataset {
    Dataset {
        rows: Rows::new(vec![(column.to_owned(), Column::numeric(vec![1.0, 2.0]))]).unwrap(),
        labels: labels.map(|names| Labels::from_names(names, "normal")),
        time: None,
        source: Arc::new(Source {
            name: name.to_owned(),
            layout: "flows:tripline".to_owned(),
            sha256: "00".to_owned(),
            bytes: 1,
            rows: 2,
            bad_records: 1,
        }),
        notes: Vec::new(),
    }
}

#[test]
fn parts_that_differ_are_refused_by_name() {
    let labels: Option<&[&str]> = Some(&["normal", "scan"]);
    let whole = concatenated(vec![part("a", "x", labels), part("b", "x", labels)], "ab").unwrap();
    assert_eq!((whole.rows.len(), whole.source.bad_records), (4, 2));
    assert_eq!(whole.labels.unwrap().class(3), "scan");
    for (other, what) in [(part("b", "y", labels), "the columns"), (part("b", "x", None), "labels")]
    {
        let error = concatenated(vec![part("a", "x", labels), other], "ab").unwrap_err();
        assert!(matches!(error, EngineError::Parts { .. }));
        let text = format!("b: {what} are not as in a; read them by themselves");
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn live_capture_has_room_by_default() {
    let settings = TrafficSettings::default();
    assert_eq!((settings.snap_bytes, settings.ring_bytes), (65_535, 64 << 20));
}
