//! Information elements that a flow is made of.

/// An information element (IANA "IP Flow Information Export (IPFIX) Entities"); those up to 127
/// are the field types of NetFlow version 9 (RFC 3954, section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// Any other: skipped.
    Other,
    Octets,
    OctetTotal,
    Packets,
    PacketTotal,
    ReverseOctets,
    ReversePackets,
    PostOctets,
    PostPackets,
    Protocol,
    TcpFlags,
    ReverseTcpFlags,
    SourcePort,
    SourceV4,
    DestinationPort,
    DestinationV4,
    SourceV6,
    DestinationV6,
    StartUptime,
    EndUptime,
    IcmpTypeCode,
    IcmpType,
    IcmpCode,
    Vlan,
    CustomerVlan,
    StartSeconds,
    EndSeconds,
    StartMillis,
    EndMillis,
    StartMicros,
    EndMicros,
    StartNanos,
    EndNanos,
    StartDelta,
    EndDelta,
    SystemInit,
    DurationMillis,
    DurationMicros,
    BiflowDirection,
    SamplingInterval,
    SamplerId,
    SamplerInterval,
    SamplingPackets,
    SamplingSpace,
    SamplingSize,
    SamplingPopulation,
    SamplingProbability,
}

/// The private enterprise number of elements of the reverse direction (RFC 5103, section 6.1).
const REVERSE: u32 = 29_305;

impl Element {
    /// The element of a number; `enterprise` is 0 for those of IANA.
    pub(super) fn of(number: u16, enterprise: u32) -> Self {
        match enterprise {
            0 => Self::of_iana(number),
            REVERSE => match Self::of_iana(number) {
                Self::Octets | Self::OctetTotal => Self::ReverseOctets,
                Self::Packets | Self::PacketTotal => Self::ReversePackets,
                Self::TcpFlags => Self::ReverseTcpFlags,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    fn of_iana(number: u16) -> Self {
        match number {
            1 => Self::Octets,
            2 => Self::Packets,
            4 => Self::Protocol,
            6 => Self::TcpFlags,
            7 | 180 | 182 => Self::SourcePort,
            8 => Self::SourceV4,
            11 | 181 | 183 => Self::DestinationPort,
            12 => Self::DestinationV4,
            21 => Self::EndUptime,
            22 => Self::StartUptime,
            23 => Self::PostOctets,
            24 => Self::PostPackets,
            27 => Self::SourceV6,
            28 => Self::DestinationV6,
            32 | 139 => Self::IcmpTypeCode,
            34 => Self::SamplingInterval,
            48 | 302 => Self::SamplerId,
            50 => Self::SamplerInterval,
            58 | 243 => Self::Vlan,
            85 => Self::OctetTotal,
            86 => Self::PacketTotal,
            150 => Self::StartSeconds,
            151 => Self::EndSeconds,
            152 => Self::StartMillis,
            153 => Self::EndMillis,
            154 => Self::StartMicros,
            155 => Self::EndMicros,
            156 => Self::StartNanos,
            157 => Self::EndNanos,
            158 => Self::StartDelta,
            159 => Self::EndDelta,
            160 => Self::SystemInit,
            161 => Self::DurationMillis,
            162 => Self::DurationMicros,
            176 | 178 => Self::IcmpType,
            177 | 179 => Self::IcmpCode,
            // What initiator and responder sent: a biflow in Cisco's words.
            231 => Self::Octets,
            232 => Self::ReverseOctets,
            239 => Self::BiflowDirection,
            245 => Self::CustomerVlan,
            298 => Self::Packets,
            299 => Self::ReversePackets,
            305 => Self::SamplingPackets,
            306 => Self::SamplingSpace,
            309 => Self::SamplingSize,
            310 => Self::SamplingPopulation,
            311 => Self::SamplingProbability,
            _ => Self::Other,
        }
    }
}
