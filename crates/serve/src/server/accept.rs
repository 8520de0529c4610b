//! Accepts connections within their limits, and serves each.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::idle::{Activity, Answering};
use super::paced::Paced;
use super::tls::Certificates;
use crate::app::App;
use crate::edge::Edge;
use crate::settings::{Limits, Tls};

/// How often the files of a certificate are looked at, and silent connections looked for.
const LOOK: Duration = Duration::from_secs(5);

/// Accepts until `stop` is ready, then waits for what is under way.
pub(super) async fn accept(
    listener: TcpListener,
    edge: Arc<Edge>,
    app: &Arc<App>,
    tls: Option<Arc<Certificates>>,
    stop: impl Future<Output = ()>,
) {
    let limits = Arc::new(app.settings().limits.clone());
    let places = Arc::new(Semaphore::new(limits.connections));
    let addresses = Arc::new(Addresses::default());
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    let mut look = tokio::time::interval(LOOK);
    let mut written = tls.as_ref().map(|tls| tls.written());
    loop {
        let next = async {
            // A place first, so that what is too much waits in the kernel's queue.
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            _ = look.tick() => {
                app.metrics().by_model().note(&app.service().live());
                if let Some(tls) = &tls {
                    reload_if_written(tls, &mut written);
                }
                continue;
            }
            next = next => next,
        };
        let Ok(place) = place else { break };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, or a client that left: neither ends the service.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let address = peer.ip().to_canonical();
        if let Tls::Proxy(proxies) = &app.settings().tls
            && !proxies.iter().any(|network| network.holds(address))
        {
            tracing::warn!(%address, "refused: the address is no listed proxy");
            continue;
        }
        let Some(held) = addresses.hold(address, limits.connections_per_address) else {
            tracing::warn!(%address, "refused: too many connections of the address");
            continue;
        };
        app.metrics().connected();
        let _ = stream.set_nodelay(true);
        let watcher = graceful.watcher();
        let (edge, limits, tls) = (edge.clone(), limits.clone(), tls.clone());
        tokio::spawn(async move {
            let _kept = (place, held);
            connection(stream, address, edge, &limits, tls, watcher).await;
        });
    }
    drop(listener);
    app.stopping().cancel();
    let count = graceful.count();
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = count, "requests did not finish in time");
    }
}

fn reload_if_written(tls: &Certificates, seen: &mut Option<[Option<std::time::SystemTime>; 2]>) {
    let now = Some(tls.written());
    if now == *seen {
        return;
    }
    *seen = now;
    match tls.reload() {
        Ok(()) => tracing::info!("the certificate was read again"),
        Err(error) => tracing::error!(%error, "the certificate stays as it was"),
    }
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    address: IpAddr,
    edge: Arc<Edge>,
    limits: &Limits,
    tls: Option<Arc<Certificates>>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    match tls {
        None => {
            let first = tokio::time::timeout(limits.header_time, speaks_http2(&stream)).await;
            if let Ok(Some(http2)) = first {
                serve(TokioIo::new(stream), http2, address, edge, limits, watcher).await;
            }
        }
        Some(tls) => {
            let accepted = TlsAcceptor::from(tls.config()).accept(stream);
            match tokio::time::timeout(limits.header_time, accepted).await {
                Ok(Ok(stream)) => {
                    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    serve(TokioIo::new(stream), http2, address, edge, limits, watcher).await;
                }
                Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS"),
                Err(_) => tracing::debug!(%address, "no TLS in time"),
            }
        }
    }
}

/// Whether the client begins with the preface of HTTP/2 (RFC 9113, section 3.4): `PRI`, while no
/// method of HTTP/1.1 begins with `PR` but WebDAV's. None if it left.
async fn speaks_http2(stream: &TcpStream) -> Option<bool> {
    let mut first = [0; 3];
    loop {
        match stream.peek(&mut first).await {
            Ok(0) | Err(_) => return None,
            Ok(3) => return Some(&first == b"PRI"),
            Ok(count) if !b"PRI".starts_with(&first[..count]) => return Some(false),
            // The rest is under way; `peek` would be ready at once.
            Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn serve<I>(
    io: I,
    http2: bool,
    address: IpAddr,
    edge: Arc<Edge>,
    limits: &Limits,
    watcher: hyper_util::server::graceful::Watcher,
) where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::new());
    let known = activity.clone();
    let pause = limits.body_pause;
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let edge = edge.clone();
        let (working, known) = (known.enter(), known.clone());
        async move {
            let answer = edge.answer(request, address).await?;
            let answer = answer.map(|body| Paced::watch(body, pause, move || known.stalled()));
            // Of HTTP/1.1 nobody asks whether it is silent.
            Ok::<_, Infallible>(match http2 {
                true => answer.map(|body| Body::new(Answering::new(body, working))),
                false => answer,
            })
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder = if http2 { builder.http2_only() } else { builder.http1_only() };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.header_bytes.max(8192))
        .max_headers(100)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    let connection = builder.serve_connection(io, service).into_owned();
    let mut served = pin!(watcher.watch(connection));
    // HTTP/1.1 ends silent connections by the time for a head; of HTTP/2 nothing else does.
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = served.as_mut() => return,
            // One answer after the other: behind one that is not read nothing goes on.
            () = activity.ended(), if !http2 => return,
            _ = look.tick(), if http2 => {
                if activity.silent() > limits.header_time.max(limits.silence) {
                    return;
                }
            }
        }
    }
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct Addresses(Mutex<HashMap<IpAddr, usize>>);

impl Addresses {
    fn hold(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Held> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Held { addresses: self.clone(), address })
    }
}

/// A connection that counts for its address until it is dropped.
#[derive(Debug)]
struct Held {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
