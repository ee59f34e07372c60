//! How an endpoint looks in the API: made where it lies, so that the front hands it on without reading it.

use serde_json::{Value, json};

use crate::{
    engine::portal::endpoints::endpoint::{Attempt, Endpoint, MessageKind},
    values::time::Timestamp,
};

/// All of them, `{results, next_cursor}`; never long enough for pages.
pub fn list(endpoints: &[Endpoint], latest: u64) -> String {
    let results: Vec<Value> = endpoints.iter().map(|endpoint| show(endpoint, latest)).collect();
    json!({ "results": results, "next_cursor": null }).to_string()
}

/// One, with a new secret where one was made.
pub fn one(endpoint: &Endpoint, latest: u64, secret: Option<&str>) -> String {
    let mut body = show(endpoint, latest);
    if let Some(secret) = secret {
        body["secret"] = secret.into();
    }
    body.to_string()
}

fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.to_rfc3339().into())
}

fn show(endpoint: &Endpoint, latest: u64) -> Value {
    let message = endpoint.message.as_ref().map(|message| {
        let kind = match message.kind {
            MessageKind::Changes => "changes",
            MessageKind::Truncated => "feed.truncated",
            MessageKind::Members => "changes",
        };
        json!({
            "id": message.id,
            "type": kind,
            "after": message.after.to_string(),
            "next": message.up_to.to_string(),
        })
    });
    json!({
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "types": endpoint.wanted.types,
        "events": endpoint.wanted.events,
        "channel": endpoint.wanted.channel,
        "state": endpoint.standing(),
        "reason": endpoint.reason,
        "cursor": endpoint.cursor.to_string(),
        "behind": latest.saturating_sub(endpoint.cursor).to_string(),
        "handing_over": endpoint.hand_over.is_some(),
        "message": message,
        "failures": endpoint.failures,
        "failing_since": moment(endpoint.failing_since),
        "next_attempt_at": moment((endpoint.failures > 0).then_some(endpoint.retry_at)),
        "last_attempt": endpoint.last_attempt.as_ref().map(attempt),
        "delivered_at": moment(endpoint.delivered_at),
        "test": endpoint.test.as_ref().map(|test| json!({
            "message_id": test.id,
            "asked_at": test.asked_at.to_rfc3339(),
            "attempt": test.attempt.as_ref().map(attempt),
        })),
        "previous_secret_until": moment(endpoint.previous_secret_until),
        "created_at": endpoint.created_at.to_rfc3339(),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "message_id": attempt.message,
        "at": attempt.at.to_rfc3339(),
        "status": attempt.status,
        "took_ms": attempt.took_ms,
        "message": attempt.words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::portal::endpoints::endpoint::Wanted, values::ids::EndpointId};

    #[test]
    fn an_endpoint_shows_its_secret_only_where_one_was_made() {
        let (id, url) = (EndpointId::from_random([1; 12]), "https://example.com/".to_owned());
        let endpoint = Endpoint::new(id, url, "Ours".to_owned(), Wanted::default(), 7, Timestamp(0));
        let body: Value = serde_json::from_str(&one(&endpoint, 9, Some("whsec_x"))).unwrap();
        assert_eq!(body["secret"], "whsec_x");
        assert_eq!((&body["behind"], &body["state"]), (&json!("2"), &json!("active")));
        let body: Value = serde_json::from_str(&list(&[endpoint], 9)).unwrap();
        assert_eq!(
            (&body["results"][0]["url"], body["results"][0].get("secret")),
            (&json!("https://example.com/"), None)
        );
    }
}
