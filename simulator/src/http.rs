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
