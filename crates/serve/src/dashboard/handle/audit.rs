//! The audit trail, and whether it is as it was written.

use tokio::sync::Semaphore;
use tripline_store::records::{PageRequest, Scope};

use super::super::fields::Fields;
use super::super::page::page;
use super::super::view::audit::{self, Verified};
use super::super::visit::{Answer, Posted, Visit, show};
use crate::app::App;
use crate::problem::Problem;

/// Entries that are checked for a page; the command checks any number.
const CHECKED: u64 = 200_000;

/// One check at a time: it reads the whole trail.
static TURN: Semaphore = Semaphore::const_new(1);

/// The entries.
pub(crate) async fn get(visit: Visit) -> Answer {
    let (entries, next, head) = read(&visit.app, &visit.fields).await?;
    let list = (&visit.fields, entries.as_slice(), next.as_deref());
    let body = audit::page(&visit.viewer, list, head.as_ref(), None);
    Ok(show(page(&visit.viewer, "/ui/settings", "Audit trail", &body)))
}

/// Checks the trail as `tripline audit verify` does, and shows what it found above the entries.
pub(crate) async fn verify(posted: Posted) -> Answer {
    posted.caller.require(Scope::Admin)?;
    let (entries, next, head) = read(&posted.app, &Fields::default()).await?;
    let sequence = head.as_ref().map_or(0, |head| head.sequence);
    let verified = match TURN.try_acquire() {
        _ if sequence > CHECKED => Verified::TooLong(sequence),
        Err(_) => Verified::Busy,
        Ok(_turn) => {
            let begun = std::time::Instant::now();
            let found = posted.app.service().verify_audit().await?;
            Verified::Checked { found, took: begun.elapsed() }
        }
    };
    let fields = Fields::default();
    let list = (&fields, entries.as_slice(), next.as_deref());
    let body = audit::page(&posted.viewer, list, head.as_ref(), Some(&verified));
    let page = page(&posted.viewer, "/ui/settings", "Audit trail", &body);
    Ok(posted.answer(page))
}

type Read = (
    Vec<tripline_store::records::AuditEntry>,
    Option<String>,
    Option<tripline_store::records::AuditHead>,
);

async fn read(app: &App, fields: &Fields) -> Result<Read, Problem> {
    let after = fields.get("after").map(str::to_owned);
    let page = PageRequest { limit: 50, after };
    let found = app.store().entries(fields.get("object"), &page).await?;
    let head = app.store().head().await?;
    Ok((found.items, found.next, head))
}
