//! Keys and users.

use axum::extract::Path;
use tripline_store::records::{Scope, Scopes};

use super::super::page::page;
use super::super::text::DAY;
use super::super::view::keys;
use super::super::visit::{Answer, Posted, Visit, show};
use super::models::number;
use crate::access::{KeyRequest, hash_in_turn};
use crate::problem::Problem;

const HERE: &str = "/ui/settings";
/// The longest life of a key that the form gives, in days.
const MOST_DAYS: u32 = 3_650;

/// The keys.
pub(crate) async fn list(visit: Visit) -> Answer {
    let known = visit.app.store().keys().await?;
    let body = keys::keys(&visit.viewer, &known, None, visit.caller.at());
    Ok(show(page(&visit.viewer, HERE, "Keys", &body)))
}

/// Makes a key, and shows it this once.
pub(crate) async fn create(mut posted: Posted) -> Answer {
    posted.unlock(Scope::Admin)?;
    let change = posted.change();
    let days: Option<u32> = number(posted.fields.get("days"), "days")?;
    if days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        return Err(Problem::invalid("days", format!("must be from 1 to {MOST_DAYS}")));
    }
    let request = KeyRequest {
        name: posted.fields.get("name").unwrap_or_default().to_owned(),
        scopes: scopes(&posted)?,
        rate_limit: number(posted.fields.get("rate"), "rate")?,
        expires_at: days.map(|days| change.at.plus_micros(i64::from(days).saturating_mul(DAY))),
    };
    let (issued, _) = posted.app.gate().create_key(&request, &change).await?;
    let known = posted.app.store().keys().await?;
    let body = keys::keys(&posted.viewer, &known, Some(issued.secret.reveal()), change.at);
    let page = page(&posted.viewer, HERE, "Keys", &body);
    Ok(posted.answer(page))
}

/// Takes a key back.
pub(crate) async fn revoke(Path(id): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Admin)?;
    posted.app.gate().revoke_key(&id, &posted.change()).await?;
    Ok(posted.done("/ui/settings/keys", "revoked"))
}

/// The users.
pub(crate) async fn users(visit: Visit) -> Answer {
    let known = visit.app.store().users().await?;
    let body = keys::users(&visit.viewer, &known);
    Ok(show(page(&visit.viewer, HERE, "Users", &body)))
}

/// Stores a user.
pub(crate) async fn put_user(mut posted: Posted) -> Answer {
    posted.unlock(Scope::Admin)?;
    let name = posted.fields.get("name").unwrap_or_default().to_owned();
    let password = posted.fields.get("password").unwrap_or_default().to_owned();
    let scopes = scopes(&posted)?;
    let password = hash_in_turn(password).await?;
    posted.app.gate().put_user(&name, password, scopes, &posted.change()).await?;
    Ok(posted.done("/ui/settings/users", "user"))
}

/// Forgets a user.
pub(crate) async fn remove_user(Path(name): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Admin)?;
    posted.app.store().remove_user(&name, &posted.change()).await?;
    Ok(posted.done("/ui/settings/users", "user-removed"))
}

fn scopes(posted: &Posted) -> Result<Scopes, Problem> {
    let scopes = Scopes::parse(posted.fields.all("scope")).map_err(|name| {
        Problem::invalid("scope", format!("has no `{}`", crate::problem::shown(name)))
            .known(Scope::ALL.map(Scope::name))
    })?;
    if scopes == Scopes::default() {
        return Err(Problem::invalid("scope", "choose at least one"));
    }
    Ok(scopes)
}
