//! The cookie of a browser from which the operator has signed in: whoever brings it is not kept waiting by what strangers try. It lets
//! nobody in, it holds nothing of the password, and a changed password ends it.

use crate::values::{
    crypto::{Keyring, is_token, sha256_hex, token_from_random},
    secret::Secret,
    time::DAY_MS,
};

/// Life of the cookie; each sign-in begins it anew.
pub const DEVICE_MS: i64 = 180 * DAY_MS;

/// A new cookie from 32 random bytes.
pub fn make(keyring: &Keyring, password: &Secret<String>, random: [u8; 32]) -> String {
    let id = token_from_random(random);
    format!("{}.{}", id.expose(), keyring.vouch(&subject(password, id.expose())))
}

/// The browser's id of a cookie that this deployment made under this password.
pub fn read<'a>(keyring: &Keyring, password: &Secret<String>, cookie: &'a str) -> Option<&'a str> {
    let (id, word) = cookie.split_once('.')?;
    (is_token(id) && keyring.has_vouched(&subject(password, id), word)).then_some(id)
}

/// The password's digest goes in under the ring's key: without that nobody can try passwords on a stolen cookie.
fn subject(password: &Secret<String>, id: &str) -> Vec<u8> {
    format!("device {} {id}", sha256_hex(password.expose().as_bytes())).into_bytes()
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding as _};

    use super::*;

    #[test]
    fn a_cookie_is_read_under_its_own_password_and_ring_only() {
        let ring = |first: u8| {
            let bytes: [u8; 32] = std::array::from_fn(|index| first.wrapping_add(index as u8));
            Keyring::parse(&Secret::new(format!("a:{}", Base64::encode_string(&bytes)))).unwrap()
        };
        let password = Secret::new("a password of some length".to_owned());
        let cookie = make(&ring(1), &password, [3; 32]);
        assert_eq!(read(&ring(1), &password, &cookie), Some(token_from_random([3; 32]).expose().as_str()));
        assert_eq!(read(&ring(2), &password, &cookie), None);
        assert_eq!(read(&ring(1), &Secret::new("another".to_owned()), &cookie), None);
        let (_, word) = cookie.split_once('.').unwrap();
        let other = format!("{}.{word}", token_from_random([4; 32]).expose());
        for wrong in ["", ".", &cookie[1..], &cookie[..cookie.len() - 1], &other] {
            assert_eq!(read(&ring(1), &password, wrong), None, "{wrong}");
        }
        assert!(!cookie.contains("password"));
    }
}
