//! The service killed at any moment: nothing that was acknowledged is lost, nothing is half done.
//!
//! Clients change all that can be changed while the service is killed by SIGKILL, also before it is
//! ready. `TRIPLINE_TRIALS=200` runs as many trials as a release takes, `TRIPLINE_TEST_SEED` repeats
//! the moments of a run. What a power failure would show is not shown: the system keeps what a
//! killed process wrote and did not sync.

mod clients;
mod ledger;
mod look;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::service::{Client, Service};
use clients::Names;
use ledger::Ledger;

/// Trials of an ordinary run.
const FEW: u32 = 12;
/// Trials over one folder before the next begins with a fresh one.
const OF_A_FOLDER: u32 = 20;
/// Kills of a fresh folder before it is let become ready.
const EARLY: u32 = 3;

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_acknowledged() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let trials = number("TRIPLINE_TRIALS").map_or(FEW, |trials| u32::try_from(trials).unwrap());
    let seed = number("TRIPLINE_TEST_SEED")
        .unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64);
    let mut random = Random(seed | 1);
    let files = model_files();
    let mut counts = std::collections::BTreeMap::new();
    let mut done = 0;
    while done < trials {
        let bench = Bench::new();
        for _ in 0..EARLY.min(trials) {
            kill_early(&bench, random.below(1200));
        }
        let what = format!("seed {seed}, trial {done}, {} kills before it was ready", EARLY);
        let (mut service, token) = first_start(&bench);
        look::sound(&service.client(Some(token.clone())), &what);
        verify(&bench, &what);
        let mut ledger = Ledger::default();
        clients::prepare(&service.client(Some(token.clone())), &mut ledger, &files);
        for _ in 0..OF_A_FOLDER.min(trials - done) {
            let what = format!("seed {seed}, trial {done}");
            ledger = trial(service, &token, ledger, &files, random.below(900), done);
            let logged = logged(&bench);
            verify(&bench, &what);
            if random.below(3) == 0 {
                kill_early(&bench, random.below(600));
                verify(&bench, &what);
            }
            service = Service::start(&bench.path(""), "--data-dir data");
            let client = service.client(Some(token.clone()));
            ledger.check(&client, logged, &what);
            look::sound(&client, &what);
            done += 1;
        }
        look::to_the_end(&service.client(Some(token.clone())), &ledger);
        for (what, count) in ledger.counts {
            *counts.entry(what).or_insert(0) += count;
        }
        service.kill();
        verify(&bench, &format!("seed {seed}, the end"));
    }
    let told: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    eprintln!("{done} trials, seed {seed}; acknowledged and there: {}", told.join(", "));
    assert!(counts.values().sum::<u32>() >= 10 * trials, "too little happened: {counts:?}");
}

/// Starts and kills it after so many milliseconds, ready or not.
fn kill_early(bench: &Bench, after: u64) {
    let service = Service::spawn(&bench.path(""), &["serve", "--port", "0", "--data-dir", "data"]);
    std::thread::sleep(Duration::from_millis(after));
    service.kill();
}

/// Starts it until it listens. Where a kill came between the drawing of the first-start token and
/// its printing, another one is made, as a user would.
fn first_start(bench: &Bench) -> (Service, String) {
    let service = Service::start(&bench.path(""), "--data-dir data");
    if let Some(token) = service.first_token() {
        return (service, token);
    }
    service.kill();
    let token = bench.ok("key token --data-dir data").out.trim().to_owned();
    (Service::start(&bench.path(""), "--data-dir data"), token)
}

/// The audit trail is whole, its head signed and logged.
#[track_caller]
fn verify(bench: &Bench, what: &str) {
    let run = bench.run("audit verify --data-dir data");
    assert_eq!(run.code, 0, "{what}: {}{}", run.out, run.err);
}

/// The number of the last head of the trail that is in the log, a line of which begins with it.
fn logged(bench: &Bench) -> u64 {
    let text = bench.read("data/audit-heads.log");
    // A line that was cut off was not acknowledged.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let last = whole.lines().last().unwrap_or_default();
    last.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap_or(0)
}

/// Lets the clients work until the service is killed after so many milliseconds.
fn trial(
    service: Service,
    token: &str,
    ledger: Ledger,
    files: &[Vec<u8>],
    after: u64,
    number: u32,
) -> Ledger {
    let ledger = Mutex::new(ledger);
    let stop = AtomicBool::new(false);
    let client = service.client(Some(token.to_owned()));
    std::thread::scope(|scope| {
        for work in clients::ALL {
            let names = Names::new(number, &stop, &ledger, files);
            let client: &Client = &client;
            scope.spawn(move || work(client, &names));
        }
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(after) {
            std::thread::sleep(Duration::from_millis(1));
        }
        service.kill();
        stop.store(true, Ordering::Relaxed);
    });
    ledger.into_inner().unwrap()
}

/// Three small models of the same columns.
fn model_files() -> Vec<Vec<u8>> {
    let bench = Bench::new();
    let make = |seed: u64| {
        bench.write("rows.csv", table(200, seed));
        bench.ok("train rows.csv --model sgd --label label --benign benign -o m.trip");
        bench.bytes("m.trip")
    };
    (0..3).map(make).collect()
}

/// Benign flows around 0, attacks around 9.
fn table(rows: usize, seed: u64) -> String {
    let mut random = Random(seed * 2 + 1);
    let mut text = String::from("rate,bytes,protocol,label\n");
    for row in 0..rows {
        let attack = row % 3 == 0;
        let noise = random.below(1000) as f64 / 1000.0;
        let rate = noise + if attack { 9.0 } else { 0.0 };
        let protocol = ["tcp", "udp"][row % 2];
        let label = if attack { "dos" } else { "benign" };
        text.push_str(&format!("{rate},{},{protocol},{label}\n", 1.0 - noise));
    }
    text
}

/// Marsaglia 2003, xorshift: when to kill need not be better than that.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}
