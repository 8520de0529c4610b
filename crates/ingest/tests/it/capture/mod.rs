//! Captures, from outside.

mod build;
mod data;
mod files;
mod fragments;
mod headers;
mod hostile;
mod links;
mod tunnels;
