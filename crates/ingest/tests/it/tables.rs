//! Tables of no published layout.

use expect_test::{Expect, expect};
use tripline_core::FieldKind;
use tripline_ingest::ReadOptions;

use crate::support::{codes, from_text, rows, show, with};

fn check(text: &str, options: &ReadOptions, expected: Expect) {
    let shown = match with(text.as_bytes(), options) {
        Ok(data) => show(&data),
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&shown);
}

fn label(label: &str, benign: Option<&str>) -> ReadOptions {
    ReadOptions {
        label: Some(label.to_owned()),
        benign: benign.map(str::to_owned),
        ..ReadOptions::default()
    }
}

const TABLE: &str = "id;src;bytes;fast;proto;verdict;seen\n\
                     1;10.0.0.1;12.5;true;tcp;fine;2020-01-01T00:00:00Z\n\
                     2;10.0.0.2;NA;false;udp;scan;2020-01-01T00:00:01Z\n\
                     3;::1;3e2;;;flood;2020-01-01T00:00:02Z\n";

#[test]
fn a_named_label_with_its_benign_value() {
    check(
        TABLE,
        &label("verdict", Some("fine")),
        expect![[r#"
        layout table, 3 rows, 0 bad
        bytes: 12.5 ? 300
        fast: 1 0 ?
        proto: tcp udp ?
        classes ["fine", "flood", "scan"]: fine, scan, flood
        [not-features] these columns are no features: `id (the number of the row)`, `src (addresses)`, `seen (times; `--time seen` reads them)`
    "#]],
    );
}

#[test]
fn a_time_column_is_read_where_it_is_named() {
    let options = ReadOptions { time: Some("seen".to_owned()), ..label("verdict", Some("fine")) };
    let data = with(TABLE.as_bytes(), &options).unwrap();
    let second = 1_577_836_800_000_000_000;
    assert_eq!(
        **data.time.as_ref().unwrap(),
        [second, second + 1_000_000_000, second + 2_000_000_000]
    );
}

#[test]
fn a_label_that_tells_its_benign_value_itself() {
    check(
        "a,class\n1,Normal\n2,dos\n",
        &label("class", None),
        expect![[r#"
        layout table, 2 rows, 0 bad
        a: 1 2
        classes ["Normal", "dos"]: Normal, dos
    "#]],
    );
    check(
        "a,class\n1,good\n2,bad\n",
        &label("class", None),
        expect![[r#"
        flows.csv: which value of label column `class` is benign? say it by `--benign VALUE`; its values are: `bad`, `good`
    "#]],
    );
}

#[test]
fn a_column_named_label_is_found() {
    check(
        "a,label\n1,0\n2,1\n",
        &ReadOptions::default(),
        expect![[r#"
        layout table, 2 rows, 0 bad
        a: 1 2
        classes ["0", "1"]: 0, 1
        [label-found] `label` is taken for the label, `0` for its benign value; `--label COLUMN --benign VALUE` names others
    "#]],
    );
    check(
        "a,attack_cat,label\n1,benign,0\n2,scan,1\n3,scan,0\n4,benign,1\n",
        &ReadOptions::default(),
        expect![[r#"
            layout table, 4 rows, 0 bad
            a: 1 2 3 4
            classes ["benign", "attack", "scan"]: benign, scan, scan, attack
            [label-found] `attack_cat` is taken for the label, `benign` for its benign value; `--label COLUMN --benign VALUE` names others
            [label-conflict] rows whose two label columns disagree: 2; the kind of attack decides, an attack without a kind is `attack`
        "#]],
    );
}

#[test]
fn no_labels_are_fine_for_scoring_alone() {
    let text = "a,b\n1,x\n";
    assert!(from_text(text).unwrap().labels.is_none());
    let training = ReadOptions { require_labels: true, ..ReadOptions::default() };
    check(
        text,
        &training,
        expect![[r#"
        flows.csv: no label column is known for this table; name it by `--label COLUMN --benign VALUE`; its columns are: `a`, `b`
    "#]],
    );
    check(
        "a,label\n1,x\n2,y\n",
        &training,
        expect![[r#"
        flows.csv: which value of label column `label` is benign? say it by `--benign VALUE`; its values are: `x`, `y`
    "#]],
    );
}

#[test]
fn rows_without_class_are_scored_and_not_trained_on() {
    let text = "a,label\n1,0\n2,\n3,1\n";
    let data = from_text(text).unwrap();
    assert_eq!(rows(&data), ["1", "2", "3"]);
    assert_eq!(codes(&data), ["label-found", "unlabelled-rows"]);
    let training = ReadOptions { require_labels: true, ..ReadOptions::default() };
    let data = with(text.as_bytes(), &training).unwrap();
    assert_eq!(rows(&data), ["1|0", "3|1"]);
    assert_eq!(data.source.bad_records, 1);
}

#[test]
fn a_wrong_label_column_names_close_ones() {
    check(
        "bytes,Attack Cat\n1,x\n",
        &label("atack_cat", Some("x")),
        expect![[r#"
        flows.csv:1: there is no column `atack_cat` for `--label`, did you mean `Attack Cat`?; columns are: `bytes`, `Attack Cat`
    "#]],
    );
    check(
        "bytes,kind\n1,x\n",
        &label("verdict", Some("x")),
        expect![[r#"
        flows.csv:1: there is no column `verdict` for `--label`; columns are: `bytes`, `kind`
    "#]],
    );
    check(
        "bytes,kind\n1,x\n2,y\n",
        &label("kind", Some("z")),
        expect![[r#"
        flows.csv: no row of label column `kind` is `z`; name the benign one of its values by `--benign VALUE`: `x`, `y`
    "#]],
    );
}

#[test]
fn another_label_on_a_known_layout_keeps_its_own_out() {
    let data = with(
        b"sinpkt,smean,ct_state_ttl,ct_srv_src,attack_cat,label\n1,1,1,1,Normal,0\n1,1,1,1,DoS,1\n",
        &label("label", None),
    )
    .unwrap();
    assert_eq!(data.source.layout, "unsw-nb15");
    assert_eq!(rows(&data), ["1|1|1|1|0", "1|1|1|1|1"]);
}

#[test]
fn odd_cells_are_missing_and_told() {
    let mut text = "a,b,label\n".to_owned();
    // Kinds are inferred from the first rows alone.
    for row in 0..10_000 {
        text.push_str(&format!("{row},2,0\n"));
    }
    text.push_str("x,inf,1\n");
    let data = from_text(&text).unwrap();
    assert_eq!(rows(&data)[10_000], "?|?|1");
    assert_eq!(codes(&data), ["label-found", "infinite-cells", "text-cells"]);
}

#[test]
fn names_that_repeat_are_told_apart() {
    check(
        "a,b,a,a\n1,2,3,4\n",
        &ReadOptions::default(),
        expect![[r#"
        layout table, 1 rows, 0 bad
        a: 1
        b: 2
        a.1: 3
        a.2: 4
        no classes
        [duplicated-columns] the header names these columns more than once: `a`, `a`; a published column is read once, another gets a number after its name
    "#]],
    );
}

#[test]
fn numbers_in_the_first_line_are_a_row() {
    check(
        "1,2,x\n3,4,y\n",
        &ReadOptions::default(),
        expect![[r#"
        layout table, 2 rows, 0 bad
        column_1: 1 3
        column_2: 2 4
        column_3: x y
        no classes
        [no-header] the first line holds numbers, so it is read as a row; columns are named `column_1` and so on
    "#]],
    );
}

#[test]
fn text_that_hardly_repeats_is_no_feature() {
    let mut text = "name,kind,label\n".to_owned();
    for row in 0..2_000 {
        text.push_str(&format!("host{row},k{},0\n", row % 7));
    }
    let data = from_text(&text).unwrap();
    assert_eq!(data.rows.schema().names().collect::<Vec<_>>(), ["kind"]);
    assert!(codes(&data).contains(&"free-text"));

    // The same where only later rows show it.
    let mut text = "name,label\n".to_owned();
    for row in 0..20_000 {
        text.push_str(&format!("host{},0\n", if row < 10_000 { row % 7 } else { row }));
    }
    let data = from_text(&text).unwrap();
    assert_eq!(data.rows.width(), 0);
    assert_eq!(data.len(), 20_000);
    assert!(codes(&data).contains(&"free-text"));
}

#[test]
fn a_models_schema_rules_the_kinds() {
    let training = from_text("port,proto,bytes,label\n80,tcp,1,0\nx,udp,2,1\n").unwrap();
    let schema = training.rows.schema().as_ref().clone();
    let options = ReadOptions { expected: Some(schema.clone()), ..ReadOptions::default() };
    // Now `port` looks like numbers, `bytes` like text; `extra` is new, the label is gone.
    let data = with(b"extra,bytes,port,proto\n1,?,80,gre\n1,7,x,tcp\n", &options).unwrap();
    assert_eq!(rows(&data), ["?|80|gre", "7|x|tcp"]);
    let FieldKind::Category(ports) = &data.rows.schema().fields()[1].kind else { panic!() };
    assert_eq!(**ports, ["80", "x"]);
    let aligned = schema.align(&data.rows).unwrap();
    assert_eq!((aligned.len, aligned.unseen), (2, 1));
    assert_eq!(codes(&data), ["further-columns", "text-cells"]);
}
