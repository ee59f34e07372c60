//! What leaves for a receiver: body, headers and signature after Standard Webhooks 1.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
//!
//! The body is `{type, timestamp, data}`; `data` of `changes` is what `GET …/changes` answers, with the names of connection and
//! workspace.

use std::fmt::Write as _;

use base64ct::{Base64, Encoding as _};
use standardwebhooks::Webhook;

use crate::{
    engine::portal::{query::Page, state::Connection},
    values::{
        ids::{ChannelId, EndpointId, MessageId},
        secret::Secret,
        time::{SECOND_MS, Timestamp},
    },
};

/// What a signing secret begins with (Standard Webhooks, *Signature scheme*).
const PREFIX: &str = "whsec_";
/// Bytes of a signing secret: the scheme takes 24 to 64.
pub const SECRET_BYTES: usize = 32;

/// A request to a receiver, ready to be sent.
#[derive(Debug)]
pub struct Post {
    /// Where to; never logged.
    pub url: String,
    /// Besides `content-type: application/json`.
    pub headers: [(&'static str, String); 3],
    /// JSON.
    pub body: String,
}

/// A secret as people and libraries of Standard Webhooks take it.
pub fn render_secret(bytes: [u8; SECRET_BYTES]) -> Secret<String> {
    Secret::new(format!("{PREFIX}{}", Base64::encode_string(&bytes)))
}

/// Signs and addresses a body with every secret that is valid now.
pub fn post(url: &str, id: &MessageId, now: Timestamp, body: String, secrets: &[Secret<String>]) -> Post {
    let at = now.0.div_euclid(SECOND_MS);
    let signatures: Vec<String> = secrets
        .iter()
        .filter_map(|secret| {
            let signer = Webhook::new(secret.expose()).ok()?;
            signer.sign(id.as_str(), at, body.as_bytes()).ok()
        })
        .collect();
    let headers = [
        ("webhook-id", id.to_string()),
        ("webhook-timestamp", at.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ];
    Post { url: url.to_owned(), headers, body }
}

fn envelope(kind: &str, connection: &Connection, at: Timestamp, data: &str) -> String {
    format!(
        "{{\"type\":\"{kind}\",\"timestamp\":\"{}\",\"data\":{{\"connection_id\":\"{}\",\"workspace_id\":\"{}\",{data}}}}}",
        at.to_rfc3339(),
        connection.id,
        connection.workspace
    )
}

/// Changes: what `GET …/changes?after=` answers. `hand_over`: that these are a channel's records, of which more come or not.
pub fn changes(
    connection: &Connection,
    now: Timestamp,
    after: u64,
    page: &Page,
    latest: u64,
    hand_over: Option<&str>,
) -> String {
    let mut data = format!(
        "\"after\":\"{after}\",\"changes\":[{}],\"next\":\"{}\",\"latest\":\"{latest}\"",
        page.lines.join(","),
        page.next
    );
    if let Some(hand_over) = hand_over {
        write!(data, ",\"hand_over\":\"{hand_over}\"").expect("writing to a string does not fail");
    }
    envelope("changes", connection, now, &data)
}

/// The receiver was away for longer than changes are kept: what it holds may be wrong, and it has to read everything anew.
pub fn truncated(
    connection: &Connection,
    now: Timestamp,
    after: u64,
    up_to: u64,
    channel: Option<&ChannelId>,
) -> String {
    let id = &connection.id;
    if let Some(channel) = channel {
        let data = format!(
            "\"after\":\"{after}\",\"next\":\"{up_to}\",\"channel\":\"{channel}\",\"message\":\"Changes after {after} up to {up_to} \
             are no longer kept. Every record of the channel is handed over next, until a message says that the hand-over is complete: what you \
             hold besides has left the channel. What changes after that is delivered as before.\""
        );
        return envelope("feed.truncated", connection, now, &data);
    }
    let data = format!(
        "\"after\":\"{after}\",\"next\":\"{up_to}\",\"snapshot\":\"/v1/connections/{id}/snapshot\",\"message\":\"Changes after \
         {after} up to {up_to} are no longer kept. Take a snapshot of the connection, and the \
         members of lists that are followed from the lists' own pages; what changes after {up_to} is delivered next.\""
    );
    envelope("feed.truncated", connection, now, &data)
}

/// A test.
pub fn test(connection: &Connection, endpoint: &EndpointId, now: Timestamp) -> String {
    let data = format!(
        "\"endpoint_id\":\"{endpoint}\",\"message\":\"This is a test. It stands for no change, and is sent once.\""
    );
    envelope("endpoint.test", connection, now, &data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::crypto::hmac_sha256;

    #[test]
    fn each_secret_signs_as_the_specification_says() {
        let id = MessageId::from_random([1; 12]);
        let secrets = [render_secret([2; SECRET_BYTES]), render_secret([3; SECRET_BYTES])];
        let post = post("https://example.com/", &id, Timestamp(1_614_265_330_999), "{}".to_owned(), &secrets);
        let signature = |key: u8| {
            let parts = [id.as_str(), ".1614265330.{}"].map(str::as_bytes);
            format!("v1,{}", Base64::encode_string(&hmac_sha256(&[key; SECRET_BYTES], &parts)))
        };
        assert_eq!(post.headers[1].1, "1614265330");
        assert_eq!(post.headers[2].1, format!("{} {}", signature(2), signature(3)));
    }
}
