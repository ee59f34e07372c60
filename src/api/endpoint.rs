//! Endpoints in the API: what requests about them must look like, and what refusals say. How an endpoint is shown is the engine's,
//! whose answers are handed on unread.

use serde::Deserialize;

use crate::{
    api::{request, response},
    engine::portal::endpoints::{
        ENDPOINTS_LIMIT,
        commands::{Action, Answer, Command, Refusal, Source},
        endpoint::{EVENTS, PREVIOUS_SECRETS, Wanted},
    },
    values::{
        ids::{ChannelId, ConnectionId, EndpointId, MessageId, ObjectType},
        problem::{Kind, Problem},
        receiver::{self, Reach},
    },
};

/// Longest description, in characters.
pub const DESCRIPTION_CHARS: usize = 500;

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
    /// `POST …/{e}/hand-over`
    HandOver(EndpointId),
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
    channel: Option<ChannelId>,
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    url: Option<String>,
    description: Option<String>,
    types: Option<Vec<String>>,
    events: Option<Vec<String>>,
    /// `null`: no longer.
    #[serde(default, deserialize_with = "source")]
    channel: Option<Source>,
}

/// Tells `null` from nothing.
fn source<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Source>, D::Error> {
    let channel = Option::<ChannelId>::deserialize(deserializer)?;
    Ok(Some(channel.map_or(Source::Records, Source::Channel)))
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
pub fn command(call: Call, body: &[u8], reach: Reach<'_>) -> Result<Command, Problem> {
    let nothing = |body: &[u8]| may_be_empty::<Nothing>(body).map(drop);
    Ok(match call {
        Call::List => Command::List,
        Call::Create => {
            let Create { url, description, types, events, channel, after } = request::body(body)?;
            let wanted = Wanted { types: self::types(&types)?, events: self::events(events)?, channel };
            let after = after.as_deref().map(sequence_number).transpose()?;
            let description = self::description(description.as_deref().unwrap_or_default())?;
            Command::Create { url: self::url(url, reach)?, description, wanted, after }
        }
        Call::Get(id) => Command::On(id, Action::Get),
        Call::Update(id) => {
            let Update { url, description, types, events, channel } = request::body(body)?;
            let url = url.map(|url| self::url(url, reach)).transpose()?;
            let description = description.as_deref().map(self::description).transpose()?;
            let types = types.as_deref().map(self::types).transpose()?;
            let events = events.map(self::events).transpose()?;
            Command::On(id, Action::Update { url, description, types, events, channel })
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
        Call::HandOver(id) => nothing(body).map(|()| Command::On(id, Action::HandOver))?,
        Call::Test(id) => nothing(body).map(|()| Command::On(id, Action::Test))?,
    })
}

fn may_be_empty<T: Default + serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.trim_ascii().is_empty() { Ok(T::default()) } else { request::body(body) }
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, detail)
}

fn url(url: String, reach: Reach<'_>) -> Result<String, Problem> {
    match receiver::check(&url, reach) {
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

/// Status and body of an answer about a connection's endpoints; no body: nothing to say.
pub fn render(
    connection: &ConnectionId,
    answer: Answer,
    created: bool,
) -> Result<(u16, Option<String>), Problem> {
    match answer {
        Answer::Json(body) => Ok((if created { 201 } else { 200 }, Some(body))),
        Answer::Removed => Ok((204, None)),
        Answer::Refused(refusal) => Err(problem(connection, &refusal)),
    }
}

fn problem(connection: &ConnectionId, refusal: &Refusal) -> Problem {
    let (kind, detail) = match refusal {
        Refusal::NotFound => (Kind::NotFound, "The connection has no such endpoint.".to_owned()),
        Refusal::NoChannel => (
            Kind::Conflict,
            "`channel`: the connection has no such channel, or the endpoint is of none.".to_owned(),
        ),
        Refusal::Full => (
            Kind::Conflict,
            format!(
                "The connection has {ENDPOINTS_LIMIT} endpoints, and may have no more. Remove one first."
            ),
        ),
        Refusal::BeyondHorizon(oldest) => return response::beyond_horizon(connection, *oldest),
        Refusal::Ahead(latest) => {
            (Kind::Conflict, format!("`after` lies ahead: the newest change has the number {latest}."))
        }
        Refusal::RotatedTooOften => (
            Kind::Conflict,
            format!(
                "{PREVIOUS_SECRETS} secrets that were replaced within the last day still sign beside the present one. Rotate again once the \
                 oldest of them has ended."
            ),
        ),
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
    use crate::values::receiver::DeliverTo;

    fn create(body: &str) -> Result<Command, Problem> {
        command(
            Call::Create,
            body.as_bytes(),
            Reach { to: DeliverTo::Public, own: "https://spoke.example.com" },
        )
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
        let act = |call: Call, body: &str| {
            command(call, body.as_bytes(), Reach { to: DeliverTo::Public, own: "https://spoke.example.com" })
        };
        assert!(act(Call::Pause(id()), "").is_ok() && act(Call::Pause(id()), "{}").is_ok());
        assert!(act(Call::Pause(id()), r#"{"url":"https://example.com"}"#).is_err());
        assert!(act(Call::Skip(id()), "").is_ok());
        assert!(act(Call::Skip(id()), r#"{"message":"msg_010101010101010101010101"}"#).is_ok());
        assert!(act(Call::Skip(id()), r#"{"message":"next"}"#).is_err());
        assert!(act(Call::Replay(id()), "").is_err());
        assert!(act(Call::Update(id()), r#"{"url":"http://example.com"}"#).is_err());
        assert!(act(Call::Update(id()), r#"{"types":[]}"#).is_ok());
        let channel = |body: &str| match act(Call::Update(id()), body) {
            Ok(Command::On(_, Action::Update { channel, .. })) => channel,
            other => panic!("{other:?}"),
        };
        assert_eq!(channel("{}"), None);
        assert_eq!(channel(r#"{"channel":null}"#), Some(Source::Records));
        assert!(matches!(channel(r#"{"channel":"ch_010101010101010101010101"}"#), Some(Source::Channel(_))));
    }

    #[test]
    fn every_refusal_has_its_status_and_words() {
        let connection = ConnectionId::from_random([7; 12]);
        let render = |answer, created| render(&connection, answer, created);
        assert_eq!(render(Answer::Removed, false).unwrap(), (204, None));
        assert_eq!(render(Answer::Json("{}".to_owned()), true).unwrap(), (201, Some("{}".to_owned())));
        let refusals = [
            (Refusal::NotFound, 404),
            (Refusal::NoChannel, 409),
            (Refusal::Full, 409),
            (Refusal::BeyondHorizon(5), 410),
            (Refusal::Ahead(5), 409),
            (Refusal::NothingToSkip, 409),
            (Refusal::RotatedTooOften, 409),
        ];
        for (refusal, status) in refusals {
            let problem = render(Answer::Refused(refusal), false).unwrap_err();
            assert_eq!(problem.status(), status);
            assert!(problem.detail.ends_with('.'));
            let names = problem.detail.contains(&format!("/v1/connections/{connection}/snapshot"));
            assert_eq!(names, status == 410, "who must read anew is told where");
        }
    }
}
