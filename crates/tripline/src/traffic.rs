//! What commands on traffic show: verdicts, summaries.

use std::collections::BTreeMap;

use serde::Serialize;
use tripline_core::flow::{EndReason, Flow};
use tripline_core::verdict::Verdict;
use tripline_engine::traffic::{
    FlowDetector, TrafficSummary, VerdictTally, protocol_name, timestamp,
};
use tripline_features::flow::community_id;

/// One verdict as a JSON line.
#[derive(Serialize)]
pub(crate) struct VerdictWire<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    probability: f64,
    risk_score: u8,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    technique: Option<TechniqueWire>,
    recommended_action: &'static str,
    reasons: Vec<ReasonWire<'a>>,
    model_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    notice: &'a str,
    /// The flow is still open: it is judged again when it ends.
    early: bool,
    flow: FlowWire<'a>,
}

#[derive(Serialize)]
struct TechniqueWire {
    id: &'static str,
    name: &'static str,
    tactic: &'static str,
}

#[derive(Serialize)]
struct ReasonWire<'a> {
    feature: &'a str,
    value: &'a str,
    contribution: f64,
    text: &'a str,
}

#[derive(Serialize)]
struct FlowWire<'a> {
    start: String,
    end: String,
    duration: f64,
    src_ip: String,
    src_port: u16,
    dst_ip: String,
    dst_port: u16,
    protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'static str>,
    state: &'static str,
    history: &'a str,
    orig_packets: u64,
    resp_packets: u64,
    orig_ip_bytes: u64,
    resp_ip_bytes: u64,
    community_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vlan: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    sensor: &'static str,
    ended: &'static str,
}

impl<'a> VerdictWire<'a> {
    pub(crate) fn of(flow: &'a Flow, verdict: &'a Verdict, notice: &'a str) -> Self {
        Self {
            kind: "verdict",
            verdict: if verdict.attack { "attack" } else { "normal" },
            category: verdict.category.as_deref(),
            probability: verdict.probability,
            risk_score: verdict.risk,
            severity: verdict.severity.name(),
            technique: verdict.technique.map(|technique| TechniqueWire {
                id: technique.id,
                name: technique.name,
                tactic: technique.tactic,
            }),
            recommended_action: verdict.action,
            reasons: verdict
                .reasons
                .iter()
                .map(|reason| ReasonWire {
                    feature: &reason.feature,
                    value: &reason.value,
                    contribution: reason.contribution,
                    text: &reason.text,
                })
                .collect(),
            model_version: &verdict.model,
            notice,
            early: flow.ended == EndReason::Open,
            flow: FlowWire {
                start: timestamp(flow.start_ns),
                end: timestamp(flow.end_ns),
                duration: flow.duration_s(),
                src_ip: flow.orig_ip().to_string(),
                src_port: flow.key.orig_port,
                dst_ip: flow.resp_ip().to_string(),
                dst_port: flow.key.resp_port,
                protocol: protocol_name(flow.key.protocol),
                service: flow.service,
                state: flow.state.name(),
                history: flow.history.as_str(),
                orig_packets: flow.orig.packets,
                resp_packets: flow.resp.packets,
                orig_ip_bytes: flow.orig.ip_bytes,
                resp_ip_bytes: flow.resp.ip_bytes,
                community_id: community_id(&flow.key, 0),
                uid: flow.uid.as_deref(),
                vlan: flow.key.vlan.outer(),
                name: server_name(flow),
                sensor: flow.sensor.name(),
                ended: flow.ended.name(),
            },
        }
    }
}

/// The name that the initiator asked for: TLS, HTTP or DNS.
pub(crate) fn server_name(flow: &Flow) -> Option<&str> {
    let app = flow.app.as_deref()?;
    let tls = app.tls.as_ref().and_then(|tls| tls.sni.as_deref());
    let http = || app.http.as_ref().and_then(|http| http.host.as_deref());
    let dns = || app.dns.as_ref().and_then(|dns| dns.query.as_deref());
    tls.or_else(http).or_else(dns)
}

/// Verdicts by severity.
#[derive(Serialize)]
pub(crate) struct TallyWire {
    flows: u64,
    alerts: u64,
    by_severity: BTreeMap<&'static str, u64>,
}

impl TallyWire {
    pub(crate) fn of(tally: &VerdictTally) -> Self {
        Self {
            flows: tally.flows,
            alerts: tally.alerts,
            by_severity: tally
                .by_severity()
                .map(|(severity, count)| (severity.name(), count))
                .collect(),
        }
    }
}

/// What went through.
#[derive(Serialize)]
pub(crate) struct SummaryWire {
    seconds: f64,
    flows: u64,
    counts: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
}

impl SummaryWire {
    pub(crate) fn of(summary: &TrafficSummary) -> Self {
        Self {
            seconds: summary.seconds,
            flows: summary.flows,
            counts: summary.counts().into_iter().filter(|(_, count)| *count > 0).collect(),
            errors: summary.errors(),
        }
    }
}

/// The same for people.
pub(crate) fn summary_text(summary: &TrafficSummary) -> String {
    let mut text = format!("{} flows", summary.flows);
    if summary.packets > 0 && summary.seconds > 0.0 {
        text.push_str(&format!(
            " from {} packets in {:.2} s ({:.2} M packets/s)",
            summary.packets,
            summary.seconds,
            summary.packets as f64 / summary.seconds / 1e6
        ));
    }
    text.push('\n');
    let counted: Vec<String> = summary
        .counts()
        .into_iter()
        .filter(|(name, count)| *count > 0 && !matches!(*name, "packets"))
        .map(|(name, count)| format!("{} {count}", name.replace('_', " ")))
        .collect();
    if !counted.is_empty() {
        text.push_str(&format!("  {}\n", counted.join(", ")));
    }
    for error in summary.errors() {
        text.push_str(&format!("  damaged: {error}\n"));
    }
    text
}

/// Verdicts by severity, for people.
pub(crate) fn verdicts_text(tally: &VerdictTally, detector: &FlowDetector) -> String {
    let counts: Vec<String> = tally
        .by_severity()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{} {count}", severity.name()))
        .collect();
    let mut text = format!(
        "{} verdicts, {} alerts by {} ({})\n",
        tally.flows,
        tally.alerts,
        detector.name(),
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    );
    let notice = &detector.model().provenance().notice;
    if !notice.is_empty() {
        text.push_str(&format!("  {notice}\n"));
    }
    text
}
