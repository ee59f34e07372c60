//! Bodies of workflows, their events and runs. What a definition is is the published schema of workflows, whose definitions become components.

use serde_json::{Map, Value, json};

use super::{
    body, count, flag, given_id, id, line, list, moment, moved, object, object_type, of, or_null, page, said,
    signals, text, words,
};
use crate::{
    engine::{
        signal::ID_CHARS,
        workflow::{self, StepId, limits},
    },
    values::filter,
};

/// What of an action need not be said: what is known of the run's record is meant.
fn implied(action: &str) -> &'static [&'static str] {
    match action {
        "import_company" => &["domain"],
        "import_contact" => &["email"],
        "claim_account" => &["company"],
        "add_to_list" | "remove_from_list" => &["record"],
        "create_task" => &["due"],
        "log_call" => &["at"],
        "timeline_entry" => &["about"],
        "update_deal" => &["deal"],
        // Values may come from the mapping of the action.
        "update_record" => &["record", "properties"],
        _ => &[],
    }
}

fn step_id() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": StepId::CHARS, "pattern": "^[a-z0-9_-]+$" })
}

/// An action as a step of a workflow: as an automation has it, called by `do`, with an id.
fn action() -> Value {
    let mut kinds = signals::actions(implied, "event|record|contact|company|deal");
    for kind in &mut kinds {
        if let Some(members) = kind["properties"].as_object_mut()
            && let Some(action) = members.remove("action")
        {
            members.insert("do".to_owned(), action);
            members.insert("id".to_owned(), step_id());
        }
        let required = kind["required"].as_array().into_iter().flatten().filter(|name| *name != "action");
        kind["required"] = required.cloned().chain([json!("do"), json!("id")]).collect();
    }
    json!({
        "oneOf": kinds,
        "examples": [{ "id": "note", "do": "add_note", "body": "{{event.summary}}" }],
    })
}

/// The components that a definition is made of.
pub(super) fn definitions(all: &mut Map<String, Value>) {
    let filters = filter::schema();
    let is_filters = |name: &str| filters["$defs"].get(name).is_some();
    let component = |name: &str| match name {
        "filter" => "Filter".to_owned(),
        "workflow" => "NewWorkflow".to_owned(),
        name if is_filters(name) => format!("Filter-{name}"),
        name => format!("Workflow-{name}"),
    };
    let schema = workflow::schema();
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        if is_filters(name) {
            continue;
        }
        let mut definition = definition.clone();
        moved(&mut definition, &component);
        if name == "workflow" {
            definition["description"] = schema["description"].clone();
        }
        if name == "step"
            && let Some(forms) = definition["oneOf"].as_array_mut()
        {
            // What an action takes is said of each.
            let is_action = |form: &Value| form["properties"].get("do").is_some();
            forms.retain(|form| !is_action(form));
            forms.insert(0, of("WorkflowAction"));
        }
        all.insert(component(name), definition);
    }
}

/// An event; `needed`: whether it has a name of its own.
fn event(needed: bool) -> Value {
    let id = if needed { "id" } else { "id?" };
    let mut event = body(&[
        (id, said(line(ID_CHARS), "Your own name for it: sent again, it changes nothing.")),
        (
            "event",
            json!({
                "type": "string", "minLength": 1, "maxLength": limits::NAME_CHARS, "pattern": super::ONE_LINE,
                "examples": workflow::EVENTS, "description": "What happened: the name that workflows begin by.",
            }),
        ),
        (
            "at?",
            json!({
                "type": ["string", "null"], "format": "date-time", "examples": ["2026-11-20T09:30:00Z"],
                "pattern": "^20[01][0-9]-[01][0-9]-[0-2][0-9]T[0-1][0-9]:[0-5][0-9]:[0-5][0-9]Z$",
                "description": "When; now if absent, at most a day ahead.",
            }),
        ),
        ("email?", or_null(signals::email())),
        ("phone?", or_null(said(line(ID_CHARS), "As you write it; numbers are compared by their digits."))),
        ("domain?", or_null(said(line(ID_CHARS), "Of their company."))),
        ("object_type?", or_null(object_type())),
        ("record_id?", or_null(given_id("record"))),
        ("facts?", signals::own_fields()),
    ]);
    let has = |name: &str| json!({ "required": [name], "properties": { name: { "type": "string" } } });
    let named = json!({
        "required": ["object_type", "record_id"],
        "properties": { "object_type": { "type": "string" }, "record_id": { "type": ["string", "integer"] } },
    });
    event["anyOf"] = json!([named, has("email"), has("phone"), has("domain")]);
    event["dependentRequired"] = json!({ "object_type": ["record_id"], "record_id": ["object_type"] });
    event
}

fn maybe() -> Value {
    json!({ "type": ["string", "null"] })
}

fn conditions() -> Value {
    said(list(of("SeenCondition")), "What each condition saw, and said.")
}

fn chosen() -> Value {
    object(&[
        ("record_id", maybe()),
        ("decided_by", maybe()),
        ("reasons", said(list(text()), "In words, the last the latest.")),
    ])
}

fn faults() -> Value {
    list(object(&[
        ("path", said(text(), "JSON Pointer into the definition.")),
        ("code", text()),
        ("detail", text()),
    ]))
}

/// What a step came to.
fn step() -> Value {
    object(&[
        ("step", step_id()),
        ("place", said(text(), "The ids of the steps that it lies in, and its own: `vip/call`.")),
        ("does", said(text(), "An action's name, `if`, `wait`, `wait_until`, `decide` or `stop`.")),
        (
            "state",
            said(
                text(),
                "Of an action `asked` while the outbox has it, then as it ended there, or `skipped`, `off`, `refused`; of an `if` its way, `then` or `else`; of a wait `waits`, then `waited`, `came_about` or `too_late`; `decided`; `stopped`.",
            ),
        ),
        ("words", maybe()),
        ("conditions", conditions()),
        ("action_id", or_null(id("act", "action"))),
        ("record", maybe()),
        ("until", said(or_null(moment()), "Until when it waits at most.")),
        ("at", moment()),
        (
            "before",
            said(
                list(object(&[("at", moment()), ("state", text()), ("words", maybe())])),
                "What it had come to before it was tried again, the oldest first.",
            ),
        ),
    ])
}

fn workflow() -> Value {
    object(&[
        ("id", id("wf", "workflow")),
        ("name", text()),
        ("description", maybe()),
        ("definition", of("NewWorkflow")),
        (
            "state",
            said(
                words(&["draft", "enabled", "paused", "held"]),
                "`held`: it is enabled and stands still, because a field that it names is gone or the records that have it may not be read; it goes on by itself once that is as it was, or once it is edited.",
            ),
        ),
        ("version", count()),
        ("selects", said(text(), "Its conditions in words.")),
        ("selects_again", said(maybe(), "What lets a record in again, in words.")),
        ("trouble", said(maybe(), "What is wrong with it.")),
        ("faults", said(faults(), "What of it does not fit the account at the moment.")),
        (
            "runs",
            said(
                object(
                    &["open", "done", "failed", "stopped", "skipped", "cancelled", "routed", "not_routed"]
                        .map(|name| (name, count())),
                ),
                "Those that are kept.",
            ),
        ),
        ("created_at", moment()),
        ("updated_at", moment()),
        ("enabled_at", or_null(moment())),
    ])
}

fn run() -> Value {
    object(&[
        ("id", id("run", "workflow-run")),
        ("workflow", said(or_null(id("wf", "workflow")), "null: it is being deleted.")),
        ("workflow_name", text()),
        ("version", count()),
        (
            "state",
            words(&[
                "open",
                "entering",
                "done",
                "failed",
                "stopped",
                "skipped",
                "cancelled",
                "routed",
                "not_routed",
            ]),
        ),
        ("subject", said(text(), "Whom it is of: `contacts/512`, or whom the event named.")),
        ("began", said(text(), "What began it, in words.")),
        ("began_at", moment()),
        ("ended_at", or_null(moment())),
        ("event", said(maybe(), "Your own name for the event that began it.")),
        ("conditions", conditions()),
        ("contact", chosen()),
        ("company", chosen()),
        ("deal", chosen()),
        ("why", said(maybe(), "Why nothing was done, or why it is over before its end.")),
        ("stands_at", said(maybe(), "The step before which it stands.")),
        ("goes_on_at", said(or_null(moment()), "When it goes on by itself.")),
        ("route", or_null(object(&[("route", text()), ("label?", text())]))),
        ("steps", list(step())),
    ])
}

fn tried() -> Value {
    let step = object(&[
        ("step", step_id()),
        ("does", text()),
        (
            "state",
            words(&[
                "would_be_asked",
                "skipped",
                "later",
                "refused",
                "off",
                "waiting",
                "then",
                "else",
                "waits",
                "decided",
                "stopped",
            ]),
        ),
        ("words?", maybe()),
        ("conditions?", conditions()),
        ("until?", moment()),
        ("would?", said(json!({ "type": "object" }), "The action as `GET …/actions/{a}` would tell it.")),
    ]);
    object(&[
        ("enters", said(flag(), "Whether the conditions hold.")),
        ("conditions", conditions()),
        ("why_not", said(maybe(), "Why it would not go in although they do.")),
        ("faults", said(faults(), "What of it does not fit the account at the moment.")),
        ("contact", chosen()),
        ("company", chosen()),
        ("deal", chosen()),
        ("subject", text()),
        ("steps", list(step)),
        ("route", or_null(object(&[("route", text()), ("label?", text())]))),
        ("ends", words(&["done", "stopped"])),
    ])
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let on = {
        let mut on = body(&[
            ("event?", or_null(of("EventToRoute"))),
            ("object_type?", or_null(object_type())),
            ("record_id?", or_null(given_id("record"))),
        ]);
        on["anyOf"] = json!([
            { "required": ["event"], "properties": { "event": { "type": "object" } } },
            { "required": ["record_id"], "properties": { "record_id": { "type": ["string", "integer"] } } },
        ]);
        said(
            on,
            "Whom it is tried on: an event that you write, or a record; of the workflow's type where none is said.",
        )
    };
    let mut to_try =
        body(&[("definition?", of("NewWorkflow")), ("workflow?", id("wf", "workflow")), ("on", on)]);
    to_try["oneOf"] = json!([{ "required": ["definition"] }, { "required": ["workflow"] }]);
    vec![
        ("WorkflowAction", action()),
        (
            "AnyWorkflow",
            json!({ "type": "object", "description": "A definition, or what is to become one.", "examples": [{ "name": "Notes" }] }),
        ),
        ("CheckedWorkflow", object(&[("faults", faults())])),
        ("Workflow", workflow()),
        ("Workflows", page("Workflow")),
        (
            "WorkflowTemplate",
            object(&[
                ("key", text()),
                ("sends", said(text(), "What you are to send with the event.")),
                ("definition", of("NewWorkflow")),
            ]),
        ),
        ("WorkflowTemplates", page("WorkflowTemplate")),
        (
            "WorkflowVersion",
            object(&[
                ("version", count()),
                ("current", said(flag(), "Runs that begin now go by it.")),
                ("at", moment()),
                ("by", said(text(), "Whoever made it, in words.")),
                ("definition", of("NewWorkflow")),
            ]),
        ),
        ("WorkflowVersions", page("WorkflowVersion")),
        ("NewEvent", event(true)),
        ("EventToRoute", event(false)),
        (
            "ReceivedEvent",
            object(&[
                ("id", said(text(), "Your own name for it.")),
                (
                    "state",
                    said(
                        words(&["pending", "duplicate", "kept_out"]),
                        "`kept_out`: whom it is of was erased, and nothing of it is kept.",
                    ),
                ),
            ]),
        ),
        (
            "ReceivedEventOrProblem",
            json!({ "oneOf": [of("ReceivedEvent"), object(&[("problem", of("Problem"))])] }),
        ),
        (
            "Routed",
            object(&[
                ("route", said(maybe(), "Your own name for where it is to go; null: no workflow says.")),
                ("label", maybe()),
                ("workflow", or_null(id("wf", "workflow"))),
                ("version", or_null(count())),
                ("contact", said(maybe(), "The contact that it is, if it is one.")),
                (
                    "because",
                    said(
                        list(object(&[
                            ("workflow?", id("wf", "workflow")),
                            ("name?", text()),
                            ("version?", count()),
                            ("decides?", flag()),
                            ("words", text()),
                            ("conditions?", conditions()),
                            ("steps?", list(step())),
                        ])),
                        "What each workflow of the event said, and why, up to the one that decided.",
                    ),
                ),
            ]),
        ),
        ("WorkflowToTry", to_try),
        ("TriedWorkflow", tried()),
        ("WorkflowRun", run()),
        ("WorkflowRuns", page("WorkflowRun")),
    ]
}
