//! Which refusals are worth a line of the log.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use tripline_store::Timestamp;

use crate::problem::Kind;

/// Addresses with kinds that are told apart within a second; further ones are told together.
const MOST: usize = 4096;

/// One line a second for each kind of refusal of each address: a flood of requests is no flood of
/// the log, and each of them is in the counters.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<(Kind, IpAddr), Told>>);

#[derive(Debug, Clone, Copy)]
struct Told {
    second: i64,
    /// Refusals since the last line.
    silent: u64,
}

impl Refusals {
    /// Whether to tell of a refusal: then the number of those before it that were not told of.
    pub(crate) fn tell(&self, kind: Kind, address: IpAddr, at: Timestamp) -> Option<u64> {
        let second = at.0.div_euclid(1_000_000);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (kind, address);
        if known.len() >= MOST && !known.contains_key(&key) {
            known.retain(|_, told| told.second == second);
            if known.len() >= MOST {
                key.1 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            }
        }
        let Some(told) = known.get_mut(&key) else {
            known.insert(key, Told { second, silent: 0 });
            return Some(0);
        };
        if told.second == second {
            told.silent += 1;
            return None;
        }
        let silent = std::mem::take(&mut told.silent);
        told.second = second;
        Some(silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second() {
        let refusals = Refusals::default();
        let peer: IpAddr = "192.0.2.1".parse().unwrap();
        let tell = |kind, seconds: i64| refusals.tell(kind, peer, Timestamp(seconds * 1_000_000));
        assert_eq!(tell(Kind::Unauthorized, 5), Some(0));
        assert_eq!(tell(Kind::Unauthorized, 5), None);
        assert_eq!(tell(Kind::Unauthorized, 5), None);
        assert_eq!(tell(Kind::Forbidden, 5), Some(0));
        assert_eq!(tell(Kind::Unauthorized, 6), Some(2));
        assert_eq!(tell(Kind::Unauthorized, 7), Some(0));
    }

    #[test]
    fn many_addresses_take_no_more_room() {
        let refusals = Refusals::default();
        for at in 0..100_000_u32 {
            refusals.tell(Kind::Unauthorized, IpAddr::V4(at.into()), Timestamp(0));
        }
        assert!(refusals.0.lock().unwrap().len() <= MOST + 1);
    }
}
