//! The host's servers: each takes deliveries at one URL, checks their signatures, and fails as it is told.

use serde_json::Value;
use spoke::{
    engine::portal::{
        endpoints::{
            commands::{Action, Answer as Endpoints, Command as Ask, Refusal},
            endpoint::{Endpoint, Wanted},
            message::Post,
        },
        messages::{Answer, Command},
    },
    store::sql::{Param, text},
    values::{
        http::{Outcome, Response},
        ids::EndpointId,
    },
};
use standardwebhooks::Webhook;

use super::world::World;

/// How long the platform waits for a receiver, milliseconds.
const TIMEOUT_MS: u64 = 15_000;

/// One server.
#[derive(Debug, Default)]
pub struct Receiver {
    /// The secrets it knows.
    pub secrets: Vec<String>,
    /// HTTP status it answers; 0: none at all.
    pub status: u16,
    /// `Retry-After` it sends.
    pub retry_after: Option<String>,
    /// One message in this many is taken, and the answer lost; 0: none.
    pub loses_one_in: u32,
    /// How long it takes, milliseconds from and to.
    pub takes_ms: (u64, u64),
    /// Every message that came: when, its id, and its body.
    pub came: Vec<(u64, String, Value)>,
    /// Those it answered 2xx, whether or not the answer arrived.
    pub taken: Vec<(String, Value)>,
    /// Signatures each message came with.
    pub signatures: Vec<usize>,
}

impl Receiver {
    /// The changes it took, without those whose message it knew already.
    pub fn changes(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        let mut changes = Vec::new();
        for (id, body) in &self.taken {
            if !seen.contains(&id) {
                seen.push(id);
                changes.extend(body["data"]["changes"].as_array().into_iter().flatten().cloned());
            }
        }
        changes
    }

    /// The numbers of those changes.
    pub fn numbers(&self) -> Vec<u64> {
        self.changes().iter().map(|change| change["seq"].as_str().unwrap().parse().unwrap()).collect()
    }
}

impl World {
    /// Makes an endpoint of the first connection and a server for it; `after`: as the API takes it.
    pub fn endpoint(&mut self, url: &str, wanted: Wanted, after: Option<u64>) -> EndpointId {
        let description = String::new();
        let create = Ask::Create { url: url.to_owned(), description, wanted, after };
        let Some(Answer::Endpoint(Endpoints::Json(made))) = self.command(Command::Endpoint(create)) else {
            panic!("no endpoint is made")
        };
        let made: Value = serde_json::from_str(&made).unwrap();
        let receiver = Receiver {
            secrets: vec![made["secret"].as_str().expect("a new endpoint's secret is shown").to_owned()],
            status: 200,
            takes_ms: (5, 40),
            ..Receiver::default()
        };
        self.receivers.insert(url.to_owned(), receiver);
        made["id"].as_str().unwrap().parse().unwrap()
    }

    /// Does something to an endpoint of the first connection; what it is then, and a secret if there is a new one.
    pub fn act(&mut self, id: &EndpointId, action: Action) -> Result<(Endpoint, Option<String>), Refusal> {
        match self.command(Command::Endpoint(Ask::On(id.clone(), action))) {
            Some(Answer::Endpoint(Endpoints::Json(shown))) => {
                let shown: Value = serde_json::from_str(&shown).unwrap();
                let select = "SELECT state FROM endpoints WHERE id = ?1";
                let saved = text(&self.objects[0].sql.inner, select, &[Param::Text(id.as_str())]);
                let saved = serde_json::from_str(&saved.unwrap().expect("it is saved")).unwrap();
                Ok((saved, shown["secret"].as_str().map(str::to_owned)))
            }
            Some(Answer::Endpoint(Endpoints::Refused(refusal))) => Err(refusal),
            other => panic!("no endpoint but {other:?}"),
        }
    }

    /// An endpoint as it is.
    pub fn endpoint_of(&mut self, id: &EndpointId) -> Endpoint {
        self.act(id, Action::Get).expect("it is there").0
    }

    /// Lets its server take a delivery: what comes of it, and after how long.
    pub(super) fn post(&mut self, post: &Post) -> (Outcome, u64) {
        let header = |name: &str| {
            post.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str()).unwrap()
        };
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp").parse::<i64>().unwrap());
        let age = (self.now as i64 / 1_000 - timestamp).abs();
        assert!(age <= 1, "an attempt is signed when it leaves: {age} s");
        let signatures: Vec<&str> = header("webhook-signature").split(' ').collect();
        let receiver = self.receivers.get_mut(&post.url).expect("deliveries go where they should");
        let known = receiver.secrets.iter().any(|secret| {
            let sign = Webhook::new(secret).unwrap().sign(id, timestamp, post.body.as_bytes()).unwrap();
            signatures.contains(&sign.as_str())
        });
        assert!(known, "no signature is made with a secret the receiver knows");
        let body: Value = serde_json::from_str(&post.body).expect("a delivery is JSON");
        receiver.came.push((self.now, id.to_owned(), body.clone()));
        receiver.signatures.push(signatures.len());
        if receiver.status == 0 {
            return (Outcome::Unanswered, TIMEOUT_MS);
        }
        let took = self.rng.u64(receiver.takes_ms.0..=receiver.takes_ms.1);
        if (200..300).contains(&receiver.status) {
            receiver.taken.push((id.to_owned(), body));
            if receiver.loses_one_in > 0 && self.rng.u32(0..receiver.loses_one_in) == 0 {
                return (Outcome::Unanswered, took);
            }
        }
        let headers = receiver.retry_after.iter().map(|value| ("retry-after".to_owned(), value.clone()));
        let response = Response { status: receiver.status, headers: headers.collect(), body: Vec::new() };
        (Outcome::Answered(response), took)
    }
}
