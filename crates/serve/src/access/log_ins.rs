//! Who may try a password, and how soon again.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::rate::Bucket;
use crate::problem::{Kind, Problem, shown};

/// Failures a second of one name from one network, and how many at once.
const OWN_RATE: f64 = 0.1;
const OWN_BURST: f64 = 5.0;

/// Failures a second of all names and networks, and how many at once, from which on each attempt is
/// delayed: by many addresses one can guess often, but not fast.
const ALL_RATE: f64 = 2.0;
const ALL_BURST: f64 = 30.0;

/// Longest delay: who knows the password gets in all the same.
const DELAY: Duration = Duration::from_millis(1500);

/// Failed log-ins.
///
/// Only failures count, and only against the name together with the network that failed: nobody can
/// keep a user out whose network is another, and colleagues behind one address do not hinder each
/// other by what they get right.
#[derive(Debug)]
pub(super) struct LogIns {
    own: Cache<(String, IpAddr), Arc<Bucket>>,
    all: Bucket,
}

/// An attempt; it counts as a failure unless it is [`Attempt::right`].
#[derive(Debug)]
#[must_use]
pub(super) struct Attempt<'a> {
    all: &'a Bucket,
    own: Arc<Bucket>,
    /// How long to wait before the password is looked at.
    pub(super) delay: Duration,
}

impl Default for LogIns {
    fn default() -> Self {
        // A pair that is forgotten after so long would have its whole burst again anyway.
        let own =
            Cache::builder().max_capacity(16_384).time_to_idle(Duration::from_secs(600)).build();
        Self { own, all: Bucket::default() }
    }
}

impl LogIns {
    /// Begins an attempt at a time in nanoseconds, or tells when the next one may be made.
    pub(super) fn attempt(
        &self,
        user: &str,
        peer: IpAddr,
        now: u64,
    ) -> Result<Attempt<'_>, Problem> {
        let own = self.own.get_with((shown(user), network(peer)), Arc::default);
        let grant = own.take(now, OWN_RATE, OWN_BURST);
        if !grant.passed {
            let mut problem = Problem::new(
                Kind::RateLimited,
                "too many failed log-ins of this name; wait a little",
            );
            problem.retry_after = Some(grant.wait);
            return Err(problem);
        }
        let all = self.all.take(now, ALL_RATE, ALL_BURST);
        let delay = if all.passed { Duration::ZERO } else { all.wait.min(DELAY) };
        Ok(Attempt { all: &self.all, own, delay })
    }
}

impl Attempt<'_> {
    /// The password was right: nothing is counted.
    pub(super) fn right(self) {
        self.own.give_back(OWN_RATE);
        if self.delay.is_zero() {
            self.all.give_back(ALL_RATE);
        }
    }
}

/// What one client can choose its address from: of IPv6 a /64 (RFC 6177).
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000_000;

    fn fails(log_ins: &LogIns, user: &str, peer: &str) -> bool {
        let peer = peer.parse().expect("an address");
        log_ins.attempt(user, peer, NOW).is_err()
    }

    #[test]
    fn failures_count_by_name_and_network() {
        let log_ins = LogIns::default();
        for _ in 0..5 {
            assert!(!fails(&log_ins, "ada", "2001:db8::1"));
        }
        assert!(fails(&log_ins, "ada", "2001:db8::ffff"), "the same /64");
        assert!(!fails(&log_ins, "ada", "2001:db8:0:1::1"), "another /64");
        assert!(!fails(&log_ins, "ada", "192.0.2.1"));
        assert!(!fails(&log_ins, "bob", "2001:db8::1"));
    }

    #[test]
    fn who_is_right_is_never_limited() {
        let log_ins = LogIns::default();
        let peer = "192.0.2.1".parse().expect("an address");
        for _ in 0..100 {
            let attempt = log_ins.attempt("ada", peer, NOW).expect("an attempt");
            assert!(attempt.delay.is_zero());
            attempt.right();
        }
    }

    #[test]
    fn many_addresses_delay_and_do_not_refuse() {
        let log_ins = LogIns::default();
        for at in 0..200_u32 {
            let peer = IpAddr::V4(at.into());
            let attempt = log_ins.attempt("ada", peer, NOW).expect("an attempt");
            assert_eq!(attempt.delay.is_zero(), at < 30, "{at}");
            assert!(attempt.delay <= DELAY);
        }
    }
}
