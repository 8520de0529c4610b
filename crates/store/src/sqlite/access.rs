//! Keys, users, sessions, settings.

use async_trait::async_trait;
use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::check::{conflict, invalid, label, not_found, text};
use super::row::{column, damaged, hash, maybe_time, time};
use crate::metadata::{Access, Result};
use crate::records::{ApiKey, Change, Scopes, Session, User};
use crate::time::Timestamp;

/// A key's last use is noted to the minute.
const MINUTE_MICROS: i64 = 60_000_000;

#[async_trait]
impl Access for Sqlite {
    async fn add_key(&self, key: &ApiKey, change: &Change) -> Result<()> {
        label("id", &key.id)?;
        label("name", &key.name)?;
        if let Some(limit) = key.rate_limit.filter(|limit| !(limit.is_finite() && *limit > 0.0)) {
            return invalid("rate_limit", "a number above 0", &limit.to_string());
        }
        let mut write = self.write().await?;
        let insert = sqlx::query(
            "INSERT INTO api_keys (id, name, hash, scopes, rate_limit, created_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&key.id)
        .bind(&key.name)
        .bind(key.hash.to_vec())
        .bind(key.scopes.names().join(" "))
        .bind(key.rate_limit)
        .bind(key.created_at.0)
        .bind(key.expires_at.map(|at| at.0));
        if write.run(insert).await? == 0 {
            return conflict("key", &key.id, "it is there already");
        }
        let detail = json!({ "name": key.name, "scopes": key.scopes.names() });
        write.note(change, "key.add", &key.id, detail).await?;
        write.commit().await
    }

    async fn keys(&self) -> Result<Vec<ApiKey>> {
        let rows = self.all(sqlx::query("SELECT * FROM api_keys ORDER BY number DESC")).await?;
        rows.iter().map(key).collect()
    }

    async fn revoke_key(&self, id: &str, change: &Change) -> Result<()> {
        let mut write = self.write().await?;
        let there = sqlx::query("SELECT revoked_at FROM api_keys WHERE id = ?").bind(id);
        let Some(row) = write.one(there).await? else { return not_found("key", id) };
        if column::<Option<i64>>(&row, "revoked_at")?.is_some() {
            return Ok(());
        }
        let revoke = sqlx::query("UPDATE api_keys SET revoked_at = ? WHERE id = ?")
            .bind(change.at.0)
            .bind(id);
        write.run(revoke).await?;
        write.note(change, "key.revoke", id, json!({})).await?;
        write.commit().await
    }

    async fn touch_key(&self, id: &str, at: Timestamp) -> Result<()> {
        let minute = at.0 - at.0.rem_euclid(MINUTE_MICROS);
        let mut write = self.write().await?;
        let touch = sqlx::query(
            "UPDATE api_keys SET last_used_at = ?1
             WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)",
        )
        .bind(minute)
        .bind(id);
        write.run(touch).await?;
        write.commit().await
    }

    async fn put_user(&self, user: &User, change: &Change) -> Result<()> {
        label("name", &user.name)?;
        text("password", &user.password)?;
        let mut write = self.write().await?;
        let put = sqlx::query(
            "INSERT INTO users (name, password, scopes, created_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET
             password = excluded.password, scopes = excluded.scopes",
        )
        .bind(&user.name)
        .bind(&user.password)
        .bind(user.scopes.names().join(" "))
        .bind(user.created_at.0);
        write.run(put).await?;
        let end = sqlx::query("DELETE FROM sessions WHERE user = ?").bind(&user.name);
        write.run(end).await?;
        let detail = json!({ "scopes": user.scopes.names() });
        write.note(change, "user.put", &user.name, detail).await?;
        write.commit().await
    }

    async fn user(&self, name: &str) -> Result<Option<User>> {
        let row = self.one(sqlx::query("SELECT * FROM users WHERE name = ?").bind(name)).await?;
        row.as_ref().map(user).transpose()
    }

    async fn users(&self) -> Result<Vec<User>> {
        let rows = self.all(sqlx::query("SELECT * FROM users ORDER BY name")).await?;
        rows.iter().map(user).collect()
    }

    async fn remove_user(&self, name: &str, change: &Change) -> Result<()> {
        let mut write = self.write().await?;
        let remove = sqlx::query("DELETE FROM users WHERE name = ?").bind(name);
        if write.run(remove).await? == 0 {
            return not_found("user", name);
        }
        write.note(change, "user.remove", name, json!({})).await?;
        write.commit().await
    }

    async fn add_session(&self, session: &Session, change: &Change) -> Result<()> {
        let mut write = self.write().await?;
        let over = sqlx::query("DELETE FROM sessions WHERE expires_at <= ?").bind(change.at.0);
        write.run(over).await?;
        let known = sqlx::query("SELECT 1 FROM users WHERE name = ?").bind(&session.user);
        if write.one(known).await?.is_none() {
            return not_found("user", &session.user);
        }
        let insert = sqlx::query(
            "INSERT INTO sessions (hash, user, created_at, expires_at) VALUES (?, ?, ?, ?)",
        )
        .bind(session.hash.to_vec())
        .bind(&session.user)
        .bind(session.created_at.0)
        .bind(session.expires_at.0);
        write.run(insert).await?;
        write.note(change, "session.begin", &session.user, json!({})).await?;
        write.commit().await
    }

    async fn session(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>> {
        let query = sqlx::query("SELECT * FROM sessions WHERE hash = ? AND expires_at > ?")
            .bind(hash.to_vec())
            .bind(now.0);
        self.one(query).await?.as_ref().map(session).transpose()
    }

    async fn end_session(&self, hash: &[u8; 32], change: &Change) -> Result<()> {
        let mut write = self.write().await?;
        let end = sqlx::query("DELETE FROM sessions WHERE hash = ? RETURNING user");
        if let Some(row) = write.one(end.bind(hash.to_vec())).await? {
            let user: String = column(&row, "user")?;
            write.note(change, "session.end", &user, json!({})).await?;
        }
        write.commit().await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>> {
        let query = sqlx::query("SELECT value FROM settings WHERE name = ?").bind(name);
        self.one(query).await?.as_ref().map(|row| column(row, "value")).transpose()
    }

    async fn set_setting(&self, name: &str, value: Option<&str>, change: &Change) -> Result<()> {
        label("name", name)?;
        let mut write = self.write().await?;
        let set = match value {
            Some(value) => {
                text("value", value)?;
                let set =
                    sqlx::query("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)");
                set.bind(name).bind(value)
            }
            None => sqlx::query("DELETE FROM settings WHERE name = ?").bind(name),
        };
        write.run(set).await?;
        let shown = value.filter(|value| value.len() <= 1024);
        write.note(change, "setting.set", name, json!({ "value": shown })).await?;
        write.commit().await
    }
}

fn scopes(row: &SqliteRow) -> Result<Scopes> {
    let names: String = column(row, "scopes")?;
    Scopes::parse(names.split_ascii_whitespace()).map_err(|name| damaged("scopes", name))
}

fn key(row: &SqliteRow) -> Result<ApiKey> {
    Ok(ApiKey {
        id: column(row, "id")?,
        name: column(row, "name")?,
        hash: hash(row, "hash")?,
        scopes: scopes(row)?,
        rate_limit: column(row, "rate_limit")?,
        created_at: time(row, "created_at")?,
        expires_at: maybe_time(row, "expires_at")?,
        revoked_at: maybe_time(row, "revoked_at")?,
        last_used_at: maybe_time(row, "last_used_at")?,
    })
}

fn user(row: &SqliteRow) -> Result<User> {
    Ok(User {
        name: column(row, "name")?,
        password: column(row, "password")?,
        scopes: scopes(row)?,
        created_at: time(row, "created_at")?,
    })
}

fn session(row: &SqliteRow) -> Result<Session> {
    Ok(Session {
        hash: hash(row, "hash")?,
        user: column(row, "user")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}
