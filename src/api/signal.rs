//! Intent signals in the API: what requests about signals, qualifying lists, automations and runs must look like, and what answers say.
//! What a definition must be is [`crate::engine::signal`]'s, which names every fault with its place.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::{
        cursor,
        request::{self, Query},
        route::{Api, Make, Route},
    },
    engine::{
        portal::signals::{
            PENDING_LIMIT,
            commands::{Answer, Command, On, PAGE_LIMIT, Received, Refusal, SIGNALS_AT_ONCE},
        },
        signal::Signal,
    },
    values::{
        filter::Fault,
        http::Method,
        ids::{AutomationId, QualifyingListId, RunId, SignalId},
        json,
        problem::{Kind, Problem},
        time::Timestamp,
    },
};

/// What is asked for below `/v1/connections/{c}/signals`, `…/qualifying-lists`, `…/automations` and `…/automation-runs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `POST …/signals`
    Receive,
    /// `POST …/signals/bulk`
    ReceiveMany,
    /// `GET …/signals`
    Signals,
    /// `GET …/signals/{s}`
    Signal(SignalId),
    /// `GET …/qualifying-lists`
    Lists,
    /// `POST …/qualifying-lists`
    MakeList,
    /// `POST …/qualifying-lists/preview`
    TryList,
    /// `GET …/qualifying-lists/{l}`
    List(QualifyingListId),
    /// `PUT …/qualifying-lists/{l}`
    PutList(QualifyingListId),
    /// `DELETE …/qualifying-lists/{l}`
    RemoveList(QualifyingListId),
    /// `GET …/automations`
    Automations,
    /// `POST …/automations`
    MakeAutomation,
    /// `POST …/automations/preview`
    TryAutomation,
    /// `GET …/automations/{a}`
    Automation(AutomationId),
    /// `PUT …/automations/{a}`
    PutAutomation(AutomationId),
    /// `DELETE …/automations/{a}`
    RemoveAutomation(AutomationId),
    /// `POST …/automations/{a}/enable`
    Enable(AutomationId),
    /// `POST …/automations/{a}/pause`
    Pause(AutomationId),
    /// `GET …/automation-runs`
    Runs,
    /// `GET …/automation-runs/{r}`
    Run(RunId),
}

impl Call {
    /// Names of the query parameters it takes.
    pub const fn taken(&self) -> &'static [&'static str] {
        match self {
            Self::Signals => &["limit", "cursor"],
            Self::Runs => &["limit", "cursor", "automation", "signal"],
            _ => &[],
        }
    }

    /// Whether it changes nothing.
    pub const fn reads(&self) -> bool {
        matches!(
            self,
            Self::Signals
                | Self::Signal(_)
                | Self::Lists
                | Self::List(_)
                | Self::TryList
                | Self::Automations
                | Self::Automation(_)
                | Self::Runs
                | Self::Run(_)
        )
    }
}

fn call(at: &[&str], call: Call) -> Option<Route> {
    Some(Route::Api(Api::Signals(at[0].parse().ok()?, call)))
}

fn list(at: &[&str], make: fn(QualifyingListId) -> Call) -> Option<Route> {
    call(at, make(at[1].parse().ok()?))
}

fn automation(at: &[&str], make: fn(AutomationId) -> Call) -> Option<Route> {
    call(at, make(at[1].parse().ok()?))
}

/// Addresses of signals and what belongs to them.
pub const TABLE: [(Method, &str, Make); 20] = [
    (Method::Post, "/v1/connections/*/signals", |at| call(at, Call::Receive)),
    (Method::Post, "/v1/connections/*/signals/bulk", |at| call(at, Call::ReceiveMany)),
    (Method::Get, "/v1/connections/*/signals", |at| call(at, Call::Signals)),
    (Method::Get, "/v1/connections/*/signals/*", |at| call(at, Call::Signal(at[1].parse().ok()?))),
    (Method::Get, "/v1/connections/*/qualifying-lists", |at| call(at, Call::Lists)),
    (Method::Post, "/v1/connections/*/qualifying-lists", |at| call(at, Call::MakeList)),
    (Method::Post, "/v1/connections/*/qualifying-lists/preview", |at| call(at, Call::TryList)),
    (Method::Get, "/v1/connections/*/qualifying-lists/*", |at| list(at, Call::List)),
    (Method::Put, "/v1/connections/*/qualifying-lists/*", |at| list(at, Call::PutList)),
    (Method::Delete, "/v1/connections/*/qualifying-lists/*", |at| list(at, Call::RemoveList)),
    (Method::Get, "/v1/connections/*/automations", |at| call(at, Call::Automations)),
    (Method::Post, "/v1/connections/*/automations", |at| call(at, Call::MakeAutomation)),
    (Method::Post, "/v1/connections/*/automations/preview", |at| call(at, Call::TryAutomation)),
    (Method::Get, "/v1/connections/*/automations/*", |at| automation(at, Call::Automation)),
    (Method::Put, "/v1/connections/*/automations/*", |at| automation(at, Call::PutAutomation)),
    (Method::Delete, "/v1/connections/*/automations/*", |at| automation(at, Call::RemoveAutomation)),
    (Method::Post, "/v1/connections/*/automations/*/enable", |at| automation(at, Call::Enable)),
    (Method::Post, "/v1/connections/*/automations/*/pause", |at| automation(at, Call::Pause)),
    (Method::Get, "/v1/connections/*/automation-runs", |at| call(at, Call::Runs)),
    (Method::Get, "/v1/connections/*/automation-runs/*", |at| call(at, Call::Run(at[1].parse().ok()?))),
];

/// `POST …/qualifying-lists/preview`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TryList {
    filter: Value,
    #[serde(default, deserialize_with = "request::object")]
    on: On,
}

/// `POST …/automations/preview`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TryAutomation {
    automation: Value,
    #[serde(default, deserialize_with = "request::object")]
    on: On,
}

fn invalid(words: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, words)
}

/// One line of many: a signal, or why it is none.
pub type Line = Result<Signal, Problem>;

/// Reads many signals, one a line; empty lines count for nothing. A line that cannot be read spoils no other.
pub fn lines(body: &[u8], now: Timestamp) -> Result<Vec<Line>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| invalid("The body is not UTF-8."))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() || lines.len() > SIGNALS_AT_ONCE {
        return Err(invalid(format!("1 to {SIGNALS_AT_ONCE} lines, each a signal as JSON.")));
    }
    Ok(lines.into_iter().map(|line| signal(request::body(line.as_bytes())?, now)).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "as it was read")]
fn signal(value: Value, now: Timestamp) -> Line {
    Signal::parse(&value, now).map_err(|faults| faulty("signal", faults))
}

/// The command that a request stands for; that of [`Call::ReceiveMany`] is made of its [`lines`].
pub fn command(call: &Call, query: &Query<'_>, body: &[u8], now: Timestamp) -> Result<Command, Problem> {
    Ok(match call {
        Call::Receive => Command::Receive(vec![signal(request::body(body)?, now)?]),
        Call::ReceiveMany => Command::Receive(lines(body, now)?.into_iter().filter_map(Result::ok).collect()),
        Call::Signals => {
            Command::Signals { before: query.row(cursor::Of::Signals)?, limit: query.limit(PAGE_LIMIT)? }
        }
        Call::Signal(id) => Command::Signal(id.clone()),
        Call::Lists => Command::Lists,
        Call::MakeList => Command::PutList(None, request::body(body)?),
        Call::TryList => {
            let TryList { filter, on } = request::body(body)?;
            Command::TryList { filter, on }
        }
        Call::List(id) => Command::List(id.clone()),
        Call::PutList(id) => Command::PutList(Some(id.clone()), request::body(body)?),
        Call::RemoveList(id) => Command::RemoveList(id.clone()),
        Call::Automations => Command::Automations,
        Call::MakeAutomation => Command::PutAutomation(None, request::body(body)?),
        Call::TryAutomation => {
            let TryAutomation { automation, on } = request::body(body)?;
            Command::TryAutomation { definition: automation, on }
        }
        Call::Automation(id) => Command::Automation(id.clone()),
        Call::PutAutomation(id) => Command::PutAutomation(Some(id.clone()), request::body(body)?),
        Call::RemoveAutomation(id) => Command::RemoveAutomation(id.clone()),
        Call::Enable(id) => request::nothing(body).map(|()| Command::Enable(id.clone(), true))?,
        Call::Pause(id) => request::nothing(body).map(|()| Command::Enable(id.clone(), false))?,
        Call::Runs => {
            let id = |name: &str| query.get(name);
            let automation = id("automation").map(str::parse::<AutomationId>).transpose();
            let signal = id("signal").map(str::parse::<SignalId>).transpose();
            Command::Runs {
                automation: automation.map_err(|_| invalid("`automation` is the id of one: `aut_…`."))?,
                signal: signal.map_err(|_| invalid("`signal` is the id of one: `sig_…`."))?,
                before: query.row(cursor::Of::Signals)?,
                limit: query.limit(PAGE_LIMIT)?,
            }
        }
        Call::Run(id) => Command::Run(id.clone()),
    })
}

fn faulty(what: &str, faults: Vec<Fault>) -> Problem {
    let detail = match faults.as_slice() {
        [fault] => format!("The {what} is not as it should be. {}", fault.detail),
        faults => {
            format!(
                "{} things about the {what} are not as they should be; `errors` names each.",
                faults.len()
            )
        }
    };
    let of_account = !faults.is_empty() && faults.iter().all(|fault| fault.code.is_of_account());
    let kind = if of_account { Kind::Conflict } else { Kind::InvalidRequest };
    Problem::new(kind, detail).with_errors(faults)
}

/// Status and body of an answer; no body: nothing to say. `makes`: what was asked for made something.
pub fn render(answer: Answer, makes: bool) -> Result<(u16, Option<String>), Problem> {
    match answer {
        Answer::Received(mut received) => {
            let one = received.pop().unwrap_or(Received::Full);
            received_one(&one).map(|(status, told)| (status, Some(told.to_string())))
        }
        Answer::Json(body) => Ok((if makes { 201 } else { 200 }, Some(body))),
        Answer::Page { results, next } => {
            let next = next.map(|number| cursor::encode(cursor::Of::Signals, &number.to_string()));
            let results: Value = json::parse(&results).unwrap_or_default();
            Ok((200, Some(json!({ "results": results, "next_cursor": next }).to_string())))
        }
        Answer::Removed => Ok((204, None)),
        Answer::Refused(refusal) => Err(problem(refusal)),
    }
}

/// Why something is not done, for whoever asked.
pub fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NotFound => Problem::new(Kind::NotFound, "The connection has no such thing."),
        Refusal::Full(most) => Problem::new(
            Kind::Conflict,
            format!("The connection has {most} and may have no more. Delete one first."),
        ),
        Refusal::InUse(names) => Problem::new(
            Kind::Conflict,
            format!(
                "Automations are of this list: {}. Delete them or give them another list first.",
                names.join(", ")
            ),
        ),
        Refusal::Stopped => Problem::new(
            Kind::Conflict,
            "The connection has ended, or cannot tell who is kept out: nothing is taken in. Connect the account again.",
        ),
        Refusal::Wrong(faults) => faulty("definition", faults),
    }
}

fn received_one(received: &Received) -> Result<(u16, Value), Problem> {
    Ok(match received {
        Received::New(id) => (201, json!({ "id": id, "state": "pending" })),
        Received::Duplicate(id) => (200, json!({ "id": id, "state": "duplicate" })),
        Received::KeptOut => (200, json!({ "id": null, "state": "kept_out" })),
        Received::Full => {
            return Err(Problem::new(
                Kind::Conflict,
                format!(
                    "{PENDING_LIMIT} signals wait to be decided about, and no more may. Send it again in a minute."
                ),
            ));
        }
    })
}

/// The answers to many signals, a line each, in their order.
pub fn render_lines(lines: Vec<Line>, received: Vec<Received>) -> String {
    let mut received = received.into_iter();
    let mut text = String::new();
    for line in lines {
        let answer = line.and_then(|_| received_one(&received.next().unwrap_or(Received::Full)));
        let told = answer.map_or_else(|problem| json!({ "problem": problem.to_json() }), |(_, told)| told);
        text.push_str(&told.to_string());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_132_800_000);

    #[test]
    fn a_line_that_is_no_signal_spoils_no_other() {
        let body =
            b"{\"id\":\"1\",\"name\":\"Visit\",\"visitor\":{\"id\":\"v\"}}\n\n{\"id\":\"2\"}\nnothing\n";
        let read = lines(body, NOW).expect("lines");
        assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false]);
        let text = render_lines(read, vec![Received::KeptOut]);
        let told: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((told.len(), &told[0]["state"]), (3, &json!("kept_out")));
        let faults = told[1]["problem"]["errors"].as_array().expect("faults");
        assert!(faults.iter().any(|fault| fault["path"] == "/name"), "{faults:?}");
        assert!(lines(b"\n", NOW).is_err());
    }

    #[test]
    fn what_became_of_a_signal_has_a_status_of_its_own() {
        let id: SignalId = "sig_070707070707070707070707".parse().unwrap();
        let status = |received| render(Answer::Received(vec![received]), false).map(|(status, _)| status);
        assert_eq!(status(Received::New(id.clone())), Ok(201));
        assert_eq!(status(Received::Duplicate(id)), Ok(200));
        assert_eq!(status(Received::KeptOut), Ok(200));
        assert_eq!(status(Received::Full).unwrap_err().status(), 409);
        let in_use = problem(Refusal::InUse(vec!["A".to_owned()]));
        assert!(in_use.status() == 409 && in_use.detail.contains("list: A"));
    }

    #[test]
    fn whom_something_is_tried_on_is_an_object() {
        let query = Query::parse("", &[]).expect("a query");
        let of = |body: &[u8]| command(&Call::TryList, &query, body, NOW);
        assert!(of(br#"{"filter":{},"on":{"company":"512"}}"#).is_ok());
        assert_eq!(of(br#"{"filter":{},"on":[null,null]}"#).unwrap_err().status(), 400);
    }

    #[test]
    fn runs_are_asked_for_by_automation_and_signal() {
        let query = |text| Query::parse(text, Call::Runs.taken()).expect("a query");
        let of = |text| command(&Call::Runs, &query(text), b"", NOW);
        assert!(of("automation=aut_070707070707070707070707&limit=5").is_ok());
        assert_eq!(of("automation=ch_070707070707070707070707").unwrap_err().status(), 400);
        assert_eq!(of("signal=7").unwrap_err().status(), 400);
        assert!(
            command(
                &Call::Pause("aut_070707070707070707070707".parse().unwrap()),
                &query("limit=1"),
                b"{\"a\":1}",
                NOW
            )
            .is_err()
        );
    }
}
