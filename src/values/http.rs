//! HTTP as values: what leaves, what comes back, what comes in. The platform ring turns them into fetches.

use std::{borrow::Cow, fmt};

use crate::values::secret::Secret;

/// The methods Spoke uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, searches, reads in batches.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Archives, uninstalls.
    Delete,
}

impl Method {
    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Reads a method as on the wire; `None` for one that Spoke does not serve.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str() == text)
    }
}

/// What a request to HubSpot carries. Prints its length alone: it tells of people.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// No body.
    Empty,
    /// `application/json`.
    Json(String),
    /// `application/x-www-form-urlencoded`; holds client secrets and codes, therefore sealed from printing.
    Form(Secret<String>),
    /// `multipart/form-data`, its parts as they travel.
    Multipart {
        /// What parts them; occurs in none.
        boundary: String,
        /// The parts, with their heads and the end.
        parts: String,
    },
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(text) => write!(f, "Json({} bytes)", text.len()),
            Self::Form(form) => write!(f, "Form({form})"),
            Self::Multipart { parts, .. } => write!(f, "Multipart({} bytes)", parts.len()),
        }
    }
}

impl Body {
    /// Its content type; `None`: there is no body.
    pub fn content_type(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Empty => return None,
            Self::Json(_) => "application/json".into(),
            Self::Form(_) => "application/x-www-form-urlencoded".into(),
            Self::Multipart { boundary, .. } => format!("multipart/form-data; boundary={boundary}").into(),
        })
    }

    /// What travels.
    pub fn text(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Json(text) | Self::Multipart { parts: text, .. } => text,
            Self::Form(form) => form.expose(),
        }
    }
}

/// One request to HubSpot. The base URL (`https://api.hubapi.com`) is added where it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path and query, percent-encoded, beginning with `/`.
    pub path: String,
    /// Sent as `Authorization: Bearer …`.
    pub bearer: Option<Secret<String>>,
    /// Body.
    pub body: Body,
}

/// One answer, read to its end. Prints its status and the length of its body alone: that holds tokens and tells of people.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Raw bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

impl Response {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer came, whatever it says.
    Answered(Response),
    /// No answer, or not all of it: time-out, connection lost. A write may or may not have happened.
    Unanswered,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_request_nor_an_answer_prints_what_it_carries() {
        let request = Request {
            method: Method::Post,
            path: "/crm".to_owned(),
            bearer: Some(Secret::new("canary".to_owned())),
            body: Body::Json("{\"email\":\"canary\"}".to_owned()),
        };
        let form = Body::Form(Secret::new("client_secret=canary".to_owned()));
        let file = Body::Multipart { boundary: "canary".to_owned(), parts: "canary".to_owned() };
        let headers = vec![("set-cookie".to_owned(), "canary".to_owned())];
        let answer = Outcome::Answered(Response { status: 200, headers, body: b"canary".to_vec() });
        let printed = format!("{request:?} {form:?} {file:?} {answer:?}");
        assert!(!printed.contains("canary") && printed.contains("200, 6 bytes"), "{printed}");
    }
}
