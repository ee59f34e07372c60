//! Everything that left a Worker while tests talked to it: answers of the API, pages, deliveries. Kept as words, so that whoever knows
//! the secrets when a world ends can look whether one of them was said.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Shorter words are no secret.
const SHORTEST: usize = 12;

static WORDS: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// What may stand in a token, a key or a password made for a world.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.+/=:".contains(&byte)
}

/// Notes what was said.
pub fn note(text: &str) {
    let words = text.as_bytes().split(|byte| !is_part(*byte)).filter(|word| word.len() >= SHORTEST);
    let mut all = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    for word in words {
        // Cut at bytes of ASCII, it is text.
        if let Ok(word) = std::str::from_utf8(word)
            && !all.contains(word)
        {
            all.insert(word.to_owned());
        }
    }
}

/// Whether somebody has heard it, alone or within something longer.
pub fn heard(secret: &str) -> bool {
    let all = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    all.contains(secret) || all.iter().any(|word| word.len() > secret.len() && word.contains(secret))
}

/// How many different words were noted.
pub fn words() -> usize {
    WORDS.lock().unwrap_or_else(PoisonError::into_inner).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_alone_and_within_an_address() {
        note(r#"{"message":"token pat-na1-canary-one was refused"}"#);
        note("https://example.com/?token=pat-na1-canary-two&x=1");
        assert!(heard("pat-na1-canary-one") && heard("pat-na1-canary-two"));
        assert!(!heard("pat-na1-canary-six"));
    }
}
