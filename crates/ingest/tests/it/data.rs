//! The published files themselves.

use tripline_core::{Dataset, Silent};
use tripline_ingest::{ReadOptions, open, read};

use crate::support::{codes, data_folder};

fn labelled() -> ReadOptions {
    ReadOptions { require_labels: true, ..ReadOptions::default() }
}

fn counts(data: &Dataset) -> Vec<(String, usize)> {
    let labels = data.labels.as_ref().unwrap();
    labels.classes().iter().cloned().zip(labels.counts()).collect()
}

fn own(counts: &[(&str, usize)]) -> Vec<(String, usize)> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn data_unsw_partition() {
    let Some(folder) = data_folder("data_unsw_partition") else { return };
    let path = folder.join("unsw-nb15/UNSW_NB15_82332.csv");
    let data = read(&path, &labelled(), &Silent).unwrap();
    assert_eq!(data.len(), 82_332);
    assert_eq!(data.source.layout, "unsw-nb15");
    assert_eq!(data.rows.width(), 42);
    assert_eq!(codes(&data), ["byte-order-mark", "crlf", "not-features", "dash-service"]);
    // polars: value_counts of attack_cat
    let expected = own(&[
        ("Normal", 37_000),
        ("Analysis", 677),
        ("Backdoor", 583),
        ("DoS", 4_089),
        ("Exploits", 11_132),
        ("Fuzzers", 6_062),
        ("Generic", 18_871),
        ("Reconnaissance", 3_496),
        ("Shellcode", 378),
        ("Worms", 44),
    ]);
    assert_eq!(counts(&data), expected);
    assert_eq!(data.source.bytes, std::fs::metadata(&path).unwrap().len());

    let mut rows = 0;
    let mut batches = open(&path, &ReadOptions { batch_rows: 10_000, ..labelled() }).unwrap();
    for batch in batches.by_ref() {
        rows += batch.unwrap().len();
    }
    assert_eq!(rows, 82_332);
    assert_eq!(batches.source(), *data.source);
}

#[test]
fn data_unsw_raw_has_the_columns_of_the_partition() {
    let Some(folder) = data_folder("data_unsw_raw") else { return };
    let partition =
        read(&folder.join("unsw-nb15/UNSW_NB15_82332.csv"), &labelled(), &Silent).unwrap();
    let raw = read(&folder.join("unsw-nb15/raw49_sample_10k.csv"), &labelled(), &Silent).unwrap();
    assert_eq!(raw.source.layout, "unsw-nb15-raw");
    assert_eq!(raw.len(), 10_000);
    let missing: Vec<&str> =
        partition.rows.schema().names().filter(|name| raw.rows.column(name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(raw.rows.width(), partition.rows.width());
    // polars: the first row's ltime is 1421932424.
    assert_eq!(raw.time.as_ref().unwrap()[0], 1_421_932_424_000_000_000);
    let labels = raw.labels.as_ref().unwrap();
    assert_eq!(labels.counts()[0], 8_674);
    assert!(codes(&raw).contains(&"numbered-categories"));
    assert!(codes(&raw).contains(&"derived-column"));

    // Without its header, it is the same.
    let text = std::fs::read(folder.join("unsw-nb15/raw49_sample_10k.csv")).unwrap();
    let header = text.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let headless = tripline_ingest::read_bytes("raw", &text[header..], &labelled()).unwrap();
    assert_eq!(headless.source.layout, "unsw-nb15-raw");
    assert_eq!(headless.rows.schema(), raw.rows.schema());
    assert_eq!(headless.labels, raw.labels);
}

#[test]
fn data_unsw_rate_is_what_the_layout_says() {
    let Some(folder) = data_folder("data_unsw_rate") else { return };
    let path = folder.join("unsw-nb15/UNSW_NB15_82332.csv");
    let data = read(&path, &labelled(), &Silent).unwrap();
    let number = |name: &str| match data.rows.column(name).unwrap() {
        tripline_core::Column::Numeric(values) => values.clone(),
        tripline_core::Column::Category(_) => panic!("{name} is a category"),
    };
    let derived = tripline_ingest::Layout::get("unsw-nb15-raw").unwrap().derived.as_ref().unwrap();
    let from: Vec<_> = derived.from.iter().map(|name| number(name)).collect();
    let rate = number("rate");
    let same = (0..data.len())
        .filter(|&row| {
            let inputs: Vec<f64> = from.iter().map(|values| values[row]).collect();
            let computed = (derived.compute)(&inputs);
            (computed - rate[row]).abs() <= 1e-4 * rate[row].abs()
        })
        .count();
    let share = same as f64 / data.len() as f64;
    assert!((0.984..0.985).contains(&share), "{share}");
}

#[test]
fn data_nsl_kdd() {
    let Some(folder) = data_folder("data_nsl_kdd") else { return };
    let train = read(&folder.join("nsl-kdd/KDDTrain+.txt"), &labelled(), &Silent).unwrap();
    let test = read(&folder.join("nsl-kdd/KDDTest+.txt"), &labelled(), &Silent).unwrap();
    assert_eq!((train.len(), test.len()), (125_973, 22_544));
    assert_eq!(train.source.layout, "nsl-kdd");
    assert_eq!(train.rows.width(), 41);
    let labels = train.labels.as_ref().unwrap();
    // Tavallaee et al. 2009: 67,343 normal records; 22 attacks.
    assert_eq!((labels.counts()[0], labels.classes().len()), (67_343, 23));
    let attacks = test.labels.as_ref().unwrap().classes();
    let new = attacks.iter().filter(|name| !labels.classes().contains(name)).count();
    assert_eq!((attacks.len(), new), (38, 17));
    assert_eq!(codes(&train), ["no-header", "not-features"]);

    // A model's schema rules the kinds of the test file.
    let options =
        ReadOptions { expected: Some(train.rows.schema().as_ref().clone()), ..labelled() };
    let scored = read(&folder.join("nsl-kdd/KDDTest+.txt"), &options, &Silent).unwrap();
    assert_eq!(train.rows.schema().align(&scored.rows).unwrap().len, 22_544);
}
