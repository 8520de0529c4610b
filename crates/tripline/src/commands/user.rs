//! `tripline user`: users of the dashboard of a service that does not run.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand};

use super::key::{Folder, scopes, told};
use crate::exit::{Exit, Usage};
use crate::output;
use crate::session::Session;

/// Make and remove users of the dashboard.
///
/// The service must not run; while it runs, `PUT /api/v1/users/NAME` does the same.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make a user, or give one another password; it is read from the terminal or standard input
    Add(Add),
    /// List all users
    List(Folder),
    /// Forget a user, and end its sessions
    Remove(Remove),
}

/// Options of `add`.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Log-in name
    name: String,
    /// `read`, `predict`, `train`, `deploy`, `admin`, parted by commas
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', default_value = "read")]
    scopes: Vec<String>,
    #[command(flatten)]
    folder: Folder,
}

/// Options of `remove`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Log-in name
    name: String,
    #[command(flatten)]
    folder: Folder,
}

impl User {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            match self {
                Self::Add(add) => {
                    let scopes = scopes(&add.scopes)?;
                    let password = password()?;
                    let hash = tripline_serve::access::hash_password(&password).map_err(told)?;
                    let opened = add.folder.open(session).await?;
                    let stored = opened.gate.put_user(&add.name, hash, scopes, &opened.change);
                    stored.await.map_err(told)?;
                    session.terminal.note("The user can log in.");
                    Ok(Exit::Ok)
                }
                Self::List(folder) => {
                    let opened = folder.open_known(session).await?;
                    let users = opened.store.users().await?;
                    let shown: Vec<_> = users
                        .iter()
                        .map(|user| serde_json::json!({ "name": user.name, "scopes": user.scopes.names() }))
                        .collect();
                    output::show(&session.terminal, &shown, || {
                        let line = |user: &tripline_store::records::User| {
                            format!("{}  {}\n", user.name, user.scopes.names().join(","))
                        };
                        users.iter().map(line).collect()
                    })?;
                    Ok(Exit::Ok)
                }
                Self::Remove(remove) => {
                    let opened = remove.folder.open_known(session).await?;
                    opened.store.remove_user(&remove.name, &opened.change).await?;
                    session.terminal.note("The user is forgotten.");
                    Ok(Exit::Ok)
                }
            }
        })
    }
}

/// A password, not shown while it is typed.
fn password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str("Password: ")?;
        let first = terminal.read_secure_line()?;
        terminal.write_str("Again: ")?;
        if terminal.read_secure_line()? != first {
            return Err(Usage("the two passwords differ".to_owned()).into());
        }
        return Ok(first);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
