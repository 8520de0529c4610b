//! Passwords of the dashboard's users: argon2id, two at a time.

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::problem::Problem;

/// Shortest password: NIST SP 800-63B-4, section 3.1.1.2, asks 15 of one used alone.
pub(crate) const MIN_CHARS: usize = 15;

/// Longest, so that hashing costs what it should.
pub(super) const MAX_BYTES: usize = 256;

/// Hashes that may be computed at once; each takes 19 MiB.
static TURNS: Semaphore = Semaphore::const_new(2);

/// OWASP's password storage cheat sheet: argon2id with 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// How long to wait for a turn; more than this and the service is asked for too much.
const PATIENCE: Duration = Duration::from_secs(4);

/// Waits for one of the turns. Who guesses often makes others wait, but does not take their place.
async fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    match tokio::time::timeout(PATIENCE, TURNS.acquire()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => {
            let wait = Duration::from_secs(1);
            Err(Problem::unavailable("too many passwords are being checked", wait))
        }
    }
}

/// As [`hash_password`], in its turn and where blocking is allowed.
pub(crate) async fn hash_in_turn(password: String) -> Result<String, Problem> {
    let turn = turn().await?;
    let hashed = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        hash_password(&password)
    });
    hashed.await.map_err(Problem::internal)?
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
    let turn = turn().await?;
    let done = tokio::task::spawn_blocking(move || {
        // Here, since a client that leaves does not end the hashing.
        let _turn = turn;
        judge(hash.as_deref(), |hash| is_right(&password, hash))
    });
    done.await.map_err(Problem::internal)
}

/// Compares with one hash, whether the name is known or not: the comparison takes all the time.
fn judge(hash: Option<&str>, mut is_right: impl FnMut(&str) -> bool) -> bool {
    let right = is_right(hash.unwrap_or_else(|| nobody()));
    hash.is_some() && right
}

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
}

/// The hash of a password that nobody has, so that an unknown name takes as long as a known one.
fn nobody() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let hash = hasher().hash_password(b"nobody's password");
        hash.map(|hash: PasswordHash| hash.to_string()).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_name_costs_what_a_known_one_does() {
        let hash = hash_password("correct horse battery").expect("a hash");
        for known in [Some(hash.as_str()), None] {
            let mut compared = Vec::new();
            let right = judge(known, |hash| {
                compared.push(hash.to_owned());
                true
            });
            assert_eq!(right, known.is_some());
            assert_eq!(compared.len(), 1);
            // Algorithm, version, memory, passes, lanes.
            let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
            assert_eq!(cost(&compared[0]), cost(&hash));
        }
        let verdict = async |password: &str, hash| verify(password.to_owned(), hash).await;
        assert!(verdict("correct horse battery", Some(hash.clone())).await.expect("a verdict"));
        assert!(!verdict("wrong horse battery", Some(hash)).await.expect("a verdict"));
        assert!(!verdict("nobody's password", None).await.expect("a verdict"));
    }
}
