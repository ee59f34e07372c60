//! How many requests a caller may make: a token bucket each, in the memory of an isolate. A deployment that is busy everywhere runs
//! several isolates and lets that many times as much through; what is protected is each of them, and the objects behind.

use crate::values::{
    problem::{Kind, Problem},
    time::{MINUTE_MS, SECOND_MS, Timestamp},
};

/// Seconds of the window that the headers name.
const WINDOW_S: i64 = MINUTE_MS / SECOND_MS;

/// What is left to a caller, in requests; full where nothing was asked for a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    left: f64,
    at: Timestamp,
}

/// What a request found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Whole requests that may follow at once.
    pub requests: u32,
    /// Seconds until there is one more; 0 where there is one.
    pub wait_s: u32,
    /// As many as may be made a minute.
    pub quota: u32,
}

impl Bucket {
    /// A full one.
    pub fn full(quota: u32, now: Timestamp) -> Self {
        Self { left: f64::from(quota), at: now }
    }

    /// Takes one request out, if there is one; says whether there was, and what is left.
    pub fn take(&mut self, quota: u32, now: Timestamp) -> (bool, Left) {
        let passed = now.since_ms(self.at).max(0) as f64;
        let a_ms = f64::from(quota) / MINUTE_MS as f64;
        self.left = passed.mul_add(a_ms, self.left).min(f64::from(quota));
        self.at = now;
        let granted = self.left >= 1.0;
        if granted {
            self.left -= 1.0;
        }
        let missing = (1.0 - self.left).max(0.0);
        let wait_s = (missing / a_ms / SECOND_MS as f64).ceil() as u32;
        (granted, Left { requests: self.left as u32, wait_s, quota })
    }

    /// Puts a request back that counts for nothing.
    pub fn give_back(&mut self, quota: u32) {
        self.left = (self.left + 1.0).min(f64::from(quota));
    }

    /// Whether it is as good as one that nobody has taken of.
    pub fn is_full(&self, quota: u32, now: Timestamp) -> bool {
        let back = now.since_ms(self.at).max(0) as f64 * f64::from(quota) / MINUTE_MS as f64;
        self.left + back >= f64::from(quota)
    }
}

impl Left {
    /// Header fields of every answer (draft-ietf-httpapi-ratelimit-headers-10): the policy, and what is left of it.
    pub fn headers(&self) -> [(&'static str, String); 2] {
        [
            ("ratelimit-policy", format!("\"key\";q={};w={WINDOW_S}", self.quota)),
            ("ratelimit", format!("\"key\";r={};t={}", self.requests, self.wait_s)),
        ]
    }

    /// The refusal of one request too many.
    pub fn problem(&self) -> Problem {
        let seconds = self.wait_s.max(1);
        let detail = format!(
            "This key may make {} requests a minute. Try again in {seconds} s; `RateLimit` of every answer says how many are left.",
            self.quota
        );
        Problem::new(Kind::RateLimited, detail).retry_after(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_quota_at_once_and_then_as_they_come_back() {
        let mut bucket = Bucket::full(120, Timestamp(0));
        for left in (0..120).rev() {
            assert_eq!(
                bucket.take(120, Timestamp(0)),
                (true, Left { requests: left, wait_s: u32::from(left == 0), quota: 120 })
            );
        }
        let (granted, left) = bucket.take(120, Timestamp(0));
        assert!(!granted && left.problem().retry_after_s == Some(1));
        assert!(!bucket.take(120, Timestamp(499)).0, "two come back a second");
        assert!(bucket.take(120, Timestamp(500)).0 && !bucket.take(120, Timestamp(500)).0);
        assert_eq!(bucket.take(120, Timestamp(3_600_000)).1.requests, 119, "it holds no more than the quota");
        // A clock that is set back grants nothing and takes nothing.
        assert_eq!(bucket.take(120, Timestamp(0)).1.requests, 118);
    }

    #[test]
    fn the_headers_say_what_is_left() {
        let left = Left { requests: 7, wait_s: 0, quota: 600 };
        assert_eq!(left.headers().map(|(_, value)| value), ["\"key\";q=600;w=60", "\"key\";r=7;t=0"]);
    }
}
