//! `tripline keygen`: a key pair for signing model files.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use tripline_store::SecretKey;

use crate::exit::Exit;
use crate::output;
use crate::session::Session;

/// Make a key pair for signing model files.
///
/// Writes a secret key, which `train --sign` takes, beside a public key, which
/// `score --verify-key` takes. A file that is there is never overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tripline keygen -o team.key\n  \
tripline train flows.csv --model gradient_boosting -o model.trip --sign team.key\n  \
tripline score model.trip new.csv -o scores.csv --verify-key team.key.pub")]
pub(crate) struct Keygen {
    /// Where the secret key goes; the public key has `.pub` after that name
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Made<'a> {
    secret_key: &'a Path,
    public_key: &'a Path,
    public: String,
}

impl Keygen {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
        let key = SecretKey::from_bytes(bytes);
        let mut public = self.output.clone().into_os_string();
        public.push(".pub");
        let public = PathBuf::from(public);
        create(&public, &format!("{}\n", key.public().to_hex()), false)?;
        if let Err(error) = create(&self.output, &format!("{}\n", key.to_hex()), true) {
            // Half a pair is of no use.
            let _ = std::fs::remove_file(&public);
            return Err(error);
        }
        let made =
            Made { secret_key: &self.output, public_key: &public, public: key.public().to_hex() };
        output::show(&session.terminal, &made, || {
            format!(
                "{} is secret: keep it where you sign.\n{} may go to everybody: {}\n",
                made.secret_key.display(),
                made.public_key.display(),
                made.public
            )
        })?;
        Ok(Exit::Ok)
    }
}

fn create(file: &Path, text: &str, secret: bool) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let mut open = options
        .open(file)
        .with_context(|| format!("{}: cannot create the key file", file.display()))?;
    open.write_all(text.as_bytes())
        .and_then(|()| open.sync_all())
        .with_context(|| format!("{}: cannot write the key", file.display()))
}
