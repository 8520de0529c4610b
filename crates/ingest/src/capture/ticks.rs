//! Time stamps of pcapng in nanoseconds.

use super::info::Interface;

const SECOND_NS: i128 = 1_000_000_000;

/// How an interface counts time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticks {
    resolution: u8,
    offset_ns: i128,
    /// Nanoseconds of a tick, where that is a whole number and nothing is added.
    whole: Option<i64>,
}

impl Ticks {
    pub(super) fn of(interface: &Interface) -> Self {
        let resolution = interface.time_resolution;
        let offset_ns = i128::from(interface.time_offset_s) * SECOND_NS;
        let whole =
            (resolution <= 9 && offset_ns == 0).then(|| 10_i64.pow(9 - u32::from(resolution)));
        Self { resolution, offset_ns, whole }
    }

    /// Nanoseconds since 1970, rounded down; the nearest that can be told where it is out of range.
    #[inline]
    pub(super) fn nanoseconds(&self, ticks: u64) -> i64 {
        if let Some(whole) = self.whole
            && let Ok(ticks) = i64::try_from(ticks)
            && let Some(time) = ticks.checked_mul(whole)
        {
            return time;
        }
        let exponent = u32::from(self.resolution & 0x7f);
        let scaled = i128::from(ticks) * SECOND_NS;
        let time = if self.resolution & 0x80 != 0 {
            scaled >> exponent
        } else {
            // 10^38 is the largest power that fits; what is divided by more is 0.
            10_i128.checked_pow(exponent).map_or(0, |unit| scaled / unit)
        };
        let time = time + self.offset_ns;
        i64::try_from(time).unwrap_or(if time < 0 { i64::MIN } else { i64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::LinkType;

    fn time(resolution: u8, offset: i64, ticks: u64) -> i64 {
        let interface = Interface {
            link: LinkType::ETHERNET,
            snap_bytes: 0,
            name: None,
            time_resolution: resolution,
            time_offset_s: offset,
        };
        Ticks::of(&interface).nanoseconds(ticks)
    }

    #[test]
    fn resolutions() {
        assert_eq!(time(6, 0, 1_500_000), 1_500_000_000);
        assert_eq!(time(9, 0, 7), 7);
        assert_eq!(time(0, 0, 3), 3_000_000_000);
        assert_eq!(time(12, 0, 1_999), 1);
        assert_eq!(time(0x80 | 10, 0, 1024 + 512), 1_500_000_000);
        assert_eq!(time(6, -2, 1_000_000), -1_000_000_000);
    }

    #[test]
    fn no_time_overflows() {
        assert_eq!(time(0, 0, u64::MAX), i64::MAX);
        assert_eq!(time(127, 0, u64::MAX), 0);
        assert_eq!(time(0xff, 0, u64::MAX), 0);
        assert_eq!(time(0, i64::MIN, 0), i64::MIN);
    }
}
