//! When an exporter sent a datagram, and what its uptime means by that.

/// Nanoseconds of a millisecond.
const MILLI: i64 = 1_000_000;
/// Seconds from 1900 to 1970 (RFC 5905, figure 4).
const NTP_EPOCH_S: i64 = 2_208_988_800;

/// What the header of a datagram says of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// When it was sent, in nanoseconds since 1970.
    pub(super) sent_ns: i64,
    /// The exporter's uptime then, in milliseconds; IPFIX does not tell.
    pub(super) uptime_ms: Option<u32>,
}

impl Clock {
    /// The instant at which the uptime was that, in nanoseconds since 1970.
    ///
    /// The counter wraps after 49.7 days: the difference to the uptime of the header is taken as
    /// a signed number, which holds for instants up to 24.8 days before, or after, the datagram.
    /// IPFIX tells when the system started instead (`systemInitTimeMilliseconds`); then it is the
    /// instant with that counter which is nearest to the datagram.
    pub(super) fn uptime(&self, uptime_ms: u32, system_init_ns: Option<i64>) -> Option<i64> {
        let now_ms = match (self.uptime_ms, system_init_ns) {
            (Some(now), _) => now,
            // A cast keeps the low 32 bits: the counter.
            (None, Some(init)) => (self.sent_ns.saturating_sub(init) / MILLI) as u32,
            (None, None) => return None,
        };
        let difference = i64::from(uptime_ms.wrapping_sub(now_ms) as i32);
        let sent = match self.uptime_ms {
            Some(_) => self.sent_ns,
            // Whole milliseconds since the start, as the counter has them.
            None => {
                let init = system_init_ns?;
                init.saturating_add(self.sent_ns.saturating_sub(init) / MILLI * MILLI)
            }
        };
        Some(sent.saturating_add(difference * MILLI))
    }

    /// The instant so many microseconds before the datagram.
    pub(super) fn before(&self, micros: u64) -> i64 {
        let nanos = i64::try_from(micros).unwrap_or(i64::MAX).saturating_mul(1_000);
        self.sent_ns.saturating_sub(nanos)
    }
}

/// Nanoseconds since 1970 of a number in units of so many nanoseconds.
pub(super) fn since_1970(number: u64, unit_ns: i64) -> Option<i64> {
    i64::try_from(number).ok()?.checked_mul(unit_ns)
}

/// Nanoseconds since 1970 of the 64-bit time format of NTP, used by `dateTimeMicroseconds` and
/// `dateTimeNanoseconds` (RFC 7011, section 6.1.9).
pub(super) fn of_ntp(time: u64) -> i64 {
    let seconds = (time >> 32) as i64 - NTP_EPOCH_S;
    let fraction = ((time & 0xffff_ffff) * 1_000_000_000) >> 32;
    seconds * 1_000_000_000 + fraction as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    #[test]
    fn uptime_wraps() {
        // 100 ms after the counter wrapped, a flow began 200 ms before.
        let clock = Clock { sent_ns: 1_000_000 * MILLI, uptime_ms: Some(100) };
        assert_eq!(clock.uptime(u32::MAX - 99, None), Some((1_000_000 - 200) * MILLI));
        assert_eq!(clock.uptime(100, None), Some(1_000_000 * MILLI));
        // A record from slightly after the header.
        assert_eq!(clock.uptime(103, None), Some(1_000_003 * MILLI));
        // 60 days of uptime, told by the start of the system.
        let clock = Clock { sent_ns: 60 * DAY_MS * MILLI, uptime_ms: None };
        let wrapped = (60 * DAY_MS - 5) as u32;
        assert_eq!(clock.uptime(wrapped, Some(0)), Some((60 * DAY_MS - 5) * MILLI));
        assert_eq!(clock.uptime(wrapped, None), None);
    }

    #[test]
    fn ntp_counts_from_1900() {
        assert_eq!(of_ntp((NTP_EPOCH_S as u64) << 32 | 1 << 31), 500_000_000);
    }
}
