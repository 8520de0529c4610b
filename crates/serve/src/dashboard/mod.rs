//! The dashboard: pages drawn on the server, under `/ui/`.
//!
//! A page is a function from what is known to markup ([`view`]); what is known is read by the
//! handlers. Pages work without scripts except for what is live. Nothing inline: the content
//! security policy allows our own files alone.

mod assets;
mod chart;
mod fields;
mod page;
mod parts;
mod text;
mod view;

#[cfg(test)]
mod tests;
