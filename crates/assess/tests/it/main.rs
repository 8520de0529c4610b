//! Figures against oracles; protocols, guard, evaluation on made-up or real data.

mod gallery;
mod made;
mod markup;
mod metrics;
mod plots;
mod report;
