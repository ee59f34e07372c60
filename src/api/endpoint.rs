//! Endpoints in the API: what requests about them must look like, and how they are shown.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::request,
    engine::portal::endpoints::{
        ENDPOINTS_LIMIT,
        commands::{Action, Answer, Command, Refusal},
        endpoint::{Attempt, EVENTS, Endpoint, MessageKind, Wanted},
    },
    values::{
        ids::{EndpointId, MessageId, ObjectType},
        problem::{Kind, Problem},
        receiver::{self, DeliverTo},
        time::Timestamp,
    },
};

/// Longest description, in characters.
const DESCRIPTION_CHARS: usize = 500;

/// What is asked for below `/v1/connections/{c}/endpoints`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET …`
    List,
    /// `POST …`
    Create,
    /// `GET …/{e}`
    Get(EndpointId),
    /// `PATCH …/{e}`
    Update(EndpointId),
    /// `DELETE …/{e}`
    Remove(EndpointId),
    /// `POST …/{e}/rotate-secret`
    Rotate(EndpointId),
    /// `POST …/{e}/pause`
    Pause(EndpointId),
    /// `POST …/{e}/resume`
    Resume(EndpointId),
    /// `POST …/{e}/skip`
    Skip(EndpointId),
    /// `POST …/{e}/replay`
    Replay(EndpointId),
    /// `POST …/{e}/test`
    Test(EndpointId),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    url: String,
    description: Option<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    events: Vec<String>,
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    url: Option<String>,
    description: Option<String>,
    types: Option<Vec<String>>,
    events: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    message: Option<MessageId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replay {
    after: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The command that a request stands for.
pub fn command(call: Call, body: &[u8], to: DeliverTo) -> Result<Command, Problem> {
    let nothing = |body: &[u8]| may_be_empty::<Nothing>(body).map(drop);
    Ok(match call {
        Call::List => Command::List,
        Call::Create => {
            let Create { url, description, types, events, after } = request::body(body)?;
            let wanted = Wanted { types: self::types(&types)?, events: self::events(events)? };
            let after = after.as_deref().map(sequence_number).transpose()?;
            let description = self::description(description.as_deref().unwrap_or_default())?;
            Command::Create { url: self::url(url, to)?, description, wanted, after }
        }
        Call::Get(id) => Command::On(id, Action::Get),
        Call::Update(id) => {
            let Update { url, description, types, events } = request::body(body)?;
            let url = url.map(|url| self::url(url, to)).transpose()?;
            let description = description.as_deref().map(self::description).transpose()?;
            let types = types.as_deref().map(self::types).transpose()?;
            let events = events.map(self::events).transpose()?;
            Command::On(id, Action::Update { url, description, types, events })
        }
        Call::Remove(id) => Command::On(id, Action::Remove),
        Call::Rotate(id) => nothing(body).map(|()| Command::On(id, Action::Rotate))?,
        Call::Pause(id) => nothing(body).map(|()| Command::On(id, Action::Pause))?,
        Call::Resume(id) => nothing(body).map(|()| Command::On(id, Action::Resume))?,
        Call::Skip(id) => {
            let Skip { message } = may_be_empty(body)?;
            Command::On(id, Action::Skip { message })
        }
        Call::Replay(id) => {
            let Replay { after } = request::body(body)?;
            Command::On(id, Action::Replay { after: sequence_number(&after)? })
        }
        Call::Test(id) => nothing(body).map(|()| Command::On(id, Action::Test))?,
    })
}

fn may_be_empty<T: Default + serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.trim_ascii().is_empty() { Ok(T::default()) } else { request::body(body) }
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, detail)
}

fn url(url: String, to: DeliverTo) -> Result<String, Problem> {
    match receiver::check(&url, to) {
        Ok(()) => Ok(url),
        Err(refused) => Err(invalid(format!("`url` {refused}."))),
    }
}

fn description(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > DESCRIPTION_CHARS || text.chars().any(char::is_control) {
        let detail = format!("`description` may be {DESCRIPTION_CHARS} characters on one line.");
        return Err(invalid(detail));
    }
    Ok(text.to_owned())
}

fn types(names: &[String]) -> Result<Vec<ObjectType>, Problem> {
    let mut types: Vec<ObjectType> = Vec::new();
    for name in names {
        let kind =
            name.parse().map_err(|_| invalid(format!("`types`: there is no object type `{name}`.")))?;
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    Ok(types)
}

fn events(mut names: Vec<String>) -> Result<Vec<String>, Problem> {
    if names.iter().any(|name| !EVENTS.contains(&name.as_str())) {
        return Err(invalid(format!("`events` may name `{}`.", EVENTS.join("`, `"))));
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn sequence_number(text: &str) -> Result<u64, Problem> {
    let number = text.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| {
        invalid("`after` must be a sequence number as a string, e.g. `\"0\"` for the beginning.")
    })
}

/// Status and body of an answer; no body: nothing to say.
pub fn render(answer: &Answer, created: bool) -> Result<(u16, Option<Value>), Problem> {
    match answer {
        Answer::List { endpoints, latest } => {
            let results: Vec<Value> = endpoints.iter().map(|endpoint| show(endpoint, *latest)).collect();
            Ok((200, Some(json!({ "results": results, "next_cursor": null }))))
        }
        Answer::One { endpoint, latest, secret } => {
            let mut body = show(endpoint, *latest);
            if let Some(secret) = secret {
                body["secret"] = secret.as_str().into();
            }
            Ok((if created { 201 } else { 200 }, Some(body)))
        }
        Answer::Removed => Ok((204, None)),
        Answer::Refused(refusal) => Err(problem(refusal)),
    }
}

fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.to_rfc3339().into())
}

fn show(endpoint: &Endpoint, latest: u64) -> Value {
    let message = endpoint.message.as_ref().map(|message| {
        let kind = match message.kind {
            MessageKind::Changes => "changes",
            MessageKind::Truncated => "feed.truncated",
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
        "state": endpoint.standing(),
        "reason": endpoint.reason,
        "cursor": endpoint.cursor.to_string(),
        "behind": latest.saturating_sub(endpoint.cursor).to_string(),
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

fn problem(refusal: &Refusal) -> Problem {
    let (kind, detail) = match refusal {
        Refusal::NotFound => (Kind::NotFound, "The connection has no such endpoint.".to_owned()),
        Refusal::Full => (
            Kind::Conflict,
            format!(
                "The connection has {ENDPOINTS_LIMIT} endpoints, and may have no more. Remove one first."
            ),
        ),
        Refusal::BeyondHorizon(oldest) => (
            Kind::BeyondHorizon,
            format!(
                "Changes up to {oldest} are no longer kept. Read all records, then go on with `after` {oldest} or later."
            ),
        ),
        Refusal::Ahead(latest) => {
            (Kind::InvalidRequest, format!("`after` lies ahead: the newest change has the number {latest}."))
        }
        Refusal::NothingToSkip => (
            Kind::Conflict,
            "No message waits to be taken, or not the one you named. Read the endpoint again.".to_owned(),
        ),
    };
    Problem::new(kind, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(body: &str) -> Result<Command, Problem> {
        command(Call::Create, body.as_bytes(), DeliverTo::Public)
    }

    fn id() -> EndpointId {
        EndpointId::from_random([1; 12])
    }

    #[test]
    fn a_new_endpoint_is_read_with_all_it_may_say() {
        let body = r#"{"url":"https://example.com/hook","description":" Ours ","types":["contacts","contacts"],
            "events":["updated","created"],"after":"0"}"#;
        let Command::Create { url, description, wanted, after } = create(body).unwrap() else { panic!() };
        assert_eq!(
            (url.as_str(), description.as_str(), after),
            ("https://example.com/hook", "Ours", Some(0))
        );
        assert_eq!(wanted.types, [ObjectType::Contacts]);
        assert_eq!(wanted.events, ["created", "updated"]);
        let Command::Create { wanted, after, .. } = create(r#"{"url":"https://example.com"}"#).unwrap()
        else {
            panic!()
        };
        assert_eq!((wanted, after), (Wanted::default(), None));
    }

    #[test]
    fn what_an_endpoint_cannot_be_is_refused_with_words() {
        for (body, word) in [
            (r#"{"url":"http://example.com"}"#, "https"),
            (r#"{"url":"https://169.254.169.254/"}"#, "private"),
            (r#"{"url":"https://example.com","types":["cats"]}"#, "cats"),
            (r#"{"url":"https://example.com","events":["eaten"]}"#, "lifecycle"),
            (r#"{"url":"https://example.com","after":"-1"}"#, "sequence number"),
            (r#"{"url":"https://example.com","after":1}"#, "string"),
            (r#"{"url":"https://example.com","description":"a\nb"}"#, "one line"),
            (r#"{"url":"https://example.com","secret":"mine"}"#, "secret"),
            (r"{}", "url"),
        ] {
            let problem = create(body).unwrap_err();
            assert_eq!(problem.kind, Kind::InvalidRequest);
            assert!(problem.detail.contains(word), "{body}: {}", problem.detail);
        }
    }

    #[test]
    fn actions_take_their_own_bodies_only() {
        let act = |call: Call, body: &str| command(call, body.as_bytes(), DeliverTo::Public);
        assert!(act(Call::Pause(id()), "").is_ok() && act(Call::Pause(id()), "{}").is_ok());
        assert!(act(Call::Pause(id()), r#"{"url":"https://example.com"}"#).is_err());
        assert!(act(Call::Skip(id()), "").is_ok());
        assert!(act(Call::Skip(id()), r#"{"message":"msg_010101010101010101010101"}"#).is_ok());
        assert!(act(Call::Skip(id()), r#"{"message":"next"}"#).is_err());
        assert!(act(Call::Replay(id()), "").is_err());
        assert!(act(Call::Update(id()), r#"{"url":"http://example.com"}"#).is_err());
        assert!(act(Call::Update(id()), r#"{"types":[]}"#).is_ok());
    }

    #[test]
    fn an_endpoint_shows_its_secret_only_where_one_was_made() {
        let url = "https://example.com/".to_owned();
        let endpoint = Endpoint::new(id(), url, "Ours".to_owned(), Wanted::default(), 7, Timestamp(0));
        let one = |secret: Option<&str>| Answer::One {
            endpoint: Box::new(endpoint.clone()),
            latest: 9,
            secret: secret.map(str::to_owned),
        };
        let (status, body) = render(&one(Some("whsec_x")), true).unwrap();
        let body = body.unwrap();
        assert_eq!((status, &body["secret"]), (201, &json!("whsec_x")));
        assert_eq!((&body["behind"], &body["state"]), (&json!("2"), &json!("active")));
        let (status, body) = render(&one(None), false).unwrap();
        assert_eq!((status, body.unwrap().get("secret")), (200, None));
        assert_eq!(render(&Answer::Removed, false).unwrap(), (204, None));
        let refusals = [
            (Refusal::NotFound, 404),
            (Refusal::Full, 409),
            (Refusal::BeyondHorizon(5), 410),
            (Refusal::Ahead(5), 400),
            (Refusal::NothingToSkip, 409),
        ];
        for (refusal, status) in refusals {
            let problem = render(&Answer::Refused(refusal), false).unwrap_err();
            assert_eq!(problem.status(), status);
            assert!(problem.detail.ends_with('.'));
        }
    }
}
