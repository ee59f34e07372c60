//! A host's server on this machine: takes deliveries, checks each signature as any receiver does, and answers what it is told.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use standardwebhooks::Webhook;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};
use xtask::heard;

/// What to answer: status line and headers, and how long to take.
#[derive(Debug, Clone)]
pub struct Reply {
    pub head: &'static str,
    pub after: Duration,
}

/// One message as it came.
#[derive(Debug, Clone)]
pub struct Came {
    pub at: Instant,
    pub path: String,
    pub id: String,
    pub body: Value,
    /// Whether it was answered 2xx.
    pub taken: bool,
}

#[derive(Debug, Default)]
struct State {
    secret: String,
    replies: VecDeque<Reply>,
    came: Vec<Came>,
    wrong: Vec<String>,
}

/// The server; it lives as long as the program.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub url: String,
    state: Arc<Mutex<State>>,
    /// Told when a secret is known.
    known: Arc<Condvar>,
}

impl Receiver {
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for a receiver")?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let receiver = Self { url, state: Arc::default(), known: Arc::default() };
        let server = receiver.clone();
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                spawn(move || {
                    if let Err(error) = server.serve(stream) {
                        server.state().wrong.push(format!("{error:#}"));
                    }
                });
            }
        });
        Ok(receiver)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What signatures must be made with from now on.
    pub fn knows(&self, secret: &str) {
        secret.clone_into(&mut self.state().secret);
        self.known.notify_all();
    }

    /// The secret and what to answer. The first message may be on its way before the answer that tells the secret is read:
    /// it waits for that.
    fn secret_and_reply(&self) -> Result<(String, Option<Reply>)> {
        let (mut state, _) = self
            .known
            .wait_timeout_while(self.state(), Duration::from_secs(5), |state| state.secret.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        ensure!(!state.secret.is_empty(), "a message came and nobody told the secret");
        Ok((state.secret.clone(), state.replies.pop_front()))
    }

    /// Answers the next message so; what nothing is said of is answered 204 at once.
    pub fn replies(&self, head: &'static str, after: Duration) {
        self.state().replies.push_back(Reply { head, after });
    }

    /// Every message so far; an error if one was not as it should be.
    pub fn came(&self) -> Result<Vec<Came>> {
        let state = self.state();
        ensure!(state.wrong.is_empty(), "deliveries that are wrong: {:?}", state.wrong);
        Ok(state.came.clone())
    }

    /// Numbers of the changes it took, each message once.
    pub fn numbers(&self) -> Result<Vec<u64>> {
        let mut seen = Vec::new();
        let mut numbers = Vec::new();
        for message in self.came()?.into_iter().filter(|message| message.taken) {
            if seen.contains(&message.id) {
                continue;
            }
            for change in message.body["data"]["changes"].as_array().into_iter().flatten() {
                numbers.push(change["seq"].as_str().context("a change has a number")?.parse()?);
            }
            seen.push(message.id);
        }
        Ok(numbers)
    }

    fn serve(&self, mut stream: TcpStream) -> Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let path = line.split(' ').nth(1).context("no request line")?.to_owned();
        let mut headers = HeaderMap::new();
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.parse::<HeaderName>()?, HeaderValue::from_str(value.trim())?);
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let length = header("content-length").context("no length")?.parse()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        heard::note(&String::from_utf8_lossy(&body));
        if header("content-type") != Some("application/json") {
            bail!("a body of type {:?}", header("content-type"));
        }
        let id = header("webhook-id").context("no id")?.to_owned();
        let (secret, reply) = self.secret_and_reply()?;
        Webhook::new(&secret)?.verify(&body, &headers).context("the signature")?;
        let reply = reply.unwrap_or(Reply { head: "204 No Content", after: Duration::ZERO });
        let taken = reply.head.starts_with('2');
        let body = serde_json::from_slice(&body)?;
        self.state().came.push(Came { at: Instant::now(), path, id, body, taken });
        sleep(reply.after);
        // Whoever asked may be gone.
        write!(stream, "HTTP/1.1 {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", reply.head).ok();
        Ok(())
    }
}
