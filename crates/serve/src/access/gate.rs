//! The gate: from the credentials of a request to its caller.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue};
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tripline_engine::service::Clock;
use tripline_store::records::{Scope, Scopes};
use tripline_store::{Metadata, MetadataError, Timestamp};

use super::cookie::{self, Place, cookie_of};
use super::credentials::{credentials, wants_page};
use super::first_token;
use super::forwarded::by_proxy;
use super::key::{self, Secret, hex, same};
use super::keys::Keys;
use super::log_ins::LogIns;
use super::rate::Grant;
use super::sessions::wrong_csrf;
use crate::caller::{Caller, Inner, Known};
use crate::problem::{Kind, Problem};
use crate::settings::{Settings, Tls};

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
    local: Arc<str>,
    nobody: Arc<str>,
}

/// A request that passed the gate.
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    /// The limit of the key, with what is left of it.
    pub(crate) rate: Option<(f64, Grant)>,
    /// A cookie for a browser that has none, so that its forms can be told from those of others.
    pub(crate) set_cookie: Option<HeaderValue>,
}

/// What a request came with.
pub(crate) struct Arrival<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) request: Box<str>,
    pub(crate) peer: IpAddr,
    pub(crate) settings: &'a Settings,
}

impl Arrival<'_> {
    fn direct(&self) -> bool {
        self.peer.is_loopback()
            && !matches!(self.settings.tls, Tls::Proxy(_))
            && by_proxy(self.headers).is_none()
    }
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

    /// Lets a request in, or not.
    pub(crate) async fn admit(&self, arrival: Arrival<'_>) -> Result<Admitted, Problem> {
        let at = self.clock.now();
        if let Some(given) = credentials(arrival.headers)? {
            if given.starts_with("tlt_") {
                return self.by_first_token(given, arrival, at);
            }
            return self.by_key(given, arrival, at);
        }
        self.by_cookie(arrival, at).await
    }

    fn by_key(
        &self,
        given: &str,
        arrival: Arrival<'_>,
        at: Timestamp,
    ) -> Result<Admitted, Problem> {
        let unknown = || Problem::new(Kind::Unauthorized, "the API key is unknown");
        let id = key::id_of(given).ok_or_else(unknown)?;
        let entry = self.keys.get(id).ok_or_else(unknown)?;
        if !same(&key::hash(given), &entry.key.hash) {
            return Err(unknown());
        }
        if entry.key.revoked_at.is_some() {
            return Err(Problem::new(Kind::Unauthorized, "the API key was revoked"));
        }
        if !entry.usable(at) {
            return Err(Problem::new(Kind::Unauthorized, "the API key has expired"));
        }
        let rate = entry.key.rate_limit.or(arrival.settings.access.requests_per_second);
        let rate = match rate {
            Some(rate) => {
                let grant = entry.usage.bucket.take(self.nanoseconds(), rate, rate);
                if !grant.passed {
                    let mut problem = Problem::new(
                        Kind::RateLimited,
                        format!("the key `{id}` may ask {rate} times a second"),
                    );
                    problem.retry_after = Some(grant.wait);
                    return Err(problem);
                }
                Some((rate, grant))
            }
            None => None,
        };
        if entry.usage.first_in_minute(at) {
            self.note_use(id.to_owned(), at);
        }
        let direct = arrival.direct();
        let caller = Caller::new(Inner {
            actor: entry.actor.clone(),
            known: Known::Key,
            scopes: entry.key.scopes,
            at,
            request: arrival.request,
            peer: arrival.peer,
            unlocked: true,
            session: None,
            csrf: None,
            proven: true,
            direct,
        });
        Ok(Admitted { caller, rate, set_cookie: None })
    }

    fn by_first_token(
        &self,
        given: &str,
        arrival: Arrival<'_>,
        at: Timestamp,
    ) -> Result<Admitted, Problem> {
        if arrival.settings.keys_needed() {
            return Err(Problem::new(
                Kind::Unauthorized,
                "the first-start token opens nothing where keys are needed; send an API key",
            ));
        }
        if !self.is_first_token(given) {
            return Err(Problem::new(Kind::Unauthorized, "the first-start token is another one"));
        }
        let caller = self.local_caller(arrival, at, None, true, true);
        Ok(Admitted { caller, rate: None, set_cookie: None })
    }

    async fn by_cookie(&self, arrival: Arrival<'_>, at: Timestamp) -> Result<Admitted, Problem> {
        let keys_needed = arrival.settings.keys_needed();
        let direct = arrival.direct();
        let mut set_cookie = None;
        let fresh;
        let token = match cookie_of(arrival.headers, Place::of(arrival.settings)) {
            Some(token) => Some(token),
            None if wants_page(arrival.headers) => {
                fresh = Secret::random("").map_err(Problem::internal)?;
                let seconds = arrival.settings.access.session.as_secs();
                set_cookie = Some(cookie::set(Some(&fresh), Place::of(arrival.settings), seconds));
                Some(fresh.reveal())
            }
            None => None,
        };
        let session = token.map(|token| (key::hash(token), self.csrf(token)));
        let proven = match (&session, arrival.headers.get("x-csrf-token")) {
            (Some((_, csrf)), Some(given)) => {
                if !same(&key::hash(csrf), &Sha256::digest(given.as_bytes()).into()) {
                    return Err(wrong_csrf());
                }
                true
            }
            _ => false,
        };
        if set_cookie.is_none()
            && let Some((hash, csrf)) = &session
            && let Some(known) = self.store.session(hash, at).await?
            && let Some(user) = self.store.user(&known.user).await?
        {
            let caller = Caller::new(Inner {
                actor: format!("user:{}", user.name).into(),
                known: Known::User,
                scopes: user.scopes,
                at,
                request: arrival.request,
                peer: arrival.peer,
                unlocked: true,
                session: Some(*hash),
                csrf: Some(csrf.clone()),
                proven,
                direct,
            });
            return Ok(Admitted { caller, rate: None, set_cookie });
        }
        let unlocked = session.as_ref().is_some_and(|(hash, _)| self.unlocked.contains_key(hash));
        let caller = if keys_needed {
            let (hash, csrf) = session.unzip();
            Caller::new(Inner {
                actor: self.nobody.clone(),
                known: Known::Nobody,
                scopes: Scopes::default(),
                at,
                request: arrival.request,
                peer: arrival.peer,
                unlocked: false,
                session: hash,
                csrf,
                proven,
                direct,
            })
        } else {
            self.local_caller(arrival, at, session, unlocked, proven)
        };
        Ok(Admitted { caller, rate: None, set_cookie })
    }

    fn local_caller(
        &self,
        arrival: Arrival<'_>,
        at: Timestamp,
        session: Option<([u8; 32], String)>,
        unlocked: bool,
        proven: bool,
    ) -> Caller {
        let (session, csrf) = session.unzip();
        let direct = arrival.direct();
        Caller::new(Inner {
            actor: self.local.clone(),
            known: Known::Local,
            scopes: Scopes::of(&Scope::ALL),
            at,
            request: arrival.request,
            peer: arrival.peer,
            unlocked,
            session,
            csrf,
            proven,
            direct,
        })
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

    /// A caller of whom nothing is known, for what is refused before it is looked at.
    pub(crate) fn stranger(&self, request: Box<str>, peer: IpAddr) -> Caller {
        Caller::new(Inner {
            actor: self.nobody.clone(),
            known: Known::Nobody,
            scopes: Scopes::default(),
            at: self.clock.now(),
            request,
            peer,
            unlocked: false,
            session: None,
            csrf: None,
            proven: false,
            direct: false,
        })
    }

    pub(super) fn is_first_token(&self, given: &str) -> bool {
        self.first_token.is_some_and(|hash| same(&key::hash(given), &hash))
    }

    /// What a form of the session with that token must send.
    fn csrf(&self, token: &str) -> String {
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

    fn note_use(&self, id: String, at: Timestamp) {
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.touch_key(&id, at).await {
                tracing::warn!(key = id, %error, "the use of a key was not noted");
            }
        });
    }
}
