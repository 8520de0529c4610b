//! The service: REST, GraphQL, Open Inference Protocol, dashboard, metrics.
//!
//! A request passes the [`edge`](crate) (host, origin, key, rate, place in the queue), then the
//! guard of its route (scope, type and size of its body, time), then its handler, which knows of
//! none of that. Every error is a [`Problem`].

pub mod access;
mod app;
mod body;
mod caller;
pub mod dashboard;
mod edge;
pub mod extract;
pub mod graphql;
mod guard;
mod headers;
mod inference;
mod listen;
mod observe;
mod problem;
mod request_id;
mod rest;
mod routes;
mod server;
pub mod settings;
pub mod time;

pub use app::App;
pub use caller::{Caller, Known};
pub use observe::{
    LogFormat, LogLevel, LogSettings, Metrics, flush_log, is_collector, log_to_stderr,
};
pub use problem::{FieldError, Kind, Problem, ProblemDocument, shown};
pub use routes::{Routes, Rule};
pub use server::{Listening, Reloader, ServeError, Server};
pub use settings::Settings;
pub use tripline_engine::service::nearest;
