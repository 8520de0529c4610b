//! `tripline key`: API keys of a service that does not run.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use tripline_engine::service::{Clock, DATABASE, RetentionSettings, open_store};
use tripline_serve::access::{Gate, KeyRequest, renew_first_token};
use tripline_serve::time;
use tripline_store::Metadata;
use tripline_store::records::{Change, Scopes};

use crate::exit::{Exit, Usage};
use crate::output;
use crate::session::Session;

/// Make, list and revoke API keys of a service.
///
/// The service must not run: its folder belongs to one process. While it runs, keys are made on
/// its dashboard or by `POST /api/v1/keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key; it is shown this once
    Create(Create),
    /// List all keys, without their secrets
    List(Folder),
    /// Take a key back
    Revoke(Revoke),
    /// Make another first-start token; the one before is worth nothing from then on
    Token(Folder),
}

/// Where the service is.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The folder of the service [default: tripline-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Options of `create`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tripline key create --name sensor --scopes predict")]
pub(crate) struct Create {
    /// What the key is for
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// `read`, `predict`, `train`, `deploy`, `admin`, parted by commas
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
    scopes: Vec<String>,
    /// When it ends, such as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Requests a second [default: the service's limit]
    #[arg(long, value_name = "N")]
    rate_limit: Option<f64>,
    #[command(flatten)]
    folder: Folder,
}

/// Options of `revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The visible part of the key
    id: String,
    #[command(flatten)]
    folder: Folder,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

/// An open folder.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Metadata>,
    pub(super) gate: Gate,
    pub(super) change: Change,
}

impl Folder {
    fn path(&self, session: &Session) -> PathBuf {
        match &self.data_dir {
            Some(folder) => folder.clone(),
            None => PathBuf::from(&session.config.serve.data_dir),
        }
    }

    /// Opens the folder of a service that has run or has keys: a slip in its name makes no other.
    pub(super) async fn open_known(&self, session: &Session) -> anyhow::Result<Opened> {
        let folder = self.path(session);
        if !folder.join(DATABASE).is_file() {
            let text = format!(
                "`{}` is no folder of a service: it holds no {DATABASE}; name another with \
                 `--data-dir`",
                folder.display()
            );
            return Err(Usage(text).into());
        }
        self.open(session).await
    }

    /// Opens the folder, which no service may be using.
    pub(super) async fn open(&self, session: &Session) -> anyhow::Result<Opened> {
        let folder = self.path(session);
        let clock = Clock::system();
        let now = clock.now();
        let kept = RetentionSettings::default().idempotency_keys;
        let store = open_store(&folder, now, kept).await.map_err(|error| {
            anyhow::Error::new(error).context(
                "the folder cannot be opened; while the service runs, use its dashboard or \
                 `/api/v1/keys`",
            )
        })?;
        let change = Change {
            at: now,
            actor: "local".to_owned(),
            request: None,
            reason: Some("command line".to_owned()),
        };
        let gate = Gate::open(store.clone(), clock).await?;
        Ok(Opened { store, gate, change })
    }
}

/// A set of scopes from their names.
pub(super) fn scopes(names: &[String]) -> Result<Scopes, Usage> {
    Scopes::parse(names.iter().map(String::as_str)).map_err(|unknown| {
        Usage(format!(
            "`{unknown}` is no scope; there are `read`, `predict`, `train`, `deploy`, `admin`"
        ))
    })
}

impl Key {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            match self {
                Self::Create(create) => create.run(session).await,
                Self::List(folder) => list(folder, session).await,
                Self::Revoke(revoke) => {
                    let opened = revoke.folder.open_known(session).await?;
                    opened.gate.revoke_key(&revoke.id, &opened.change).await.map_err(told)?;
                    session.terminal.note("The key is refused from now on.");
                    Ok(Exit::Ok)
                }
                Self::Token(folder) => {
                    let opened = folder.open_known(session).await?;
                    let fresh = renew_first_token(&*opened.store, &opened.change).await?;
                    let shown = serde_json::json!({ "first_token": fresh.reveal() });
                    output::show(&session.terminal, &shown, || format!("{}\n", fresh.reveal()))?;
                    Ok(Exit::Ok)
                }
            }
        })
    }
}

impl Create {
    async fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let expires_at = match self.expires.as_deref() {
            Some(text) => Some(time::parse(text).ok_or_else(|| {
                Usage(format!("--expires must be such as 2027-01-01T00:00:00Z, got `{text}`"))
            })?),
            None => None,
        };
        let request = KeyRequest {
            name: self.name.clone(),
            scopes: scopes(&self.scopes)?,
            rate_limit: self.rate_limit,
            expires_at,
        };
        let opened = self.folder.open(session).await?;
        let (issued, _) = opened.gate.create_key(&request, &opened.change).await.map_err(told)?;
        let key = issued.secret.reveal();
        let shown = serde_json::json!({ "id": issued.id, "key": key });
        output::show(&session.terminal, &shown, || format!("{key}\n"))?;
        session.terminal.note("Keep the key: it is not shown again.");
        Ok(Exit::Ok)
    }
}

async fn list(folder: &Folder, session: &Session) -> anyhow::Result<Exit> {
    let opened = folder.open_known(session).await?;
    let keys: Vec<Shown> = opened
        .store
        .keys()
        .await?
        .into_iter()
        .map(|key| Shown {
            id: key.id,
            name: key.name,
            scopes: key.scopes.names(),
            created_at: time::rfc3339(key.created_at),
            expires_at: key.expires_at.map(time::rfc3339),
            revoked_at: key.revoked_at.map(time::rfc3339),
            last_used_at: key.last_used_at.map(time::rfc3339),
        })
        .collect();
    output::show(&session.terminal, &keys, || {
        let line = |key: &Shown| {
            let state = match (&key.revoked_at, &key.expires_at) {
                (Some(at), _) => format!("revoked {at}"),
                (None, Some(at)) => format!("until {at}"),
                (None, None) => "without end".to_owned(),
            };
            format!("{}  {}  {}  {state}\n", key.id, key.scopes.join(","), key.name)
        };
        keys.iter().map(line).collect()
    })?;
    Ok(Exit::Ok)
}

/// A problem of the service as an error of the command.
pub(super) fn told(problem: tripline_serve::Problem) -> anyhow::Error {
    match problem.cause {
        Some(cause) => anyhow::anyhow!("{cause}"),
        None => anyhow::Error::new(Usage(problem.detail)),
    }
}
