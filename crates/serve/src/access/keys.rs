//! The keys of the service, held in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use tripline_store::records::{ApiKey, Change, Scopes, User};
use tripline_store::{Metadata, MetadataError, Timestamp};

use super::gate::Gate;
use super::key::IssuedKey;
use super::rate::Bucket;
use crate::problem::Problem;

/// All keys by id; readers take a snapshot.
#[derive(Debug, Default)]
pub(super) struct Keys {
    by_id: ArcSwap<HashMap<String, Arc<Entry>>>,
    changing: tokio::sync::Mutex<()>,
}

/// A key with its use.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: ApiKey,
    pub(super) actor: Arc<str>,
    pub(super) usage: Arc<Usage>,
}

/// What a key was used for; outlives a change of the list.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) bucket: Bucket,
    minute: AtomicI64,
}

impl Usage {
    /// Whether this is the first use in its minute.
    pub(super) fn first_in_minute(&self, at: Timestamp) -> bool {
        let minute = at.0.div_euclid(60_000_000);
        // Two requests may both see the old minute; noting it twice does no harm.
        self.minute.load(Ordering::Relaxed) != minute
            && self.minute.swap(minute, Ordering::Relaxed) != minute
    }
}

impl Entry {
    /// Neither expired nor revoked.
    pub(super) fn usable(&self, now: Timestamp) -> bool {
        self.key.revoked_at.is_none() && self.key.expires_at.is_none_or(|end| now < end)
    }
}

impl Keys {
    /// Reads all keys again.
    pub(super) async fn refresh(&self, store: &dyn Metadata) -> Result<(), MetadataError> {
        let _one_at_a_time = self.changing.lock().await;
        let before = self.by_id.load_full();
        let mut by_id = HashMap::new();
        for key in store.keys().await? {
            let usage = before.get(&key.id).map(|entry| entry.usage.clone()).unwrap_or_default();
            let entry = Entry { actor: format!("key:{}", key.id).into(), usage, key };
            by_id.insert(entry.key.id.clone(), Arc::new(entry));
        }
        self.by_id.store(Arc::new(by_id));
        Ok(())
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Entry>> {
        self.by_id.load().get(id).cloned()
    }

    pub(super) fn any(&self, test: impl Fn(&Entry) -> bool) -> bool {
        self.by_id.load().values().any(|entry| test(entry))
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Requests a second; none takes the service's limit.
    pub rate_limit: Option<f64>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl Gate {
    /// Makes a key; the secret is in the answer and nowhere else.
    pub async fn create_key(
        &self,
        request: &KeyRequest,
        change: &Change,
    ) -> Result<(IssuedKey, ApiKey), Problem> {
        let named = (1..=100).contains(&request.name.chars().count());
        if !named || request.name.chars().any(char::is_control) {
            return Err(Problem::invalid(
                "name",
                "must have 1 to 100 letters, none of them control",
            ));
        }
        if request.scopes == Scopes::default() {
            return Err(no_scopes());
        }
        // Below one in an hour or above a thousand million a slip is likelier than a wish.
        if request.rate_limit.is_some_and(|rate| !(1.0 / 3600.0..=1e9).contains(&rate)) {
            return Err(Problem::invalid(
                "rate_limit",
                "must be requests a second, from 0.0003 on",
            ));
        }
        if request.expires_at.is_some_and(|end| end <= change.at) {
            return Err(Problem::invalid("expires_at", "must lie ahead"));
        }
        let issued = IssuedKey::draw().map_err(Problem::internal)?;
        let key = ApiKey {
            id: issued.id.clone(),
            name: request.name.clone(),
            hash: issued.secret.hash(),
            scopes: request.scopes,
            rate_limit: request.rate_limit,
            created_at: change.at,
            expires_at: request.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        let (store, keys) = (self.store.clone(), self.keys.clone());
        let (added, change) = (key.clone(), change.clone());
        whole(async move {
            let done = store.add_key(&added, &change).await;
            keys.refresh(&*store).await?;
            Ok(done?)
        })
        .await?;
        Ok((issued, key))
    }

    /// Takes a key back; from then on it is refused.
    pub async fn revoke_key(&self, id: &str, change: &Change) -> Result<(), Problem> {
        let (store, keys) = (self.store.clone(), self.keys.clone());
        let (id, change) = (id.to_owned(), change.clone());
        whole(async move {
            // Whatever the database says of the change, what holds is what it has.
            let done = store.revoke_key(&id, &change).await;
            keys.refresh(&*store).await?;
            Ok(done?)
        })
        .await
    }

    /// Stores a user with the hash of a password, or gives the one of that name both anew.
    pub async fn put_user(
        &self,
        name: &str,
        password: String,
        scopes: Scopes,
        change: &Change,
    ) -> Result<(), Problem> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
        if !(1..=64).contains(&name.len()) || !name.chars().all(plain) {
            let message = "must have 1 to 64 letters, digits, `.`, `_`, `-` or `@`";
            return Err(Problem::invalid("name", message));
        }
        if scopes == Scopes::default() {
            return Err(no_scopes());
        }
        let user = User { name: name.to_owned(), password, scopes, created_at: change.at };
        Ok(self.store.put_user(&user, change).await?)
    }
}

/// Does a change to its end, though the client leaves midway.
async fn whole(
    change: impl Future<Output = Result<(), Problem>> + Send + 'static,
) -> Result<(), Problem> {
    tokio::spawn(change).await.map_err(Problem::internal)?
}

fn no_scopes() -> Problem {
    Problem::invalid(
        "scopes",
        "must name at least one of `read`, `predict`, `train`, `deploy`, `admin`",
    )
}
