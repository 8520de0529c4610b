//! Who may do what.

use crate::time::Timestamp;

/// What a key or a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// See models, jobs, detections.
    Read,
    /// Ask for predictions and explanations, say feedback.
    Predict,
    /// Upload data, start and stop jobs.
    Train,
    /// Deploy, roll back, split traffic, delete.
    Deploy,
    /// Keys, users, settings, the audit trail.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 5] = [Self::Read, Self::Predict, Self::Train, Self::Deploy, Self::Admin];

    /// The name in the store and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Predict => "predict",
            Self::Train => "train",
            Self::Deploy => "deploy",
            Self::Admin => "admin",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes; `Admin` holds all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Of these.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Whether it allows that.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// Names, in the order of [`Scope::ALL`].
    pub fn names(self) -> Vec<&'static str> {
        let own = |scope: &Scope| self.0 & scope.bit() != 0;
        Scope::ALL.into_iter().filter(own).map(Scope::name).collect()
    }

    /// From names; the first unknown one is the error.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut bits = 0;
        for name in names {
            bits |= Scope::parse(name).ok_or(name)?.bit();
        }
        Ok(Self(bits))
    }
}

/// An API key as it is kept: never the key itself.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The visible prefix of the key.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Scopes,
    /// Requests a second; none takes the service's limit.
    pub rate_limit: Option<f64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A user of the dashboard.
#[derive(Debug, Clone)]
pub struct User {
    /// Log-in name.
    pub name: String,
    /// argon2id, in PHC format.
    pub password: String,
    /// What the user may do.
    pub scopes: Scopes,
    /// When the user was made.
    pub created_at: Timestamp,
}

/// A session of the dashboard.
#[derive(Debug, Clone)]
pub struct Session {
    /// SHA-256 of the token in the cookie.
    pub hash: [u8; 32],
    /// Whose.
    pub user: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}
