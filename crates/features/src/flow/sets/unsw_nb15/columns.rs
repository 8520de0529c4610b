//! The columns of UNSW-NB15, with how closely each can match what Argus and Bro wrote.
//!
//! The shares of rows that texts name are printed by `bench/oracles/unsw_definitions.py` for the
//! published partition of 82,332 rows, where nothing else is said.

use super::names::{PROTOCOLS, SERVICES, STATES};
use crate::flow::column::ColumnDoc;

/// The columns where each packet is counted so many times.
pub(super) fn of(copies: u64) -> Vec<ColumnDoc> {
    let column = |column: &ColumnDoc| {
        if copies > 1 && TWICE.contains(&column.name) {
            ColumnDoc { fidelity: COPIED, in_models: true, ..*column }
        } else {
            *column
        }
    };
    COLUMNS.iter().map(column).collect()
}

/// Columns that match the published data once each packet is counted twice.
const TWICE: &[&str] =
    &["spkts", "dpkts", "sbytes", "dbytes", "rate", "sload", "dload", "sinpkt", "dinpkt"];

const COPIED: &str = "Computed as if each packet had come twice at the same instant, as the \
    published capture has them.";

const TWICE_PUBLISHED: &str = "The published capture has nearly every packet twice (99.6 % of TCP \
    rows and 99.8 % of UDP rows have an even number), so published numbers are twice those of a \
    capture without copies. `unsw_nb15_csv` counts as they do.";

const SEQUENCE: &str = "The same number, if the first packet was seen. It is drawn at random by the \
    sender (RFC 9293, section 3.4.1), so it says nothing of the flow.";

const TESTBED: &str = "The same number, but its published values are those of the testbed's \
    generators: 31 is benign in all of 16,702 rows, 254 an attack in 72 %. A model that uses it \
    knows the testbed, not the attack.";

const ONE_WINDOW: &str = "Published counts do not come from a window of 100: with ten sources \
    sharing 76 % of the raw rows, `ct_src_ltm` would have a mean of at least 8.5 there, it has 4.2; \
    in one window the count of a narrower key is at most that of a wider one, which holds for this \
    one but not for the counts of services.";

const OTHER_WINDOW: &str = "Published counts do not come from one window of 100: `ct_srv_src` would \
    be at most `ct_src_ltm`, `ct_srv_dst` at most `ct_dst_ltm`, `ct_dst_src_ltm` at most either; \
    this holds in 37 %, 35 %, 66 to 70 % of rows.";

const BRO: &str = "Bro told this from its own analysis of the protocol; ours finds the same \
    services, not always in the same flows. Published HTTP columns are 0 in 853 of 8,287 rows of \
    that service.";

/// In the order of the published partition.
const COLUMNS: &[ColumnDoc] = &[
    ColumnDoc::number("dur", "s", "Time from the first packet to the last."),
    ColumnDoc::category(
        "proto",
        PROTOCOLS,
        "Protocol behind the IP header, by Argus's names; `unas` for numbers from 134, `any` for \
         61, 63, 68.",
    )
    .fidelity(
        "The same. ARP (`arp`) has no IP header and is no flow here; Argus took some UDP for RTP \
         (`rtp`), which is `udp` here.",
    ),
    ColumnDoc::category(
        "service",
        SERVICES,
        "Application protocol, `-` for those without a name in the data.",
    )
    .fidelity(
        "Bro's analysis told it in the data, ours or a sensor's here; flows that one recognises and \
         the other does not differ.",
    ),
    ColumnDoc::category(
        "state",
        STATES,
        "TCP: `REQ` if only the initiator's SYN was seen, `ACC` if it was answered and nothing \
         followed from the initiator, `CON` if established, `FIN` if a FIN was seen, `RST` if reset \
         (from Zeek's S0; S1 with history without A, D, F, R; S1; S2, S3, SF, SH, SHR; REJ, RSTO, \
         RSTR, RSTOS0, RSTRH), for OTH as other protocols. ICMP: by type `ECO`, `ECR`, `TXD`, \
         `PAR`, `TST`, `MAS`; destination unreachable `URN` for the network, `URH` for the host, \
         else missing. Other protocols: `CON` if both sides sent, else `INT`.",
    )
    .fidelity(
        "Other protocols than TCP obey the rule in all published rows, apart from `REQ` for 187 \
         that only the source sent. A connection that was reset after both FINs is `FIN` here, \
         `RST` for Argus; the data have `RST` once. `CLO` and `no` never come here.",
    ),
    ColumnDoc::number("spkts", "packets", "Packets of the initiator.")
        .fidelity(TWICE_PUBLISHED)
        .not_in_models(),
    ColumnDoc::number("dpkts", "packets", "Packets of the responder.")
        .fidelity(TWICE_PUBLISHED)
        .not_in_models(),
    ColumnDoc::number(
        "sbytes",
        "bytes",
        "Bytes of the initiator's IP packets with their headers, by the length in the header. \
         The data have no link header in it: the least mean of a TCP row is 43 bytes.",
    )
    .fidelity(TWICE_PUBLISHED)
    .not_in_models(),
    ColumnDoc::number("dbytes", "bytes", "As `sbytes`, of the responder.")
        .fidelity(TWICE_PUBLISHED)
        .not_in_models(),
    ColumnDoc::number(
        "rate",
        "packets/s",
        "(spkts + dpkts − 1) / dur; 0 if dur is 0. Holds in 98.5 % of rows.",
    )
    .fidelity(TWICE_PUBLISHED)
    .not_in_models(),
    ColumnDoc::number(
        "sttl",
        "hops",
        "Time to live, or hop limit, of the initiator's first packet; 0 if it sent none.",
    )
    .fidelity(TESTBED)
    .not_in_models(),
    ColumnDoc::number("dttl", "hops", "As `sttl`, of the responder.")
        .fidelity(TESTBED)
        .not_in_models(),
    ColumnDoc::number(
        "sload",
        "bit/s",
        "8 · (sbytes − ⌊sbytes / spkts⌋) / dur; 0 if spkts is below 2 or dur is 0. Holds in 98.4 % \
         of rows.",
    )
    .fidelity(TWICE_PUBLISHED)
    .not_in_models(),
    ColumnDoc::number(
        "dload",
        "bit/s",
        "As `sload`, of dbytes and dpkts. Holds in 99.9 % of rows.",
    )
    .fidelity(TWICE_PUBLISHED)
    .not_in_models(),
    ColumnDoc::number(
        "sloss",
        "packets",
        "TCP segments of the initiator all of whose sequence space it had sent before; in \
         `unsw_nb15_csv`, further its segments with SYN or payload.",
    )
    .fidelity(LOSS)
    .not_in_models(),
    ColumnDoc::number("dloss", "packets", "As `sloss`, of the responder.")
        .fidelity(LOSS)
        .not_in_models(),
    ColumnDoc::number(
        "sinpkt",
        "ms",
        "Mean time between consecutive packets of the initiator, 0 if there are fewer than two; a \
         packet with an earlier time than the one before it counts as no time.",
    )
    .fidelity(GAPS)
    .not_in_models(),
    ColumnDoc::number("dinpkt", "ms", "As `sinpkt`, of the responder.")
        .fidelity(GAPS)
        .not_in_models(),
    ColumnDoc::number(
        "sjit",
        "ms",
        "Population standard deviation of the times between consecutive packets of the initiator \
         (those of `sinpkt`).",
    )
    .fidelity(JITTER)
    .not_in_models(),
    ColumnDoc::number("djit", "ms", "As `sjit`, of the responder.")
        .fidelity(JITTER)
        .not_in_models(),
    ColumnDoc::number(
        "swin",
        "bytes",
        "Largest TCP window that the initiator advertised, unscaled, at most 255; 0 for other \
         protocols.",
    )
    .fidelity("255 in 99.98 % of TCP rows, 0 in all others: the data hold no larger number."),
    ColumnDoc::number(
        "stcpb",
        "1",
        "Sequence number of the initiator's first TCP packet; 0 for other protocols.",
    )
    .fidelity(SEQUENCE)
    .not_in_models(),
    ColumnDoc::number("dtcpb", "1", "As `stcpb`, of the responder.")
        .fidelity(SEQUENCE)
        .not_in_models(),
    ColumnDoc::number("dwin", "bytes", "As `swin`, of the responder.").fidelity(
        "255 in 99.94 % of TCP rows with packets of the destination, 0 in all others: the data hold \
         no larger number.",
    ),
    ColumnDoc::number("tcprtt", "s", "synack + ackdat.").fidelity("Holds in all rows."),
    ColumnDoc::number(
        "synack",
        "s",
        "Time from the initiator's first SYN to the responder's first SYN-ACK behind it; 0 if one \
         was not seen.",
    ),
    ColumnDoc::number(
        "ackdat",
        "s",
        "Time from that SYN-ACK to the initiator's first packet behind it with ACK and without SYN \
         or RST; 0 if one was not seen.",
    ),
    ColumnDoc::number("smean", "bytes", "⌊sbytes / spkts + ½⌋; 0 without packets.")
        .fidelity("Holds in all rows. Copies of packets do not change it."),
    ColumnDoc::number("dmean", "bytes", "⌊dbytes / dpkts + ½⌋; 0 without packets.")
        .fidelity("Holds in all rows. Copies of packets do not change it."),
    ColumnDoc::number("trans_depth", "requests", "HTTP requests in the flow; 0 without HTTP.")
        .fidelity(BRO),
    ColumnDoc::number(
        "response_body_len",
        "bytes",
        "Bytes of the bodies of HTTP answers; 0 without HTTP.",
    )
    .fidelity(BRO),
    ColumnDoc::number(
        "ct_srv_src",
        "flows",
        "Among the last 100 flows, this one included, those with its `service` and initiator's \
         address. Flows are counted in the order of their last packet, then of the number of their \
         first; one that is told early is not counted later on, but counts what a flow that ended \
         then would.",
    )
    .fidelity(OTHER_WINDOW)
    .not_in_models(),
    ColumnDoc::number(
        "ct_state_ttl",
        "1",
        "Class of state, sttl, dttl: 1 for FIN, 62 63 254 or 255, 252 or 253; 2 for INT, 0 62 or \
         254, 0; 3 for CON, 62 or 254, 60 252 or 253; 4 for ACC, 5 for CLO, 7 for RST, each with \
         254, 252; 6 for REQ, 254, 0; else 0.",
    )
    .fidelity(
        "Holds in 99.8 % of rows. Its classes are those of the testbed's times to live: on other \
         networks it is 0 nearly always.",
    )
    .not_in_models(),
    ColumnDoc::number(
        "ct_dst_ltm",
        "flows",
        "Among the last 100 flows as for `ct_srv_src`, those with its responder's address.",
    )
    .fidelity(ONE_WINDOW)
    .not_in_models(),
    ColumnDoc::number(
        "ct_src_dport_ltm",
        "flows",
        "Among the last 100 flows as for `ct_srv_src`, those with its initiator's address and \
         responder's port.",
    )
    .fidelity(ONE_WINDOW)
    .not_in_models(),
    ColumnDoc::number(
        "ct_dst_sport_ltm",
        "flows",
        "Among the last 100 flows as for `ct_srv_src`, those with its responder's address and \
         initiator's port.",
    )
    .fidelity(ONE_WINDOW)
    .not_in_models(),
    ColumnDoc::number(
        "ct_dst_src_ltm",
        "flows",
        "Among the last 100 flows as for `ct_srv_src`, those with its initiator's and responder's \
         addresses.",
    )
    .fidelity(OTHER_WINDOW)
    .not_in_models(),
    ColumnDoc::number(
        "is_ftp_login",
        "1",
        "1 if an FTP user name and password were sent, else 0.",
    )
    .fidelity("Four published rows have 2."),
    ColumnDoc::number("ct_ftp_cmd", "1", "1 if an FTP command was sent, else 0.").fidelity(
        "Published as the number of flows with a command, which equals `is_ftp_login` in 99.99 % of \
         rows.",
    ),
    ColumnDoc::number(
        "ct_flw_http_mthd",
        "requests",
        "HTTP requests with method GET or POST; 0 without HTTP.",
    )
    .fidelity(
        "At most 1 in 99.2 % of rows. Of the larger ones 95 % are squares, so that n requests were \
         counted n² times.",
    ),
    ColumnDoc::number(
        "ct_src_ltm",
        "flows",
        "Among the last 100 flows as for `ct_srv_src`, those with its initiator's address.",
    )
    .fidelity(ONE_WINDOW)
    .not_in_models(),
    ColumnDoc::number(
        "ct_srv_dst",
        "flows",
        "Among the last 100 flows as for `ct_srv_src`, those with its `service` and responder's \
         address.",
    )
    .fidelity(OTHER_WINDOW)
    .not_in_models(),
    ColumnDoc::number(
        "is_sm_ips_ports",
        "1",
        "1 if both endpoints have one address and port, else 0.",
    )
    .fidelity("Of 916 published rows with 1, 912 are ARP, which is no flow here."),
];

const LOSS: &str = "Argus counted the copies of the published capture as retransmissions: 99.8 % of \
    TCP rows have a loss, 28 % of all TCP packets of the source. Which copies it counted is not \
    known for each packet.";

const GAPS: &str = "Between the copies of a packet there is no time, so published means are about \
    half of those without copies. In 2 % of rows (7 % of the raw sample) a published mean times the \
    number of gaps exceeds the duration.";

const JITTER: &str = "For 96 % of TCP rows with three packets or more of the source, the published \
    number is above any standard deviation that such gaps can have, by up to √1000: Argus took sums \
    of squares in another unit than the mean. UDP rows obey the bound.";
