//! Requests as any program may send them: any key, any header, no cookies but those given.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// What to ask.
#[derive(Debug, Clone, Default)]
pub struct Ask<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: Option<&'a str>,
}

/// What was answered, of any status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {}", self.text))
    }
}

fn agent() -> ureq::Agent {
    let patience = Some(Duration::from_secs(40));
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    config.timeout_global(patience).build().new_agent()
}

/// Sends it, follows nothing.
pub fn send(ask: &Ask<'_>) -> Result<Answer> {
    let mut request = ureq::http::Request::builder().method(ask.method).uri(ask.url);
    for (name, value) in ask.headers {
        request = request.header(*name, *value);
    }
    let sent = match ask.body {
        Some(body) => agent().run(request.body(body.to_owned())?),
        None => agent().run(request.body(())?),
    };
    let mut response = sent.with_context(|| format!("`{}` does not answer", ask.url))?;
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let text = response.body_mut().read_to_string()?;
    Ok(Answer { status: response.status().as_u16(), headers, text })
}

/// `GET` with a key of the API.
pub fn get(url: &str, key: &str) -> Result<Answer> {
    send(&Ask { method: "GET", url, headers: &[("authorization", &format!("Bearer {key}"))], body: None })
}

/// `POST` of JSON with a key of the API.
pub fn post(url: &str, key: &str, body: &Value) -> Result<Answer> {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    send(&Ask { method: "POST", url, headers: &headers, body: Some(&body.to_string()) })
}

/// A form as a browser posts it.
pub fn post_form(url: &str, cookie: &str, body: &str) -> Result<Answer> {
    let headers = [("cookie", cookie), ("content-type", "application/x-www-form-urlencoded")];
    send(&Ask { method: "POST", url, headers: &headers, body: Some(body) })
}

/// `GET` as a browser with these cookies.
pub fn open(url: &str, cookie: &str) -> Result<Answer> {
    send(&Ask { method: "GET", url, headers: &[("cookie", cookie)], body: None })
}

/// A parameter of an address's query, as it stands there.
pub fn parameter<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = address.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(own, _)| *own == name).map(|(_, value)| value))
}
