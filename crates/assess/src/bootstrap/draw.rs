//! What is drawn with replacement: rows, or groups of rows.

use tripline_core::Rng;

/// Drawable units in two strata.
pub(super) struct Units {
    strata: [Vec<u32>; 2],
    /// For each unit its rows, where units are groups: offsets into `members`.
    groups: Option<Groups>,
    rows: usize,
}

struct Groups {
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Units {
    pub(super) fn rows(attacks: &[bool]) -> Self {
        let of = |side: bool| {
            (0..attacks.len() as u32).filter(|&row| attacks[row as usize] == side).collect()
        };
        Self { strata: [of(false), of(true)], groups: None, rows: attacks.len() }
    }

    pub(super) fn groups(attacks: &[bool], group_of: &[u32]) -> Self {
        let mut members: Vec<u32> = (0..group_of.len() as u32).collect();
        members.sort_by_key(|&row| (group_of[row as usize], row));
        let mut starts: Vec<u32> = Vec::new();
        for (at, &row) in members.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| group_of[members[at] as usize]);
            if before != Some(group_of[row as usize]) {
                starts.push(at as u32);
            }
        }
        let mut strata = [Vec::new(), Vec::new()];
        for (unit, &start) in starts.iter().enumerate() {
            let attack = attacks[members[start as usize] as usize];
            strata[usize::from(attack)].push(unit as u32);
        }
        starts.push(members.len() as u32);
        Self { strata, groups: Some(Groups { starts, members }), rows: attacks.len() }
    }

    /// Overwrites `times` with how often replicate `replicate` holds each row.
    pub(super) fn draw(&self, seed: u64, replicate: u64, times: &mut [u32]) {
        times.iter_mut().for_each(|count| *count = 0);
        let mut rng = Rng::for_part(seed, replicate);
        for stratum in &self.strata {
            for _ in 0..stratum.len() {
                let unit = stratum[rng.index(stratum.len())] as usize;
                match &self.groups {
                    None => times[unit] += 1,
                    Some(groups) => {
                        let range = groups.starts[unit] as usize..groups.starts[unit + 1] as usize;
                        groups.members[range].iter().for_each(|&row| times[row as usize] += 1);
                    }
                }
            }
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let mut all = mix(self.rows as u64);
        for stratum in &self.strata {
            all = mix(all ^ stratum.len() as u64);
            for &unit in stratum {
                all = mix(all ^ u64::from(unit));
            }
        }
        if let Some(groups) = &self.groups {
            for &row in &groups.members {
                all = mix(all ^ u64::from(row));
            }
        }
        all
    }
}

/// The finaliser of SplitMix64 (Steele et al. 2014).
pub(super) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
