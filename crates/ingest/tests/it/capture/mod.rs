//! Captures, from outside.

mod build;
mod data;
mod files;
mod fragments;
mod headers;
mod hostile;
mod links;
mod tunnels;

pub(crate) use hostile::{check, decode_any, frames_of};
