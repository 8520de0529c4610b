//! Passwords of the dashboard's users: argon2id, two at a time.

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::OnceLock;
use tokio::sync::Semaphore;

use crate::problem::{Kind, Problem};

/// Shortest password: NIST SP 800-63B-4, section 3.1.1.2, asks 15 of one used alone.
pub(super) const MIN_CHARS: usize = 15;

/// Longest, so that hashing costs what it should.
pub(super) const MAX_BYTES: usize = 256;

/// Hashes that may be computed at once; each takes 19 MiB.
static TURNS: Semaphore = Semaphore::const_new(2);

/// OWASP's password storage cheat sheet: argon2id with 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of a new password, in PHC format; an error names what is wrong with it.
pub fn hash_password(password: &str) -> Result<String, Problem> {
    if password.chars().count() < MIN_CHARS || password.len() > MAX_BYTES {
        return Err(Problem::invalid(
            "password",
            format!("must have {MIN_CHARS} letters or more, and at most {MAX_BYTES} bytes"),
        ));
    }
    hasher()
        .hash_password(password.as_bytes())
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(Problem::internal)
}

/// Whether a password is the one of a hash; takes as long where there is no such user.
pub(super) async fn verify(password: String, hash: Option<String>) -> Result<bool, Problem> {
    let turn = TURNS.try_acquire().map_err(|_| {
        let mut problem = Problem::new(Kind::RateLimited, "too many log-ins at once");
        problem.retry_after = Some(std::time::Duration::from_secs(1));
        problem
    })?;
    let done = tokio::task::spawn_blocking(move || {
        // Here, since a client that leaves does not end the hashing.
        let _turn = turn;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| nobody().to_owned());
        let right = PasswordHash::new(&hash)
            .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok());
        known && right
    });
    done.await.map_err(Problem::internal)
}

/// The hash of a password that nobody has, so that an unknown name takes as long as a known one.
fn nobody() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let hash = hasher().hash_password(b"nobody's password");
        hash.map(|hash: PasswordHash| hash.to_string()).unwrap_or_default()
    })
}
