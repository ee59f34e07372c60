//! HTTP around the core: sockets, the real clock, latency, and the sending of webhooks. Owns the sockets and the one
//! lock around the simulator; decides nothing about HubSpot.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hubspot_simulator::Simulator;
use hubspot_simulator::http::{Request, Response};
use hubspot_simulator::webhooks::Delivery;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;

/// HubSpot's largest documented request is far below this; it only keeps a mistake from filling the memory.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// How often time passes for the core when nobody calls: index, edits, webhooks.
const TICK: Duration = Duration::from_millis(50);
/// How long open connections may take to finish once asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// HubSpot gives a receiver this long (`hubspot-api.md` §9.3).
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// What the connections share.
#[derive(Clone)]
pub struct Server {
    simulator: Arc<Mutex<Simulator>>,
    /// Plain HTTP only: webhooks go to a development server on this machine.
    webhooks: Client<HttpConnector, Full<Bytes>>,
    latency_ms: u64,
}

/// Milliseconds since 1970 by the machine's clock.
#[expect(clippy::disallowed_methods, reason = "the binary is where real time enters")]
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |duration| duration.as_millis() as u64)
}

impl Server {
    pub fn new(simulator: Simulator, latency_ms: u64) -> Self {
        let webhooks = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build_http();
        Self { simulator: Arc::new(Mutex::new(simulator)), webhooks, latency_ms }
    }

    fn simulator(&self) -> MutexGuard<'_, Simulator> {
        // A panic while answering one request leaves the core as it was at that moment; going on shows more than ending.
        self.simulator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves until the process is asked to end (SIGTERM or SIGINT).
    pub async fn run(self, listener: TcpListener) -> io::Result<()> {
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder.timer(TokioTimer::new());
        let graceful = GracefulShutdown::new();
        let ticking = tokio::spawn(self.clone().keep_ticking());
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = tokio::signal::ctrl_c() => break,
                _ = terminate.recv() => break,
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, or the peer has gone already: neither ends the server.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            stream.set_nodelay(true)?;
            let server = self.clone();
            let service = service_fn(move |request| server.clone().answer(request));
            let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
            // An error here is a connection that ended early, on purpose or not.
            tokio::spawn(async move { connection.await.ok() });
        }
        drop(listener);
        ticking.abort();
        tokio::time::timeout(GRACE, graceful.shutdown()).await.ok();
        Ok(())
    }

    async fn answer(
        self,
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Full<Bytes>>, NoAnswer> {
        let request = read(request).await.map_err(|_| NoAnswer)?;
        let control = request.path.starts_with("/__control/");
        let (response, delay_ms) = {
            let mut simulator = self.simulator();
            let response = simulator.handle(now_ms(), &request);
            (response, simulator.delay_ms())
        };
        let wait_ms = if control { 0 } else { self.latency_ms + delay_ms };
        if wait_ms > 0 {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        response.map(write).ok_or(NoAnswer)
    }

    async fn keep_ticking(self) -> Infallible {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            interval.tick().await;
            self.simulator().tick(now_ms());
            self.send_webhooks();
        }
    }

    /// Starts the requests that are due. Each answer makes room for the next, without waiting for the tick.
    fn send_webhooks(&self) {
        let deliveries = self.simulator().take_deliveries(now_ms());
        for delivery in deliveries {
            let server = self.clone();
            tokio::spawn(async move {
                let id = delivery.id;
                let sent =
                    tokio::time::timeout(WEBHOOK_TIMEOUT, server.webhooks.request(post(delivery))).await;
                let status = sent.ok().and_then(Result::ok).map(|answer| answer.status().as_u16());
                server.simulator().delivery_answered(id, now_ms(), status);
                server.send_webhooks();
            });
        }
    }
}

/// The connection ends without an answer: a fault, or a request that broke off.
#[derive(Debug)]
struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("no answer, on purpose")
    }
}

impl std::error::Error for NoAnswer {}

async fn read(
    request: hyper::Request<Incoming>,
) -> Result<Request, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await?.to_bytes();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: body.to_vec(),
    })
}

fn write(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name.as_str(), value.as_str());
    }
    let body = Full::new(Bytes::from(response.body));
    builder.body(body).unwrap_or_else(|error| {
        let mut broken = hyper::Response::new(Full::new(Bytes::from(error.to_string())));
        *broken.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

fn post(delivery: Delivery) -> hyper::Request<Full<Bytes>> {
    let mut builder = hyper::Request::post(delivery.url);
    for (name, value) in &delivery.headers {
        builder = builder.header(name.as_str(), value.as_str());
    }
    // A target that is no address becomes a request to nowhere, which fails as a wrong target should.
    builder.body(Full::new(Bytes::from(delivery.body))).unwrap_or_default()
}
