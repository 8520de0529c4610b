//! Fresh ids, sortable by time.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use crate::time::Timestamp;

/// Digits of Crockford's base32, in lower case: no `i`, `l`, `o`, `u`.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters after the prefix: 26 of five bits hold 128.
const CHARACTERS: usize = 26;

/// A fresh id such as `job-01k76p4qg8…`: 48 bits of milliseconds, then 80 random bits, as in a
/// ULID, in lower case. Ids of a later millisecond sort after those of an earlier one.
///
/// The random bits make an id unlike any other; they are no secret that protects anything.
pub fn fresh(prefix: &str, at: Timestamp) -> String {
    // Each `RandomState` has keys of its own, drawn from those that the system gave the thread: no
    // call of the system for each id, and nothing that can fail.
    let random = || u128::from(RandomState::new().build_hasher().finish());
    of(prefix, at, (random() << 64 | random()) & ((1 << 80) - 1))
}

fn of(prefix: &str, at: Timestamp, random: u128) -> String {
    let millis = at.0.div_euclid(1000).clamp(0, (1 << 48) - 1) as u128;
    let bits = millis << 80 | random;
    let mut id = String::with_capacity(prefix.len() + 1 + CHARACTERS);
    id.push_str(prefix);
    id.push('-');
    for place in (0..CHARACTERS).rev() {
        id.push(char::from(DIGITS[(bits >> (place * 5)) as usize & 31]));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_a_ulid() {
        // python-ulid 4.1.0: ULID.from_bytes((1469918176385).to_bytes(6) + bytes(range(10)))
        let random = u128::from_be_bytes([0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let id = of("job", Timestamp(1_469_918_176_385_000), random);
        assert_eq!(id, "job-01aryz6s41000g40r40m30e209");
    }

    #[test]
    fn later_ids_sort_later_and_none_is_given_twice() {
        let mut ids: Vec<String> =
            (0..2000).map(|i| fresh("det", Timestamp(1_700_000_000_000_000 + i * 1000))).collect();
        let given = ids.clone();
        ids.sort();
        ids.dedup();
        assert_eq!(ids, given);
        let at = Timestamp(-5);
        assert_ne!(fresh("det", at), fresh("det", at));
        assert_eq!(fresh("det", at).len(), 30);
    }
}
