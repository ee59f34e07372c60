//! Opaque strings as HubSpot mints them: ids, codes, tokens. Seeded, so one seed always mints the same ones.
//! Nothing here is secret or unguessable; it only has to look like the real thing and be unique.

/// A seeded source of opaque strings.
#[derive(Debug, Clone)]
pub struct Random(fastrand::Rng);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Random {
    /// The same seed gives the same strings in the same order.
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// A version 4 UUID in lower case.
    pub fn uuid(&mut self) -> String {
        let bits = (self.0.u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// `length` characters of the URL-safe Base64 alphabet.
    pub fn opaque(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(ALPHABET[self.0.usize(..64)])).collect()
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.u64(..end) }
    }

    /// True with this probability (0 to 1).
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// Puts the items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_mints_the_same_strings() {
        let (mut a, mut b) = (Random::new(7), Random::new(7));
        assert_eq!((a.uuid(), a.opaque(20)), (b.uuid(), b.opaque(20)));
    }

    #[test]
    fn a_uuid_says_that_it_is_version_four() {
        let id = Random::new(1).uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
