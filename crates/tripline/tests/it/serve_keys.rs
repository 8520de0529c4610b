//! Keys and users by the command line, and what they open.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::bench::{Bench, program};
use crate::service::Service;

#[test]
fn a_key_opens_until_it_is_revoked() {
    let bench = Bench::new();
    let made = bench.ok("key create --name reader --scopes read --data-dir data");
    let key = made.out.trim().to_owned();
    assert!(key.starts_with("tl_"), "{key}");
    assert!(made.err.contains("not shown again"), "{}", made.err);
    let admin = bench.json("key create --name admin --scopes admin,read --data-dir data");
    let admin_id = admin["id"].as_str().unwrap();

    let listed = bench.ok("key list --data-dir data").out;
    let id = key.split('_').nth(1).unwrap();
    assert!(listed.contains(id) && listed.contains("reader"), "{listed}");
    let secret = key.splitn(3, '_').nth(2).unwrap();
    assert!(!listed.contains(secret), "the secret is listed");
    assert_eq!(bench.json("key list --data-dir data").as_array().unwrap().len(), 2);

    let get = |key: &str| {
        let service = Service::start(&bench.path(""), "--data-dir data --keys");
        let client = service.client(None);
        let answer = client.send("GET", "/api/v1/models", &[("X-API-Key", key)], b"").unwrap();
        service.stop();
        answer
    };
    assert_eq!(get(&key).status, 200);
    bench.ok(&format!("key revoke {id} --data-dir data"));
    let refused = get(&key);
    assert_eq!(refused.status, 401, "{}", refused.text());
    assert!(bench.ok("key list --data-dir data").out.contains("revoked"));
    // A second time, and what is not there.
    assert_eq!(bench.run("key revoke nobody --data-dir data").code, 2);
    assert!(bench.run("key revoke nobody --data-dir data").err.contains("`nobody`"));
    bench.ok(&format!("key revoke {admin_id} --data-dir data"));
    // Nobody could administer any more.
    let run = bench.refused("serve --data-dir data --port 0 --keys");
    assert!(run.err.contains("tripline key create"), "{}", run.err);
    bench.ok("audit verify --data-dir data");
}

#[test]
fn what_cannot_be_a_key_is_a_usage_error() {
    let bench = Bench::new();
    for (options, named) in [
        ("--name x --scopes fly", "`fly`"),
        ("--name x --scopes read --expires tomorrow", "--expires"),
        ("--scopes read", "--name"),
        ("--name x", "--scopes"),
    ] {
        let run = bench.run(&format!("key create {options} --data-dir data"));
        assert_eq!(run.code, 2, "{options}: {}", run.err);
        assert!(run.err.contains(named), "{options}: {}", run.err);
    }
    for options in
        ["--name x --scopes read --rate-limit 0", "--name x --scopes read --rate-limit -1"]
    {
        assert_eq!(
            bench.run(&format!("key create {options} --data-dir data")).code,
            2,
            "{options}"
        );
    }
}

#[test]
fn a_folder_without_a_service_is_named_and_not_made() {
    let bench = Bench::new();
    for command in ["key list", "key revoke x", "key token", "user list", "user remove x"] {
        let run = bench.run(&format!("{command} --data-dir typo"));
        assert_ne!(run.code, 0, "{command}: {}", run.out);
        assert!(run.err.contains("typo"), "{command}: {}", run.err);
        assert!(run.err.contains("--data-dir"), "{command}: {}", run.err);
        assert!(bench.names().is_empty(), "{command} made {:?}", bench.names());
    }
    let run = bench.run("audit verify --data-dir typo");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("typo") && run.err.contains("--data-dir"), "{}", run.err);
}

#[test]
fn a_user_logs_in_by_a_password_of_standard_input() {
    let bench = Bench::new();
    let add = |name: &str, password: &str| {
        let mut child = Command::new(program())
            .args(["user", "add", name, "--scopes", "read,admin", "--data-dir", "data"])
            .current_dir(bench.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A refusal may come before it is read.
        let _ = child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes());
        child.wait_with_output().unwrap()
    };
    let short = add("bob", "short");
    assert_eq!(short.status.code(), Some(2), "{}", String::from_utf8_lossy(&short.stderr));
    assert!(add("ada", "correct horse battery").status.success());
    assert_eq!(bench.ok("user list --data-dir data").out, "ada  read,admin\n");

    let service = Service::start(&bench.path(""), "--data-dir data --keys");
    let client = service.client(None);
    let page = client.send("GET", "/ui/login", &[("Accept", "text/html")], b"").unwrap();
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let html = page.text();
    let csrf = html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let origin = format!("http://localhost:{}", service.address().port());
    let log_in = |password: &str| {
        let form = format!("csrf={csrf}&name=ada&user=ada&password={password}");
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Cookie", &cookie),
            ("Origin", &origin),
            ("Accept", "text/html"),
        ];
        client.send("POST", "/ui/login", &headers, form.as_bytes()).unwrap()
    };
    assert!(log_in("wrong+horse+battery").status >= 400);
    let entered = log_in("correct+horse+battery");
    assert_eq!(entered.status, 303, "{}", entered.text());
    let session = entered.header("set-cookie").unwrap().split(';').next().unwrap();
    assert_ne!(session, cookie, "a session of nobody does not become one of somebody");
    let page = client.send("GET", "/ui/settings", &[("Cookie", session)], b"").unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    service.stop();

    bench.ok("user remove ada --data-dir data");
    assert_eq!(bench.ok("user list --data-dir data").out, "");
    let run = bench.run("user remove ada --data-dir data");
    assert_ne!(run.code, 0);
    assert!(run.err.contains("`ada`"), "{}", run.err);
    // Whoever could administer is gone.
    bench.refused("serve --data-dir data --port 0 --keys");
}

#[test]
fn a_lost_first_token_is_made_anew() {
    let bench = Bench::new();
    let service = Service::start(&bench.path(""), "--data-dir data");
    let old = service.first_token().unwrap();
    service.stop();
    let fresh = bench.ok("key token --data-dir data").out.trim().to_owned();
    let service = Service::start(&bench.path(""), "--data-dir data");
    assert_eq!(service.first_token(), None, "it is shown once");
    let keys = |token: &str| service.client(Some(token.to_owned())).get("/api/v1/keys").status;
    assert_eq!(keys(&fresh), 200);
    assert_eq!(keys(&old), 401);
    service.stop();
}
