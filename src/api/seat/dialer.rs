//! The dialer: a seat's open call tasks, and calls that are logged in its name.

use serde_json::{Map, Value};

use crate::{
    api::{
        action, cursor,
        request::{self, Query},
        seat::read,
    },
    engine::portal::{
        outbox::commands::{Asked, Taken},
        seats::desk::{Wanted, Which},
    },
    values::{
        failure::Failure,
        json,
        problem::{Kind, Problem},
        time::Timestamp,
    },
};

/// Names of the query parameters of a seat's tasks.
pub const TASKS: &[&str] = &["which", "properties", "queue", "cursor"];

/// Which tasks are asked for.
pub fn wanted(query: &Query<'_>) -> Result<Wanted, Problem> {
    let which = match query.get("which") {
        None => Which::Queue,
        Some(text) => Which::ALL.into_iter().find(|which| which.as_str() == text).ok_or_else(|| {
            let all = Which::ALL.map(Which::as_str).join("`, `");
            Problem::new(Kind::InvalidRequest, format!("`which` is one of `{all}`."))
        })?,
    };
    let after = query.get("cursor").map(|text| cursor::decode(cursor::Of::Tasks, text)).transpose()?;
    Ok(Wanted { which, properties: read::named(query)?, queue: queue(query)?, after })
}

/// The task queue that is asked for: HubSpot's id of it.
fn queue(query: &Query<'_>) -> Result<Option<String>, Problem> {
    let is_id = |text: &str| text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    match query.get("queue") {
        Some(text) if !is_id(text) => {
            Err(Problem::new(Kind::InvalidRequest, "`queue` is HubSpot's id of a task queue: a number."))
        }
        queue => Ok(queue.map(str::to_owned)),
    }
}

/// A page of tasks as the API tells it: where the next one begins is opaque.
pub fn page(told: &str) -> String {
    let mut page: Value = json::parse(told).unwrap_or_default();
    let next = page["next_cursor"].as_str().map(|place| cursor::encode(cursor::Of::Tasks, place));
    page["next_cursor"] = next.into();
    page.to_string()
}

/// What a call that is logged comes to: the action of that name, in the seat's own name and with its task.
pub fn call(body: &[u8], now: Timestamp) -> Result<Asked, Problem> {
    let mut body: Map<String, Value> = request::body(body)?;
    let foreign = ["action", "owner", "completes_task", "background", "coalesce"];
    if let Some(name) = foreign.into_iter().find(|name| body.contains_key(*name)) {
        return Err(Problem::new(
            Kind::InvalidRequest,
            format!("`{name}` is not said here: a call is the seat's own, and `task` is what it completes."),
        ));
    }
    if let Some(task) = body.remove("task") {
        body.insert("completes_task".to_owned(), task);
    }
    body.insert("action".to_owned(), "log_call".into());
    body.entry("at").or_insert_with(|| now.to_rfc3339().into());
    action::asked(body, false)
}

/// What there is to answer to whoever has logged a call.
#[derive(Debug)]
pub enum Told {
    /// HubSpot has not said everything yet: look again.
    Soon,
    /// This status and body.
    Now(u16, String),
}

/// What to answer once the action stands so; `waited`: nobody waits any longer.
pub fn logged(text: &str, new: bool, waited: bool) -> Result<Told, Problem> {
    let action: Value = json::parse(text).unwrap_or_default();
    let writes = action["writes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let open = |write: &Value| matches!(write["state"].as_str(), Some("waiting" | "sent"));
    // One that is to leave again says what went wrong.
    let hangs = |write: &Value| open(write) && write["problem"].is_null();
    if !waited && writes.iter().any(hangs) && !writes.iter().any(|write| open(write) && !hangs(write)) {
        return Ok(Told::Soon);
    }
    if let Some(call) = writes.first().filter(|call| call["state"] == "failed") {
        let name = call["problem"]["type"].as_str().and_then(|name| name.rsplit('/').next());
        let failure = name.and_then(Failure::named).unwrap_or(Failure::Refused);
        let words = call["problem"]["detail"].as_str().unwrap_or_default();
        let words = format!("The call was not logged, and the task is as it was. {words}");
        let problem = Problem::new(Kind::Failed(failure), words);
        return Err(match call["problem"]["correlation_id"].as_str() {
            Some(id) => problem.with_correlation(id),
            None => problem,
        });
    }
    let all = writes.iter().all(|write| matches!(write["state"].as_str(), Some("done" | "dry")));
    Ok(Told::Now(if all && new { 201 } else { 200 }, text.to_owned()))
}

/// What was taken, or why it was not: the action's JSON, and whether it is new.
pub fn taken(taken: Taken) -> Result<(String, bool), Problem> {
    match taken {
        Taken::Action { action, new } => Ok((action, new)),
        other => Err(action::not_taken(other)),
    }
}

/// The action's id.
pub fn id_of(action: &str) -> Option<String> {
    let action: Value = json::parse(action).ok()?;
    action["id"].as_str().map(str::to_owned)
}

/// A seat's tasks cannot be told in time.
pub fn too_slow() -> Problem {
    Problem::new(Kind::Unavailable, "The seat's tasks are being read, and HubSpot is slow. Ask again.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn action(call: &Value, task: &Value) -> String {
        json!({ "id": "act_1", "writes": [call, task] }).to_string()
    }

    #[test]
    fn a_page_of_tasks_leads_on_to_the_next_by_a_cursor_of_its_own() {
        let asked = |text: &str| wanted(&Query::parse(text, TASKS).unwrap());
        let told: Value = json::parse(&page(r#"{"results":[],"next_cursor":"1795165200000.512"}"#)).unwrap();
        let next = told["next_cursor"].as_str().unwrap();
        let wanted = asked(&format!("queue=7&which=today&cursor={next}")).unwrap();
        assert_eq!(wanted.after, Some("1795165200000.512".parse().unwrap()));
        assert_eq!((wanted.which, wanted.queue.as_deref()), (Which::Today, Some("7")));
        let last: Value = json::parse(&page(r#"{"results":[],"next_cursor":null}"#)).unwrap();
        assert!(last["next_cursor"].is_null(), "{last}");
        assert_eq!(asked("").unwrap(), Wanted::of(Which::Queue));
        let others = cursor::encode(cursor::Of::HubSpot, "1795165200000.512");
        for wrong in ["queue=mine", "which=soon", "cursor=100", &format!("cursor={others}")] {
            assert_eq!(asked(wrong).unwrap_err().status(), 400, "{wrong}");
        }
    }

    #[test]
    fn a_call_is_the_seats_own_and_names_its_task() {
        let now = Timestamp(1_795_165_200_000);
        let asked = call(br#"{"task":"7","duration_s":61,"id":"c1"}"#, now).unwrap();
        let wanted = serde_json::to_value(&asked.wanted).unwrap();
        assert_eq!((&wanted["completes_task"], &wanted["at"]), (&7.into(), &now.to_rfc3339().into()));
        assert_eq!(asked.key.as_deref(), Some("c1"));
        for wrong in [r#"{"owner":{"id":"1"}}"#, r#"{"action":"add_note"}"#, r#"{"mood":"good"}"#] {
            assert_eq!(call(wrong.as_bytes(), now).unwrap_err().status(), 400, "{wrong}");
        }
    }

    #[test]
    fn an_answer_waits_for_hubspot_and_no_longer_than_anything_can_come() {
        let state = |state: &str| json!({ "state": state });
        let failed_for_now = json!({ "state": "waiting", "problem": { "type": "/problems/overloaded" } });
        let status = |call: &Value, task: &Value, waited| match logged(&action(call, task), true, waited) {
            Ok(Told::Now(status, _)) => status,
            Ok(Told::Soon) => 0,
            Err(problem) => problem.status(),
        };
        assert_eq!(status(&state("sent"), &state("waiting"), false), 0);
        assert_eq!(status(&state("done"), &state("sent"), false), 0);
        assert_eq!(status(&state("done"), &state("sent"), true), 200);
        assert_eq!(status(&state("done"), &state("done"), false), 201);
        assert_eq!(status(&state("done"), &failed_for_now, false), 200, "the outbox finishes it");
        assert_eq!(status(&state("done"), &state("failed"), false), 200);
        let refused = json!({ "state": "failed", "problem": { "type": "/problems/permission-denied", "detail": "No." } });
        assert_eq!(status(&refused, &state("failed"), false), Failure::PermissionDenied.status());
    }
}
