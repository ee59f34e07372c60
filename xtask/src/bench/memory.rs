//! What V8 would hold if it collected at once: workerd's inspector asked to collect, over and over.
//!
//! A process without a limit lets garbage lie for tens of megabytes before it looks, so its peak says more about V8's
//! patience than about the Worker. Cloudflare's isolates collect under their limit of 128 MB.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tungstenite::{Error, Message, WebSocket, client, stream::MaybeTlsStream};

/// Between two collections; at 40,000 contacts a second 20 pages lie about at most.
const PAUSE: Duration = Duration::from_millis(50);

/// How long an answer is waited for before asking whether anybody still wants it: workerd answers its inspector only while
/// the Worker has something else to do, and at the end it has nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Collects until it is stopped.
pub(super) struct Collector {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

impl Collector {
    /// Begins with the isolate of the Worker whose inspector listens at that port.
    pub(super) fn start(port: u16) -> Result<Self> {
        let mut listing = ureq::get(&format!("http://127.0.0.1:{port}/json")).call()?;
        let targets: Value = serde_json::from_str(&listing.body_mut().read_to_string()?)?;
        let own = |target: &&Value| target["id"] == "spoke";
        let target = targets.as_array().and_then(|targets| targets.iter().find(own));
        let url = target.and_then(|target| target["webSocketDebuggerUrl"].as_str());
        let url = url.with_context(|| format!("the inspector does not show the Worker: {targets}"))?;
        let (mut socket, _) = client::connect(url)?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE))?;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn(move || {
            let mut collections = 0;
            while !stopped.load(Ordering::Relaxed) {
                collections += u64::from(collect(&mut socket, collections + 1, &stopped)?);
                sleep(PAUSE);
            }
            Ok(collections)
        });
        Ok(Self { stop, thread })
    }

    /// Ends it; how often it collected.
    pub(super) fn stop(self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow::anyhow!("collecting failed"))?
    }
}

/// Whether it was done before somebody stopped waiting for it.
fn collect(socket: &mut WebSocket<MaybeTlsStream<TcpStream>>, id: u64, stopped: &AtomicBool) -> Result<bool> {
    let ask = json!({"id": id, "method": "HeapProfiler.collectGarbage"});
    socket.send(Message::text(ask.to_string()))?;
    loop {
        match socket.read() {
            // The inspector also tells what nobody asked.
            Ok(Message::Text(text)) if serde_json::from_str::<Value>(&text)?["id"] == id => return Ok(true),
            Ok(_) => {}
            Err(Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if stopped.load(Ordering::Relaxed) {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}
