//! What is told of a capture.

use std::collections::BTreeMap;

use serde::Serialize;
use tripline_core::flow::Flow;
use tripline_engine::traffic::{Judged, protocol_name};
use tripline_features::flow::community_id;
use tripline_store::Timestamp;
use utoipa::ToSchema;

use super::super::prediction::{ReasonShape, word};
use crate::time;

/// A flow with its verdict.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlowVerdict<'a> {
    /// Time of the first packet.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Time of the last packet.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// Address of the initiator.
    #[schema(example = "10.0.0.1")]
    src: String,
    /// Its port.
    src_port: u16,
    /// Address of the responder.
    #[schema(example = "10.0.0.2")]
    dst: String,
    /// Its port.
    dst_port: u16,
    /// Transport protocol.
    #[schema(example = "tcp")]
    protocol: String,
    /// Community ID, version 1, seed 0.
    community_id: String,
    /// `attack` or `normal`.
    #[schema(example = "attack")]
    prediction: &'static str,
    /// Calibrated probability of an attack, 0 to 1.
    probability: f64,
    /// Raw score.
    score: f64,
    /// The attack's class.
    threat_type: Option<String>,
    /// Probability times impact, 0 to 100.
    risk_score: u8,
    /// From the risk.
    #[schema(example = "medium")]
    pub(super) severity: &'static str,
    /// Technique of MITRE ATT&CK.
    technique: Option<&'static str>,
    /// The detection that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    detection_id: Option<String>,
    /// Reasons, if asked for, of a flow over the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasons: Option<Vec<ReasonShape<'a>>>,
}

impl FlowVerdict<'_> {
    pub(super) fn of(
        flow: &Flow,
        attack: bool,
        probability: f64,
        score: f64,
        judged: Judged,
        detection_id: Option<String>,
    ) -> Self {
        let threat = judged.category.as_deref().unwrap_or("attack");
        Self {
            start: Timestamp::from_ns(flow.start_ns),
            end: Timestamp::from_ns(flow.end_ns),
            src: flow.orig_ip().to_string(),
            src_port: flow.key.orig_port,
            dst: flow.resp_ip().to_string(),
            dst_port: flow.key.resp_port,
            protocol: protocol_name(flow.key.protocol),
            community_id: community_id(&flow.key, 0),
            prediction: word(attack),
            probability,
            score,
            threat_type: attack.then(|| threat.to_owned()),
            risk_score: judged.risk,
            severity: judged.severity.name(),
            technique: judged.technique.map(|technique| technique.id),
            detection_id,
            reasons: None,
        }
    }
}

/// What went through.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct CaptureSummary {
    /// Packets taken into flows.
    pub(super) packets: u64,
    /// Flows judged.
    pub(super) flows: u64,
    /// Of these, attacks.
    attacks: u64,
    /// Attacks by severity.
    by_severity: BTreeMap<&'static str, u64>,
    /// Records of the capture that could not be read.
    pub(super) bad_records: u64,
    /// The version that judged.
    model_version: String,
    /// Why the rest of the capture was not read, if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended_by: Option<String>,
}

impl CaptureSummary {
    pub(super) fn new(model: &str) -> Self {
        Self { model_version: model.to_owned(), ..Self::default() }
    }

    pub(super) fn count(&mut self, verdict: &FlowVerdict<'_>) {
        self.flows += 1;
        if verdict.threat_type.is_some() {
            self.attacks += 1;
            *self.by_severity.entry(verdict.severity).or_default() += 1;
        }
    }
}
