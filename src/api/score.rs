//! Scores in the API: what requests about them must look like, and what refusals say. What a run does is the engine's.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    api::{
        cursor,
        request::{self, Query, Whole},
        route::{Api, Make, Route},
    },
    engine::portal::{
        matching::ALIASES,
        scores::{
            Fields, Settings,
            commands::{AT_ONCE, Answer, Command, NewAccount, RUNS_LIMIT},
        },
    },
    values::{
        filter::{Code, Fault},
        http::Method,
        ids::AccountId,
        json,
        problem::{Kind, Problem},
        score::{self, Names},
    },
};

/// Most refused rows of one page: 300 bytes each.
pub const ROWS_LIMIT: u32 = 1_000;
/// Characters of a domain: what DNS allows with room for an address around it.
pub const DOMAIN_CHARS: usize = 300;

/// What is asked for below `/v1/connections/{c}/scores`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET …`
    Settings,
    /// `PUT …`
    Set,
    /// `POST …/check`
    Check,
    /// `POST …/create`
    Create,
    /// `POST …/bulk`
    PutMany,
    /// `GET …/accounts/{account}`
    Get(AccountId),
    /// `PUT …/accounts/{account}`
    Put(AccountId),
    /// `DELETE …/accounts/{account}`
    Remove(AccountId),
    /// `GET …/runs`
    Runs,
    /// `POST …/runs`
    RunNow,
    /// `GET …/runs/{run}`
    Run(u32),
    /// `GET …/runs/{run}/errors`
    Errors(u32),
}

impl Call {
    /// Names of the query parameters it takes.
    pub const fn taken(&self) -> &'static [&'static str] {
        match self {
            Self::Runs | Self::Errors(_) => &["limit", "cursor"],
            Self::Settings | Self::Set | Self::Check | Self::Create | Self::PutMany => &[],
            Self::Get(_) | Self::Put(_) | Self::Remove(_) | Self::RunNow | Self::Run(_) => &[],
        }
    }
}

fn call(at: &[&str], call: Call) -> Option<Route> {
    Some(Route::Api(Api::Scores(at[0].parse().ok()?, call)))
}

fn of(at: &[&str], make: fn(AccountId) -> Call) -> Option<Route> {
    call(at, make(at[1].parse().ok()?))
}

fn run(at: &[&str], make: fn(u32) -> Call) -> Option<Route> {
    call(at, make(at[1].parse().ok()?))
}

/// Addresses of scores.
pub const TABLE: [(Method, &str, Make); 12] = [
    (Method::Get, "/v1/connections/*/scores", |at| call(at, Call::Settings)),
    (Method::Put, "/v1/connections/*/scores", |at| call(at, Call::Set)),
    (Method::Post, "/v1/connections/*/scores/check", |at| call(at, Call::Check)),
    (Method::Post, "/v1/connections/*/scores/create", |at| call(at, Call::Create)),
    (Method::Post, "/v1/connections/*/scores/bulk", |at| call(at, Call::PutMany)),
    (Method::Get, "/v1/connections/*/scores/accounts/*", |at| of(at, Call::Get)),
    (Method::Put, "/v1/connections/*/scores/accounts/*", |at| of(at, Call::Put)),
    (Method::Delete, "/v1/connections/*/scores/accounts/*", |at| of(at, Call::Remove)),
    (Method::Get, "/v1/connections/*/scores/runs", |at| call(at, Call::Runs)),
    (Method::Post, "/v1/connections/*/scores/runs", |at| call(at, Call::RunNow)),
    (Method::Get, "/v1/connections/*/scores/runs/*", |at| run(at, Call::Run)),
    (Method::Get, "/v1/connections/*/scores/runs/*/errors", |at| run(at, Call::Errors)),
];

/// `PUT …`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    on: bool,
    hour: Whole,
    fields: Fields,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    group: Option<String>,
}

/// `POST …/runs`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunNow {
    #[serde(default)]
    full: bool,
}

fn invalid(words: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, words)
}

/// An account of a body, whose id is given apart where it stands in the address.
fn account(mut body: Map<String, Value>, id: Option<AccountId>) -> Result<NewAccount, Problem> {
    let id = match id {
        Some(id) => id,
        None => match body.remove("id") {
            Some(Value::String(text)) => text.parse().map_err(|_| {
                invalid("`id` is your own id of the account: 1 to 200 letters, digits and `._~:-`.")
            })?,
            _ => return Err(invalid("`id` is missing: your own id of the account, a text.")),
        },
    };
    let is_domain = |text: &str| (1..=DOMAIN_CHARS).contains(&text.chars().count());
    let mut domains = match body.remove("domain") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if is_domain(&text) => vec![text],
        Some(_) => return Err(invalid(format!("`domain` is a text of 1 to {DOMAIN_CHARS} characters."))),
    };
    let aliases = match body.remove("aliases") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(aliases)) if aliases.len() <= ALIASES => aliases,
        Some(_) => return Err(invalid(format!("`aliases` is a list of at most {ALIASES} texts."))),
    };
    for alias in aliases {
        match alias {
            Value::String(text) if is_domain(&text) => domains.push(text),
            _ => {
                return Err(invalid(format!(
                    "Each of `aliases` is a text of 1 to {DOMAIN_CHARS} characters."
                )));
            }
        }
    }
    let scores = score::take(&mut body).map_err(invalid)?;
    if let Some(name) = body.keys().next() {
        return Err(invalid(format!("`{name}` is nothing that an account's scores have.")));
    }
    Ok(NewAccount { id, domains, scores })
}

/// One line of many: the account, or why it cannot be one.
pub type Line = Result<NewAccount, Problem>;

/// Reads many accounts, one a line; empty lines count for nothing. A line that cannot be read spoils no other.
pub fn lines(body: &[u8]) -> Result<Vec<Line>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| invalid("The body is not UTF-8."))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() || lines.len() > AT_ONCE {
        return Err(invalid(format!("1 to {AT_ONCE} lines, each an account as JSON.")));
    }
    let read = |line: &str| account(request::body::<Map<String, Value>>(line.as_bytes())?, None);
    Ok(lines.into_iter().map(read).collect())
}

/// The command that a request stands for; that of [`Call::PutMany`] is made of its [`lines`].
pub fn command(call: &Call, query: &Query<'_>, body: &[u8]) -> Result<Command, Problem> {
    Ok(match call {
        Call::Settings => Command::Settings,
        Call::Set => {
            let Set { on, hour, fields, prefix, label, group } = request::body(body)?;
            let own = Names::default();
            let hour =
                u8::try_from(hour.0).map_err(|_| invalid("`hour` is 0 to 23, by the account's clock."))?;
            let prefix = prefix.unwrap_or(own.prefix);
            let group = group.unwrap_or_else(|| format!("{prefix}_managed_scores"));
            let names = Names { label: label.unwrap_or(own.label), group, prefix };
            Command::Set(Settings { on, hour, fields, names })
        }
        Call::Check => request::nothing(body).map(|()| Command::Check)?,
        Call::Create => request::nothing(body).map(|()| Command::Create)?,
        Call::PutMany => Command::Put(lines(body)?.into_iter().filter_map(Result::ok).collect()),
        Call::Get(id) => Command::Get(id.clone()),
        Call::Put(id) => Command::Put(vec![account(request::body(body)?, Some(id.clone()))?]),
        Call::Remove(id) => Command::Remove(id.clone()),
        Call::Runs => {
            let before = query.row(cursor::Of::Runs)?;
            Command::Runs { before, limit: query.limit(RUNS_LIMIT)? }
        }
        Call::RunNow => {
            let RunNow { full } =
                if body.trim_ascii().is_empty() { RunNow::default() } else { request::body(body)? };
            Command::RunNow { full }
        }
        Call::Run(run) => Command::Run(i64::from(*run)),
        Call::Errors(run) => {
            let after = query.get("cursor").map(row).transpose()?;
            Command::Errors { run: i64::from(*run), after, limit: query.limit(ROWS_LIMIT)? }
        }
    })
}

/// A row by its cursor: file and place.
fn row(text: &str) -> Result<(u32, u32), Problem> {
    let place: u64 = cursor::decode(cursor::Of::Rows, text)?;
    Ok(((place >> 32) as u32, place as u32))
}

/// Status and body of an answer; no body: nothing to say.
pub fn render(answer: Answer, made: bool) -> Result<(u16, Option<String>), Problem> {
    let page = |results: &str, next: Option<String>| {
        let results: Value = json::parse(results).unwrap_or_default();
        (200, Some(json!({ "results": results, "next_cursor": next }).to_string()))
    };
    match answer {
        Answer::Json(body) => Ok((if made { 201 } else { 200 }, Some(body))),
        Answer::Page { results, next } => {
            Ok(page(&results, next.map(|number| cursor::encode(cursor::Of::Runs, &number.to_string()))))
        }
        Answer::Errors { results, next } => Ok(page(
            &results,
            next.map(|(file, place)| {
                let place = u64::from(file) << 32 | u64::from(place);
                cursor::encode(cursor::Of::Rows, &place.to_string())
            }),
        )),
        Answer::Done => Ok((204, None)),
        Answer::Missing => {
            Err(Problem::new(Kind::NotFound, "The connection has no such account, or no such run."))
        }
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

/// The answers to many accounts, a line each, in their order. `refused`: why none was kept.
pub fn render_lines(lines: Vec<Line>, refused: Option<&Problem>) -> String {
    let mut text = String::new();
    for line in lines {
        let answer = match (line, refused) {
            (Ok(account), None) => json!({ "id": account.id }),
            (Ok(account), Some(problem)) => json!({ "id": account.id, "problem": problem.to_json() }),
            (Err(problem), _) => json!({ "problem": problem.to_json() }),
        };
        text.push_str(&answer.to_string());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Result<NewAccount, Problem> {
        account(serde_json::from_str(body).expect("JSON"), None)
    }

    #[test]
    fn an_account_is_its_id_its_names_and_its_scores() {
        let own = of(
            r#"{"id":"a:1","domain":"acme.com","aliases":["acme.de"],"intent_score":7,"icp_fit_grade":null}"#,
        );
        let own = own.expect("an account");
        assert_eq!((own.id.as_str(), own.domains.len(), own.scores.len()), ("a:1", 2, 1));
        for wrong in [
            r#"{"domain":"acme.com"}"#,
            r#"{"id":"a b"}"#,
            r#"{"id":"a","aliases":[7]}"#,
            r#"{"id":"a","intent_trend":"Up"}"#,
            r#"{"id":"a","score":7}"#,
        ] {
            assert_eq!(of(wrong).unwrap_err().status(), 400, "{wrong}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_spoils_no_other() {
        let read = lines(b"{\"id\":\"a\"}\n\nnothing\n{\"id\":\"b\",\"intent_score\":1}\n").expect("lines");
        assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        let text = render_lines(read, None);
        let answers: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((&answers[0]["id"], &answers[1]["problem"]["status"]), (&json!("a"), &json!(400)));
        assert!(lines(b"\n").is_err());
    }

    #[test]
    fn settings_name_what_is_not_said_after_the_prefix() {
        let query = Query::parse("", &[]).expect("a query");
        let body = br#"{"on":true,"hour":3,"fields":"managed","prefix":"koala","label":"Koala"}"#;
        let Ok(Command::Set(settings)) = command(&Call::Set, &query, body) else { panic!("no settings") };
        assert_eq!(settings.names.group, "koala_managed_scores");
        let whole = br#"{"on":true,"hour":12.0,"fields":"managed","prefix":null}"#;
        assert!(command(&Call::Set, &query, whole).is_ok());
        assert!(command(&Call::Set, &query, br#"{"on":true,"hour":300,"fields":"managed"}"#).is_err());
    }

    #[test]
    fn a_cursor_leads_to_the_row_after() {
        let answer = Answer::Errors { results: "[]".to_owned(), next: Some((3, 70_000)) };
        let (_, Some(body)) = render(answer, false).expect("a page") else { panic!("no body") };
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(row(body["next_cursor"].as_str().expect("a cursor")).expect("a row"), (3, 70_000));
    }
}
