//! Problems as errors of GraphQL.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions as _};
use tripline_store::records::Scope;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Kind, Problem};

pub(super) type Result<T> = std::result::Result<T, Error>;

/// A problem with its kind as `code`, and the field that is wrong.
pub(super) fn error(problem: impl Into<Problem>) -> Error {
    let problem = problem.into();
    if problem.kind == Kind::Internal {
        let cause = problem.cause.as_deref().unwrap_or_default();
        tracing::error!(cause, "a GraphQL field failed");
    }
    Error::new(problem.detail.clone()).extend_with(|_, values| {
        values.set("code", problem.kind.name());
        if let Some(first) = problem.errors.first() {
            values.set("field", first.field.as_str());
        }
    })
}

/// The service, for a caller who has the scope.
pub(super) fn app<'c>(context: &Context<'c>, scope: Scope) -> Result<&'c Arc<App>> {
    caller(context)?.require(scope).map_err(error)?;
    context.data::<Arc<App>>()
}

/// The service, for a caller who has the scope and, where no keys are needed, the first-start
/// token.
pub(super) fn app_unlocked<'c>(context: &Context<'c>, scope: Scope) -> Result<&'c Arc<App>> {
    caller(context)?.require_unlocked(scope).map_err(error)?;
    context.data::<Arc<App>>()
}

/// Who asks.
pub(super) fn caller<'c>(context: &Context<'c>) -> Result<&'c Caller> {
    context.data::<Caller>()
}
