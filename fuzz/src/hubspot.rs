//! What HubSpot sends, or somebody in its name.

use base64ct::{Base64, Encoding as _};
use serde_json::Value;
use spoke::hubspot::webhooks::{BODY_LIMIT, EVENTS_LIMIT, WINDOW_MS, parse_events, verify_v1, verify_v3};
use spoke::hubspot::{
    account as account_info, associations as links, lists, oauth, owners as people, pipelines,
    properties as definitions, record, rejection, schemas,
};
use spoke::values::crypto::hmac_sha256;
use spoke::values::http::{Method, Outcome, Response};
use spoke::values::secret::Secret;
use spoke::values::time::Timestamp;

/// Statuses that answers come with; the first byte of an input chooses.
const STATUSES: [u16; 20] =
    [200, 201, 207, 301, 400, 401, 403, 404, 408, 409, 414, 415, 423, 429, 477, 500, 502, 522, 525, 599];

const NOW: Timestamp = Timestamp(1_795_132_800_000);

/// An answer: a status, and the rest as its body.
fn answer(bytes: &[u8]) -> (u16, Outcome) {
    let (status, body) = bytes
        .split_first()
        .map_or((200, bytes), |(first, rest)| (STATUSES[usize::from(*first) % STATUSES.len()], rest));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    // A part of the body as headers too: those come from strangers as well.
    let text = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
    let headers = vec![header("retry-after", &text), header("x-hubspot-correlation-id", &text)];
    (status, Outcome::Answered(Response { status, headers, body: body.to_vec() }))
}

/// A delivery's events: each is told alone as among others, and never more than there are.
pub fn webhook_events(bytes: &[u8]) {
    let Ok(read) = parse_events(bytes, EVENTS_LIMIT) else { return };
    assert!(bytes.len() <= BODY_LIMIT);
    let events: Vec<Value> = serde_json::from_slice(bytes).expect("a delivery that is read is JSON");
    assert!(read.len() <= events.len() && events.len() <= EVENTS_LIMIT);
    let mut alone = Vec::new();
    for event in &events {
        let one = Value::from(vec![event.clone()]).to_string();
        alone.extend(parse_events(one.as_bytes(), EVENTS_LIMIT).expect("a list of one"));
    }
    assert_eq!(alone, read);
}

/// A signature: what HubSpot signed verifies, and nothing does in which a bit was turned. The first four bytes say which bit.
pub fn webhook_signature(bytes: &[u8]) {
    let secret = Secret::new("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy".to_owned());
    let sent_at = NOW.0.to_string();
    let uri = "https://spoke.example/webhooks/hubspot/main";
    let parts = [b"POST", uri.as_bytes(), bytes, sent_at.as_bytes()];
    let signature = Base64::encode_string(&hmac_sha256(secret.expose().as_bytes(), &parts));
    let verify = |uri: &str, body: &[u8], sent_at: &[u8], signature: &[u8], now| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (sent_at, signature) = (text(sent_at), text(signature));
        verify_v3(&secret, Method::Post, uri, body, Some(&sent_at), Some(&signature), now).is_ok()
    };
    let (at, code) = (sent_at.as_bytes(), signature.as_bytes());
    assert!(verify(uri, bytes, at, code, NOW));
    for far in [WINDOW_MS + 1, -WINDOW_MS - 1] {
        assert!(!verify(uri, bytes, at, code, Timestamp(NOW.0 + far)));
    }
    let drawn = bytes.iter().take(4).fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    let turned = |own: &[u8]| {
        let mut copy = own.to_vec();
        let place = drawn % (own.len().max(1) * 8);
        if let Some(byte) = copy.get_mut(place / 8) {
            *byte ^= 1 << (place % 8);
        }
        copy
    };
    if !bytes.is_empty() {
        assert!(!verify(uri, &turned(bytes), at, code, NOW));
    }
    assert!(!verify(uri, bytes, &turned(at), code, NOW));
    assert!(!verify(uri, bytes, at, &turned(code), NOW));
    assert!(!verify(&format!("{uri}/"), bytes, at, code, NOW));
    // What strangers send instead of a signature.
    let text = String::from_utf8_lossy(bytes);
    assert!(!verify(&text, bytes, bytes, bytes, NOW));
    assert!(verify_v1(&secret, bytes, Some(&text)).is_err());
}

/// The token endpoints' answers: tokens never print, an overload is never a revocation, and a refusal repeats codes only.
pub fn token_answers(bytes: &[u8]) {
    if let Ok(tokens) = oauth::parse_tokens(bytes) {
        let printed = format!("{tokens:?}");
        assert!(tokens.expires_in_ms > 0);
        let secrets = [Some(&tokens.access), tokens.refresh.as_ref()];
        for secret in secrets.into_iter().flatten() {
            let shown = format!("{secret}{secret:?}");
            assert_eq!(shown, "[redacted][redacted]");
        }
        let mut shown = tokens.clone();
        shown.access = Secret::new("another".to_owned());
        shown.refresh = tokens.refresh.as_ref().map(|_| Secret::new("another".to_owned()));
        assert_eq!(printed, format!("{shown:?}"), "what prints must not depend on the tokens");
    }
    if let Ok(told) = oauth::parse_introspection(bytes) {
        drop(told);
    }
    let (status, outcome) = answer(bytes);
    match oauth::classify(&outcome, NOW) {
        Ok(_) => assert!((200..300).contains(&status)),
        Err(oauth::TokenRefusal::Revoked) => assert!((300..500).contains(&status) && status != 429),
        Err(oauth::TokenRefusal::OurFault(code)) => assert!(code.is_none_or(|code| is_code(&code))),
        Err(oauth::TokenRefusal::Transient { retry_at }) => assert!(retry_at.is_none_or(|at| at >= NOW)),
    }
}

/// Whether a text can hold nobody's data.
fn is_code(text: &str) -> bool {
    text.len() <= 80 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// Pages, batches and single records: never more than came, and under the id that stands there.
pub fn records(bytes: &[u8]) {
    // JSON that a tree cannot hold is read all the same (broken surrogates), so objects are counted by their braces.
    let objects = bytes.split(|byte| *byte == b'{').count();
    if let Ok(page) = record::parse_page(bytes) {
        assert!(page.records.len() < objects, "{} of {objects}", page.records.len());
    }
    if let Ok(batch) = record::parse_batch(bytes) {
        assert!(batch.records.len() < objects, "{} of {objects}", batch.records.len());
    }
    let Ok(one) = record::parse_record(bytes) else { return };
    let named = bytes.windows(4).filter(|own| own == b"\"id\"").count();
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    // Of a name that stands twice, either may be meant.
    if named == 1 {
        let id = value["id"].as_str().map_or_else(|| value["id"].as_u64(), |text| text.parse().ok());
        assert_eq!(id, Some(one.id.0));
    }
}

/// Lists and their members.
pub fn hubspot_lists(bytes: &[u8]) {
    drop(lists::parse(bytes));
    drop(lists::parse_one(bytes));
    for first in [true, false] {
        drop(lists::parse_members(bytes, first));
    }
}

/// Links and labels.
pub fn associations(bytes: &[u8]) {
    drop(links::parse_batch(bytes));
    drop(links::parse_labels(bytes));
}

/// Definitions of properties, custom objects and pipelines.
pub fn properties(bytes: &[u8]) {
    if let Ok((all, issues)) = definitions::parse(bytes) {
        let value: Value = serde_json::from_slice(bytes).expect("definitions that are read are JSON");
        let came = value["results"].as_array().map_or(0, Vec::len);
        assert!(all.len() <= came && issues.len() <= came, "{} and {} of {came}", all.len(), issues.len());
    }
    drop(schemas::parse(bytes));
    drop(pipelines::parse(bytes));
}

/// Owners.
pub fn owners(bytes: &[u8]) {
    drop(people::parse(bytes));
}

/// The account's details and its usage.
pub fn account(bytes: &[u8]) {
    drop(account_info::parse_details(bytes));
    let _ = account_info::parse_usage(bytes);
}

/// Refusals: classed by status, waiting never in the past nor for more than a day, and holding nothing but codes.
pub fn errors(bytes: &[u8]) {
    let (status, outcome) = answer(bytes);
    let Err(refusal) = rejection::classify(&outcome, NOW) else {
        assert!((200..300).contains(&status));
        return;
    };
    assert_eq!(refusal.status, Some(status));
    let texts = [&refusal.category, &refusal.correlation_id];
    assert!(texts.into_iter().flatten().all(|text| is_code(text)));
    let printed = format!("{refusal:?} {}", refusal.words());
    assert!(!printed.contains("canary@"), "{printed}");
    let day = NOW.0 + 86_400_000;
    let waits = |at: Timestamp| at >= NOW && at.0 <= day;
    match refusal.class {
        rejection::Class::Transient { retry_at } => assert!(retry_at.is_none_or(waits)),
        rejection::Class::Throttled { retry_at, .. } => assert!(waits(retry_at)),
        rejection::Class::Parked { until } => assert!(waits(until)),
        rejection::Class::Forbidden { scopes } => {
            assert!(scopes.len() <= rejection::CODES && scopes.iter().all(|own| is_code(own)));
        }
        rejection::Class::Rejected { codes, .. } => {
            assert!(codes.len() <= rejection::CODES && codes.iter().all(|own| is_code(own)));
        }
        _ => {}
    }
}
