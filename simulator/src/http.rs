//! Requests and answers as values: the simulator's core never sees a socket.

/// One request as HubSpot would receive it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper case, as on the wire.
    pub method: String,
    /// Path without the query, still percent-encoded.
    pub path: String,
    /// Query string without `?`, still percent-encoded; empty if there is none.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Raw body bytes.
    pub body: Vec<u8>,
}

/// What goes back. `None` from [`crate::Simulator::handle`] means: no answer at all (a fault).
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Raw body bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header with this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split(';');
        pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }
}

impl Response {
    /// A JSON answer.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".into(), "application/json;charset=utf-8".into())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    /// An HTML page.
    pub fn html(status: u16, page: impl Into<String>) -> Self {
        let headers = vec![
            ("content-type".into(), "text/html; charset=utf-8".into()),
            ("cache-control".into(), "no-store".into()),
        ];
        Self { status, headers, body: page.into().into_bytes() }
    }

    /// A redirect that turns into a `GET`.
    pub fn see_other(location: impl Into<String>) -> Self {
        Self { status: 303, headers: vec![("location".into(), location.into())], body: Vec::new() }
    }

    /// The first header with this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}
