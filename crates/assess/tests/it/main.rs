//! Figures against oracles; protocols, guard, evaluation on made-up or real data.

mod metrics;
