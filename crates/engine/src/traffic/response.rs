//! What a category of attack stands for: technique, impact, recommended action.

use std::sync::Arc;

use tripline_core::verdict::{Severity, Technique};

use crate::model::Model;

/// What is known of a category of attack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// The technique of MITRE ATT&CK (Enterprise, version 17) that describes it best.
    pub technique: Technique,
    /// How much of the probability becomes risk, in (0, 1]: 1 where damage is done already,
    /// less where it is only prepared.
    pub impact: f64,
    /// What to do first.
    pub action: &'static str,
}

/// What to do on an attack whose category is not known.
const UNKNOWN_ACTION: &str = "look at the flow and its reasons; isolate the initiator if they hold";
/// What to do on a flow that is no attack.
const NO_ACTION: &str = "none";
/// Impact of an attack whose category is not known.
const UNKNOWN_IMPACT: f64 = 0.8;

const ACTIVE_SCANNING: Technique =
    Technique { id: "T1595", name: "Active Scanning", tactic: "Reconnaissance" };
const SERVICE_DISCOVERY: Technique =
    Technique { id: "T1046", name: "Network Service Discovery", tactic: "Discovery" };
const BRUTE_FORCE: Technique =
    Technique { id: "T1110", name: "Brute Force", tactic: "Credential Access" };
const NETWORK_DOS: Technique =
    Technique { id: "T1498", name: "Network Denial of Service", tactic: "Impact" };
const ENDPOINT_DOS: Technique =
    Technique { id: "T1499", name: "Endpoint Denial of Service", tactic: "Impact" };
const EXFILTRATION: Technique = Technique {
    id: "T1048",
    name: "Exfiltration Over Alternative Protocol",
    tactic: "Exfiltration",
};
const DNS_CHANNEL: Technique = Technique {
    id: "T1071.004",
    name: "Application Layer Protocol: DNS",
    tactic: "Command and Control",
};
const BEACON: Technique =
    Technique { id: "T1071", name: "Application Layer Protocol", tactic: "Command and Control" };
const PUBLIC_EXPLOIT: Technique =
    Technique { id: "T1190", name: "Exploit Public-Facing Application", tactic: "Initial Access" };
const REMOTE_EXPLOIT: Technique =
    Technique { id: "T1210", name: "Exploitation of Remote Services", tactic: "Lateral Movement" };
const CLIENT_EXPLOIT: Technique =
    Technique { id: "T1203", name: "Exploitation for Client Execution", tactic: "Execution" };
const PRIVILEGE: Technique = Technique {
    id: "T1068",
    name: "Exploitation for Privilege Escalation",
    tactic: "Privilege Escalation",
};

const BLOCK_SCANNER: &str =
    "block the initiator at the edge; check which of the probed services answered";
const STOP_GUESSING: &str =
    "lock or rate-limit the account's logins from the initiator; look for a login that succeeded";
const SHED_FLOOD: &str =
    "rate-limit or filter the traffic upstream; turn on SYN cookies where TCP is flooded";
const STOP_UPLOAD: &str = "cut the connection; find out what the initiator read before it sent";
const SINK_DOMAIN: &str = "block the queried domain; isolate the initiator for forensics";
const ISOLATE: &str = "isolate the initiator; look for the process behind the connection";
const PATCH: &str = "check the responder for signs of execution; patch the service";

/// Categories of our own generator, UNSW-NB15, NSL-KDD and CIC-IDS2017, in lower case with `_`.
const RESPONSES: &[(&[&str], Response)] = &[
    (
        &["port_scan", "probe", "satan", "ipsweep", "nmap", "portsweep", "mscan", "saint"],
        Response { technique: SERVICE_DISCOVERY, impact: 0.6, action: BLOCK_SCANNER },
    ),
    (
        &["reconnaissance", "analysis", "scan"],
        Response { technique: ACTIVE_SCANNING, impact: 0.6, action: BLOCK_SCANNER },
    ),
    (
        &[
            "brute_force",
            "guess_passwd",
            "ftp_patator",
            "ssh_patator",
            "web_attack_brute_force",
            "ftp_bruteforce",
            "ssh_bruteforce",
            "snmpguess",
        ],
        Response { technique: BRUTE_FORCE, impact: 0.8, action: STOP_GUESSING },
    ),
    (
        &["dos_flood", "ddos", "syn_flood", "udp_flood", "smurf", "neptune", "udpstorm"],
        Response { technique: NETWORK_DOS, impact: 0.9, action: SHED_FLOOD },
    ),
    (
        &[
            "dos",
            "dos_hulk",
            "dos_goldeneye",
            "dos_slowloris",
            "dos_slowhttptest",
            "back",
            "teardrop",
            "land",
            "pod",
            "apache2",
            "processtable",
            "mailbomb",
        ],
        Response { technique: ENDPOINT_DOS, impact: 0.9, action: SHED_FLOOD },
    ),
    (
        &["exfiltration", "infiltration"],
        Response { technique: EXFILTRATION, impact: 1.0, action: STOP_UPLOAD },
    ),
    (
        &["dns_tunnel", "dns_tunnelling"],
        Response { technique: DNS_CHANNEL, impact: 1.0, action: SINK_DOMAIN },
    ),
    (
        &["beaconing", "bot", "botnet", "backdoor", "backdoors", "c2"],
        Response { technique: BEACON, impact: 0.9, action: ISOLATE },
    ),
    (
        &["exploits", "fuzzers", "web_attack_xss", "web_attack_sql_injection", "heartbleed"],
        Response { technique: PUBLIC_EXPLOIT, impact: 0.8, action: PATCH },
    ),
    (&["shellcode", "generic"], Response { technique: CLIENT_EXPLOIT, impact: 0.9, action: PATCH }),
    (&["worms", "worm"], Response { technique: REMOTE_EXPLOIT, impact: 1.0, action: ISOLATE }),
    (
        &["u2r", "buffer_overflow", "rootkit", "loadmodule", "perl", "xterm", "ps", "sqlattack"],
        Response { technique: PRIVILEGE, impact: 1.0, action: ISOLATE },
    ),
    (
        &["r2l", "warezclient", "warezmaster", "imap", "phf", "ftp_write", "multihop", "named"],
        Response { technique: REMOTE_EXPLOIT, impact: 0.9, action: PATCH },
    ),
];

/// The classes of a model, with what is known of each.
#[derive(Debug, Clone)]
pub struct Categories {
    /// Names, the first benign; empty for a model that tells attack from benign alone.
    pub names: Arc<[Arc<str>]>,
    responses: Vec<Option<&'static Response>>,
}

/// What follows from a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Kind of attack, or the benign class.
    pub category: Option<Arc<str>>,
    /// Technique that the category stands for.
    pub technique: Option<Technique>,
    /// Risk from 0 to 100.
    pub risk: u8,
    /// From risk, and whether it is an attack.
    pub severity: Severity,
    /// What to do.
    pub action: &'static str,
}

impl Categories {
    /// Those of a model.
    pub fn of(model: &Model) -> Self {
        let classes = model.classes().unwrap_or_default();
        Self {
            names: classes.iter().map(|class| class.as_str().into()).collect(),
            responses: classes.iter().map(|class| response(class)).collect(),
        }
    }

    /// What follows from a score; `class` is the most probable one.
    pub fn judged(&self, attack: bool, probability: f64, class: Option<usize>) -> Judged {
        let likely = class.and_then(|class| self.names.get(class));
        // The most probable class may be benign while all attacks together reach the threshold, or
        // an attack while they do not: neither is the category of such a verdict.
        let category = likely.filter(|_| (class == Some(0)) != attack).cloned();
        let known = class.and_then(|class| self.responses.get(class).copied().flatten());
        let risk = risk(probability, known.map_or(UNKNOWN_IMPACT, |known| known.impact));
        Judged {
            category,
            technique: known.filter(|_| attack).map(|known| known.technique),
            risk,
            severity: severity(attack, risk),
            action: match (attack, known) {
                (false, _) => NO_ACTION,
                (true, Some(known)) => known.action,
                (true, None) => UNKNOWN_ACTION,
            },
        }
    }
}

/// What is known of a category; letters and digits alone count, in any case.
pub fn response(category: &str) -> Option<&'static Response> {
    let asked = plain(category);
    RESPONSES
        .iter()
        .find(|(names, _)| names.iter().any(|name| plain(name) == asked))
        .map(|(_, response)| response)
}

/// Risk from 0 to 100: probability times impact.
fn risk(probability: f64, impact: f64) -> u8 {
    (100.0 * probability * impact).round().clamp(0.0, 100.0) as u8
}

/// Severity of a verdict.
fn severity(attack: bool, risk: u8) -> Severity {
    match (attack, risk) {
        (false, _) => Severity::Info,
        (true, 90..) => Severity::Critical,
        (true, 70..) => Severity::High,
        (true, 40..) => Severity::Medium,
        (true, _) => Severity::Low,
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_published_sets_are_known() {
        for name in
            ["Fuzzers", " Backdoor", "DoS Hulk", "Web Attack – Brute Force", "neptune", "PortScan"]
        {
            assert!(response(name).is_some(), "{name}");
        }
        assert!(response("normal").is_none() && response("").is_none());
    }

    #[test]
    fn no_name_stands_twice() {
        let names: Vec<String> =
            RESPONSES.iter().flat_map(|(names, _)| names.iter().map(|name| plain(name))).collect();
        let mut distinct = names.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn severity_follows_risk() {
        assert_eq!(severity(false, 99), Severity::Info);
        assert_eq!(severity(true, risk(0.99, 1.0)), Severity::Critical);
        assert_eq!(severity(true, risk(0.9, 0.8)), Severity::High);
        assert_eq!(severity(true, risk(0.6, 0.8)), Severity::Medium);
        assert_eq!(severity(true, risk(0.2, 0.6)), Severity::Low);
    }
}
