//! Keys, users, sessions, settings.

use tripline_store::records::{ApiKey, PageRequest, Scope, Scopes, Session, User};
use tripline_store::{MetadataError, Timestamp};

use super::{at, change, each};

fn key(id: &str) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        name: "sensor".to_owned(),
        hash: [9; 32],
        scopes: Scopes::of(&[Scope::Predict, Scope::Read]),
        rate_limit: Some(100.0),
        created_at: at(1),
        expires_at: Some(at(100)),
        revoked_at: None,
        last_used_at: None,
    }
}

fn user(name: &str, password: &str) -> User {
    User {
        name: name.to_owned(),
        password: password.to_owned(),
        scopes: Scopes::of(&[Scope::Admin]),
        created_at: at(1),
    }
}

fn session(byte: u8, user: &str, until: Timestamp) -> Session {
    Session { hash: [byte; 32], user: user.to_owned(), created_at: at(2), expires_at: until }
}

#[test]
fn a_key_is_kept_as_its_hash_until_it_is_taken_back() {
    each(async |store| {
        store.add_key(&key("tk1"), &change(1)).await.unwrap();
        store.add_key(&key("tk2"), &change(2)).await.unwrap();
        let twice = store.add_key(&key("tk1"), &change(3)).await;
        assert!(matches!(twice, Err(MetadataError::Conflict { .. })));
        let keys = store.keys().await.unwrap();
        assert_eq!(keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["tk2", "tk1"]);
        assert_eq!(format!("{:?}", keys[1]), format!("{:?}", key("tk1")));
        store.touch_key("tk1", at(200)).await.unwrap();
        store.touch_key("tk1", at(150)).await.unwrap();
        let used = store.keys().await.unwrap().remove(1).last_used_at.unwrap();
        assert_eq!(used.0, at(200).0 - at(200).0 % 60_000_000);
        store.revoke_key("tk1", &change(5)).await.unwrap();
        store.revoke_key("tk1", &change(6)).await.unwrap();
        assert_eq!(store.keys().await.unwrap()[1].revoked_at, Some(at(5)));
        let lost = store.revoke_key("tk9", &change(6)).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
        let wrong = ApiKey { rate_limit: Some(f64::NAN), ..key("tk3") };
        let refused = store.add_key(&wrong, &change(6)).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "rate_limit", .. })));
    });
}

#[test]
fn another_password_ends_the_sessions_of_a_user() {
    each(async |store| {
        store.put_user(&user("ada", "$argon2id$1"), &change(1)).await.unwrap();
        store.put_user(&user("bob", "$argon2id$2"), &change(1)).await.unwrap();
        store.add_session(&session(1, "ada", at(50)), &change(2)).await.unwrap();
        store.add_session(&session(2, "bob", at(50)), &change(2)).await.unwrap();
        let lost = store.add_session(&session(3, "eve", at(50)), &change(2)).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
        let found = store.session(&[1; 32], at(49)).await.unwrap().unwrap();
        assert_eq!((found.user.as_str(), found.expires_at), ("ada", at(50)));
        assert!(store.session(&[1; 32], at(50)).await.unwrap().is_none());
        let changed = User { created_at: at(9), ..user("ada", "$argon2id$3") };
        store.put_user(&changed, &change(3)).await.unwrap();
        let read = store.user("ada").await.unwrap().unwrap();
        assert_eq!((read.password.as_str(), read.created_at), ("$argon2id$3", at(1)));
        assert!(store.session(&[1; 32], at(3)).await.unwrap().is_none());
        assert!(store.session(&[2; 32], at(3)).await.unwrap().is_some());
        store.end_session(&[2; 32], &change(4)).await.unwrap();
        store.end_session(&[2; 32], &change(4)).await.unwrap();
        assert!(store.session(&[2; 32], at(3)).await.unwrap().is_none());
        store.remove_user("bob", &change(5)).await.unwrap();
        let lost = store.remove_user("bob", &change(5)).await;
        assert!(matches!(lost, Err(MetadataError::NotFound { .. })));
        let names: Vec<_> =
            store.users().await.unwrap().into_iter().map(|user| user.name).collect();
        assert_eq!(names, ["ada"]);
        assert!(store.user("bob").await.unwrap().is_none());
    });
}

#[test]
fn neither_hash_nor_password_stands_in_the_trail() {
    each(async |store| {
        store.add_key(&key("tk1"), &change(1)).await.unwrap();
        store.put_user(&user("ada", "$argon2id$SECRET"), &change(1)).await.unwrap();
        store.add_session(&session(0xab, "ada", at(50)), &change(2)).await.unwrap();
        store.end_session(&[0xab; 32], &change(3)).await.unwrap();
        let trail = store.entries(None, &PageRequest::default()).await.unwrap().items;
        assert_eq!(trail.len(), 4);
        for entry in trail {
            let text = format!("{}{}", entry.object, entry.detail);
            assert!(!text.contains("SECRET") && !text.contains("abab") && !text.contains("0909"));
        }
    });
}

#[test]
fn a_setting_stays_until_it_is_taken_away() {
    each(async |store| {
        assert_eq!(store.setting("fpr").await.unwrap(), None);
        store.set_setting("fpr", Some("0.01"), &change(1)).await.unwrap();
        store.set_setting("fpr", Some("0.02"), &change(2)).await.unwrap();
        assert_eq!(store.setting("fpr").await.unwrap().as_deref(), Some("0.02"));
        store.set_setting("fpr", None, &change(3)).await.unwrap();
        assert_eq!(store.setting("fpr").await.unwrap(), None);
    });
}
