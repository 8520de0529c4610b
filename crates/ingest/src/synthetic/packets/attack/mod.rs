//! Attacks, in campaigns of one kind each with its own pace and its own care.

mod beacon;
mod exfiltrate;
mod flood;
mod guess;
mod scan;
mod tunnel;

use tripline_core::{Rng, math};

use super::super::draw::{chance, lognormal};
use super::agent::Agent;
use super::host::Host;
use super::scene::Scene;

/// One kind of attack.
struct Kind {
    /// Share of the attack flows, in relation to the others.
    share: f64,
    /// Median number of flows of a campaign.
    size: f64,
    /// Seconds between two flows, in haste and with all care.
    pace: (f64, f64),
    make: fn(&Scene, &mut Rng, &Plan) -> Box<dyn Agent>,
}

const KINDS: &[Kind] = &[
    Kind { share: 9.0, size: 90.0, pace: (0.004, 0.5), make: scan::half_open },
    Kind { share: 6.0, size: 60.0, pace: (0.01, 1.0), make: scan::connecting },
    Kind { share: 5.0, size: 50.0, pace: (0.02, 1.0), make: scan::datagrams },
    Kind { share: 4.0, size: 25.0, pace: (5.0, 45.0), make: scan::slow },
    Kind { share: 8.0, size: 30.0, pace: (0.4, 10.0), make: guess::shell },
    Kind { share: 4.0, size: 25.0, pace: (0.4, 8.0), make: guess::files },
    Kind { share: 6.0, size: 30.0, pace: (0.2, 8.0), make: guess::form },
    Kind { share: 13.0, size: 220.0, pace: (0.0005, 0.02), make: flood::half_open },
    Kind { share: 6.0, size: 80.0, pace: (0.001, 0.05), make: flood::datagrams },
    Kind { share: 5.0, size: 60.0, pace: (0.005, 0.1), make: flood::requests },
    Kind { share: 8.0, size: 6.0, pace: (3.0, 90.0), make: exfiltrate::carry_off },
    Kind { share: 13.0, size: 60.0, pace: (0.05, 3.0), make: tunnel::queries },
    Kind { share: 1.0, size: 2.0, pace: (5.0, 60.0), make: tunnel::one_socket },
    Kind { share: 14.0, size: 20.0, pace: (10.0, 90.0), make: beacon::calls },
];

/// What a campaign has decided before its first flow.
struct Plan {
    /// From 0, in haste, to 1, hidden in what is usual.
    care: f64,
    /// Mean seconds between two flows.
    every: f64,
}

/// One campaign: when it begins in nanoseconds since 1970, most conversations, what it does.
pub(super) struct Campaign {
    pub(super) start: i64,
    pub(super) size: usize,
    pub(super) agent: Box<dyn Agent>,
}

/// Campaigns of `count` conversations in all, each kind spread over the whole time.
pub(super) fn campaigns(scene: &Scene, count: usize, rng: &mut Rng) -> Vec<Campaign> {
    let total: f64 = KINDS.iter().map(|kind| kind.share).sum();
    let length = (scene.end() - scene.start()) as f64 / 1e9;
    let mut share = 0.0;
    let mut before = 0;
    let mut campaigns = Vec::new();
    for (place, kind) in KINDS.iter().enumerate() {
        share += kind.share;
        let last = place + 1 == KINDS.len();
        let end = if last { count } else { (count as f64 * share / total) as usize };
        let mut left = end - before;
        before = end;
        // Large captures have longer campaigns as well as more; no campaign is most of its kind.
        let growth = (left as f64 / (20.0 * kind.size)).sqrt().max(1.0);
        let largest = (left / 5).max(2);
        let mut sizes = Vec::new();
        while left > 0 {
            let size = lognormal(rng, kind.size * growth, 0.8) as usize;
            let size = size.clamp(2, largest).min(left);
            sizes.push(size);
            left -= size;
        }
        let slot = length / sizes.len().max(1) as f64;
        for (position, &size) in sizes.iter().enumerate() {
            // More campaigns are hasty than careful.
            let care = math::pow(rng.unit(), 1.3);
            let (hasty, careful) = kind.pace;
            let natural = hasty * math::pow(careful / hasty, care) * lognormal(rng, 1.0, 0.3);
            let every = natural.min(0.6 * length / size as f64);
            let latest = (length - every * size as f64).max(0.0);
            let start = ((position as f64 + rng.unit()) * slot).min(latest);
            let agent = (kind.make)(scene, rng, &Plan { care, every });
            let start = scene.start() + (start * 1e9) as i64;
            campaigns.push(Campaign { start, size, agent });
        }
    }
    campaigns
}

/// A workstation that was taken over, or a stranger.
fn attacker(scene: &Scene, rng: &mut Rng, inside: f64) -> Host {
    if chance(rng, inside) { scene.workstation(rng) } else { scene.stranger(rng) }
}
