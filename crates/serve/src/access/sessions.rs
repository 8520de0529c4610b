//! Sessions of the dashboard: log-in, log-out, what a form must prove.

use axum::http::HeaderValue;
use tripline_store::records::{Change, Session};

use super::cookie::{self, Place};
use super::gate::Gate;
use super::key::{self, Secret, same};
use super::password;
use crate::caller::{Caller, Known};
use crate::problem::{Kind, Problem};
use crate::settings::Settings;

/// A log-in that succeeded.
#[derive(Debug)]
pub struct LoggedIn {
    /// For `Set-Cookie`.
    pub cookie: HeaderValue,
    /// The user.
    pub user: String,
}

impl Gate {
    /// Checks the field `csrf` of a form.
    pub fn check_csrf(&self, caller: &Caller, given: &str) -> Result<(), Problem> {
        match caller.csrf() {
            Some(csrf) if same(&key::hash(csrf), &key::hash(given)) => Ok(()),
            _ => Err(wrong_csrf()),
        }
    }

    /// Opens what deploys, deletes and hands out keys to a local caller's session; the session
    /// gets another cookie, which the answer must set.
    pub fn unlock(
        &self,
        caller: &Caller,
        token: &str,
        settings: &Settings,
    ) -> Result<HeaderValue, Problem> {
        // 256 random bits need no limit: by one, any process of this machine could keep its owner
        // from using them.
        if caller.known() != Known::Local || !self.is_first_token(token) {
            return Err(Problem::new(Kind::Forbidden, "the first-start token is another one")
                .with("token", "is not the one printed at the first start"));
        }
        let fresh = Secret::random("").map_err(Problem::internal)?;
        self.unlocked.insert(fresh.hash(), ());
        Ok(cookie::set(Some(&fresh), Place::of(settings), settings.access.session.as_secs()))
    }

    /// Begins a session; a refusal does not tell whether the user exists.
    pub async fn log_in(
        &self,
        caller: &Caller,
        user: &str,
        password: String,
        settings: &Settings,
    ) -> Result<LoggedIn, Problem> {
        let attempt = self.log_ins.attempt(user, caller.peer(), self.nanoseconds())?;
        if !attempt.delay.is_zero() {
            tokio::time::sleep(attempt.delay).await;
        }
        let known = self.store.user(user).await?;
        let hash = known.as_ref().map(|user| user.password.clone());
        let too_long = password.len() > password::MAX_BYTES;
        if too_long || !password::verify(password, hash).await? {
            let detail = serde_json::json!({ "address": caller.peer().to_string() }).to_string();
            let object = format!("user:{}", crate::problem::shown(user));
            self.store.record("access.refused", &object, &detail, &caller.change()).await?;
            return Err(Problem::new(Kind::Unauthorized, "the name or the password is wrong"));
        }
        attempt.right();
        let token = Secret::random("").map_err(Problem::internal)?;
        let now = self.clock.now();
        let seconds = settings.access.session.as_secs();
        let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let session = Session {
            hash: token.hash(),
            user: user.to_owned(),
            created_at: now,
            expires_at: now.plus_micros(micros),
        };
        let change = Change { actor: format!("user:{user}"), ..caller.change() };
        self.store.add_session(&session, &change).await?;
        // The browser forgets the cookie of the session that it had, which nobody could end then.
        if caller.known() == Known::User
            && let Some(before) = caller.session()
        {
            self.store.end_session(before, &change).await?;
        }
        let cookie = cookie::set(Some(&token), Place::of(settings), seconds);
        Ok(LoggedIn { cookie, user: user.to_owned() })
    }

    /// Ends the caller's session; the answer must set the cookie that takes the old one away.
    pub async fn log_out(
        &self,
        caller: &Caller,
        settings: &Settings,
    ) -> Result<HeaderValue, Problem> {
        if let Some(hash) = caller.session() {
            self.unlocked.invalidate(hash);
            if caller.known() == Known::User {
                self.store.end_session(hash, &caller.change()).await?;
            }
        }
        Ok(cookie::set(None, Place::of(settings), 0))
    }
}

/// A form of another session, or of none.
pub(super) fn wrong_csrf() -> Problem {
    Problem::new(Kind::Forbidden, "the form is not of this session; load its page again")
        .with("csrf", "is missing or of another session")
}
