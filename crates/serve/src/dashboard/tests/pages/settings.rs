//! Settings, keys, users, the audit trail, the log-in.

use std::time::Duration;

use tripline_engine::service::AuditCheck;
use tripline_store::audit::{AuditReport, Finding};
use tripline_store::records::*;

use super::super::super::fields::Fields;
use super::super::super::page::{Viewer, page};
use super::super::super::text::DAY;
use super::super::super::view;
use super::super::records::*;
use super::Drawn;

pub(super) fn pages() -> Vec<Drawn> {
    let viewer = viewer();
    let hostile = Fields::default().with("kind", HOSTILE).with("entity", HOSTILE);
    let entries = audit();
    let mut out = Vec::new();
    let groups = vec![(
        "serve".to_owned(),
        vec![("serve.port".to_owned(), "5003".to_owned(), HOSTILE.to_owned())],
    )];
    out.push((
        "settings",
        page(
            &viewer,
            "/ui/settings",
            "Settings",
            &view::settings::page(&viewer, &[threshold()], &[rule()], &groups),
        ),
    ));
    let keys = [ApiKey {
        id: "a1b2c3".to_owned(),
        name: HOSTILE.to_owned(),
        hash: [0; 32],
        scopes: Scopes::of(&[Scope::Read, Scope::Predict]),
        rate_limit: None,
        created_at: NOW,
        expires_at: Some(NOW.plus_micros(90 * DAY)),
        revoked_at: None,
        last_used_at: Some(NOW),
    }];
    out.push((
        "keys",
        page(
            &viewer,
            "/ui/settings",
            "Keys",
            &view::keys::keys(&viewer, &keys, Some("tl_a1b2c3_secret"), NOW),
        ),
    ));
    let users = [User {
        name: HOSTILE.to_owned(),
        password: "x".to_owned(),
        scopes: Scopes::of(&[Scope::Admin]),
        created_at: NOW,
    }];
    out.push((
        "users",
        page(&viewer, "/ui/settings", "Users", &view::keys::users(&viewer, &users)),
    ));
    let head = AuditHead { sequence: 4, hash: [7; 32], signature: vec![1] };
    out.push((
        "audit",
        page(
            &viewer,
            "/ui/settings",
            "Audit",
            &view::audit::page(&viewer, (&hostile, &entries, Some("1")), Some(&head), None),
        ),
    ));
    for (name, findings) in
        [("audit-intact", Vec::new()), ("audit-broken", vec![Finding::Changed { sequence: 3 }])]
    {
        let report = AuditReport { entries: 4, logged: 4, findings, ..AuditReport::default() };
        let found = AuditCheck { report, log_there: true };
        let verified = view::audit::Verified::Checked { found, took: Duration::from_millis(3) };
        let list = (&hostile, entries.as_slice(), None);
        let body = view::audit::page(&viewer, list, Some(&head), Some(&verified));
        out.push((name, page(&viewer, "/ui/settings", "Audit", &body)));
    }
    out.push((
        "login",
        page(
            &Viewer { user: None, scopes: Scopes::default(), ..viewer.clone() },
            "",
            "Log in",
            &view::login::page(&viewer, HOSTILE, Some(HOSTILE)),
        ),
    ));
    out
}
