//! Runs: the list, one, several side by side.

use tripline_store::records::{PageRequest, RunFilter};

use super::super::page::page_with_charts;
use super::super::view::runs;
use super::super::visit::{Answer, Visit, show};
use super::jobs::histories;
use crate::problem::Problem;

/// Most runs that are set side by side.
const MOST: usize = 6;

/// The list, or those that the address names.
pub(crate) async fn get(visit: Visit) -> Answer {
    let store = visit.app.store();
    let mut chosen = Vec::new();
    for id in visit.fields.all("id").take(MOST) {
        chosen.push(store.run(id).await?.ok_or_else(|| Problem::not_found("run", id))?);
    }
    let body = if chosen.is_empty() {
        let after = visit.fields.get("after").map(str::to_owned);
        let page = PageRequest { limit: 50, after };
        let found = store.runs(&RunFilter::default(), &page).await?;
        runs::list(&found.items, found.next.as_deref())
    } else {
        let charts = histories(&visit.app, &chosen).await?;
        runs::compared(&chosen, charts)
    };
    Ok(show(page_with_charts(&visit.viewer, "/ui/jobs", "Runs", &body)))
}
