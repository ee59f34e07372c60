//! A request as the front reads it: plain strings, and a body with a limit.

use futures_util::StreamExt as _;
use worker::Request;

use crate::values::http::Method;

/// The body is longer than the route takes.
#[derive(Debug)]
pub struct TooLarge;

/// One request.
pub struct Incoming {
    request: Request,
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
        let method = Method::parse(request.method().as_ref());
        Self { method, path: path.to_owned(), query: query.to_owned(), request }
    }

    /// Path and query as on the wire.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// A header, if it is there and text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    /// The whole body, if it has at most `limit` bytes; the rest of a longer one is not read.
    pub async fn body(&mut self, limit: usize) -> worker::Result<Result<Vec<u8>, TooLarge>> {
        match self.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            Some(length) if length > limit => return Ok(Err(TooLarge)),
            // The runtime holds a body to its announced length.
            Some(_) => return self.request.bytes().await.map(Ok),
            None => {}
        }
        if self.request.inner().body().is_none() {
            return Ok(Ok(Vec::new()));
        }
        let mut stream = self.request.stream()?;
        let mut body = Vec::new();
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk?);
            if body.len() > limit {
                return Ok(Err(TooLarge));
            }
        }
        Ok(Ok(body))
    }
}
