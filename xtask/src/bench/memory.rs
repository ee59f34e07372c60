//! What V8 would hold if it collected at once: workerd's inspector asked to collect, over and over, and each time what is left.
//!
//! A process without a limit lets garbage lie for tens of megabytes before it looks, so its peak says more about V8's
//! patience than about the Worker. Cloudflare's isolates collect under their limit of 128 MB.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
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
    thread: JoinHandle<Result<Held>>,
}

/// What the Worker's isolate held at most after a collection, without workerd's own program: what Cloudflare's limit is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    /// How often it was collected.
    pub(super) collections: u64,
    /// V8's heap and its buffers, bytes.
    pub(super) heap: u64,
    /// The wasm's memory, which never shrinks.
    pub(super) wasm: u64,
    /// Both at one time.
    pub(super) both: u64,
}

impl Held {
    fn note(&mut self, heap: &Value, wasm: &Value) -> Result<()> {
        let number = |value: &Value| value.as_f64().with_context(|| format!("no number: {heap} {wasm}"));
        let (heap, buffers) = (number(&heap["usedSize"])?, number(&heap["backingStorageSize"])?);
        let wasm = number(&wasm["result"]["value"])?;
        self.collections += 1;
        self.heap = self.heap.max((heap + buffers) as u64);
        self.wasm = self.wasm.max(wasm as u64);
        self.both = self.both.max((heap + buffers + wasm) as u64);
        Ok(())
    }
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
        let (socket, _) = client::connect(url)?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE))?;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn(move || {
            let mut held = Held::default();
            let mut inspector = Inspector { socket, asked: 0, stopped };
            let Some(memories) = inspector.memories()? else { return Ok(held) };
            let sum = "function() { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0) }";
            let sum = json!({"objectId": memories, "functionDeclaration": sum, "returnByValue": true});
            while !inspector.stopped.load(Ordering::Relaxed) {
                let Some(_) = inspector.ask("HeapProfiler.collectGarbage", &json!({}))? else { break };
                let Some(heap) = inspector.ask("Runtime.getHeapUsage", &json!({}))? else { break };
                let Some(wasm) = inspector.ask("Runtime.callFunctionOn", &sum)? else { break };
                held.note(&heap, &wasm)?;
                sleep(PAUSE);
            }
            Ok(held)
        });
        Ok(Self { stop, thread })
    }

    /// Ends it; what it saw. An error if it never collected.
    pub(super) fn stop(self) -> Result<Held> {
        self.stop.store(true, Ordering::Relaxed);
        let held = self.thread.join().map_err(|_| anyhow::anyhow!("collecting failed"))??;
        if held.collections == 0 {
            bail!("the garbage was never collected");
        }
        Ok(held)
    }
}

struct Inspector {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    asked: u64,
    stopped: Arc<AtomicBool>,
}

impl Inspector {
    /// The answer, if it came before somebody stopped waiting for it.
    fn ask(&mut self, method: &str, parameters: &Value) -> Result<Option<Value>> {
        self.asked += 1;
        let (id, ask) = (self.asked, json!({"id": self.asked, "method": method, "params": parameters}));
        self.socket.send(Message::text(ask.to_string()))?;
        // The inspector also tells what nobody asked.
        let said = self.told(|said| said["id"] == id)?;
        if let Some(error) = said.as_ref().and_then(|said| said.get("error")) {
            bail!("workerd's inspector refuses `{method}`: {error}");
        }
        Ok(said.map(|said| said["result"].clone()))
    }

    fn told(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Option<Value>> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let said: Value = serde_json::from_str(&text)?;
                    if wanted(&said) {
                        return Ok(Some(said));
                    }
                }
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    if self.stopped.load(Ordering::Relaxed) {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The isolate's wasm memories, as the inspector names the list of them.
    fn memories(&mut self) -> Result<Option<Value>> {
        let enable = json!({"id": 0, "method": "Runtime.enable"});
        self.socket.send(Message::text(enable.to_string()))?;
        let Some(made) = self.told(|said| said["method"] == "Runtime.executionContextCreated")? else {
            return Ok(None);
        };
        let context = &made["params"]["context"]["id"];
        let prototype = json!({"expression": "WebAssembly.Memory.prototype", "contextId": context});
        let Some(prototype) = self.ask("Runtime.evaluate", &prototype)? else { return Ok(None) };
        let query = json!({"prototypeObjectId": prototype["result"]["objectId"]});
        let all = self.ask("Runtime.queryObjects", &query)?;
        Ok(all.map(|all| all["objects"]["objectId"].clone()))
    }
}
