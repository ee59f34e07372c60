//! Activations in the API: what requests about them must look like, and what refusals say. What an audience, an attribute or a value may be
//! is the engine's.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    api::{
        cursor,
        request::{self, LOOKUP_CHARS, Query},
        route::{Api, Make, Route},
    },
    engine::portal::activations::commands::{
        AT_ONCE, Answer, Command, NewActivation, NewAttribute, REFUSED_LIMIT, TAKES_NONE_AWAY, VALUES_LIMIT,
    },
    values::{
        attribute::{AttributeKind, Choice, MEMBER, Names, Unknown, address},
        filter::{Code, Fault},
        http::Method,
        ids::{ActivationId, AttributeId},
        json,
        problem::{Kind, Problem},
    },
};

pub mod bulk;

/// Which of the two lists is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `…/audiences`
    Audiences,
    /// `…/attributes`
    Attributes,
}

impl Which {
    /// As the engine tells them apart.
    pub const fn is_audiences(self) -> bool {
        matches!(self, Self::Audiences)
    }
}

/// What is asked for below `/v1/connections/{c}/activations`, `…/audiences` and `…/attributes`. Of an attribute `values` stands in the place
/// of `members`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET …/activations/settings`
    Settings,
    /// `PUT …/activations/settings`
    Set,
    /// `GET …/activations`
    List,
    /// `POST …/activations`
    Make,
    /// `GET …/activations/{id}`
    Get(ActivationId),
    /// `PUT …/activations/{id}`
    Put(ActivationId),
    /// `DELETE …/activations/{id}`
    Remove(ActivationId),
    /// `POST …/activations/{id}/pause`
    Pause(ActivationId),
    /// `POST …/activations/{id}/resume`
    Resume(ActivationId),
    /// `POST …/activations/{id}/sync`
    Sync(ActivationId),
    /// `GET …/activations/refused`
    Refused,
    /// `POST …/activations/refused/retry`
    RetryRefused,
    /// `GET …/audiences`
    Attributes(Which),
    /// `GET …/audiences/{a}`
    Attribute(Which, AttributeId),
    /// `PUT …/audiences/{a}`
    PutAttribute(Which, AttributeId),
    /// `DELETE …/audiences/{a}`
    RemoveAttribute(Which, AttributeId),
    /// `GET …/audiences/{a}/used-by`
    UsedBy(Which, AttributeId),
    /// `POST …/audiences/{a}/retry`
    RetryProperty(Which, AttributeId),
    /// `GET …/audiences/{a}/members`
    Values(Which, AttributeId),
    /// `POST …/audiences/{a}/members`
    PutMany(Which, AttributeId),
    /// `PATCH …/audiences/{a}/members`
    ChangeMany(Which, AttributeId),
    /// `PUT …/audiences/{a}/members`
    ReplaceAll(Which, AttributeId),
    /// `GET …/audiences/{a}/members/{email}`
    Value(Which, AttributeId, String),
    /// `PUT …/audiences/{a}/members/{email}`
    PutValue(Which, AttributeId, String),
    /// `DELETE …/audiences/{a}/members/{email}`
    RemoveValue(Which, AttributeId, String),
    /// `POST …/audiences/{a}/replacement`
    BeginReplace(Which, AttributeId),
    /// `POST …/audiences/{a}/replacement/{round}/end`
    EndReplace(Which, AttributeId, u32),
}

impl Call {
    /// Names of the query parameters it takes.
    pub const fn taken(&self) -> &'static [&'static str] {
        match self {
            Self::Refused | Self::Values(..) => &["limit", "cursor"],
            Self::PutMany(..) => &["round"],
            _ => &[],
        }
    }

    /// Whether it changes nothing.
    pub const fn reads(&self) -> bool {
        matches!(
            self,
            Self::Settings
                | Self::List
                | Self::Get(_)
                | Self::Refused
                | Self::Attributes(_)
                | Self::Attribute(..)
                | Self::UsedBy(..)
                | Self::Values(..)
                | Self::Value(..)
        )
    }

    /// Whether it decides what is made in the account, which contacts it is kept on, or deletes a property.
    pub const fn decides(&self) -> bool {
        matches!(self, Self::Set | Self::Make | Self::Put(_) | Self::Remove(_) | Self::RemoveAttribute(..))
    }

    /// Of what has up to a million lines: what it is about, and whether it says who is left.
    pub const fn many(&self) -> Option<(Which, &AttributeId, bool)> {
        match self {
            Self::ChangeMany(which, id) => Some((*which, id, false)),
            Self::ReplaceAll(which, id) => Some((*which, id, true)),
            _ => None,
        }
    }

    /// Whether it makes something new.
    pub const fn makes(&self) -> bool {
        matches!(self, Self::Make | Self::BeginReplace(..))
    }
}

fn call(at: &[&str], call: Call) -> Option<Route> {
    Some(Route::Api(Api::Activations(at[0].parse().ok()?, call)))
}

fn activation(at: &[&str], make: fn(ActivationId) -> Call) -> Option<Route> {
    call(at, make(at[1].parse().ok()?))
}

/// The id in a place of an address; a colon may stand percent-encoded.
pub fn id(text: &str) -> Option<AttributeId> {
    percent_decode_str(text).decode_utf8().ok()?.parse().ok()
}

fn of(at: &[&str], which: Which, make: fn(Which, AttributeId) -> Call) -> Option<Route> {
    call(at, make(which, id(at[1])?))
}

/// Of one address, whose letters may stand percent-encoded.
fn person(at: &[&str], which: Which, make: fn(Which, AttributeId, String) -> Call) -> Option<Route> {
    let email = percent_decode_str(at[2]).decode_utf8().ok()?;
    let is_text = (1..=LOOKUP_CHARS).contains(&email.chars().count()) && !email.contains(char::is_control);
    is_text.then_some(())?;
    call(at, make(which, id(at[1])?, email.into_owned()))
}

fn end(at: &[&str], which: Which) -> Option<Route> {
    call(at, Call::EndReplace(which, id(at[1])?, at[2].parse().ok()?))
}

/// Addresses of activations, audiences and attributes.
pub const TABLE: [(Method, &str, Make); 42] = [
    (Method::Get, "/v1/connections/*/activations/settings", |at| call(at, Call::Settings)),
    (Method::Put, "/v1/connections/*/activations/settings", |at| call(at, Call::Set)),
    (Method::Get, "/v1/connections/*/activations", |at| call(at, Call::List)),
    (Method::Post, "/v1/connections/*/activations", |at| call(at, Call::Make)),
    (Method::Get, "/v1/connections/*/activations/*", |at| activation(at, Call::Get)),
    (Method::Put, "/v1/connections/*/activations/*", |at| activation(at, Call::Put)),
    (Method::Delete, "/v1/connections/*/activations/*", |at| activation(at, Call::Remove)),
    (Method::Post, "/v1/connections/*/activations/*/pause", |at| activation(at, Call::Pause)),
    (Method::Post, "/v1/connections/*/activations/*/resume", |at| activation(at, Call::Resume)),
    (Method::Post, "/v1/connections/*/activations/*/sync", |at| activation(at, Call::Sync)),
    (Method::Get, "/v1/connections/*/activations/refused", |at| call(at, Call::Refused)),
    (Method::Post, "/v1/connections/*/activations/refused/retry", |at| call(at, Call::RetryRefused)),
    (Method::Get, "/v1/connections/*/audiences", |at| call(at, Call::Attributes(Which::Audiences))),
    (Method::Get, "/v1/connections/*/audiences/*", |at| of(at, Which::Audiences, Call::Attribute)),
    (Method::Put, "/v1/connections/*/audiences/*", |at| of(at, Which::Audiences, Call::PutAttribute)),
    (Method::Delete, "/v1/connections/*/audiences/*", |at| of(at, Which::Audiences, Call::RemoveAttribute)),
    (Method::Get, "/v1/connections/*/audiences/*/used-by", |at| of(at, Which::Audiences, Call::UsedBy)),
    (Method::Post, "/v1/connections/*/audiences/*/retry", |at| of(at, Which::Audiences, Call::RetryProperty)),
    (Method::Get, "/v1/connections/*/audiences/*/members", |at| of(at, Which::Audiences, Call::Values)),
    (Method::Post, "/v1/connections/*/audiences/*/members", |at| of(at, Which::Audiences, Call::PutMany)),
    (Method::Patch, "/v1/connections/*/audiences/*/members", |at| of(at, Which::Audiences, Call::ChangeMany)),
    (Method::Put, "/v1/connections/*/audiences/*/members", |at| of(at, Which::Audiences, Call::ReplaceAll)),
    (Method::Get, "/v1/connections/*/audiences/*/members/*", |at| person(at, Which::Audiences, Call::Value)),
    (Method::Put, "/v1/connections/*/audiences/*/members/*", |at| {
        person(at, Which::Audiences, Call::PutValue)
    }),
    (Method::Delete, "/v1/connections/*/audiences/*/members/*", |at| {
        person(at, Which::Audiences, Call::RemoveValue)
    }),
    (Method::Post, "/v1/connections/*/audiences/*/replacement", |at| {
        of(at, Which::Audiences, Call::BeginReplace)
    }),
    (Method::Post, "/v1/connections/*/audiences/*/replacement/*/end", |at| end(at, Which::Audiences)),
    (Method::Get, "/v1/connections/*/attributes", |at| call(at, Call::Attributes(Which::Attributes))),
    (Method::Get, "/v1/connections/*/attributes/*", |at| of(at, Which::Attributes, Call::Attribute)),
    (Method::Put, "/v1/connections/*/attributes/*", |at| of(at, Which::Attributes, Call::PutAttribute)),
    (Method::Delete, "/v1/connections/*/attributes/*", |at| of(at, Which::Attributes, Call::RemoveAttribute)),
    (Method::Get, "/v1/connections/*/attributes/*/used-by", |at| of(at, Which::Attributes, Call::UsedBy)),
    (Method::Post, "/v1/connections/*/attributes/*/retry", |at| {
        of(at, Which::Attributes, Call::RetryProperty)
    }),
    (Method::Get, "/v1/connections/*/attributes/*/values", |at| of(at, Which::Attributes, Call::Values)),
    (Method::Post, "/v1/connections/*/attributes/*/values", |at| of(at, Which::Attributes, Call::PutMany)),
    (Method::Patch, "/v1/connections/*/attributes/*/values", |at| {
        of(at, Which::Attributes, Call::ChangeMany)
    }),
    (Method::Put, "/v1/connections/*/attributes/*/values", |at| of(at, Which::Attributes, Call::ReplaceAll)),
    (Method::Get, "/v1/connections/*/attributes/*/values/*", |at| person(at, Which::Attributes, Call::Value)),
    (Method::Put, "/v1/connections/*/attributes/*/values/*", |at| {
        person(at, Which::Attributes, Call::PutValue)
    }),
    (Method::Delete, "/v1/connections/*/attributes/*/values/*", |at| {
        person(at, Which::Attributes, Call::RemoveValue)
    }),
    (Method::Post, "/v1/connections/*/attributes/*/replacement", |at| {
        of(at, Which::Attributes, Call::BeginReplace)
    }),
    (Method::Post, "/v1/connections/*/attributes/*/replacement/*/end", |at| end(at, Which::Attributes)),
];

/// `PUT …/activations/settings`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    label: Option<String>,
}

/// `POST …/activations`, `PUT …/activations/{id}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    identifier: Option<Identifier>,
    #[serde(default)]
    audiences: Vec<AttributeId>,
    #[serde(default)]
    attributes: Vec<AttributeId>,
    #[serde(default)]
    unknown: Unknown,
}

/// What people are told apart by.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Identifier {
    Email,
}

/// `PUT …/audiences/{a}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeBody {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<AttributeKind>,
    #[serde(default)]
    options: Option<Vec<Map<String, Value>>>,
    #[serde(default)]
    computed: Option<Value>,
}

fn invalid(words: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, words)
}

fn new_activation(body: &[u8]) -> Result<NewActivation, Problem> {
    let Body { name, description, identifier, audiences, attributes, unknown } = request::body(body)?;
    // There is but one: it may be said, as the answer says it.
    match identifier {
        None | Some(Identifier::Email) => {}
    }
    Ok(NewActivation { name, description: description.unwrap_or_default(), audiences, attributes, unknown })
}

fn new_attribute(which: Which, body: &[u8]) -> Result<NewAttribute, Problem> {
    let AttributeBody { name, description, kind, options, computed } = request::body(body)?;
    let kind = match (which, kind) {
        (Which::Audiences, None | Some(AttributeKind::Audience)) => AttributeKind::Audience,
        (Which::Attributes, Some(kind)) if !kind.is_audience() => kind,
        (Which::Audiences, Some(_)) => {
            return Err(invalid(
                "An audience has no other `type` than `audience`: its property is true or false.",
            ));
        }
        (Which::Attributes, _) => {
            let all = AttributeKind::VALUES.map(AttributeKind::as_str).join("`, `");
            return Err(invalid(format!("`type` is one of `{all}`.")));
        }
    };
    let choice = |option: Map<String, Value>| {
        serde_json::from_value::<Choice>(Value::Object(option))
            .map_err(|error| invalid(format!("One of `options` is not what this takes: {error}.")))
    };
    let options = options.unwrap_or_default().into_iter().map(choice).collect::<Result<_, _>>()?;
    Ok(NewAttribute { name, description: description.unwrap_or_default(), kind, options, computed })
}

/// A value as text: the engine reads it as the attribute's type has it.
fn value(value: Option<Value>) -> Result<String, Problem> {
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(flag)) => Ok(flag.to_string()),
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => Err(invalid(
            "`value` is a text, a number, `true` or `false`. `null` in a line of many takes a value away, as deleting the address does.",
        )),
    }
}

/// One line of many: an address with its value, or without one where that is taken away; or why it is none.
pub type Line = Result<(String, Option<String>), Problem>;

/// What a member of a line says: who is one or is none any more.
fn member(value: Option<Value>) -> Result<Option<String>, Problem> {
    match value {
        None | Some(Value::Bool(true)) => Ok(Some(MEMBER.to_owned())),
        Some(Value::Bool(false)) => Ok(None),
        Some(Value::Null | Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(invalid("`member` is `true`, as it is if absent, or `false`, which takes the address away."))
        }
    }
}

fn line(which: Which, line: &str) -> Line {
    let mut body: Map<String, Value> = request::body(line.as_bytes())?;
    let email = match body.remove("email") {
        Some(Value::String(text)) if (1..=LOOKUP_CHARS).contains(&text.chars().count()) => text,
        _ => {
            return Err(invalid(format!(
                "`email` is missing: an address, a text of 1 to {LOOKUP_CHARS} characters."
            )));
        }
    };
    let value = match which {
        Which::Audiences => member(body.remove("member"))?,
        Which::Attributes => match body.remove("value") {
            Some(Value::Null) => None,
            given => Some(value(given)?),
        },
    };
    match body.keys().next() {
        Some(name) => Err(invalid(format!("`{name}` is nothing that a line has."))),
        None => Ok((email, value)),
    }
}

/// A line of a replacement, which says who is left: nobody is taken away by name.
fn line_of_all(which: Which, text: &str) -> Line {
    let (email, value) = line(which, text)?;
    if value.is_none() {
        return Err(invalid(TAKES_NONE_AWAY));
    }
    Ok((email, value))
}

/// Reads many addresses, one a line; empty lines count for nothing. A line that cannot be read spoils no other. `round`: of a replacement.
pub fn lines(which: Which, body: &[u8], round: Option<i64>) -> Result<Vec<Line>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| invalid("The body is not UTF-8."))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(AT_ONCE + 1).collect();
    if !(1..=AT_ONCE).contains(&lines.len()) {
        return Err(invalid(format!("1 to {AT_ONCE} lines, each an address as JSON.")));
    }
    let read = if round.is_some() { line_of_all } else { line };
    Ok(lines.into_iter().map(|text| read(which, text)).collect())
}

/// `round` of a replacement under way; none where absent.
pub fn round(query: &Query<'_>) -> Result<Option<i64>, Problem> {
    let read = |text: &str| text.parse::<u32>().map(i64::from);
    query
        .get("round")
        .map(read)
        .transpose()
        .map_err(|_| invalid("`round` is the number that beginning the replacement told."))
}

/// The command that a request stands for; those of [`Call::PutMany`] are made of its [`lines`], those of
/// [`Call::many`] of their parts.
pub fn command(call: &Call, query: &Query<'_>, body: &[u8]) -> Result<Command, Problem> {
    let alone = |command: Command| request::nothing(body).map(|()| command);
    let after = || query.get("cursor").map(|text| cursor::decode(cursor::Of::Addresses, text)).transpose();
    Ok(match call {
        Call::Settings => Command::Settings,
        Call::Set => {
            let Set { prefix, group, label } = request::body(body)?;
            let own = Names::default();
            Command::Set(Names {
                prefix: prefix.unwrap_or(own.prefix),
                group: group.unwrap_or(own.group),
                label: label.unwrap_or(own.label),
            })
        }
        Call::List => Command::Activations,
        Call::Make => Command::AddActivation(new_activation(body)?),
        Call::Get(id) => Command::Activation(id.clone()),
        Call::Put(id) => Command::EditActivation(id.clone(), new_activation(body)?),
        Call::Remove(id) => Command::RemoveActivation(id.clone()),
        Call::Pause(id) => alone(Command::PauseActivation(id.clone()))?,
        Call::Resume(id) => alone(Command::ResumeActivation(id.clone()))?,
        Call::Sync(id) => alone(Command::SyncActivation(id.clone()))?,
        Call::Refused => Command::Refused { after: after()?, skip: 0, limit: query.limit(REFUSED_LIMIT)? },
        Call::RetryRefused => alone(Command::RetryRefused)?,
        Call::Attributes(which) => Command::Attributes { audiences: which.is_audiences() },
        Call::Attribute(which, id) => Command::Attribute { audiences: which.is_audiences(), id: id.clone() },
        Call::PutAttribute(which, id) => Command::PutAttribute {
            audiences: which.is_audiences(),
            id: id.clone(),
            new: new_attribute(*which, body)?,
        },
        Call::RemoveAttribute(which, id) => {
            Command::RemoveAttribute { audiences: which.is_audiences(), id: id.clone() }
        }
        Call::UsedBy(which, id) => Command::UsedBy { audiences: which.is_audiences(), id: id.clone() },
        Call::RetryProperty(which, id) => {
            alone(Command::RetryProperty { audiences: which.is_audiences(), id: id.clone() })?
        }
        Call::Values(which, id) => Command::Values {
            audiences: which.is_audiences(),
            id: id.clone(),
            after: after()?,
            limit: query.limit(VALUES_LIMIT)?,
        },
        Call::PutMany(which, id) => {
            let round = round(query)?;
            put(*which, id, lines(*which, body, round)?.into_iter().filter_map(Result::ok).collect(), round)
        }
        Call::ChangeMany(..) | Call::ReplaceAll(..) => {
            return Err(Problem::new(Kind::Internal, "Many lines are put as they come."));
        }
        Call::Value(which, id, email) => {
            Command::Value { audiences: which.is_audiences(), id: id.clone(), email: email.clone() }
        }
        Call::PutValue(which, id, email) => {
            let value = match which {
                Which::Audiences => request::nothing(body).map(|()| MEMBER.to_owned())?,
                Which::Attributes => {
                    let mut body: Map<String, Value> = request::body(body)?;
                    let own = value(body.remove("value"))?;
                    if let Some(name) = body.keys().next() {
                        return Err(invalid(format!("`{name}` is nothing that a value has.")));
                    }
                    own
                }
            };
            put(*which, id, vec![(email.clone(), Some(value))], None)
        }
        Call::RemoveValue(which, id, email) => {
            Command::RemoveValue { audiences: which.is_audiences(), id: id.clone(), email: email.clone() }
        }
        Call::BeginReplace(which, id) => {
            alone(Command::BeginReplace { audiences: which.is_audiences(), id: id.clone() })?
        }
        Call::EndReplace(which, id, round) => alone(Command::EndReplace {
            audiences: which.is_audiences(),
            id: id.clone(),
            round: i64::from(*round),
        })?,
    })
}

/// Keeps values and takes them away, of a replacement or of none.
pub fn put(
    which: Which,
    id: &AttributeId,
    values: Vec<(String, Option<String>)>,
    round: Option<i64>,
) -> Command {
    Command::PutValues { audiences: which.is_audiences(), id: id.clone(), values, round }
}

/// Status and body of an answer; no body: nothing to say. `made`: it is something new.
pub fn render(answer: Answer, made: bool) -> Result<(u16, Option<String>), Problem> {
    match answer {
        Answer::Json(body) => Ok((if made { 201 } else { 200 }, Some(body))),
        Answer::Page { results, next } => {
            let results: Value = json::parse(&results).unwrap_or_default();
            let next = next.map(|address| cursor::encode(cursor::Of::Addresses, &address));
            Ok((200, Some(json!({ "results": results, "next_cursor": next }).to_string())))
        }
        Answer::Done => Ok((204, None)),
        Answer::Missing => Err(Problem::new(
            Kind::NotFound,
            "The connection has no such activation, audience or attribute, or this one nothing of that address.",
        )),
        Answer::Refused { at, words, of_account } => {
            let (kind, code) = if of_account {
                (Kind::Conflict, Code::Unavailable)
            } else {
                (Kind::InvalidRequest, Code::Impossible)
            };
            let problem = Problem::new(kind, words.clone());
            let fault = Fault { path: at, code, detail: words };
            Err(if fault.path.is_empty() { problem } else { problem.with_errors(vec![fault]) })
        }
    }
}

/// What came of values that were put.
#[derive(Debug, Default, Deserialize)]
pub struct Kept {
    #[serde(rename = "kept")]
    count: u64,
    changed: u64,
    refused: Vec<NotKept>,
}

/// An address that was not taken.
#[derive(Debug, Deserialize)]
struct NotKept {
    email: String,
    why: String,
    /// Which of those that were put; counted from 0.
    place: usize,
}

impl Kept {
    /// Of an answer to [`Command::PutValues`], or why there is none.
    pub fn read(answer: Answer) -> Result<Self, Problem> {
        let body = render(answer, false)?.1.unwrap_or_default();
        json::parse(&body).map_err(|_| Problem::new(Kind::Internal, "What was kept cannot be told."))
    }

    /// Why addresses were not taken, by their place among those that were put: an address may be there more than once.
    fn reasons(&self) -> HashMap<usize, &str> {
        self.refused.iter().map(|one| (one.place, one.why.as_str())).collect()
    }
}

fn key(email: &str) -> String {
    address(email).unwrap_or_else(|| email.to_owned())
}

/// The answer to one address that was put.
pub fn render_one(email: &str, kept: &Kept) -> Result<(u16, Option<String>), Problem> {
    match kept.refused.first() {
        Some(refused) => Err(invalid(refused.why.clone())),
        None => Ok((200, Some(json!({ "email": key(email), "changed": kept.changed > 0 }).to_string()))),
    }
}

/// The answers to many addresses, a line each, in their order. `outcome`: what came of those that could be read, or why none was kept.
pub fn render_lines(lines: Vec<Line>, outcome: &Result<Kept, Problem>) -> String {
    let reasons = outcome.as_ref().map(Kept::reasons).unwrap_or_default();
    let (mut text, mut places) = (String::new(), 0..);
    for line in lines {
        let answer = match line {
            Err(problem) => json!({ "problem": problem.to_json() }),
            Ok((email, _)) => {
                let why = places.next().and_then(|place| reasons.get(&place));
                match (outcome, why) {
                    (Err(problem), _) => json!({ "email": email, "problem": problem.to_json() }),
                    (Ok(_), Some(why)) => json!({ "email": email, "problem": invalid(*why).to_json() }),
                    (Ok(_), None) => json!({ "email": email }),
                }
            }
        };
        text.push_str(&answer.to_string());
        text.push('\n');
    }
    text
}

/// The round that an answer to [`Command::BeginReplace`] tells.
pub fn begun(answer: Answer) -> Result<i64, Problem> {
    let body = render(answer, false)?.1.unwrap_or_default();
    let told: Value = json::parse(&body).unwrap_or_default();
    told["round"].as_i64().ok_or_else(|| Problem::new(Kind::Internal, "The replacement has no number."))
}

#[cfg(test)]
mod tests;
