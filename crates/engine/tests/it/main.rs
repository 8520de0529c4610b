//! Boundary tests of the use cases.
#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its own functions too")]

mod adapt;
mod applications;
mod arkime;
mod captures;
mod ensembles;
mod features_oracle;
mod fitting;
mod forged;
mod golden;
mod learn;
mod learn_corpus;
mod made;
mod made_packets;
mod ndpi;
mod same_flows;
mod service;
mod sets;
mod study_corpus;
mod traffic;
mod zeek;
