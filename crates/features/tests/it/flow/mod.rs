//! The flow engine: from packets made by hand to flows.

mod app;
mod bounds;
mod order;
mod packets;
mod sets;
mod states;
