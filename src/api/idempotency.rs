//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): what it may be, what makes two requests the same, and what the answer
//! looks like while it is kept. What is promised stands in [`crate::engine::directory::requests`].

use serde::{Deserialize, Serialize};

use crate::{
    engine::directory::{messages::Claim, requests::ANSWER_BYTES},
    values::{
        crypto::{hmac_sha256, sha256_hex},
        http::Method,
        problem::{Kind, Problem},
        secret::Secret,
    },
};

/// The header.
pub const HEADER: &str = "idempotency-key";
/// What marks an answer that is given again.
pub const REPLAYED: (&str, &str) = ("idempotency-replayed", "true");
/// Longest key.
pub const KEY_CHARS: usize = 255;

/// The hash of a header's key. The draft writes keys in quotes, most programs do not: both are taken for the same.
pub fn key(header: &str) -> Result<String, Problem> {
    let text = header.trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let printable = bare.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    if bare.trim().is_empty() || bare.len() > KEY_CHARS || !printable {
        let detail = format!("`Idempotency-Key` must be 1 to {KEY_CHARS} printable ASCII characters.");
        return Err(Problem::new(Kind::InvalidRequest, detail));
    }
    Ok(sha256_hex(bare.as_bytes()))
}

/// What makes a request the same as another: method, path with query, and body. Under a secret of the deployment: a body can be an
/// address, which nobody is to find in a copied database by guessing.
pub fn fingerprint(secret: &Secret<String>, method: Method, target: &str, body: &[u8]) -> String {
    let parts = [method.as_str().as_bytes(), b" ", target.as_bytes(), b"\n", body];
    base16ct::lower::encode_string(&hmac_sha256(secret.expose().as_bytes(), &parts))
}

/// For which place a kept answer is sealed: it opens for no other caller and key.
pub fn place(caller: &str, key: &str) -> String {
    format!("request/{caller}/{key}")
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// HTTP status.
    pub status: u16,
    /// Its media type, if it has a body.
    pub content_type: Option<String>,
    /// As it was sent.
    pub body: String,
}

impl Kept {
    /// The text to be sealed; `None`: too large to keep.
    pub fn text(&self) -> Option<String> {
        (self.body.len() <= ANSWER_BYTES)
            .then(|| serde_json::to_string(self).expect("texts and a number are JSON"))
    }
}

/// What becomes of a claim that is not granted: the sealed answer, or a refusal.
pub fn refused(claim: Claim) -> Result<String, Problem> {
    Err(match claim {
        Claim::Answered(sealed) => return Ok(sealed),
        Claim::Answering => Problem::new(
            Kind::KeyInUse,
            "A request with this `Idempotency-Key` is being answered at this moment. Try again in a second.",
        )
        .retry_after(1),
        Claim::Another => Problem::new(
            Kind::KeyReused,
            "This `Idempotency-Key` came with another method, address or body before. Use a new key for a new request.",
        ),
        Claim::Lost | Claim::Granted => lost(),
        Claim::Full => Problem::new(
            Kind::RateLimited,
            "As many keys as are remembered have been used within a day. Ask without `Idempotency-Key`, or later.",
        )
        .retry_after(3_600),
    })
}

/// The refusal where an answer cannot be given again.
pub fn lost() -> Problem {
    Problem::new(
        Kind::OutcomeUnknown,
        "A request with this `Idempotency-Key` was begun, and its answer is not known any more. Look whether it had its effect; if not, \
         ask again with a new key.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_printable_and_bounded_and_the_same_with_quotes() {
        assert_eq!(key("\"order 7\"").unwrap(), key(" order 7 ").unwrap());
        assert_ne!(key("a").unwrap(), key("A").unwrap());
        assert!(key(&"x".repeat(255)).is_ok());
        for wrong in ["", "  ", "\"\"", &"x".repeat(256), "é", "a\u{7f}b", "a\tb"] {
            assert_eq!(key(wrong).unwrap_err().status(), 400, "{wrong}");
        }
    }

    #[test]
    fn another_method_address_or_body_makes_another_request() {
        let secret = Secret::new("a key of the deployment".to_owned());
        let one = fingerprint(&secret, Method::Post, "/v1/workspaces", b"{}");
        assert_eq!(one, fingerprint(&secret, Method::Post, "/v1/workspaces", b"{}"));
        for other in [
            fingerprint(&secret, Method::Put, "/v1/workspaces", b"{}"),
            fingerprint(&secret, Method::Post, "/v1/workspaces?x", b"{}"),
            fingerprint(&secret, Method::Post, "/v1/workspaces", b"{ }"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn every_claim_that_is_not_granted_says_what_to_do() {
        assert_eq!(refused(Claim::Answered("sealed".to_owned())).unwrap(), "sealed");
        for (claim, status, word) in [
            (Claim::Answering, 409, "again"),
            (Claim::Another, 422, "new key"),
            (Claim::Lost, 409, "Look"),
            (Claim::Full, 429, "later"),
        ] {
            let problem = refused(claim).unwrap_err();
            assert!(problem.status() == status && problem.detail.contains(word), "{}", problem.detail);
        }
        let kept = |length| Kept { status: 201, content_type: None, body: "x".repeat(length) }.text();
        assert!(kept(ANSWER_BYTES).is_some() && kept(ANSWER_BYTES + 1).is_none());
    }
}
