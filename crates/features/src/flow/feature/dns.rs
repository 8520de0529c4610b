//! What DNS messages tell.

use tripline_core::flow::{Dns as Told, Flow};

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Columns of DNS; the state is that of [`super::service::Service`].
#[derive(Debug)]
pub struct Dns;

/// Values of `dns_query_type` with their codes (IANA "Domain Name System (DNS) Parameters").
const TYPES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (10, "NULL"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (25, "KEY"),
    (28, "AAAA"),
    (32, "NB"),
    (33, "SRV"),
    (35, "NAPTR"),
    (43, "DS"),
    (46, "RRSIG"),
    (48, "DNSKEY"),
    (52, "TLSA"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (251, "IXFR"),
    (252, "AXFR"),
    (255, "ANY"),
];

/// The names of [`TYPES`], then any other.
const TYPE_NAMES: &[&str] = &{
    let mut names = ["other"; TYPES.len() + 1];
    let mut index = 0;
    while index < TYPES.len() {
        names[index] = TYPES[index].1;
        index += 1;
    }
    names
};

impl FlowFeature for Dns {
    fn columns() -> Vec<ColumnDoc> {
        vec![
            ColumnDoc::number("dns_seen", "1", "1 if a DNS message was read, else 0."),
            ColumnDoc::number(
                "dns_query_length",
                "bytes",
                "Length of the longest query name, without its final dot; missing without one.",
            ),
            ColumnDoc::number(
                "dns_query_entropy",
                "bits",
                "Largest Shannon entropy of the bytes of a query name in lower case; missing without \
                 one.",
            ),
            ColumnDoc::number(
                "dns_query_labels",
                "1",
                "Most labels of a query name; missing without one.",
            ),
            ColumnDoc::category("dns_query_type", TYPE_NAMES, "Type of the first query."),
            ColumnDoc::number("dns_queries", "1", "Queries."),
            ColumnDoc::number("dns_responses", "1", "Answers, whatever they hold."),
            ColumnDoc::number("dns_answers", "1", "Resource records in the answer sections."),
            ColumnDoc::number(
                "dns_response_code",
                "1",
                "Response code of the first answer (RFC 1035, section 4.1.1): 3 is NXDOMAIN.",
            ),
            ColumnDoc::number("dns_errors", "1", "Answers with a response code other than 0."),
            ColumnDoc::number(
                "dns_ttl_min",
                "s",
                "Smallest time to live of a resource record in an answer section.",
            ),
            ColumnDoc::number(
                "dns_tunnel_types",
                "1",
                "Queries of the types that tunnels favour: NULL, CNAME, MX, TXT, KEY.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self
    }

    #[inline]
    fn on_update(&mut self, _: &Step) {}

    fn write(_: Option<&Self>, flow: &Flow, row: &mut Row) {
        let told = flow.app.as_ref().and_then(|app| app.dns.as_ref());
        row.flag(told.is_some());
        let Some(dns) = told else {
            row.missing(11);
            return;
        };
        let Told { query_type, response_code, ttl_min_s, .. } = dns;
        // A message may hold no question: then there is no name to measure.
        let name = query_type.is_some();
        row.maybe(name.then_some(dns.query_bytes.into()));
        row.maybe(name.then_some(dns.query_entropy));
        row.maybe(name.then_some(dns.query_labels.into()));
        row.category(query_type.map(type_index));
        row.count(dns.queries.into());
        row.count(dns.responses.into());
        row.count(dns.answers.into());
        row.maybe(response_code.map(f64::from));
        row.count(dns.errors.into());
        row.maybe(ttl_min_s.map(f64::from));
        row.count(dns.tunnel_types.into());
    }
}

fn type_index(query_type: u16) -> usize {
    TYPES.iter().position(|&(code, _)| code == query_type).unwrap_or(TYPES.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_names() {
        assert_eq!(TYPE_NAMES[type_index(28)], "AAAA");
        assert_eq!(TYPE_NAMES[type_index(9999)], "other");
    }
}
