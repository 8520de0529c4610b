//! The gate: what it knows of keys, users and sessions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tripline_engine::service::Clock;
use tripline_store::records::{Scope, Scopes};
use tripline_store::{Metadata, MetadataError};

use super::first_token;
use super::key::{self, hex, same};
use super::keys::Keys;
use super::log_ins::LogIns;
use crate::caller::{Caller, Known};

/// Keys, users, sessions: who is let in.
#[derive(Debug)]
pub struct Gate {
    pub(super) store: Arc<dyn Metadata>,
    pub(super) clock: Clock,
    pub(super) keys: Arc<Keys>,
    /// Hash of the first-start token; none before the first start.
    first_token: Option<[u8; 32]>,
    /// Sessions of local callers who have shown the first-start token.
    pub(super) unlocked: Cache<[u8; 32], ()>,
    /// Failed log-ins.
    pub(super) log_ins: LogIns,
    /// Mixed into what a form must send, so that who plants a cookie cannot tell it.
    secret: [u8; 32],
    started: Instant,
    pub(super) local: Arc<str>,
    pub(super) nobody: Arc<str>,
}

impl Gate {
    /// Reads keys and first-start token of a database.
    pub async fn open(store: Arc<dyn Metadata>, clock: Clock) -> Result<Self, MetadataError> {
        let first_token = first_token::kept(&*store).await?;
        let keys = Arc::new(Keys::default());
        keys.refresh(&*store).await?;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| MetadataError::Database {
            path: "the system's random numbers".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            store,
            clock,
            keys,
            first_token,
            unlocked: Cache::builder()
                .max_capacity(256)
                .time_to_live(Duration::from_secs(12 * 3600))
                .build(),
            log_ins: LogIns::default(),
            secret,
            started: Instant::now(),
            local: "local".into(),
            nobody: "nobody".into(),
        })
    }

    /// Whether somebody could get in where keys are needed.
    pub async fn has_administrator(&self) -> Result<bool, MetadataError> {
        let now = self.clock.now();
        let by_key = self.keys.any(|key| key.usable(now) && key.key.scopes.allow(Scope::Admin));
        Ok(by_key || self.store.users().await?.iter().any(|user| user.scopes.allow(Scope::Admin)))
    }

    /// What a caller of an earlier request may do by now; none if its key was revoked or has
    /// expired, its session has ended, its user is gone.
    pub(crate) async fn still(&self, caller: &Caller) -> Result<Option<Scopes>, MetadataError> {
        let now = self.clock.now();
        match caller.known() {
            Known::Key => {
                let id = caller.actor().strip_prefix("key:").unwrap_or_default();
                let entry = self.keys.get(id).filter(|entry| entry.usable(now));
                Ok(entry.map(|entry| entry.key.scopes))
            }
            Known::User => {
                let Some(hash) = caller.session() else { return Ok(None) };
                let Some(known) = self.store.session(hash, now).await? else { return Ok(None) };
                Ok(self.store.user(&known.user).await?.map(|user| user.scopes))
            }
            Known::Local | Known::Nobody => Ok(Some(caller.scopes())),
        }
    }

    pub(super) fn is_first_token(&self, given: &str) -> bool {
        self.first_token.is_some_and(|hash| same(&key::hash(given), &hash))
    }

    /// What a form of the session with that token must send.
    pub(super) fn csrf(&self, token: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(b"tripline csrf v1");
        hash.update(self.secret);
        hash.update(token.as_bytes());
        hex(&hash.finalize())
    }

    pub(super) fn nanoseconds(&self) -> u64 {
        // 584 years.
        self.started.elapsed().as_nanos() as u64
    }
}
