//! The form of an API key: `key_<24 hex>.<43 characters of secret><8 hex of checksum>`.
//!
//! The checksum lets a mistyped or cut-off key be refused without asking anyone, and lets secret scanners be sure. It
//! proves nothing: that is the hash of the whole, which alone is stored.

use crate::values::{
    crypto::{sha256_hex, token_from_random},
    ids::ApiKeyId,
    secret::Secret,
};

const SECRET_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 8;

/// Makes the key of `id` from 32 random bytes.
pub fn mint(id: &ApiKeyId, random: [u8; 32]) -> Secret<String> {
    let body = format!("{id}.{}", token_from_random(random).expose());
    let checksum = checksum(&body);
    Secret::new(body + &checksum)
}

/// Reads a presented key: its id, and the hash that [`super::messages::Command::VerifyKey`] takes. `None` if it
/// cannot be a key.
pub fn parse(presented: &str) -> Option<(ApiKeyId, String)> {
    let (id, rest) = presented.split_once('.')?;
    let id = id.parse().ok()?;
    if rest.len() != SECRET_CHARS + CHECKSUM_CHARS || !rest.is_ascii() {
        return None;
    }
    let (body, sum) = presented.split_at(presented.len() - CHECKSUM_CHARS);
    (checksum(body) == sum).then(|| (id, sha256_hex(presented.as_bytes())))
}

/// The secret part of what [`parse`] has taken: a token of its own.
pub fn secret(presented: &str) -> &str {
    let (_, rest) = presented.split_once('.').unwrap_or_default();
    rest.get(..SECRET_CHARS).unwrap_or_default()
}

fn checksum(body: &str) -> String {
    let mut hex = sha256_hex(body.as_bytes());
    hex.truncate(CHECKSUM_CHARS);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_a_mistyped_one_refused_unasked() {
        let id = ApiKeyId::from_random([1; 12]);
        let key = mint(&id, [2; 32]);
        let (read, hash) = parse(key.expose()).unwrap();
        assert_eq!((read, hash), (id, sha256_hex(key.expose().as_bytes())));
        let text = key.expose();
        assert_eq!(secret(text), token_from_random([2; 32]).expose());
        assert_eq!((secret(""), secret("key_x.y")), ("", ""));
        for wrong in
            [&text[..text.len() - 1], &text[4..], "key_x.y", "", &text.replace('A', "B"), &format!("{text}0")]
        {
            assert!(wrong == text || parse(wrong).is_none(), "{wrong}");
        }
    }
}
