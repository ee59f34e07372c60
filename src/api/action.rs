//! Actions in the API: what requests about them must look like, and what refusals say. What an action may be is the engine's.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    api::{
        cursor,
        request::{self, Query},
        route::{Api, Make, Route},
    },
    engine::portal::outbox::{
        OPEN_LIMIT, Settings,
        actions::{Name, Refusal},
        commands::{ACTIONS_LIMIT, AT_ONCE, Answer, Asked, Command, Taken},
        timeline::Choice,
    },
    store::portal::outbox::State,
    values::{
        filter::{Code, Fault},
        http::Method,
        ids::{ActionId, RecordId},
        json,
        problem::{Kind, Problem},
    },
};

/// Largest body of many actions: a thousand of a kilobyte.
pub const BULK_LIMIT: usize = 1 << 20;
/// Characters of the host's own name for an action, and of a coalescing key.
pub const KEY_CHARS: usize = 200;
/// Characters of a reason.
pub const WHY_CHARS: usize = 500;
/// What many actions and their answers are.
pub const CONTENT_TYPE: &str = "application/x-ndjson";

/// What is asked for below `/v1/connections/{c}/actions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET …`
    List,
    /// `POST …`
    Do,
    /// `POST …/bulk`
    DoMany,
    /// `GET …/settings`
    Settings,
    /// `PUT …/settings`
    Set,
    /// `GET …/{a}`
    Get(ActionId),
    /// `POST …/{a}/cancel`
    Cancel(ActionId),
    /// `POST …/{a}/retry`
    Retry(ActionId),
    /// `POST …/{a}/resolve`
    Resolve(ActionId),
}

impl Call {
    /// Names of the query parameters it takes.
    pub const fn taken(&self) -> &'static [&'static str] {
        match self {
            Self::List => &["limit", "cursor", "state", "job"],
            Self::DoMany => &["job"],
            Self::Do | Self::Settings | Self::Set => &[],
            Self::Get(_) | Self::Cancel(_) | Self::Retry(_) | Self::Resolve(_) => &[],
        }
    }
}

fn call(at: &[&str], call: Call) -> Option<Route> {
    Some(Route::Api(Api::Actions(at[0].parse().ok()?, call)))
}

fn of(at: &[&str], make: fn(ActionId) -> Call) -> Option<Route> {
    call(at, make(at[1].parse().ok()?))
}

/// Addresses of actions.
pub const TABLE: [(Method, &str, Make); 9] = [
    (Method::Get, "/v1/connections/*/actions", |at| call(at, Call::List)),
    (Method::Post, "/v1/connections/*/actions", |at| call(at, Call::Do)),
    (Method::Post, "/v1/connections/*/actions/bulk", |at| call(at, Call::DoMany)),
    (Method::Get, "/v1/connections/*/actions/settings", |at| call(at, Call::Settings)),
    (Method::Put, "/v1/connections/*/actions/settings", |at| call(at, Call::Set)),
    (Method::Get, "/v1/connections/*/actions/*", |at| of(at, Call::Get)),
    (Method::Post, "/v1/connections/*/actions/*/cancel", |at| of(at, Call::Cancel)),
    (Method::Post, "/v1/connections/*/actions/*/retry", |at| of(at, Call::Retry)),
    (Method::Post, "/v1/connections/*/actions/*/resolve", |at| of(at, Call::Resolve)),
];

/// `POST …/{a}/resolve`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolve {
    happened: bool,
    #[serde(default)]
    record: Option<RecordId>,
}

/// `PUT …/settings`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    off: Vec<Name>,
    #[serde(default)]
    timeline: Choice,
}

/// What one action of a request is; the members that every action takes are read apart from those of its own.
pub(super) fn asked(mut body: Map<String, Value>, background: bool) -> Result<Asked, Problem> {
    let mut text = |name: &str, most: usize| match body.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=most).contains(&text.chars().count()) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("`{name}` is a text of 1 to {most} characters."))),
    };
    let (key, why, coalesce) =
        (text("id", KEY_CHARS)?, text("why", WHY_CHARS)?, text("coalesce", KEY_CHARS)?);
    let mut flag = |name: &str, absent: bool| match body.remove(name) {
        None => Ok(absent),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(invalid(format!("`{name}` is `true` or `false`."))),
    };
    let (dry_run, background) = (flag("dry_run", false)?, flag("background", background)?);
    let data = match body.remove("data") {
        None => Map::new(),
        Some(Value::Object(data)) => data,
        Some(_) => return Err(invalid("`data` is an object: what you know, by your own names.")),
    };
    if !body.contains_key("action") {
        return Err(invalid(format!("`action` is missing: one of `{}`.", names())));
    }
    let wanted = serde_json::from_value(Value::Object(body))
        .map_err(|error| invalid(format!("The action is not what this takes: {error}.")))?;
    Ok(Asked { key, why, dry_run, background, coalesce, data, wanted })
}

fn names() -> String {
    Name::ALL.map(Name::as_str).join("`, `")
}

fn invalid(words: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, words)
}

/// One line of many: what it asks for, or why that cannot be.
pub type Line = Result<Asked, Problem>;

/// Reads many actions, one a line; empty lines count for nothing. A line that cannot be read spoils no other.
pub fn lines(body: &[u8]) -> Result<Vec<Line>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| invalid("The body is not UTF-8."))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() || lines.len() > AT_ONCE {
        return Err(invalid(format!("1 to {AT_ONCE} lines, each an action as JSON.")));
    }
    Ok(lines
        .into_iter()
        .map(|line| {
            let body = request::body::<Map<String, Value>>(line.as_bytes())?;
            asked(body, true)
        })
        .collect())
}

/// The command that a request stands for; that of [`Call::DoMany`] is made of its [`lines`].
pub fn command(call: &Call, query: &Query<'_>, body: &[u8]) -> Result<Command, Problem> {
    Ok(match call {
        Call::List => {
            let before = query.row(cursor::Of::Actions)?;
            let state = query.get("state").map(state).transpose()?;
            let job = job(query)?;
            Command::List { before, state, job, real: false, limit: query.limit(ACTIONS_LIMIT)? }
        }
        Call::Do => Command::Do(vec![asked(request::body(body)?, false)?]),
        Call::DoMany => many(query, lines(body)?.into_iter().filter_map(Result::ok).collect())?,
        Call::Settings => Command::Settings,
        Call::Set => {
            let Set { off, timeline } = request::body(body)?;
            Command::Set(Settings { off: off.into_iter().collect(), timeline })
        }
        Call::Get(id) => Command::Get(id.clone()),
        Call::Cancel(id) => request::nothing(body).map(|()| Command::Cancel(id.clone()))?,
        Call::Retry(id) => request::nothing(body).map(|()| Command::Retry(id.clone()))?,
        Call::Resolve(id) => {
            let Resolve { happened, record } = request::body(body)?;
            Command::Resolve { action: id.clone(), happened, record }
        }
    })
}

/// The command that many actions stand for.
pub fn many(query: &Query<'_>, all: Vec<Asked>) -> Result<Command, Problem> {
    Ok(match job(query)? {
        Some(job) => Command::DoOfJob { job, all },
        None => Command::Do(all),
    })
}

fn job(query: &Query<'_>) -> Result<Option<String>, Problem> {
    let Some(job) = query.get("job") else { return Ok(None) };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (1..=KEY_CHARS).contains(&job.len()) && job.bytes().all(known) {
        Ok(Some(job.to_owned()))
    } else {
        let words = format!("`job` is 1 to {KEY_CHARS} letters, digits, underscores, dots and hyphens.");
        Err(invalid(words))
    }
}

/// The states that are told; a doubt counts as sent.
pub fn states() -> Vec<&'static str> {
    State::ALL.into_iter().filter(|state| *state != State::Doubt).map(State::as_str).collect()
}

fn state(text: &str) -> Result<State, Problem> {
    let found = State::ALL.into_iter().find(|state| state.as_str() == text && *state != State::Doubt);
    found.ok_or_else(|| invalid(format!("`state` is one of `{}`.", states().join("`, `"))))
}

/// Status and body of an answer.
pub fn render(answer: Answer) -> Result<(u16, String), Problem> {
    Ok(match answer {
        Answer::Taken(mut taken) => return taken.pop().map_or_else(|| Err(full()), one),
        Answer::Action(action) => (200, action),
        Answer::Unknown => return Err(Problem::new(Kind::NotFound, "The connection has no such action.")),
        Answer::Page { results, next } => {
            let next = next.map(|number| cursor::encode(cursor::Of::Actions, &number.to_string()));
            let mut page: Value = json::parse(&results).unwrap_or_default();
            if let Some(page) = page.as_object_mut() {
                page.insert("next_cursor".to_owned(), json!(next));
            }
            (200, page.to_string())
        }
        Answer::Settings(settings) => (200, shown(&settings).to_string()),
    })
}

/// Which actions there are, and which are switched off.
fn shown(settings: &Settings) -> Value {
    let all: Vec<Value> = Name::ALL
        .iter()
        .map(|name| json!({ "action": name.as_str(), "on": !settings.off.contains(name) }))
        .collect();
    json!({ "off": settings.off, "actions": all, "timeline": settings.timeline.as_str() })
}

fn one(taken: Taken) -> Result<(u16, String), Problem> {
    match taken {
        Taken::Action { action, new } => Ok((if new { 201 } else { 200 }, action)),
        other => Err(not_taken(other)),
    }
}

/// Why something is not done.
pub(super) fn not_taken(taken: Taken) -> Problem {
    match taken {
        Taken::Refused(refusal) => problem(refusal),
        Taken::Off => Problem::new(
            Kind::Conflict,
            "An administrator has switched this action off for the connection. `PUT /v1/connections/{c}/actions/settings` switches it on.",
        ),
        Taken::Full | Taken::Action { .. } => full(),
    }
}

fn full() -> Problem {
    Problem::new(
        Kind::Conflict,
        format!(
            "{OPEN_LIMIT} writes wait for HubSpot, and no more may. Ask again when some of them are done."
        ),
    )
}

fn problem(refusal: Refusal) -> Problem {
    let (kind, code) = if refusal.of_account {
        (Kind::Conflict, Code::Unavailable)
    } else {
        (Kind::InvalidRequest, Code::Impossible)
    };
    let fault = Fault { path: refusal.at, code, detail: refusal.words.clone() };
    Problem::new(kind, refusal.words).with_errors(vec![fault])
}

/// The answers to many actions, a line each, in their order.
pub fn render_lines(lines: Vec<Line>, taken: Vec<Taken>) -> String {
    let mut taken = taken.into_iter();
    let mut text = String::new();
    for line in lines {
        let answer = match line {
            Ok(_) => taken.next().map_or_else(|| Err(full()), one),
            Err(problem) => Err(problem),
        };
        match answer {
            Ok((_, action)) => text.push_str(&action),
            Err(problem) => text.push_str(&json!({ "problem": problem.to_json() }).to_string()),
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_action_takes_is_told_from_its_own() {
        let body = br#"{"action":"add_note","body":"Hello","id":"n1","why":"asked","dry_run":true}"#;
        let query = Query::parse("", &[]).expect("a query");
        let Ok(Command::Do(all)) = command(&Call::Do, &query, body) else { panic!("none") };
        let [asked] = &all[..] else { panic!("one") };
        assert_eq!((asked.key.as_deref(), asked.why.as_deref()), (Some("n1"), Some("asked")));
        assert!(asked.dry_run && !asked.background);
        assert_eq!(asked.wanted.name(), Name::AddNote);
    }

    #[test]
    fn a_job_has_a_name_that_an_address_can_hold() {
        let job = |text: &str| {
            let text = format!("job={text}");
            let query = Query::parse(&text, &["job"]).expect("a query");
            super::job(&query)
        };
        assert_eq!(job("nightly-2026.11_20"), Ok(Some("nightly-2026.11_20".to_owned())));
        for wrong in ["%C3%B8", "a%20b", &"x".repeat(KEY_CHARS + 1)] {
            assert!(job(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_spoils_no_other() {
        let body = b"{\"action\":\"add_note\",\"body\":\"a\"}\n\nnothing\n{\"action\":\"dance\"}\n";
        let read = lines(body).expect("lines");
        assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false]);
        assert!(read[0].as_ref().is_ok_and(|asked| asked.background), "nobody waits for many");
        let taken = vec![Taken::Action { action: "{\"id\":\"x\"}".to_owned(), new: true }];
        let text = render_lines(read, taken);
        let answers: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(answers[0]["id"], "x");
        assert_eq!(answers[1]["problem"]["status"], 400);
        assert!(lines(b"\n").is_err());
    }

    #[test]
    fn a_refusal_names_its_place() {
        let refusal =
            Refusal { at: "/owner".to_owned(), words: "No such owner.".to_owned(), of_account: true };
        let problem = one(Taken::Refused(refusal)).unwrap_err();
        assert_eq!(
            (problem.status(), problem.to_json()["errors"][0]["path"].as_str()),
            (409, Some("/owner"))
        );
        assert_eq!(one(Taken::Off).unwrap_err().status(), 409);
    }
}
