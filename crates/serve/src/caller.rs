//! Who asks.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tripline_store::Timestamp;
use tripline_store::records::{Change, Scope, Scopes};

use crate::problem::{Kind, Problem};

/// How a caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// By an API key.
    Key,
    /// By a session of the dashboard.
    User,
    /// By asking from this machine, where no keys are needed.
    Local,
    /// Not at all.
    Nobody,
}

/// Who asks, with which request; every handler can take it.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Inner>);

/// What is known of a caller.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) actor: Arc<str>,
    pub(crate) known: Known,
    pub(crate) scopes: Scopes,
    pub(crate) at: Timestamp,
    pub(crate) request: Box<str>,
    pub(crate) peer: IpAddr,
    /// Whether routes that deploy, delete or hand out keys are open: for a local caller alone it
    /// can be false.
    pub(crate) unlocked: bool,
    /// The cookie's token as a hash, where there is one.
    pub(crate) session: Option<[u8; 32]>,
    /// What a form of this session must send along.
    pub(crate) csrf: Option<String>,
    /// Whether the client stands on this machine, and no proxy between.
    pub(crate) direct: bool,
    /// Whether a header was sent that a page of another site cannot send.
    pub(crate) proven: bool,
}

impl Caller {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    #[cfg(test)]
    pub(crate) fn of_test(actor: &str) -> Self {
        Self::new(Inner {
            actor: actor.into(),
            known: Known::Key,
            scopes: Scopes::default(),
            at: Timestamp(0),
            request: "r".into(),
            peer: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            unlocked: true,
            session: None,
            csrf: None,
            direct: true,
            proven: true,
        })
    }

    /// Who: `key:ID`, `user:NAME`, `local` or `nobody`, as the audit trail names it.
    pub fn actor(&self) -> &str {
        &self.0.actor
    }

    /// How the caller is known.
    pub fn known(&self) -> Known {
        self.0.known
    }

    /// What the caller may do.
    pub fn scopes(&self) -> Scopes {
        self.0.scopes
    }

    /// The request's id.
    pub fn request(&self) -> &str {
        &self.0.request
    }

    /// The address that asks, behind a listed proxy the one it names.
    pub fn peer(&self) -> IpAddr {
        self.0.peer
    }

    /// When the request came.
    pub fn at(&self) -> Timestamp {
        self.0.at
    }

    /// What a form must send as its field `csrf`, or a script as `X-CSRF-Token`; none without a
    /// session's cookie.
    pub fn csrf(&self) -> Option<&str> {
        self.0.csrf.as_deref()
    }

    /// Hash of the session's token; none without a session's cookie.
    pub fn session(&self) -> Option<&[u8; 32]> {
        self.0.session.as_ref()
    }

    /// Whether a local caller has shown the first-start token, now or earlier in the session;
    /// always so for keys and users.
    pub fn unlocked(&self) -> bool {
        self.0.unlocked
    }

    /// Whether the client stands on this machine, and no proxy between.
    pub(crate) fn on_this_machine(&self) -> bool {
        self.0.direct
    }

    /// Whether the request proved, by a key, a token or a header, that no page of another site
    /// sent it.
    pub(crate) fn proven(&self) -> bool {
        self.0.proven
    }

    /// What stands in the audit trail for a change that this request makes.
    pub fn change(&self) -> Change {
        Change {
            at: self.0.at,
            actor: self.0.actor.to_string(),
            request: Some(self.0.request.to_string()),
            reason: None,
        }
    }

    /// As [`Caller::change`], with a reason.
    pub fn change_because(&self, reason: &str) -> Change {
        Change { reason: Some(reason.to_owned()), ..self.change() }
    }

    /// Whether the caller may do that, without the token of [`Caller::require_unlocked`].
    pub fn allows(&self, scope: Scope) -> bool {
        self.0.scopes.allow(scope)
    }

    /// An error unless the caller has the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.allows(scope) {
            return Ok(());
        }
        Err(match self.0.known {
            Known::Nobody => Problem::new(
                Kind::Unauthorized,
                "send an API key as `Authorization: Bearer tl_…` or `X-API-Key: tl_…`",
            ),
            _ => Problem::new(
                Kind::Forbidden,
                format!(
                    "this needs the scope `{}`; yours: {}",
                    scope.name(),
                    match self.0.scopes.names() {
                        names if names.is_empty() => "none".to_owned(),
                        names => names.join(", "),
                    }
                ),
            ),
        })
    }

    /// An error unless the caller has the scope and, where no keys are needed, has shown the token
    /// that was printed at the first start: for what deploys, deletes or hands out keys.
    pub fn require_unlocked(&self, scope: Scope) -> Result<(), Problem> {
        self.require(scope)?;
        if self.0.unlocked {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Forbidden,
            "without a key this needs the token that the service printed at its first start, as \
             `X-Tripline-Token: tlt_…`; `tripline key token` makes a new one while the service \
             does not run",
        ))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Caller>()
            .cloned()
            .ok_or_else(|| Problem::internal("a request without a caller"))
    }
}
