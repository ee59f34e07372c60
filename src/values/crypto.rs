//! Sealing, hashing and comparing. RustCrypto throughout: for token-sized data it is faster in wasm than WebCrypto's
//! promises (`cloudflare.md` 1.6), and it is synchronous.
//!
//! Owns no state; random bytes come in as arguments.

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::values::secret::Secret;

/// Bytes of randomness a seal needs: AES-GCM's nonce (NIST SP 800-38D). Random nonces are safe for 2^32 seals a key;
/// a connection seals twice per half hour.
pub const NONCE_BYTES: usize = 12;

/// Why a keyring or a seal is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The keyring is empty.
    #[error("the keyring has no key; set it to `id:base64key` (32 random bytes in base64)")]
    NoKey,
    /// An entry of the keyring is not `id:base64key` with 32 bytes.
    #[error("keyring entry {0} is not `id:base64key` with 32 random bytes in base64")]
    BadKey(usize),
    /// A key whose bytes are all the same: a placeholder, not a key.
    #[error("keyring entry {0} is a placeholder, not a random key")]
    DefaultKey(usize),
    /// The seal was made with a key that the keyring does not hold.
    #[error("sealed with key `{0}`, which the keyring does not hold")]
    UnknownKey(String),
    /// The seal is damaged, or belongs to another place.
    #[error("a seal does not open: damaged, or made for another place")]
    Broken,
}

/// Bytes of a token's stamp, out of its 32: 192 random bits stay, and a stamp is guessed once in 2^64 requests.
const STAMP_BYTES: usize = 8;

/// One key of a ring.
#[derive(Clone)]
struct RingKey {
    id: String,
    cipher: Aes256Gcm,
    /// Of a key made from this one, so that what is stamped says nothing about what is sealed.
    code: Code,
}

/// HMAC-SHA256 under one key, ready to begin: setting a key up costs two of the four blocks that a short text takes.
#[derive(Clone)]
pub struct Code(Hmac<Sha256>);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Code {
    /// Sets the key up.
    pub fn new(key: &[u8]) -> Self {
        Self(Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// Over the concatenation of `parts`.
    pub fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The sealing keys, newest first: the first seals, all of them open.
#[derive(Clone)]
pub struct Keyring(Vec<RingKey>);

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Keyring {
    /// Parses `id:base64key[,id:base64key…]`, newest first.
    pub fn parse(text: &Secret<String>) -> Result<Self, CryptoError> {
        let mut keys = Vec::new();
        for (index, entry) in
            text.expose().split(',').map(str::trim).filter(|entry| !entry.is_empty()).enumerate()
        {
            let position = index + 1;
            let bad = CryptoError::BadKey(position);
            let (id, key) = entry.split_once(':').ok_or(bad.clone())?;
            let bytes = Base64::decode_vec(key).map_err(|_| bad.clone())?;
            if id.is_empty() || id.contains('.') || bytes.len() != 32 {
                return Err(bad);
            }
            if bytes.iter().all(|byte| *byte == bytes[0]) {
                return Err(CryptoError::DefaultKey(position));
            }
            let cipher = Aes256Gcm::new_from_slice(&bytes).map_err(|_| bad)?;
            let code = Code::new(&hmac_sha256(&bytes, &[b"spoke: stamps"]));
            keys.push(RingKey { id: id.to_owned(), cipher, code });
        }
        if keys.is_empty() { Err(CryptoError::NoKey) } else { Ok(Self(keys)) }
    }

    /// Seals `plain` for the place that `place` names (connection, seat, app and field): the same bytes do not open elsewhere.
    /// Form: `keyid.base64url(nonce ‖ ciphertext ‖ tag)`.
    pub fn seal(&self, place: &str, plain: &Secret<String>, nonce: [u8; NONCE_BYTES]) -> String {
        let RingKey { id, cipher: key, .. } = &self.0[0];
        let payload = Payload { msg: plain.expose().as_bytes(), aad: place.as_bytes() };
        let sealed = key.encrypt(&Nonce::from(nonce), payload).expect("AES-GCM takes any input under 64 GiB");
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        format!("{id}.{}", Base64UrlUnpadded::encode_string(&bytes))
    }

    /// Opens a seal made for `place`.
    pub fn open(&self, place: &str, sealed: &str) -> Result<Secret<String>, CryptoError> {
        let (id, text) = sealed.split_once('.').ok_or(CryptoError::Broken)?;
        let RingKey { cipher: key, .. } = self
            .0
            .iter()
            .find(|known| known.id == id)
            .ok_or_else(|| CryptoError::UnknownKey(id.to_owned()))?;
        let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| CryptoError::Broken)?;
        let (nonce, body) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(CryptoError::Broken)?;
        let payload = Payload { msg: body, aad: place.as_bytes() };
        let plain = key.decrypt(&Nonce::from(*nonce), payload).map_err(|_| CryptoError::Broken)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| CryptoError::Broken)
    }

    /// Whether `sealed` was made with another key than the newest, so that it should be sealed anew.
    pub fn is_stale(&self, sealed: &str) -> bool {
        sealed.split_once('.').is_none_or(|(id, _)| id != self.0[0].id)
    }

    /// Random bytes for a token, stamped: whoever holds the ring sees without asking anyone that only this deployment can have made
    /// it. The stamp says nothing of whether the token is good still.
    pub fn stamp(&self, random: [u8; 32]) -> [u8; 32] {
        let (secret, _) = random.split_at(32 - STAMP_BYTES);
        let mut stamped = random;
        stamped[32 - STAMP_BYTES..].copy_from_slice(&self.0[0].code.of(&[b"token", secret])[..STAMP_BYTES]);
        stamped
    }

    /// Whether a key of the ring stamped `token`, as [`token_from_random`] writes it. One made before there were stamps, or under a key
    /// that has left the ring, has none.
    pub fn has_stamped(&self, token: &str) -> bool {
        let mut bytes = [0; 32];
        if !Base64UrlUnpadded::decode(token, &mut bytes).is_ok_and(|bytes| bytes.len() == 32) {
            return false;
        }
        let (secret, stamp) = bytes.split_at(32 - STAMP_BYTES);
        self.0.iter().any(|key| constant_time_eq(&key.code.of(&[b"token", secret])[..STAMP_BYTES], stamp))
    }

    /// A word for `subject` that nobody without the ring can say.
    pub fn vouch(&self, subject: &[u8]) -> String {
        Base64UrlUnpadded::encode_string(&self.0[0].code.of(&[b"vouch", &Sha256::digest(subject)]))
    }

    /// Whether `word` is what a key of the ring said for `subject`.
    pub fn has_vouched(&self, subject: &[u8], word: &str) -> bool {
        let digest = Sha256::digest(subject);
        let word_of = |key: &RingKey| Base64UrlUnpadded::encode_string(&key.code.of(&[b"vouch", &digest]));
        self.0.iter().any(|key| constant_time_eq(word_of(key).as_bytes(), word.as_bytes()))
    }
}

/// HMAC-SHA256 over the concatenation of `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    Code::new(key).of(parts)
}

/// Whether `code` is the HMAC-SHA256 of `parts`, compared in constant time.
pub fn verify_hmac_sha256(key: &[u8], parts: &[&[u8]], code: &[u8]) -> bool {
    constant_time_eq(&hmac_sha256(key, parts), code)
}

/// SHA-256 in lower-case hexadecimal: how API keys, session tokens and states are stored.
pub fn sha256_hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// Compares without telling by its time where the difference is; lengths may be told.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// 32 random bytes as 43 URL-safe characters: tokens that people and browsers carry.
pub fn token_from_random(bytes: [u8; 32]) -> Secret<String> {
    Secret::new(Base64UrlUnpadded::encode_string(&bytes))
}

/// Whether a text is of the form of [`token_from_random`].
pub fn is_token(text: &str) -> bool {
    Base64UrlUnpadded::decode(text, &mut [0; 32]).is_ok_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(text: &str) -> Result<Keyring, CryptoError> {
        Keyring::parse(&Secret::new(text.to_owned()))
    }

    fn key(seed: u8) -> String {
        Base64::encode_string(&std::array::from_fn::<u8, 32, _>(|index| seed.wrapping_add(index as u8)))
    }

    #[test]
    fn a_seal_opens_only_in_its_own_place() {
        let ring = keyring(&format!("a:{}", key(1))).unwrap();
        let sealed = ring.seal("con_1/refresh", &Secret::new("token".to_owned()), [9; 12]);
        assert!(!sealed.contains("token"));
        assert_eq!(ring.open("con_1/refresh", &sealed).unwrap().expose(), "token");
        assert_eq!(ring.open("con_2/refresh", &sealed), Err(CryptoError::Broken));
    }

    #[test]
    fn old_keys_open_and_the_newest_seals() {
        let old = keyring(&format!("a:{}", key(1))).unwrap();
        let sealed = old.seal("p", &Secret::new("t".to_owned()), [1; 12]);
        let new = keyring(&format!("b:{},a:{}", key(2), key(1))).unwrap();
        assert_eq!(new.open("p", &sealed).unwrap().expose(), "t");
        assert!(new.is_stale(&sealed) && !old.is_stale(&sealed));
        let without = keyring(&format!("b:{}", key(2))).unwrap();
        assert_eq!(without.open("p", &sealed), Err(CryptoError::UnknownKey("a".to_owned())));
    }

    #[test]
    fn a_stamp_shows_whose_token_it_is_under_every_key_of_the_ring() {
        let old = keyring(&format!("a:{}", key(1))).unwrap();
        let token = token_from_random(old.stamp([7; 32]));
        assert!(is_token(token.expose()) && old.has_stamped(token.expose()));
        let new = keyring(&format!("b:{},a:{}", key(2), key(1))).unwrap();
        assert!(new.has_stamped(token.expose()));
        assert!(!keyring(&format!("b:{}", key(2))).unwrap().has_stamped(token.expose()));
        // Neither what a stranger draws, nor a token with one bit changed anywhere, nor what is no token.
        for at in 0..32 {
            let mut bytes = old.stamp([7; 32]);
            bytes[at] ^= 1;
            assert!(!old.has_stamped(token_from_random(bytes).expose()), "{at}");
        }
        assert!(!old.has_stamped(token_from_random([7; 32]).expose()));
        for text in ["", "AAAA", &"A".repeat(42), &"A".repeat(44), &"+".repeat(43)] {
            assert!(!is_token(text) && !old.has_stamped(text), "{text}");
        }
        assert_eq!(old.stamp([7; 32])[..24], [7; 24], "what is random stays");
    }

    #[test]
    fn a_word_vouches_for_its_own_subject_only() {
        let ring = keyring(&format!("a:{}", key(1))).unwrap();
        let word = ring.vouch(b"device 1");
        assert!(ring.has_vouched(b"device 1", &word));
        assert!(!ring.has_vouched(b"device 2", &word) && !ring.has_vouched(b"device 1", ""));
        let new = keyring(&format!("b:{},a:{}", key(2), key(1))).unwrap();
        assert!(new.has_vouched(b"device 1", &word));
        assert!(!keyring(&format!("b:{}", key(2))).unwrap().has_vouched(b"device 1", &word));
    }

    #[test]
    fn a_keyring_refuses_missing_short_and_default_keys() {
        assert_eq!(keyring(" ").unwrap_err(), CryptoError::NoKey);
        assert_eq!(keyring("a:c2hvcnQ=").unwrap_err(), CryptoError::BadKey(1));
        let zeros = Base64::encode_string(&[0; 32]);
        assert_eq!(keyring(&format!("a:{zeros}")).unwrap_err(), CryptoError::DefaultKey(1));
    }
}
