//! Workflows in the API: what requests about definitions, events, routes and runs must look like, and what answers say. What a definition must
//! be is [`crate::engine::workflow`]'s, which names every fault with its place.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::{
        cursor,
        request::{self, Query},
        route::{Api, Make, Route},
    },
    engine::{
        portal::workflows::{
            PENDING_LIMIT,
            commands::{Answer, Command, EVENTS_AT_ONCE, On, PAGE_LIMIT, Received, Refusal},
        },
        workflow::Event,
    },
    values::{
        filter::Fault,
        http::Method,
        ids::{ConnectionId, RunId, WorkflowId},
        json,
        problem::{Kind, Problem},
        time::Timestamp,
    },
};

/// Largest body that holds a definition: one of the largest, and an event or a record that it is tried on.
pub const DEFINITION_LIMIT: usize = 80 << 10;

/// What is asked for below `/v1/connections/{c}/workflows`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET …/workflows`
    List,
    /// `POST …/workflows`
    Make,
    /// `POST …/workflows/check`
    Check,
    /// `GET …/workflows/templates`
    Templates,
    /// `POST …/workflows/events`
    Receive,
    /// `POST …/workflows/events/bulk`
    ReceiveMany,
    /// `POST …/workflows/route`
    Route,
    /// `POST …/workflows/dry-run`
    DryRun,
    /// `GET …/workflows/{w}`
    Get(WorkflowId),
    /// `PUT …/workflows/{w}`
    Put(WorkflowId),
    /// `DELETE …/workflows/{w}`
    Remove(WorkflowId),
    /// `POST …/workflows/{w}/enable`
    Enable(WorkflowId),
    /// `POST …/workflows/{w}/pause`
    Pause(WorkflowId),
    /// `GET …/workflows/{w}/versions`
    Versions(WorkflowId),
    /// `POST …/workflows/{w}/versions/{v}/restore`
    Restore(WorkflowId, u32),
    /// `GET …/workflows/{w}/runs`
    Runs(WorkflowId),
    /// `GET …/workflows/runs/{r}`
    Run(RunId),
    /// `POST …/workflows/runs/{r}/retry`
    Retry(RunId),
    /// `POST …/workflows/runs/{r}/cancel`
    Cancel(RunId),
}

impl Call {
    /// Names of the query parameters it takes.
    pub const fn taken(&self) -> &'static [&'static str] {
        match self {
            Self::Runs(_) => &["limit", "cursor"],
            _ => &[],
        }
    }

    /// Whether it changes nothing in HubSpot, nor what is done there. A route leaves a row of the log.
    pub const fn reads(&self) -> bool {
        matches!(
            self,
            Self::List
                | Self::Check
                | Self::Templates
                | Self::Route
                | Self::DryRun
                | Self::Get(_)
                | Self::Versions(_)
                | Self::Runs(_)
                | Self::Run(_)
        )
    }

    /// Whether doing it twice comes to the same as doing it once. The host's own name for an event sees to it.
    pub const fn repeats(&self) -> bool {
        !matches!(self, Self::Make)
    }
}

fn call(at: &[&str], call: Call) -> Option<Route> {
    Some(Route::Api(Api::Workflows(at[0].parse::<ConnectionId>().ok()?, call)))
}

fn one(at: &[&str], make: fn(WorkflowId) -> Call) -> Option<Route> {
    call(at, make(at[1].parse().ok()?))
}

fn run(at: &[&str], make: fn(RunId) -> Call) -> Option<Route> {
    call(at, make(at[1].parse().ok()?))
}

/// Addresses of workflows and what belongs to them.
pub const TABLE: [(Method, &str, Make); 19] = [
    (Method::Get, "/v1/connections/*/workflows", |at| call(at, Call::List)),
    (Method::Post, "/v1/connections/*/workflows", |at| call(at, Call::Make)),
    (Method::Post, "/v1/connections/*/workflows/check", |at| call(at, Call::Check)),
    (Method::Get, "/v1/connections/*/workflows/templates", |at| call(at, Call::Templates)),
    (Method::Post, "/v1/connections/*/workflows/events", |at| call(at, Call::Receive)),
    (Method::Post, "/v1/connections/*/workflows/events/bulk", |at| call(at, Call::ReceiveMany)),
    (Method::Post, "/v1/connections/*/workflows/route", |at| call(at, Call::Route)),
    (Method::Post, "/v1/connections/*/workflows/dry-run", |at| call(at, Call::DryRun)),
    (Method::Get, "/v1/connections/*/workflows/*", |at| one(at, Call::Get)),
    (Method::Put, "/v1/connections/*/workflows/*", |at| one(at, Call::Put)),
    (Method::Delete, "/v1/connections/*/workflows/*", |at| one(at, Call::Remove)),
    (Method::Post, "/v1/connections/*/workflows/*/enable", |at| one(at, Call::Enable)),
    (Method::Post, "/v1/connections/*/workflows/*/pause", |at| one(at, Call::Pause)),
    (Method::Get, "/v1/connections/*/workflows/*/versions", |at| one(at, Call::Versions)),
    (Method::Post, "/v1/connections/*/workflows/*/versions/*/restore", |at| {
        call(at, Call::Restore(at[1].parse().ok()?, at[2].parse().ok()?))
    }),
    (Method::Get, "/v1/connections/*/workflows/*/runs", |at| one(at, Call::Runs)),
    (Method::Get, "/v1/connections/*/workflows/runs/*", |at| run(at, Call::Run)),
    (Method::Post, "/v1/connections/*/workflows/runs/*/retry", |at| run(at, Call::Retry)),
    (Method::Post, "/v1/connections/*/workflows/runs/*/cancel", |at| run(at, Call::Cancel)),
];

/// `POST …/workflows/dry-run`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DryRun {
    #[serde(default)]
    definition: Option<Value>,
    #[serde(default)]
    workflow: Option<WorkflowId>,
    #[serde(deserialize_with = "request::object")]
    on: On,
}

fn invalid(words: impl Into<String>) -> Problem {
    Problem::new(Kind::InvalidRequest, words)
}

/// One line of many: an event, or why it is none.
pub type Line = Result<Event, Problem>;

/// Reads many events, one a line; empty lines count for nothing. A line that cannot be read spoils no other.
pub fn lines(body: &[u8], now: Timestamp) -> Result<Vec<Line>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| invalid("The body is not UTF-8."))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() || lines.len() > EVENTS_AT_ONCE {
        return Err(invalid(format!("1 to {EVENTS_AT_ONCE} lines, each an event as JSON.")));
    }
    Ok(lines.into_iter().map(|line| event(line.as_bytes(), now)).collect())
}

/// Reads one event.
pub fn event(body: &[u8], now: Timestamp) -> Line {
    Event::parse(&request::body(body)?, now).map_err(|faults| faulty("event", faults))
}

/// The command that a request stands for; those of [`Call::Receive`] and [`Call::ReceiveMany`] are made of [`event`] and [`lines`].
pub fn command(call: &Call, query: &Query<'_>, body: &[u8], now: Timestamp) -> Result<Command, Problem> {
    let nothing = |command: Command| request::nothing(body).map(|()| command);
    Ok(match call {
        Call::List => Command::List,
        Call::Make => Command::Add(request::body(body)?),
        Call::Check => Command::Check(request::body(body)?),
        Call::Templates => Command::Templates,
        Call::Receive => Command::Event(event(body, now)?),
        Call::ReceiveMany => Command::Events(lines(body, now)?.into_iter().filter_map(Result::ok).collect()),
        Call::Route => {
            let event = Event::parse_some(&request::body(body)?, now);
            Command::Route(event.map_err(|faults| faulty("event", faults))?)
        }
        Call::DryRun => {
            let DryRun { definition, workflow, on } = request::body(body)?;
            if definition.is_some() == workflow.is_some() {
                return Err(invalid("Name a `workflow`, or write a `definition`: one of the two."));
            }
            Command::DryRun { definition, workflow, on }
        }
        Call::Get(id) => Command::One(id.clone()),
        Call::Put(id) => Command::Edit(id.clone(), request::body(body)?),
        Call::Remove(id) => Command::Remove(id.clone()),
        Call::Enable(id) => nothing(Command::Enable(id.clone()))?,
        Call::Pause(id) => nothing(Command::Pause(id.clone()))?,
        Call::Versions(id) => Command::Versions(id.clone()),
        Call::Restore(id, version) => nothing(Command::RollBack(id.clone(), *version))?,
        Call::Runs(id) => Command::Runs {
            workflow: Some(id.clone()),
            before: query.row(cursor::Of::WorkflowRuns)?,
            limit: query.limit(PAGE_LIMIT)?,
        },
        Call::Run(id) => Command::Run(id.clone()),
        Call::Retry(id) => nothing(Command::Retry(id.clone()))?,
        Call::Cancel(id) => nothing(Command::CancelRun(id.clone()))?,
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
        // Of events see `received` and `render_lines`.
        Answer::Received(_) => Ok((200, None)),
        Answer::Json(body) => Ok((if makes { 201 } else { 200 }, Some(body))),
        Answer::Page { results, next } => {
            let next = next.map(|number| cursor::encode(cursor::Of::WorkflowRuns, &number.to_string()));
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
            format!("The connection has {most} workflows and may have no more. Delete one first."),
        ),
        Refusal::Stopped => Problem::new(
            Kind::Conflict,
            "The connection has ended, or cannot tell who is kept out: nothing is taken in. Connect the account again.",
        ),
        Refusal::Wrong(faults) => faulty("definition", faults),
        Refusal::NotNow(words) => Problem::new(Kind::Conflict, words),
    }
}

/// Status and body of what became of an event, by the host's own name for it.
pub fn received(id: &str, received: Received) -> Result<(u16, Value), Problem> {
    let (status, state) = match received {
        Received::New => (201, "pending"),
        Received::Duplicate => (200, "duplicate"),
        Received::KeptOut => (200, "kept_out"),
        Received::Full => {
            return Err(Problem::new(
                Kind::Conflict,
                format!(
                    "{PENDING_LIMIT} events wait to be decided about, and no more may. Send it again in a minute."
                ),
            ));
        }
    };
    Ok((status, json!({ "id": id, "state": state })))
}

/// The answers to many events, a line each, in their order.
pub fn render_lines(lines: Vec<Line>, all: Vec<Received>) -> String {
    let mut all = all.into_iter();
    let mut text = String::new();
    for line in lines {
        let answer = line.and_then(|event| received(&event.id, all.next().unwrap_or(Received::Full)));
        let told = answer.map_or_else(|problem| json!({ "problem": problem.to_json() }), |(_, told)| told);
        text.push_str(&told.to_string());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::route::{Found, find};

    const NOW: Timestamp = Timestamp(1_795_132_800_000);
    const CONNECTION: &str = "con_070707070707070707070707";

    fn of(call: &Call, body: &[u8]) -> Result<Command, Problem> {
        command(call, &Query::parse("", &[]).expect("a query"), body, NOW)
    }

    #[test]
    fn a_line_that_is_no_event_spoils_no_other() {
        let body = b"{\"id\":\"1\",\"event\":\"form_submitted\",\"email\":\"a@b.example\"}\n\n{\"id\":\"2\"}\nnothing\n";
        let read = lines(body, NOW).expect("lines");
        assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false]);
        let text = render_lines(read, vec![Received::New]);
        let told: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(told[0], json!({ "id": "1", "state": "pending" }));
        let faults = told[1]["problem"]["errors"].as_array().expect("faults");
        assert!(!faults.is_empty() && told[2]["problem"]["status"] == 400, "{told:?}");
        assert!(lines(b"\n", NOW).is_err());
        let many = "{}\n".repeat(EVENTS_AT_ONCE + 1);
        assert!(lines(many.as_bytes(), NOW).is_err());
    }

    #[test]
    fn what_became_of_an_event_has_a_status_of_its_own() {
        let status = |of| received("1", of).map(|(status, _)| status);
        assert_eq!(status(Received::New), Ok(201));
        assert_eq!(status(Received::Duplicate), Ok(200));
        assert_eq!(status(Received::KeptOut), Ok(200));
        assert_eq!(status(Received::Full).unwrap_err().status(), 409);
        let now = problem(Refusal::NotNow("It is over.".to_owned()));
        assert_eq!((now.status(), now.detail.as_str()), (409, "It is over."));
    }

    #[test]
    fn something_is_tried_by_its_name_or_its_definition() {
        let tried = |body: &[u8]| of(&Call::DryRun, body).map_err(|problem| problem.status());
        assert!(tried(br#"{"workflow":"wf_070707070707070707070707","on":{"record_id":"7"}}"#).is_ok());
        assert!(tried(br#"{"definition":{},"on":{"event":{"event":"x","email":"a@b.example"}}}"#).is_ok());
        for wrong in [
            &br#"{"on":{}}"#[..],
            br#"{"definition":{},"workflow":"wf_070707070707070707070707","on":{}}"#,
            br#"{"definition":{},"on":[]}"#,
            br#"{"definition":{}}"#,
            br#"{"workflow":"aut_070707070707070707070707","on":{}}"#,
        ] {
            assert_eq!(tried(wrong).unwrap_err(), 400, "{}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn a_route_is_asked_for_with_an_event_that_need_not_have_a_name() {
        let body = br#"{"event":"incoming_call","phone":"+41 79 555 01 23"}"#;
        assert!(
            matches!(of(&Call::Route, body), Ok(Command::Route(event)) if event.event == "incoming_call")
        );
        let problem = of(&Call::Receive, body).unwrap_err();
        assert_eq!(problem.status(), 400, "what is kept has a name");
        assert_eq!(of(&Call::Route, br#"{"event":"incoming_call"}"#).unwrap_err().status(), 400);
    }

    #[test]
    fn words_go_before_ids_in_addresses() {
        let found = |method, rest: &str| {
            find(Some(method), &format!("/v1/connections/{CONNECTION}/workflows/{rest}"))
        };
        let is = |method, rest: &str, call: Call| {
            let route = Route::Api(Api::Workflows(CONNECTION.parse().unwrap(), call));
            assert_eq!(found(method, rest), Found::Route(route), "{rest}");
        };
        let (workflow, run) = ("wf_070707070707070707070707", "run_070707070707070707070707");
        is(Method::Get, "templates", Call::Templates);
        is(Method::Post, "events", Call::Receive);
        is(Method::Post, "events/bulk", Call::ReceiveMany);
        is(Method::Get, workflow, Call::Get(workflow.parse().unwrap()));
        is(Method::Get, &format!("{workflow}/runs"), Call::Runs(workflow.parse().unwrap()));
        is(Method::Get, &format!("runs/{run}"), Call::Run(run.parse().unwrap()));
        is(Method::Post, &format!("runs/{run}/retry"), Call::Retry(run.parse().unwrap()));
        let restore = format!("{workflow}/versions/3/restore");
        is(Method::Post, &restore, Call::Restore(workflow.parse().unwrap(), 3));
        for nothing in ["runs", "wf_1", "runs/wf_070707070707070707070707"] {
            assert_eq!(found(Method::Get, nothing), Found::Nothing, "{nothing}");
        }
        assert!(matches!(found(Method::Get, "check"), Found::OtherMethods(_)));
    }

    #[test]
    fn a_page_of_runs_begins_where_its_cursor_says() {
        let text = format!("limit=5&cursor={}", cursor::encode(cursor::Of::WorkflowRuns, "17"));
        let call = Call::Runs("wf_070707070707070707070707".parse().unwrap());
        let query = Query::parse(&text, call.taken()).expect("a query");
        let asked = command(&call, &query, b"", NOW).expect("a command");
        assert!(matches!(asked, Command::Runs { before: Some(17), limit: 5, .. }), "{asked:?}");
        let (_, body) =
            render(Answer::Page { results: "[]".to_owned(), next: Some(3) }, false).expect("a page");
        let body: Value = serde_json::from_str(&body.expect("a body")).expect("JSON");
        assert_eq!(body["next_cursor"], cursor::encode(cursor::Of::WorkflowRuns, "3"));
        let others = format!("cursor={}", cursor::encode(cursor::Of::Signals, "17"));
        assert!(command(&call, &Query::parse(&others, call.taken()).expect("a query"), b"", NOW).is_err());
    }

    #[test]
    fn what_changes_nothing_takes_the_permission_to_read() {
        let id = || "wf_070707070707070707070707".parse().unwrap();
        for call in [Call::Route, Call::DryRun, Call::Check, Call::Versions(id()), Call::List] {
            assert!(call.reads(), "{call:?}");
        }
        for call in [Call::Receive, Call::Make, Call::Enable(id()), Call::Pause(id()), Call::Restore(id(), 1)]
        {
            assert!(!call.reads(), "{call:?}");
        }
    }
}
