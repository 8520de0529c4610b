//! Real flows: UNSW-NB15 and NSL-KDD, found through `TRIPLINE_DATA`.

#![allow(clippy::print_stderr, reason = "a test on real data says whether it ran")]

use std::path::PathBuf;

use tripline_core::{Column, Input, Rows};
use tripline_features::{PrepareContext, Recipe, What};

fn data(name: &str, file: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("TRIPLINE_DATA") else {
        eprintln!("skipped: TRIPLINE_DATA is not set");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(folder).join(file)).unwrap();
    eprintln!("data test ran: {name}");
    Some(text)
}

/// Columns of plain comma-separated text, without those named.
fn rows(header: &str, lines: &[&str], categories: &[&str], without: &[&str]) -> Rows {
    let cells: Vec<Vec<&str>> = lines.iter().map(|line| line.trim().split(',').collect()).collect();
    let columns = header.trim_start_matches('\u{feff}').trim().split(',').enumerate();
    let columns = columns.filter(|(_, name)| !without.contains(name)).map(|(j, name)| {
        let column = if categories.contains(&name) {
            let values: Vec<Option<&str>> = cells.iter().map(|row| Some(row[j])).collect();
            Column::category(&values)
        } else {
            Column::numeric(cells.iter().map(|row| row[j].parse().unwrap()).collect())
        };
        (name.to_owned(), column)
    });
    Rows::new(columns.collect()).unwrap()
}

fn unsw(name: &str) -> Option<Rows> {
    let text = data(name, "unsw-nb15/UNSW_NB15_82332.csv")?;
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let lines: Vec<&str> = lines.collect();
    let categories = ["proto", "service", "state"];
    Some(rows(header, &lines, &categories, &["id", "attack_cat", "label"]))
}

#[test]
fn data_unsw_becomes_the_columns_that_the_peers_train_on() {
    let Some(rows) = unsw("data_unsw_becomes_the_columns_that_the_peers_train_on") else { return };
    assert_eq!((rows.len(), rows.width()), (82_332, 42));
    let recipe = Recipe::for_input(Input::Scaled);
    let preparer = recipe.fit(&rows, &PrepareContext::default()).unwrap().preparer;
    // pandas.get_dummies of proto (131), service (13), state (7) beside 39 numbers.
    assert_eq!(preparer.output().len(), 190);
    let prepared = preparer.apply(&rows).unwrap();
    assert!(prepared.report.is_empty());
    for (name, column) in prepared.rows.into_columns() {
        let Column::Numeric(values) = column else { panic!("{name}") };
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 1e-9 && (square - 1.0).abs() < 1e-9, "{name}: {mean} {square}");
    }
}

#[test]
fn data_unsw_rows_unseen_in_training_are_counted() {
    let Some(rows) = unsw("data_unsw_rows_unseen_in_training_are_counted") else { return };
    let half: Vec<usize> = (0..rows.len() / 2).collect();
    let rest: Vec<usize> = (rows.len() / 2..rows.len()).collect();
    let recipe = Recipe::parse("engineer,impute=median,encode=one_hot").unwrap();
    let preparer = recipe.fit(&rows.select(&half), &PrepareContext::default()).unwrap().preparer;
    let names: Vec<&str> = preparer.output().names().collect();
    for name in ["bytes_ratio", "pkts_ratio", "bytes_per_pkt", "load_difference", "loss_share"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(names.iter().any(|name| name.starts_with("proto_service=")));
    assert!(names.iter().any(|name| name.starts_with("state_proto=")));
    let rest = rows.select(&rest);
    let prepared = preparer.apply(&rest).unwrap();
    let input = preparer.input();
    let unseen = |name: &str| {
        let known = match &input.fields()[input.position(name).unwrap()].kind {
            tripline_core::FieldKind::Category(values) => values.clone(),
            tripline_core::FieldKind::Numeric => panic!("{name}"),
        };
        let Some(Column::Category(column)) = rest.column(name) else { panic!("{name}") };
        (0..rest.len()).filter(|&row| !known.iter().any(|v| column.value(row) == Some(v))).count()
    };
    for name in ["proto", "service", "state"] {
        assert_eq!(prepared.report.of(name, What::Unseen), unseen(name) as u64, "{name}");
    }
    assert!(unseen("state") > 0);
}

#[test]
fn data_nsl_kdd_has_its_engineered_columns() {
    let name = "data_nsl_kdd_has_its_engineered_columns";
    let Some(text) = data(name, "nsl-kdd/KDDTrain+.txt") else { return };
    let lines: Vec<&str> = text.lines().take(20_000).collect();
    let header = "duration,protocol_type,service,flag,src_bytes,dst_bytes,land,wrong_fragment,\
                  urgent,hot,num_failed_logins,logged_in,num_compromised,root_shell,su_attempted,\
                  num_root,num_file_creations,num_shells,num_access_files,num_outbound_cmds,\
                  is_host_login,is_guest_login,count,srv_count,serror_rate,srv_serror_rate,\
                  rerror_rate,srv_rerror_rate,same_srv_rate,diff_srv_rate,srv_diff_host_rate,\
                  dst_host_count,dst_host_srv_count,dst_host_same_srv_rate,\
                  dst_host_diff_srv_rate,dst_host_same_src_port_rate,\
                  dst_host_srv_diff_host_rate,dst_host_serror_rate,dst_host_srv_serror_rate,\
                  dst_host_rerror_rate,dst_host_srv_rerror_rate,attack,difficulty";
    let categories = ["protocol_type", "service", "flag"];
    let rows = rows(header, &lines, &categories, &["attack", "difficulty"]);
    let recipe = Recipe::parse("engineer,select=variance").unwrap();
    let preparer = recipe.fit(&rows, &PrepareContext::default()).unwrap().preparer;
    let added: Vec<&str> =
        preparer.output().names().filter(|name| rows.schema().position(name).is_none()).collect();
    assert_eq!(
        added,
        [
            "bytes_ratio",
            "proto_service",
            "state_proto",
            "bytes_balance",
            "same_service_share",
            "error_change"
        ]
    );
    // num_outbound_cmds is 0 in every row.
    assert!(preparer.output().position("num_outbound_cmds").is_none());
    assert!(preparer.input().position("num_outbound_cmds").is_none());
}
