//! A request as the front reads it: plain strings, and a body with a limit.

use std::{pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use worker::{Delay, Request};

use crate::values::http::Method;

/// Longest that a body may take to come: 64 KB take a second over the slowest mobile network.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// Why a body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than the route takes.
    TooLarge,
    /// It did not come whole within [`BODY_PATIENCE`].
    TooSlow,
}

/// One request.
pub struct Incoming {
    request: Request,
    /// The body, once it was read.
    read: Option<Vec<u8>>,
    /// `None`: none that Spoke serves.
    pub method: Option<Method>,
    /// Path as on the wire.
    pub path: String,
    /// Query as on the wire, without `?`.
    pub query: String,
}

impl Incoming {
    /// Splits the URL by hand: `url::Url` would bring 170 KB of tables (`cloudflare.md` 0.5).
    pub fn new(request: Request) -> Self {
        let url = request.inner().url();
        let after_scheme = url.find("://").map_or(0, |at| at + 3);
        let path_at = url[after_scheme..].find('/').map_or(url.len(), |at| after_scheme + at);
        let target = url[path_at..].split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // Not the crate's own reading of it, which takes what it does not know for GET.
        let method = Method::parse(&request.inner().method());
        Self { method, path: path.to_owned(), query: query.to_owned(), request, read: None }
    }

    /// Path and query as on the wire.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// A header, if it is there and text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    /// The whole body, if it has at most `limit` bytes and comes in time; the rest of another one is not read. Read twice, it is the same.
    pub async fn body(&mut self, limit: usize) -> worker::Result<Result<Vec<u8>, Unread>> {
        if let Some(read) = &self.read {
            return Ok(if read.len() > limit { Err(Unread::TooLarge) } else { Ok(read.clone()) });
        }
        let reading = pin!(read(&mut self.request, limit));
        let body = match select(reading, Delay::from(BODY_PATIENCE)).await {
            Either::Left((body, _)) => body?,
            Either::Right(_) => Err(Unread::TooSlow),
        };
        if let Ok(body) = &body {
            self.read = Some(body.clone());
        }
        Ok(body)
    }
}

async fn read(request: &mut Request, limit: usize) -> worker::Result<Result<Vec<u8>, Unread>> {
    let length = request.headers().get("content-length").ok().flatten();
    match length.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if length > limit => return Ok(Err(Unread::TooLarge)),
        // The runtime holds a body to its announced length.
        Some(_) => return request.bytes().await.map(Ok),
        None => {}
    }
    if request.inner().body().is_none() {
        return Ok(Ok(Vec::new()));
    }
    let mut stream = request.stream()?;
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > limit {
            return Ok(Err(Unread::TooLarge));
        }
    }
    Ok(Ok(body))
}
