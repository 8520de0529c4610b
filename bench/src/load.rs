//! Load on an HTTP service: as many requests as it answers, or a fixed rate.
//!
//! At a fixed rate a request's time counts from the moment at which it was due, not from the moment
//! at which a connection was free for it, so that a service which stalls cannot hide the requests
//! that it kept waiting.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args as ClapArgs;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest head of an answer.
const MAX_HEAD: usize = 64 << 10;

/// Put load on an HTTP/1.1 service over kept connections, print rates with percentiles as JSON
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Address and port
    address: String,
    /// Path with query
    path: String,
    /// Bodies to be sent in turn, one a line
    bodies: PathBuf,
    /// Further headers, as `Name: value`
    #[arg(long = "header")]
    headers: Vec<String>,
    #[arg(long, default_value = "application/json")]
    content_type: String,
    /// Connections
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Requests a second over all connections; 0 sends the next when the last is answered
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// Seconds that are counted
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Seconds before that
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    /// Microseconds of each answer with a status under 400.
    micros: Vec<u32>,
    failed: u64,
    /// The first failure.
    example: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(&args.bodies).with_context(|| args.bodies.display().to_string())?;
    let requests: Vec<Vec<u8>> =
        text.lines().filter(|line| !line.is_empty()).map(|body| request(args, body)).collect();
    ensure!(!requests.is_empty(), "{}: no body", args.bodies.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(drive(args, Arc::new(requests)))
}

#[allow(clippy::print_stdout, reason = "the result is what is printed")]
async fn drive(args: &Args, requests: Arc<Vec<Vec<u8>>>) -> anyhow::Result<()> {
    let start = Instant::now() + Duration::from_millis(50);
    let counted = start + Duration::from_secs_f64(args.warm_up);
    let end = counted + Duration::from_secs_f64(args.seconds);
    let mut tasks = Vec::new();
    for number in 0..args.connections {
        let stream = TcpStream::connect(&args.address)
            .await
            .with_context(|| format!("{}: cannot connect", args.address))?;
        stream.set_nodelay(true)?;
        let every =
            (args.rate > 0.0).then(|| Duration::from_secs_f64(args.connections as f64 / args.rate));
        let offset = match every {
            Some(every) => every.mul_f64(number as f64 / args.connections as f64),
            None => Duration::ZERO,
        };
        let plan = Plan { start: start + offset, counted, end, every, first: number * 997 };
        tasks.push(tokio::spawn(connection(stream, requests.clone(), plan)));
    }
    let (mut micros, mut failed, mut example) = (Vec::new(), 0, None);
    for task in tasks {
        let seen = task.await??;
        micros.extend(seen.micros);
        failed += seen.failed;
        example = example.or(seen.example);
    }
    micros.sort_unstable();
    let at = |part: f64| {
        let index = ((micros.len() as f64 * part) as usize).min(micros.len().saturating_sub(1));
        micros.get(index).map(|&micros| f64::from(micros) / 1000.0)
    };
    let answered = micros.len();
    println!(
        "{}",
        json!({
            "answered": answered,
            "failed": failed,
            "first_failure": example,
            "requests_per_second": answered as f64 / args.seconds,
            "connections": args.connections,
            "asked_per_second": args.rate,
            "milliseconds": {
                "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "max": at(1.0),
            },
        })
    );
    Ok(())
}

struct Plan {
    start: Instant,
    counted: Instant,
    end: Instant,
    /// Time between two requests of this connection; none sends at once.
    every: Option<Duration>,
    /// The first body.
    first: usize,
}

async fn connection(
    mut stream: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    plan: Plan,
) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    let mut buffer = Vec::with_capacity(16 << 10);
    tokio::time::sleep_until(plan.start.into()).await;
    let mut due = plan.start;
    for number in plan.first.. {
        let now = Instant::now();
        match plan.every {
            Some(every) => {
                if due >= plan.end {
                    break;
                }
                if due > now {
                    tokio::time::sleep_until(due.into()).await;
                }
                exchange(&mut stream, &requests[number % requests.len()], &mut buffer)
                    .await
                    .map(|status| seen.note(status, &buffer, due, due >= plan.counted))?;
                due += every;
            }
            None => {
                if now >= plan.end {
                    break;
                }
                exchange(&mut stream, &requests[number % requests.len()], &mut buffer)
                    .await
                    .map(|status| seen.note(status, &buffer, now, now >= plan.counted))?;
            }
        }
    }
    Ok(seen)
}

impl Seen {
    fn note(&mut self, status: u16, answer: &[u8], since: Instant, counts: bool) {
        if !counts {
            return;
        }
        if status < 400 {
            let micros = since.elapsed().as_micros();
            self.micros.push(u32::try_from(micros).unwrap_or(u32::MAX));
        } else {
            self.failed += 1;
            self.example.get_or_insert_with(|| String::from_utf8_lossy(answer).into_owned());
        }
    }
}

/// Sends a request and reads its whole answer into `buffer`; gives the status.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> anyhow::Result<u16> {
    stream.write_all(request).await?;
    buffer.clear();
    let head = loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the service closed the connection: {}", String::from_utf8_lossy(buffer));
        }
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        ensure!(buffer.len() < MAX_HEAD, "an answer without an end of its head");
    };
    let text = std::str::from_utf8(&buffer[..head])?;
    let status = text.get(9..12).context("no status line")?.parse()?;
    let length: usize = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("an answer without Content-Length")?
        .1
        .trim()
        .parse()?;
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the service closed the connection in the middle of an answer");
        }
    }
    Ok(status)
}

fn request(args: &Args, body: &str) -> Vec<u8> {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
        args.path,
        args.address,
        args.content_type,
        body.len()
    );
    for header in &args.headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.push_str(body);
    head.into_bytes()
}
