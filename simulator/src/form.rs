//! Form fields and query parameters. Owns nothing.

use crate::http::Request;

/// Decoded pairs, in order. Asking for a name gives its first value.
#[derive(Debug, Default, Clone)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The query string.
    pub fn query(request: &Request) -> Self {
        Self(form_urlencoded::parse(request.query.as_bytes()).into_owned().collect())
    }

    /// The body, if it says that it is a form; `None` otherwise.
    pub fn body(request: &Request) -> Option<Self> {
        let is_form = request.header("content-type")?.trim_start().to_ascii_lowercase();
        is_form
            .starts_with("application/x-www-form-urlencoded")
            .then(|| Self(form_urlencoded::parse(&request.body).into_owned().collect()))
    }

    /// The value, also an empty one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value, or an empty text.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// A number, if there is one.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// A space-separated list.
    pub fn words(&self, name: &str) -> Vec<String> {
        self.text(name).split_whitespace().map(str::to_owned).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
