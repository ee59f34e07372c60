//! The rate headers of an answer (`hubspot-api.md` 3.2). All optional: search sends none, OAuth apps get no daily ones.

use crate::values::http::Response;

/// What an answer told about HubSpot's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateHeaders {
    /// Calls one window allows (100, 110, 190 or 250).
    pub max: Option<u32>,
    /// Calls left in this window.
    pub remaining: Option<u32>,
    /// The window's length in milliseconds (10,000).
    pub interval_ms: Option<i64>,
    /// Calls one day allows to all private apps of the account together.
    pub daily: Option<u64>,
    /// Calls left today.
    pub daily_remaining: Option<u64>,
}

impl RateHeaders {
    /// Reads them; what is absent or not a number is `None`.
    pub fn parse(response: &Response) -> Self {
        fn number<T: std::str::FromStr>(response: &Response, name: &str) -> Option<T> {
            response.header(name)?.trim().parse().ok()
        }
        Self {
            max: number(response, "x-hubspot-ratelimit-max"),
            remaining: number(response, "x-hubspot-ratelimit-remaining"),
            interval_ms: number(response, "x-hubspot-ratelimit-interval-milliseconds"),
            daily: number(response, "x-hubspot-ratelimit-daily"),
            daily_remaining: number(response, "x-hubspot-ratelimit-daily-remaining"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_header_is_read_alone_and_nonsense_is_absent() {
        let headers = [
            ("x-hubspot-ratelimit-max", "190"),
            ("x-hubspot-ratelimit-remaining", "soon"),
            ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
            ("x-hubspot-ratelimit-daily-remaining", "624999"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let read = RateHeaders::parse(&Response { status: 200, headers, body: Vec::new() });
        let expected = RateHeaders {
            max: Some(190),
            interval_ms: Some(10_000),
            daily_remaining: Some(624_999),
            ..RateHeaders::default()
        };
        assert_eq!(read, expected);
        assert_eq!(RateHeaders::parse(&Response::default()), RateHeaders::default());
    }
}
