//! The routes of the service, each declared with what it asks of its caller.

use axum::Router;
use axum::routing::MethodRouter;
use std::sync::Arc;
use tripline_store::records::Scope;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::app::App;
use crate::guard::Guard;

/// What a route asks of its caller, and what a request may cost.
///
/// `Deploy` (on writes), `Admin` and every `DELETE` also need the first-start token where no keys
/// are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub(crate) scope: Option<Scope>,
    pub(crate) upload: bool,
    pub(crate) form: bool,
    pub(crate) unlocked: bool,
    pub(crate) or_local: bool,
    pub(crate) most: Option<u64>,
}

impl Rule {
    /// For everyone, such as the log-in page.
    pub const OPEN: Rule = Rule {
        scope: None,
        upload: false,
        form: false,
        unlocked: false,
        or_local: false,
        most: None,
    };
    /// Needs `read`.
    pub const READ: Rule = Rule::needs(Scope::Read);
    /// Needs `predict`.
    pub const PREDICT: Rule = Rule::needs(Scope::Predict);
    /// Needs `train`.
    pub const TRAIN: Rule = Rule::needs(Scope::Train);
    /// Needs `deploy`.
    pub const DEPLOY: Rule = Rule::needs(Scope::Deploy);
    /// Needs `admin`.
    pub const ADMIN: Rule = Rule::needs(Scope::Admin);

    const fn needs(scope: Scope) -> Rule {
        let unlocked = matches!(scope, Scope::Admin);
        Rule { scope: Some(scope), unlocked, ..Rule::OPEN }
    }

    /// Takes the large bodies of uploads and batches, and their time.
    #[must_use]
    pub const fn upload(self) -> Rule {
        Rule { upload: true, ..self }
    }

    /// Takes bodies of so many bytes instead, but never more than an upload.
    #[must_use]
    pub const fn bytes(self, most: u64) -> Rule {
        Rule { most: Some(most), ..self }
    }

    /// Takes an HTML form, whose field `csrf` its handler checks: [`crate::extract::Form`] does.
    #[must_use]
    pub const fn form(self) -> Rule {
        Rule { form: true, ..self }
    }

    /// Open to a caller on this machine, too, who did not come through a proxy.
    #[must_use]
    pub const fn or_local(self) -> Rule {
        Rule { or_local: true, ..self }
    }

    /// A page that a local caller sees without the first-start token, though it needs `admin` or
    /// `deploy`.
    #[must_use]
    pub const fn visible(self) -> Rule {
        Rule { unlocked: false, ..self }
    }
}

/// Routes over [`App`]: without a [`Rule`] none can be added.
#[derive(Clone)]
pub struct Routes {
    documented: OpenApiRouter<Arc<App>>,
    others: Router<Arc<App>>,
}

impl Routes {
    /// None yet.
    pub fn new() -> Self {
        Self { documented: OpenApiRouter::default(), others: Router::new() }
    }

    /// Adds handlers of one path, made by `utoipa_axum::routes!`, to router and documentation.
    #[must_use]
    pub fn add(mut self, rule: Rule, routes: UtoipaMethodRouter<Arc<App>>) -> Self {
        let (schemas, mut paths, methods) = routes;
        for (path, item) in &mut paths.paths {
            for operation in operations(item) {
                document(rule, crate::inference::is_of(path), operation);
            }
        }
        let methods = methods.layer(Guard::layer(rule));
        self.documented = self.documented.routes((schemas, paths, methods));
        self
    }

    /// Adds handlers that are no part of the API's documentation, such as pages.
    #[must_use]
    pub fn add_hidden(mut self, rule: Rule, path: &str, methods: MethodRouter<Arc<App>>) -> Self {
        self.others = self.others.route(path, methods.layer(Guard::layer(rule)));
        self
    }

    /// Passes requests of the pages through a function that draws their problems for people.
    #[must_use]
    pub(crate) fn drawn<F, R>(mut self, draw: F) -> Self
    where
        F: Fn(axum::extract::Request, axum::middleware::Next) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = axum::response::Response> + Send + 'static,
    {
        self.others = self.others.layer(axum::middleware::from_fn(draw));
        self
    }

    /// All routes of another list as well.
    #[must_use]
    pub fn merge(self, other: Routes) -> Self {
        Self {
            documented: self.documented.merge(other.documented),
            others: self.others.merge(other.others),
        }
    }

    /// All routes under a path.
    #[must_use]
    pub fn under(self, path: &str) -> Self {
        Self {
            documented: OpenApiRouter::default().nest(path, self.documented),
            others: Router::new().nest(path, self.others),
        }
    }

    pub(crate) fn split(self) -> (Router<Arc<App>>, OpenApi) {
        let (documented, api) = self.documented.split_for_parts();
        (documented.merge(self.others), api)
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

/// All operations of a path.
pub(crate) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
        &mut item.patch,
        &mut item.trace,
    ]
    .into_iter()
    .flatten()
}

/// Writes what the rule means into the documentation: security, and the problems that any request
/// can meet.
fn document(rule: Rule, protocol: bool, operation: &mut utoipa::openapi::path::Operation) {
    use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

    let mut problems = vec![
        ("400", "The request is not what HTTP or JSON allow, or came from another site."),
        ("408", "The request was too slow."),
        ("413", "The body is too large."),
        ("415", "The body is of a type that is not taken here."),
        ("421", "The request came for another host."),
        ("422", "A value that cannot be; each field is named."),
        ("429", "Too many requests of this key."),
        ("500", "A defect or a failing disk; the log tells more."),
        ("503", "The service is at its limit."),
    ];
    if let Some(scope) = rule.scope {
        problems.push(("401", "Credentials are needed."));
        problems.push(("403", "The credentials do not allow this."));
        operation.security = Some(
            ["bearer", "key"].map(|scheme| SecurityRequirement::new(scheme, [scope.name()])).into(),
        );
    }
    // The inference protocol has its own shape of an error, and 400 for what cannot be.
    let (schema, kind) = match protocol {
        true => ("InferenceErrorBody", "application/json"),
        false => ("Problem", "application/problem+json"),
    };
    problems.retain(|(status, _)| !(protocol && *status == "422"));
    for (status, text) in problems {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
            let schema = Ref::from_schema_name(schema);
            let content = ContentBuilder::new().schema(Some(schema)).build();
            RefOr::T(ResponseBuilder::new().description(text).content(kind, content).build())
        });
    }
}
