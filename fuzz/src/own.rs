//! What browsers, the host's servers and whoever knows an address send.

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::Value;
use spoke::api::cookie::{Jar, Of as CookieOf, csrf_fits};
use spoke::api::cursor::{self, Of};
use spoke::api::request::{self, Query};
use spoke::api::{channel, endpoint, route};
use spoke::engine::directory::api_key;
use spoke::engine::workflow::{Definition, Facts, Next, Standing, limits};
use spoke::values::filter::{Context, Filter, MAX_BYTES, MAX_CONDITIONS};
use spoke::values::http::Method;
use spoke::values::ids::{ApiKeyId, ChannelId, EndpointId, RecordId, WorkspaceId};
use spoke::values::receiver::{self, DeliverTo, Reach};
use spoke::values::time::Timestamp;

/// A deployment that others reach.
const PUBLIC: Reach<'static> = Reach { to: DeliverTo::Public, own: "https://spoke.example.com" };

/// The text, if the bytes are one. Headers and addresses reach Spoke as texts.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The way back from HubSpot's pages: what is read is what stands in the query, and no parameter is read twice.
pub fn oauth_callback(bytes: &[u8]) {
    const NAMES: [&str; 3] = ["code", "state", "error"];
    let Some(query) = text(bytes) else { return };
    let given: Vec<(String, String)> = form_urlencoded::parse(bytes).into_owned().collect();
    // As the callback does: parameters that HubSpot adds are passed over.
    let known = given.iter().filter(|(name, _)| NAMES.contains(&name.as_str()));
    let known = form_urlencoded::Serializer::new(String::new()).extend_pairs(known).finish();
    if let Ok(read) = Query::parse(&known, &NAMES) {
        for name in NAMES {
            let mut values = given.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
            assert_eq!(read.get(name), values.next().filter(|value| !value.is_empty()));
            assert_eq!(values.next(), None, "{name} is read although it stands twice");
        }
    }
    let strict = Query::parse(query, &NAMES).is_ok();
    assert!(!strict || given.iter().all(|(name, _)| NAMES.contains(&name.as_str())));
    // Any text may stand as a path too.
    let path = format!("/{query}");
    for method in [Method::Get, Method::Post, Method::Delete] {
        let _ = route::find(Some(method), &path);
    }
}

/// Cursors: read back as made, of one kind only, and made by nothing else.
pub fn cursors(bytes: &[u8]) {
    let Some(given) = text(bytes) else { return };
    let record: Option<RecordId> = cursor::decode(Of::Records, given).ok();
    let workspace: Option<WorkspaceId> = cursor::decode(Of::Workspaces, given).ok();
    assert!(record.is_none() || workspace.is_none(), "a cursor of two kinds: {given}");
    if let Some(id) = record {
        assert_eq!(cursor::decode(Of::Records, &cursor::encode(Of::Records, &id.to_string())), Ok(id));
    }
    for (own, other) in [(Of::Records, Of::Workspaces), (Of::Workspaces, Of::Records)] {
        let made = cursor::encode(own, given);
        assert!(cursor::decode::<String>(other, &made).is_err(), "{made}");
        match cursor::decode::<String>(own, &made) {
            Ok(read) => assert_eq!(read, given),
            Err(_) => assert!(made.len() > 100, "only a long one is refused: {made}"),
        }
    }
    // The end of a page of records.
    let mut page = format!("{{\"records\":[],\"next_cursor\":\"{given}\"}}");
    cursor::wrap_last(&mut page);
}

/// Filters: what is read fits its limits and reads the same when it is written out.
pub fn filters(bytes: &[u8]) {
    let Some(given) = text(bytes) else { return };
    match Filter::parse(given) {
        Ok(filter) => {
            let written = filter.to_json();
            assert!(written.len() <= MAX_BYTES && filter.conditions().len() <= MAX_CONDITIONS);
            assert_eq!(Filter::parse(&written).as_ref(), Ok(&filter), "{written}");
        }
        Err(faults) => assert!((1..=20).contains(&faults.len())),
    }
}

/// Workflows: what is read fits its limits, reads the same when it is written out, and each of its runs ends.
pub fn workflows(bytes: &[u8]) {
    let Some(given) = text(bytes) else { return };
    match Definition::parse(given) {
        Ok(definition) => {
            let written = definition.to_json().to_string();
            assert!(written.len() <= limits::BYTES && definition.all_steps().len() <= limits::STEPS);
            assert_eq!(Definition::parse(&written).as_ref(), Ok(&definition), "{written}");
            let nobody = Facts::new(definition.trigger.record(), BTreeMap::new(), Timestamp(0));
            let context = Context { now: Timestamp(0), utc_offset_ms: 0 };
            let (mut place, mut turns) = (definition.first(), 0);
            while let Some(here) = place {
                turns += 1;
                assert!(turns <= limits::STEPS, "{written}");
                let standing = Standing { place: here, since: None };
                place = match definition.decide(&standing, &nobody, context).next {
                    Next::Act { place, .. } | Next::Decided { place, .. } => definition.after(&place),
                    Next::Wait { standing, .. } | Next::WaitUntil { standing, .. } => {
                        definition.after(&standing.place)
                    }
                    Next::Stopped { .. } | Next::Ended => None,
                    Next::Lost => panic!("a place of its own is lost in {written}"),
                };
            }
        }
        Err(faults) => assert!((1..=limits::FAULTS).contains(&faults.len())),
    }
}

/// API keys: one that was made is read, none is with a bit turned, and nothing else is.
pub fn api_keys(bytes: &[u8]) {
    let mut random = [0; 32];
    let mut id = [0; 12];
    for (at, byte) in bytes.iter().enumerate().take(44) {
        if at < 32 { random[at] = *byte } else { id[at - 32] = *byte }
    }
    let id = ApiKeyId::from_random(id);
    let key = api_key::mint(&id, random);
    let (read, hash) = api_key::parse(key.expose()).expect("a key that was made is read");
    assert_eq!(read, id);
    assert!(!hash.contains(key.expose()) && format!("{key:?}{key}") == "[redacted][redacted]");
    let drawn = bytes.iter().rev().take(3).fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    let mut turned = key.expose().clone().into_bytes();
    let place = drawn % (turned.len() * 8);
    turned[place / 8] ^= 1 << (place % 8);
    if let Ok(turned) = String::from_utf8(turned) {
        assert_eq!(api_key::parse(&turned), None);
    }
    let Some(given) = text(bytes) else { return };
    if let Some((id, hash)) = api_key::parse(given) {
        assert!(given.starts_with(id.as_str()) && hash.len() == 64);
    }
    if let Some(token) = request::bearer(Some(given)) {
        assert!(
            !token.is_empty()
                && token.trim() == token
                && given.ends_with(&given[given.find(token).unwrap_or(0)..])
        );
    }
}

/// Bodies of the API: each is read or refused with a problem that does not repeat them.
pub fn json_bodies(bytes: &[u8]) {
    let (channel_id, endpoint_id) = (ChannelId::from_random([1; 12]), EndpointId::from_random([1; 12]));
    if let Ok(asked) = request::body::<request::CreateWorkspace>(bytes) {
        if let Ok(name) = request::name("name", &asked.name) {
            assert!(!name.is_empty() && !name.chars().any(char::is_control));
        }
        let _ = request::jurisdiction(asked.jurisdiction.as_deref());
    }
    if let Ok(asked) = request::body::<request::CreateKey>(bytes)
        && let Ok(Some(end)) = asked.end(Timestamp(0))
    {
        assert!(end > Timestamp(0));
    }
    if let Ok(person) = request::body::<request::CreateSession>(bytes)
        .and_then(|session| session.person("https://spoke.example"))
        && let Some(url) = person.return_url
    {
        // It stands in a link that people follow: nothing but an address, and no script.
        assert!(url.starts_with("https://") || url.starts_with("http://"));
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let _ = request::body::<request::PutSelection>(bytes).map(request::PutSelection::selection);
    for call in [channel::Call::Create, channel::Call::Preview, channel::Call::Update(channel_id.clone())] {
        let _ = channel::command(call, bytes);
    }
    let calls = [
        endpoint::Call::Create,
        endpoint::Call::Update(endpoint_id.clone()),
        endpoint::Call::Skip(endpoint_id.clone()),
        endpoint::Call::Replay(endpoint_id.clone()),
        endpoint::Call::Test(endpoint_id),
    ];
    for call in calls {
        let _ = endpoint::command(call, bytes, PUBLIC);
    }
    let refused = serde_json::from_slice::<Value>(bytes).is_err();
    assert!(!refused || request::body::<request::CreateWorkspace>(bytes).is_err());
}

/// Cookies: a token comes back as it was kept, and what is read stands in the header.
pub fn cookies(bytes: &[u8]) {
    let Some(header) = text(bytes) else { return };
    let id = WorkspaceId::from_random([7; 12]);
    for jar in [Jar::new("https://spoke.example"), Jar::new("http://localhost")] {
        for of in [CookieOf::Workspace(&id), CookieOf::Console, CookieOf::BeforeSignIn] {
            if let Some(token) = jar.token(Some(header), of) {
                assert!(!token.is_empty() && header.contains(&token));
            }
        }
        let tokens = jar.tokens(Some(header));
        assert!(tokens.len() <= 20 && tokens.iter().all(|token| header.contains(token.as_str())));
        let token = Base64UrlUnpadded::encode_string(bytes);
        if token.is_empty() {
            continue;
        }
        let set = jar.keep(CookieOf::Console, &token, Timestamp(0), Timestamp(60_000));
        assert!(!set.contains(['\r', '\n']));
        let back = set.split(';').next().unwrap_or_default();
        assert_eq!(jar.token(Some(back), CookieOf::Console).as_deref(), Some(token.as_str()));
        assert_eq!(jar.token(Some(back), CookieOf::Workspace(&id)), None);
        assert!(!csrf_fits(&token, header));
    }
}

/// Addresses that deliveries go to: a public one is HTTPS, without credentials, and no way into a private network.
pub fn receivers(bytes: &[u8]) {
    let Some(url) = text(bytes) else { return };
    let origin = receiver::origin(url);
    assert!(url.starts_with(origin));
    if receiver::check(url, PUBLIC).is_err() {
        return;
    }
    let lower = url.to_ascii_lowercase();
    assert!(
        lower.starts_with("https://")
            && receiver::check(url, Reach { to: DeliverTo::Anywhere, ..PUBLIC }).is_ok()
    );
    let authority = lower["https://".len()..].split(['/', '?']).next().unwrap_or_default().to_owned();
    assert!(!authority.contains('@'));
    let host = authority
        .rsplit_once(':')
        .filter(|_| !authority.ends_with(']'))
        .map_or(authority.as_str(), |(host, _)| host);
    let host = host.trim_end_matches('.');
    let private =
        ["localhost", "127.0.0.1", "10.", "192.168.", "169.254.", "[::1]", "[fc", "[fd", "[fe80", "0."];
    assert!(
        !private.iter().any(|own| host == *own
            || (own.ends_with('.') && is_number(host) && host.starts_with(own))
            || (own.starts_with('[') && host.starts_with(own))),
        "{url}"
    );
    assert!(![".localhost", ".local", ".internal"].iter().any(|end| host.ends_with(end)), "{url}");
}

/// Whether a host is written in numbers.
fn is_number(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
