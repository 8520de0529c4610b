//! The `tripline` set: what detection needs of a flow.

use super::SetCard;
use crate::flow::feature::dns::Dns;
use crate::flow::feature::endpoints::Endpoints;
use crate::flow::feature::first_packets::FirstPackets;
use crate::flow::feature::ftp::Ftp;
use crate::flow::feature::handshake::Handshake;
use crate::flow::feature::header_anomalies::HeaderAnomalies;
use crate::flow::feature::http::Http;
use crate::flow::feature::interarrival::Interarrival;
use crate::flow::feature::payload::Payload;
use crate::flow::feature::segments::Segments;
use crate::flow::feature::service::Service;
use crate::flow::feature::size_median::SizeMedian;
use crate::flow::feature::sizes::Sizes;
use crate::flow::feature::ssh::Ssh;
use crate::flow::feature::tcp_flags::TcpFlags;
use crate::flow::feature::tcp_windows::TcpWindows;
use crate::flow::feature::tls::Tls;
use crate::flow::feature::totals::Totals;
use crate::flow::feature::ttl::Ttl;
use crate::flow::feature::{FlowFeature, compose};
use crate::flow::{open, sensor_rows};

compose! {
    /// The features of the set, in the order of its columns.
    pub(crate) struct Tripline {
        totals: Totals,
        sizes: Sizes,
        median: SizeMedian,
        interarrival: Interarrival,
        flags: TcpFlags,
        payload: Payload,
        endpoints: Endpoints,
        first: FirstPackets,
        handshake: Handshake,
        windows: TcpWindows,
        segments: Segments,
        ttl: Ttl,
        anomalies: HeaderAnomalies,
        // What the application protocols said; the first has the state of all of them.
        service: Service,
        tls: Tls,
        dns: Dns,
        http: Http,
        ssh: Ssh,
        ftp: Ftp,
    }
}

/// Card of the set.
pub(super) const CARD: SetCard = SetCard {
    id: "tripline",
    summary: "Sizes, times, flags, payload and application protocols of a flow, for detection.",
    source: "Names of the common flow features after the ShieldX guide, section 3.1, each defined \
             here for one bidirectional flow.",
    notes: "Forward is the initiator's direction, backward the responder's. Sizes are frame \
            lengths on the wire. Of flows that a sensor told, columns that need packets are \
            missing.",
    identifiers: &[],
    columns: Tripline::columns,
    open: |settings| open::<Tripline>(settings, None),
    sensor: || sensor_rows::<Tripline>(None),
};
