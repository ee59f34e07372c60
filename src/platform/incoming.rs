//! A request as the front reads it: plain strings, and a body with a limit.

use std::{pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use worker::{ByteStream, Delay, Request};

use crate::values::{
    http::Method,
    problem::{Kind, Problem},
};

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

impl Unread {
    /// What whoever sent the body is told; `limit`: the most bytes it may have.
    pub fn problem(self, limit: usize) -> Problem {
        match self {
            Self::TooLarge => {
                Problem::new(Kind::TooLarge, format!("The body may have {limit} bytes at most."))
            }
            Self::TooSlow => {
                Problem::new(Kind::TooSlow, "The body did not come within ten seconds. Send it at once.")
            }
        }
    }
}

/// A body that is read as it comes.
pub struct Pieces {
    /// `None`: there is none.
    stream: Option<ByteStream>,
    /// Bytes that may still come.
    left: usize,
}

impl Pieces {
    /// The next bytes; `None`: there are no more. Between two of them [`BODY_PATIENCE`] may pass.
    pub async fn next(&mut self) -> worker::Result<Result<Option<Vec<u8>>, Unread>> {
        let Some(stream) = &mut self.stream else { return Ok(Ok(None)) };
        let next = match select(stream.next(), Delay::from(BODY_PATIENCE)).await {
            Either::Left((next, _)) => next.transpose()?,
            Either::Right(_) => return Ok(Err(Unread::TooSlow)),
        };
        let taken = next.as_ref().map_or(0, Vec::len);
        match self.left.checked_sub(taken) {
            Some(left) => self.left = left,
            None => return Ok(Err(Unread::TooLarge)),
        }
        Ok(Ok(next))
    }
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

    /// The body as it comes, at most `limit` bytes of it. It is read once.
    pub fn pieces(&mut self, limit: usize) -> worker::Result<Result<Pieces, Unread>> {
        if length(&self.request).is_some_and(|length| length > limit) {
            return Ok(Err(Unread::TooLarge));
        }
        let is_there = self.request.inner().body().is_some();
        let stream = is_there.then(|| self.request.stream()).transpose()?;
        Ok(Ok(Pieces { stream, left: limit }))
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

/// The length that a body is announced to have.
fn length(request: &Request) -> Option<usize> {
    request.headers().get("content-length").ok().flatten()?.parse().ok()
}

async fn read(request: &mut Request, limit: usize) -> worker::Result<Result<Vec<u8>, Unread>> {
    match length(request) {
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
