//! A request's way through the gate: by key, by first-start token, by cookie.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};
use tripline_store::Timestamp;
use tripline_store::records::{Scope, Scopes};

use super::cookie::{self, Place, cookie_of};
use super::credentials::{credentials, wants_page};
use super::forwarded::by_proxy;
use super::gate::Gate;
use super::key::{self, Secret, same};
use super::rate::Grant;
use super::sessions::wrong_csrf;
use crate::caller::{Caller, Inner, Known};
use crate::problem::{Kind, Problem};
use crate::settings::{Settings, Tls};

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

    fn note_use(&self, id: String, at: Timestamp) {
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.touch_key(&id, at).await {
                tracing::warn!(key = id, %error, "the use of a key was not noted");
            }
        });
    }
}
