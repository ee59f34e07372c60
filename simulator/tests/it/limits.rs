//! Quotas as an app meets them.

use crate::support::*;
use hubspot_simulator::http::{Request, Response};
use hubspot_simulator::portal::ClocksChange;
use hubspot_simulator::{PortalSettings, Simulator, Switches};
use serde_json::json;

fn core(token: &str) -> Request {
    with_token(get("/account-info/2026-09/details"), token)
}

fn search(token: &str) -> Request {
    with_token(json_request("POST", "/crm/objects/2026-09/contacts/search", &json!({"limit": 1})), token)
}

fn private(switches: Switches) -> Simulator {
    let mut hubspot = hubspot(switches, 0);
    hubspot.add_private_token(PORTAL, "pat-na1-a", &["crm.objects.contacts.read"]);
    hubspot.add_private_token(PORTAL, "pat-na1-b", &["crm.objects.contacts.read"]);
    hubspot
}

fn policy(answer: &Response) -> Option<String> {
    json_of(answer)["policyName"].as_str().map(str::to_owned)
}

#[test]
fn a_free_accounts_window_is_a_hundred_calls_in_any_ten_seconds() {
    let mut hubspot = private(Switches::default());
    for n in 0..100 {
        let answer = hubspot.handle(NOON + n * 50, &core("pat-na1-a")).unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-hubspot-ratelimit-max"), Some("100"));
        let left = answer.header("x-hubspot-ratelimit-remaining").map(str::to_owned);
        assert_eq!(left, Some((99 - n).to_string()));
        assert_eq!(answer.header("x-hubspot-ratelimit-interval-milliseconds"), Some("10000"));
    }
    let refused = hubspot.handle(NOON + 9_999, &core("pat-na1-a")).unwrap();
    assert_eq!((refused.status, policy(&refused).as_deref()), (429, Some("TEN_SECONDLY_ROLLING")));
    let body = json_of(&refused);
    assert_eq!(body["message"], "You have reached your ten_secondly_rolling limit.");
    assert_eq!(body["errorType"], "RATE_LIMIT");
    assert_eq!(refused.header("retry-after"), None);
    // Another app has a window of its own.
    assert_eq!(hubspot.handle(NOON + 9_999, &core("pat-na1-b")).unwrap().status, 200);
    // The window rolls: ten seconds after the first call, exactly one more fits.
    assert_eq!(hubspot.handle(NOON + 10_000, &core("pat-na1-a")).unwrap().status, 200);
    assert_eq!(hubspot.handle(NOON + 10_000, &core("pat-na1-a")).unwrap().status, 429);
}

#[test]
fn the_day_is_shared_by_private_apps_and_ends_at_the_accounts_midnight() {
    let mut hubspot = private(Switches { daily_limit: Some(3), ..Switches::default() });
    hubspot.add_portal(PORTAL, PortalSettings { utc_offset_minutes: 60, ..PortalSettings::default() });
    // 23:00 UTC is midnight at +01:00.
    let midnight = NOON + 11 * 3_600_000;
    for token in ["pat-na1-a", "pat-na1-b", "pat-na1-a"] {
        let answer = hubspot.handle(midnight - 1, &core(token)).unwrap();
        assert_eq!(answer.header("x-hubspot-ratelimit-daily"), Some("3"));
        assert_eq!(answer.status, 200);
    }
    let refused = hubspot.handle(midnight - 1, &core("pat-na1-b")).unwrap();
    assert_eq!((refused.status, policy(&refused).as_deref()), (429, Some("DAILY")));
    let after = hubspot.handle(midnight, &core("pat-na1-b")).unwrap();
    assert_eq!(after.header("x-hubspot-ratelimit-daily-remaining"), Some("2"));
}

#[test]
fn midnight_moves_with_the_accounts_clocks() {
    let mut hubspot = private(Switches { daily_limit: Some(3), ..Switches::default() });
    let change = ClocksChange { at_ms: NOON + 3_600_000, utc_offset_minutes: 0 };
    let settings =
        PortalSettings { utc_offset_minutes: 60, clocks_change: Some(change), ..Default::default() };
    hubspot.add_portal(PORTAL, settings);
    let offset = |answer: &Response| json_of(answer)["utcOffset"].clone();
    assert_eq!(offset(&hubspot.handle(NOON, &core("pat-na1-a")).unwrap()), "+01:00");
    assert_eq!(offset(&hubspot.handle(NOON + 3_600_000, &core("pat-na1-a")).unwrap()), "+00:00");
    // 23:00 UTC is midnight no longer.
    hubspot.handle(NOON + 11 * 3_600_000 - 1, &core("pat-na1-a")).unwrap();
    let after = hubspot.handle(NOON + 11 * 3_600_000, &core("pat-na1-a")).unwrap();
    assert_ne!(after.header("x-hubspot-ratelimit-daily-remaining"), Some("2"));
}

#[test]
fn searches_have_a_limit_of_their_own_and_no_headers() {
    let mut hubspot = private(Switches::default());
    for n in 0..5 {
        let answer = hubspot.handle(NOON + n, &search(["pat-na1-a", "pat-na1-b"][n as usize % 2])).unwrap();
        assert_ne!(answer.status, 429);
        assert_eq!(answer.header("x-hubspot-ratelimit-max"), None);
    }
    let refused = hubspot.handle(NOON + 999, &search("pat-na1-b")).unwrap();
    assert_eq!((refused.status, policy(&refused).as_deref()), (429, Some("SECONDLY")));
    assert_eq!(refused.header("x-hubspot-ratelimit-remaining"), None);
    assert_ne!(hubspot.handle(NOON + 1_000, &search("pat-na1-b")).unwrap().status, 429);
    // None of them took part of the ten seconds.
    let core = hubspot.handle(NOON + 1_000, &core("pat-na1-a")).unwrap();
    assert_eq!(core.header("x-hubspot-ratelimit-remaining"), Some("99"));
}

#[test]
fn a_public_app_has_a_hundred_and_ten_calls_and_no_day() {
    let mut hubspot = hubspot(Switches { daily_limit: Some(1), ..Switches::default() }, 0);
    let distribution = hubspot_simulator::grants::Distribution::Public;
    hubspot.put_app(hubspot_simulator::grants::App { distribution, ..app() });
    let (access, _) = install(&mut hubspot, NOON);
    for _ in 0..110 {
        let answer = hubspot.handle(NOON, &core(&access)).unwrap();
        assert_eq!((answer.status, answer.header("x-hubspot-ratelimit-daily")), (200, None));
        assert_eq!(answer.header("x-hubspot-ratelimit-max"), Some("110"));
    }
    assert_eq!(hubspot.handle(NOON, &core(&access)).unwrap().status, 429);
}

#[test]
fn without_limits_calls_are_still_counted() {
    let mut hubspot = private(Switches { limits_enforced: false, ..Switches::default() });
    for n in 0..300 {
        assert_eq!(hubspot.handle(NOON + n, &core("pat-na1-a")).unwrap().status, 200);
    }
    let answer = hubspot.handle(NOON + 300, &get("/__control/counters")).unwrap();
    let counters = json_of(&answer);
    assert_eq!(counters["limits"]["most_in_ten_seconds"][0]["calls"], 300);
    assert_eq!(counters["limits"]["refused"], json!([]));
    assert_eq!(counters["calls"][0]["calls"], 300);
}

#[test]
fn usage_is_reported_for_private_apps() {
    let mut hubspot = private(Switches::default());
    let usage = with_token(get("/account-info/2026-09/api-usage/daily/private-apps"), "pat-na1-a");
    hubspot.handle(NOON, &core("pat-na1-a"));
    let body = json_of(&hubspot.handle(NOON, &usage).unwrap());
    assert_eq!(body["results"][0]["usageLimit"], 250_000);
    assert_eq!(body["results"][0]["currentUsage"], 2);
    assert_eq!(body["results"][0]["resetsAt"], "2026-11-21T05:00:00.000Z");
}
