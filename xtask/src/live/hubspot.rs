//! An account that answers: over HTTPS, slowly enough that no limit is met.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use spoke::values::{
    http::{Body, Outcome, Request, Response},
    secret::Secret,
};

/// What answers requests and tells the time.
pub trait HubSpot {
    /// Sends one; the token is added, unless the request has one of its own. An empty one: none is sent.
    fn send(&mut self, request: Request) -> Outcome;
    /// Sends all of them without waiting for the others; answers in their order.
    fn send_at_once(&mut self, requests: Vec<Request>) -> Vec<Outcome>;
    /// The token of the run.
    fn token(&self) -> Secret<String>;
    /// Lets time pass.
    fn wait_ms(&mut self, ms: u64);
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;
}

/// A real account.
#[derive(Debug)]
pub struct Account {
    api: String,
    token: Secret<String>,
    agent: ureq::Agent,
    calls: u64,
}

/// Pause before each call: four a second, which also is what search allows.
const PAUSE_MS: u64 = 250;
/// Patience with one call.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of an answer: a page of a hundred records of all properties is some megabytes.
const BODY_LIMIT: u64 = 64 << 20;

impl Account {
    /// The account that `token` is for.
    pub fn new(api: &str, token: &str) -> Result<Self> {
        if token.is_empty() {
            bail!(
                "a token is needed: `--token`, or better the variable HUBSPOT_TOKEN, which no process list shows"
            );
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .build()
            .new_agent();
        Ok(Self {
            api: api.trim_end_matches('/').to_owned(),
            token: Secret::new(token.to_owned()),
            agent,
            calls: 0,
        })
    }

    /// Calls made.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    fn call(&self, request: &Request) -> Result<Response> {
        let token = request.bearer.as_ref().unwrap_or(&self.token);
        let mut built = ureq::http::Request::builder()
            .method(request.method.as_str())
            .uri(format!("{}{}", self.api, request.path));
        if !token.expose().is_empty() {
            built = built.header("authorization", format!("Bearer {}", token.expose()));
        }
        if let Some(kind) = request.body.content_type() {
            built = built.header("content-type", kind.as_ref());
        }
        let mut answer = match &request.body {
            Body::Empty => self.agent.run(built.body(())?)?,
            body => self.agent.run(built.body(body.text().to_owned())?)?,
        };
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(BODY_LIMIT).read_to_vec()?;
        Ok(Response { status, headers, body })
    }
}

impl HubSpot for Account {
    fn send(&mut self, request: Request) -> Outcome {
        self.wait_ms(PAUSE_MS);
        self.calls += 1;
        self.call(&request).map_or(Outcome::Unanswered, Outcome::Answered)
    }

    fn send_at_once(&mut self, requests: Vec<Request>) -> Vec<Outcome> {
        self.calls += requests.len() as u64;
        let account = &*self;
        thread::scope(|scope| {
            let sent: Vec<_> =
                requests.iter().map(|request| scope.spawn(move || account.call(request))).collect();
            let outcome = |call: thread::ScopedJoinHandle<'_, Result<Response>>| match call.join() {
                Ok(Ok(answer)) => Outcome::Answered(answer),
                Ok(Err(_)) | Err(_) => Outcome::Unanswered,
            };
            sent.into_iter().map(outcome).collect()
        })
    }

    fn token(&self) -> Secret<String> {
        self.token.clone()
    }

    fn wait_ms(&mut self, ms: u64) {
        thread::sleep(Duration::from_millis(ms));
    }

    fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_millis() as u64)
    }
}
