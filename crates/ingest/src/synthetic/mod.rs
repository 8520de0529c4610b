//! Labelled flows made from a seed, with the structure of an office network.
//!
//! # What is made
//!
//! Fourteen days of one office, from a Monday on: workstations, servers with roles (resolver,
//! mail, files, backup, monitoring, jump host, applications) and the hosts of the internet. The
//! network grows with the number of rows, so that a host has about the same number of flows in a
//! small set as in a large one. About 7 % of the flows are of attacks.
//!
//! Benign flows come in sessions, most of them by the office's clock: pages of several
//! connections with the look-ups before them, mail, files, remote shells, calls. Machines keep
//! their own clock: time service, polling of every server, telemetry, nightly backups. Sizes are
//! lognormal, downloads have a Pareto tail; durations follow from path, size and time to think;
//! packets are lost and sent again; some connections fail. Several benign activities look like
//! attacks on purpose: backups and uploads like exfiltration, telemetry and polling like
//! beaconing, the team's own vulnerability scanner like scans, mistyped passwords and scheduled
//! logins like brute force, load tests and retries against a dead service like denial of service.
//!
//! Attacks come in campaigns, each of one kind with its own pace and its own care: scans of many
//! hosts or many ports, guessing of passwords over SSH, HTTP or remote desktop, floods and slow
//! connections that exhaust a server, exfiltration in bulk, in pieces or inside look-ups, and
//! beacons with jitter. A careful campaign draws sizes and pauses as the benign activity that it
//! hides in, so the classes overlap.
//!
//! Columns are those that a flow exporter knows at a flow's end, named as in UNSW-NB15 where it
//! has them. The counts `ct_…` look at the 256 flows that ended last; they are computed
//! from the stream itself, as a sensor would. Addresses and ports made the counts and are no
//! columns.
//!
//! The same number of rows with the same seed gives the same bytes on any number of threads.

mod attack;
mod benign;
mod clock;
mod csv;
mod draw;
mod flow;
mod network;
pub mod packets;
mod table;
mod windows;

use rayon::prelude::*;
use tripline_core::{Dataset, Rng};

use self::clock::Clock;
pub use self::csv::{Written, write_csv};
use self::flow::Flow;
use self::network::Network;

/// The layout's id.
pub const LAYOUT_ID: &str = "tripline-synthetic";

/// What is told of such data.
pub(crate) const MADE_UP: &str =
    "these flows are made up; what they show of a method holds for them alone";

/// Names of the classes; the first is benign.
pub const CLASSES: [&str; 6] =
    ["benign", "beaconing", "brute_force", "dos", "exfiltration", "scan"];

/// Share of attack flows.
const ATTACK_SHARE: f64 = 0.07;

/// Flows that one stream of random numbers makes: the unit of work that threads share.
const BLOCK: usize = 8192;

/// What flows are made from.
struct Scene {
    network: Network,
    clock: Clock,
}

/// `rows` labelled flows from a seed, in the order in which they ended.
///
/// There is no file, so the source's fingerprint is that of a text which names generator, rows
/// and seed.
pub fn flows(rows: usize, seed: u64) -> Dataset {
    let scene = Scene { network: Network::new(rows, seed), clock: Clock::new() };
    let attacks = (rows as f64 * ATTACK_SHARE).round() as usize;
    let mut jobs: Vec<Job> = benign::blocks(rows - attacks)
        .into_iter()
        .map(|(activity, count)| Job::Benign { activity, count })
        .collect();
    jobs.extend(attack::campaigns(attacks, seed).into_iter().map(Job::Attack));
    let parts: Vec<Vec<Flow>> = jobs
        .par_iter()
        .enumerate()
        .map(|(part, job)| {
            let mut rng = Rng::for_part(seed, part as u64);
            let mut flows = Vec::new();
            match job {
                Job::Benign { activity, count } => {
                    while flows.len() < *count {
                        (benign::ACTIVITIES[*activity].session)(&scene, &mut rng, &mut flows);
                    }
                    flows.truncate(*count);
                }
                Job::Attack(campaign) => campaign.run(&scene, &mut rng, &mut flows),
            }
            flows
        })
        .collect();
    let mut flows: Vec<Flow> = parts.into_iter().flatten().collect();
    // The sort is stable: flows that end in the same microsecond stay in the order of jobs.
    flows.par_sort_by_key(|flow| flow.end());
    table::dataset(&flows, seed)
}

/// A piece of work with its own stream of random numbers.
enum Job {
    Benign { activity: usize, count: usize },
    Attack(attack::Campaign),
}

#[cfg(test)]
mod tests {
    use tripline_core::Column;

    use super::*;

    fn text(data: &Dataset) -> String {
        let mut out = Vec::new();
        write_csv(data, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_seed_alone_decides_every_byte() {
        let run = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            text(&pool.install(|| flows(20_000, seed)))
        };
        let once = run(1, 7);
        assert!(once == run(3, 7));
        assert!(once != run(1, 8));
    }

    #[test]
    fn the_bytes_are_those_of_every_machine_before() {
        use sha2::{Digest, Sha256};

        // Changes with the generator alone: then raise the version in its fingerprint.
        let digest = Sha256::digest(text(&flows(3000, 1)).as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "6c45a9c7c8afc83ffac9ade9fef2769e41ad15ecc0566677e569759221467174");
    }

    #[test]
    fn any_number_of_rows_is_made() {
        for rows in [0, 1, 2, 17, 500] {
            let data = flows(rows, 1);
            assert_eq!(data.len(), rows);
            assert_eq!(data.labels.as_ref().unwrap().len(), rows);
            assert_eq!(text(&data).lines().count(), rows + 1);
        }
    }

    #[test]
    fn flows_are_in_the_order_of_their_ends_with_every_class_throughout() {
        let data = flows(60_000, 2);
        let time = data.time.as_ref().unwrap();
        assert!(time.is_sorted());
        let labels = data.labels.as_ref().unwrap();
        assert_eq!(labels.counts().iter().sum::<usize>() - labels.counts()[0], 4200);
        // A split by time has every class on both sides.
        for part in [0..42_000, 42_000..60_000] {
            let rows: Vec<usize> = part.collect();
            let counts = labels.select(&rows).counts();
            assert!(counts.iter().all(|&count| count >= 50), "{counts:?}");
        }
    }

    #[test]
    fn working_hours_are_busier_than_nights_or_weekends() {
        let data = flows(60_000, 3);
        let mut night = 0;
        let mut morning = 0;
        let mut weekend = 0;
        for &time in data.time.as_ref().unwrap().iter() {
            let hour = time / 3_600_000_000_000;
            let day = (hour / 24 + 3) % 7;
            match hour % 24 {
                9 | 10 if day < 5 => morning += 1,
                2 | 3 if day < 5 => night += 1,
                _ => {}
            }
            weekend += usize::from(day >= 5);
        }
        assert!(morning > 4 * night, "{morning} {night}");
        // Two of seven days.
        assert!(weekend * 5 < data.len(), "{weekend}");
    }

    #[test]
    fn numbers_are_finite_and_agree_with_each_other() {
        let data = flows(20_000, 4);
        let column = |name: &str| match data.rows.column(name) {
            Some(Column::Numeric(values)) => values.clone(),
            _ => panic!("{name}"),
        };
        for (name, values) in data.rows.clone().into_columns() {
            let Column::Numeric(values) = values else { continue };
            let missing = name.starts_with("pair_pause");
            let fine =
                |value: &f64| value.is_finite() && *value >= 0.0 || missing && value.is_nan();
            assert!(values.iter().all(fine), "{name}");
        }
        let (bytes, packets, mean) = (column("sbytes"), column("spkts"), column("smean"));
        let (window, pair) = (column("ct_src_ltm"), column("ct_dst_src_ltm"));
        for row in 0..data.len() {
            assert_eq!(mean[row], (bytes[row] / packets[row]).round());
            assert!(pair[row] >= 1.0 && pair[row] <= window[row]);
            assert!(window[row] <= 256.0);
        }
    }

    #[test]
    fn no_column_alone_tells_the_classes_apart() {
        let data = flows(30_000, 5);
        let attacks = data.labels.as_ref().unwrap().attacks();
        for (name, column) in data.rows.clone().into_columns() {
            let Column::Numeric(values) = column else { continue };
            let auc = area(&values, &attacks);
            assert!(auc.max(1.0 - auc) < 0.85, "{name}: {auc}");
        }
    }

    /// Area under the ROC curve by ranks (Hanley & McNeil 1982), missing values lowest.
    fn area(values: &[f64], attacks: &[bool]) -> f64 {
        let key = |value: f64| if value.is_nan() { -1.0 } else { value };
        let mut order: Vec<(f64, bool)> =
            values.iter().zip(attacks).map(|(&value, &attack)| (key(value), attack)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut below, mut wins, mut positives) = (0.0, 0.0, 0.0);
        for run in order.chunk_by(|a, b| a.0 == b.0) {
            let up = run.iter().filter(|item| item.1).count() as f64;
            let down = run.len() as f64 - up;
            wins += up * (below + 0.5 * down);
            below += down;
            positives += up;
        }
        wins / (positives * below)
    }
}
