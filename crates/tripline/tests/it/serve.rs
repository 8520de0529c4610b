//! `tripline serve` where it cannot start: what is named, and the way out.

use std::net::TcpListener;

use crate::bench::Bench;
use crate::service::Service;

/// Runs SQL over a database that no service has open.
pub(crate) fn sql(bench: &Bench, statements: &str) {
    use sqlx::Connection as _;
    let path = bench.path("data/tripline.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let statements = sqlx::AssertSqlSafe(statements.to_owned());
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// A folder with `data`, in which a service has run.
pub(crate) fn served() -> Bench {
    let bench = Bench::new();
    Service::start(&bench.path(""), "--data-dir data").stop();
    bench
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let bench = Bench::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = bench.refused(&format!("serve --data-dir data --port {port}"));
    assert_eq!(run.code, 1);
    assert!(run.err.contains(&format!("127.0.0.1:{port}")), "{}", run.err);
    assert!(run.err.contains("--port"), "{}", run.err);
    assert!(!bench.path("data").exists(), "a refused start leaves nothing behind");
    drop(taken);
    let service = Service::start(&bench.path(""), "--data-dir data");
    assert!(service.first_token().is_some(), "{}", service.said());
}

#[test]
fn a_folder_has_one_service() {
    let bench = Bench::new();
    let mut first = Service::start(&bench.path(""), "--data-dir data");
    for command in [
        "serve --data-dir data --port 0",
        "key create --name x --scopes predict --data-dir data",
        "key list --data-dir data",
        "user list --data-dir data",
    ] {
        let run = bench.refused(command);
        assert_eq!(run.code, 1, "{command}");
        assert!(run.err.contains("tripline.lock"), "{command}: {}", run.err);
        assert!(run.err.contains("--data-dir"), "{command}: {}", run.err);
    }
    // Reading the trail takes no lock.
    bench.ok("audit verify --data-dir data");
    assert!(first.runs());
    assert_eq!(first.client(None).get("/readyz").status, 200);
    first.stop();
    bench.ok("key list --data-dir data");
}

#[test]
fn a_damaged_database_is_not_overwritten() {
    let bench = served();
    // All that was written is in the one file then.
    sql(&bench, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;");
    let good = bench.bytes("data/tripline.db");
    let mut noise = good.clone();
    for page in noise.chunks_mut(4096).skip(1) {
        page.iter_mut().for_each(|byte| *byte ^= 0x5a);
    }
    let cut = &good[..good.len() / 2];
    for (what, bytes) in [
        ("noise", noise.as_slice()),
        ("cut", cut),
        ("another file", b"rate,bytes,protocol,label\n".repeat(40).as_slice()),
    ] {
        bench.write("data/tripline.db", bytes);
        let run = bench.refused("serve --data-dir data --port 0");
        assert_eq!(run.code, 1, "{what}");
        assert!(run.err.contains("data/tripline.db"), "{what}: {}", run.err);
        assert!(
            run.err.contains("backup") || run.err.contains("--data-dir"),
            "{what}: {}",
            run.err
        );
        assert!(!run.err.contains("panicked"), "{what}: {}", run.err);
        assert!(bench.bytes("data/tripline.db") == bytes, "{what}: the file was changed");
    }
    // The backup in its place.
    bench.write("data/tripline.db", &good);
    Service::start(&bench.path(""), "--data-dir data").stop();
    bench.ok("audit verify --data-dir data");
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let bench = served();
    sql(&bench, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 99;");
    let before = bench.bytes("data/tripline.db");
    let run = bench.refused("serve --data-dir data --port 0");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("version 99") && run.err.contains("newer tripline"), "{}", run.err);
    assert!(bench.bytes("data/tripline.db") == before);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let bench = Bench::new();
    bench.write("file", "x");
    let mut folders = vec!["file", "file/data"];
    if cfg!(target_os = "linux") {
        // Nobody writes here, the administrator neither.
        folders.extend(["/proc", "/proc/data"]);
    }
    for folder in folders {
        let run = bench.refused(&format!("serve --data-dir {folder} --port 0"));
        assert!(run.err.contains(folder), "{folder}: {}", run.err);
        assert!(run.err.contains("--data-dir"), "{folder}: {}", run.err);
    }
    assert_eq!(bench.names(), ["file"]);
}

#[test]
fn a_folder_that_is_not_there_is_made() {
    let bench = Bench::new();
    Service::start(&bench.path(""), "--data-dir some/where/data").stop();
    bench.ok("audit verify --data-dir some/where/data");
}

#[test]
fn a_file_with_an_unknown_key_names_the_nearest() {
    let bench = Bench::new();
    bench.write("c.yaml", "serve:\n  bind: 127.0.0.1\n  prot: 5004\n");
    for command in ["serve --config c.yaml", "config check c.yaml"] {
        let run = bench.refused(command);
        assert_eq!(run.code, 2, "{command}");
        assert!(run.err.contains("c.yaml:3"), "{command}: {}", run.err);
        assert!(run.err.contains("is `port` meant?"), "{command}: {}", run.err);
    }
    for (text, named) in [
        ("serve:\n  tls: ful\n", "serve.tls"),
        ("serve:\n  bind: nowhere\n", "serve.bind"),
        ("serve:\n  tls: proxy\n", "serve.proxies"),
        ("serve:\n  tls: files\n", "serve.tls_certificate"),
        ("serve:\n  log:\n    format: xml\n", "serve.log.format"),
        ("serve:\n  limits:\n    in_flight: 0\n", "serve.limits.in_flight"),
        ("serve:\n  access:\n    session_hours: 0\n", "access.session_hours"),
        ("serve:\n  predictions:\n    on_full: wait\n", "predictions.on_full"),
        ("serve:\n  predictions:\n    commit_milliseconds: 500\n", "commit_milliseconds"),
        ("serve:\n  training:\n    nice: 20\n", "serve.training.nice"),
    ] {
        bench.write("c.yaml", text);
        for command in ["serve --config c.yaml", "config check c.yaml"] {
            let run = bench.refused(command);
            assert_eq!(run.code, 2, "{text}: {}", run.err);
            assert!(run.err.contains(named), "{command}: {text}: {}", run.err);
        }
    }
    // Nothing was made by what did not start.
    assert_eq!(bench.names(), ["c.yaml"]);
}

#[test]
fn what_holds_is_shown_with_its_source() {
    let bench = Bench::new();
    bench.write("c.yaml", "serve:\n  port: 5004\n  access:\n    keys: true\n");
    bench.ok("config check c.yaml");
    let shown = bench.json("config show --changed --config c.yaml");
    let named = |name: &str| {
        shown.as_array().unwrap().iter().find(|s| s["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(named("serve.port")["value"], 5004);
    assert_eq!(named("serve.port")["source"], "file");
    assert_eq!(named("serve.access.keys")["value"], true);
    assert_eq!(named("serve.bind"), serde_json::Value::Null);
    let all = bench.ok("config show --config c.yaml").out;
    assert!(all.contains("serve.bind: \"127.0.0.1\"  # default"), "{all}");
    assert!(all.contains("serve.port: 5004  # file"), "{all}");
}

#[test]
fn elsewhere_is_refused_without_keys_and_encryption() {
    let bench = Bench::new();
    let run = bench.refused("serve --data-dir data --port 0 --bind 0.0.0.0");
    assert_eq!(run.code, 1);
    for way in ["--tls-cert", "--tls-key", "serve.tls: proxy", "serve.proxies", "loopback"] {
        assert!(run.err.contains(way), "{way}: {}", run.err);
    }
    assert!(!bench.path("data").exists(), "a refused start leaves nothing behind");
    for options in ["--bind 0.0.0.0 --proxy 10.0.0.1", "--keys", "--proxy 10.0.0.1"] {
        let run = bench.refused(&format!("serve --data-dir data --port 0 {options}"));
        assert!(run.err.contains("tripline key create --scopes admin"), "{options}: {}", run.err);
        assert!(run.err.contains("tripline user add"), "{options}: {}", run.err);
    }
    // A key that may not administer is not enough; one that may is.
    bench.ok("key create --name sensor --scopes predict --data-dir data");
    bench.refused("serve --data-dir data --port 0 --keys");
    bench.ok("key create --name first --scopes admin --data-dir data");
    Service::start(&bench.path(""), "--data-dir data --keys").stop();
}

#[test]
fn options_that_exclude_each_other_are_usage_errors() {
    let bench = Bench::new();
    for options in [
        "--tls-cert c.pem",
        "--tls-key k.pem",
        "--proxy 10.0.0.1 --tls-cert c.pem --tls-key k.pem",
        "--proxy nonsense",
        "--bind nowhere",
        "--port 65536",
    ] {
        let run = bench.refused(&format!("serve --data-dir data {options}"));
        assert_eq!(run.code, 2, "{options}: {}", run.err);
    }
    assert!(bench.names().is_empty());
}
