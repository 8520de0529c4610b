//! What names a flow beside its features: addresses, ports, times.

use std::fmt::Write as _;

use tripline_core::flow::Flow;
use tripline_core::packet::Address;
use tripline_core::text::date;

/// A column that names a flow; it heads the columns of a set where a set's tool writes it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identifier {
    /// `orig-resp-port-port-protocol`, as CICFlowMeter writes it.
    FlowId,
    /// The initiator's address.
    SourceAddress,
    /// The initiator's port.
    SourcePort,
    /// The responder's address.
    DestinationAddress,
    /// The responder's port.
    DestinationPort,
    /// IANA protocol number.
    Protocol,
    /// Start as `dd/MM/yyyy hh:mm:ss AM`, UTC, as CICFlowMeter writes it.
    StartClock,
    /// Start in whole seconds since 1970-01-01 UTC.
    StartSecond,
    /// End in whole seconds since 1970-01-01 UTC.
    EndSecond,
}

impl Identifier {
    /// Appends what stands in the column for a flow.
    pub fn write(self, flow: &Flow, text: &mut String) {
        let key = &flow.key;
        let address = |address: Address| address.to_ip(key.ip_version);
        // Writing to a `String` cannot fail.
        let _ = match self {
            Self::FlowId => write!(
                text,
                "{}-{}-{}-{}-{}",
                address(key.orig),
                address(key.resp),
                key.orig_port,
                key.resp_port,
                key.protocol
            ),
            Self::SourceAddress => write!(text, "{}", address(key.orig)),
            Self::SourcePort => write!(text, "{}", key.orig_port),
            Self::DestinationAddress => write!(text, "{}", address(key.resp)),
            Self::DestinationPort => write!(text, "{}", key.resp_port),
            Self::Protocol => write!(text, "{}", key.protocol),
            Self::StartClock => clock(flow.start_ns.div_euclid(SECOND), text),
            Self::StartSecond => write!(text, "{}", flow.start_ns.div_euclid(SECOND)),
            Self::EndSecond => write!(text, "{}", flow.end_ns.div_euclid(SECOND)),
        };
    }
}

const SECOND: i64 = 1_000_000_000;

fn clock(second: i64, text: &mut String) -> std::fmt::Result {
    let (day, second) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let (year, month, day) = date(day);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    write!(text, "{day:02}/{month:02}/{year:04} {hour:02}:{minute:02}:{second:02} {half}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_has_two_halves() {
        let told = |second| {
            let mut text = String::new();
            clock(second, &mut text).expect("a string takes all");
            text
        };
        // Python 3.11.7: datetime.fromtimestamp(x, UTC).strftime("%d/%m/%Y %I:%M:%S %p").
        assert_eq!(told(0), "01/01/1970 12:00:00 AM");
        assert_eq!(told(1_499_086_558), "03/07/2017 12:55:58 PM");
        assert_eq!(told(1_709_251_199), "29/02/2024 11:59:59 PM");
        assert_eq!(told(-1), "31/12/1969 11:59:59 PM");
    }
}
