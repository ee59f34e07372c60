//! Webhook signatures (`hubspot-api.md` §9.4). Owns nothing; written from HubSpot's description, not from Spoke's check.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// `X-HubSpot-Signature` with `X-HubSpot-Signature-Version: v1`: hex SHA-256 of secret and body.
pub fn v1(secret: &str, body: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::new().chain_update(secret).chain_update(body).finalize())
}

/// The same header with `v2`: hex SHA-256 of secret, method, full address and body.
pub fn v2(secret: &str, method: &str, url: &str, body: &[u8]) -> String {
    let hash = Sha256::new().chain_update(secret).chain_update(method).chain_update(url).chain_update(body);
    HEXLOWER.encode(&hash.finalize())
}

/// `X-HubSpot-Signature-v3`: Base64 of HMAC-SHA256 over method, address, body and timestamp (milliseconds).
pub fn v3(secret: &str, method: &str, url: &str, body: &[u8], timestamp_ms: u64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    for part in [method.as_bytes(), decoded(url).as_bytes(), body, timestamp_ms.to_string().as_bytes()] {
        mac.update(part);
    }
    BASE64.encode(&mac.finalize().into_bytes())
}

/// The sequences v3 decodes before it signs; all others stay encoded.
const DECODED: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

fn decoded(url: &str) -> String {
    DECODED.iter().fold(url.to_owned(), |url, (from, to)| url.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
    const URL: &str = "https://www.example.com/webhook_uri";

    #[test]
    fn v3_gives_the_published_vectors() {
        let body = b"{'example_field':'example_value'}";
        assert_eq!(
            v3(SECRET, "POST", URL, body, 1_693_657_560_000),
            "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="
        );
        assert_eq!(
            v3(SECRET, "POST", URL, body, 1_700_000_300_000),
            "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="
        );
    }

    #[test]
    fn v2_gives_the_published_vector() {
        let hash = v2(SECRET, "POST", URL, br#"{"example_field":"example_value"}"#);
        assert_eq!(hash, "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900");
    }

    #[test]
    fn v1_gives_the_published_vector() {
        let body = br#"[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]"#;
        assert_eq!(v1(SECRET, body), "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de");
    }

    #[test]
    fn only_twelve_sequences_are_decoded() {
        assert_eq!(decoded("https://a/b%3Fc%20d%2Ce"), "https://a/b?c%20d,e");
    }
}
