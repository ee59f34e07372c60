//! Bodies of signals, qualifying lists, automations and runs.

use serde_json::{Value, json};

use super::{
    body, count, flag, given_id, id, line, list, moment, object, object_type, of, or_null, page, plain, said,
    text, words,
};
use crate::engine::signal::{
    ALIASES, FIELDS, ID_CHARS, MAX_COOL_DOWN_HOURS, MAX_STEPS, NAME_CHARS, VALUE_CHARS,
};

pub(super) fn own_fields() -> Value {
    json!({
        "type": ["object", "null"], "maxProperties": FIELDS,
        "propertyNames": { "pattern": "^[A-Za-z0-9_.-]{1,100}$" },
        "additionalProperties": { "type": ["string", "number", "boolean", "null"], "maxLength": VALUE_CHARS },
        "description": "Values by your own names; filters and steps name them.",
    })
}

fn seen_fields() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "string" } })
}

pub(super) fn email() -> Value {
    json!({ "type": "string", "maxLength": ID_CHARS, "pattern": r"^[A-Za-z0-9._+-]{1,60}@[a-z0-9-]{1,60}\.[a-z]{2,20}$", "examples": ["ann@acme.com"] })
}

/// What of an action is said from what a signal tells, where a step does not say it.
fn implied(action: &str) -> &'static [&'static str] {
    match action {
        "import_company" => &["domain"],
        "import_contact" => &["email"],
        "claim_account" => &["company"],
        "add_to_list" | "remove_from_list" => &["record"],
        "create_task" => &["due"],
        "log_call" => &["at"],
        "timeline_entry" => &["about"],
        // Values may come from the mapping of the action.
        "update_record" => &["record", "properties"],
        _ => &[],
    }
}

/// Members that an action has of a request of its own.
const OF_REQUESTS: [&str; 6] = ["id", "why", "dry_run", "background", "coalesce", "data"];

/// Each action as a step has it: every text of it may name facts, and what they come to is looked at when it is done. `implied`: what of an
/// action need not be said; `facts`: the words of those that an id may be.
pub(super) fn actions(implied: fn(&str) -> &'static [&'static str], facts: &str) -> Vec<Value> {
    let ids = format!(r"^([0-9]{{1,18}}|\{{\{{({facts})\.[a-z_]+\}}\}})$");
    let mut kinds = super::actions::each();
    for kind in &mut kinds {
        let action = kind["properties"]["action"]["const"].as_str().unwrap_or_default().to_owned();
        if let Some(properties) = kind["properties"].as_object_mut() {
            properties.retain(|name, _| !OF_REQUESTS.contains(&name.as_str()));
            properties
                .iter_mut()
                .filter(|(name, _)| *name != "action")
                .for_each(|(_, schema)| loosen(schema, &ids));
        }
        if let Some(required) = kind["required"].as_array_mut() {
            required.retain(|name| name.as_str().is_some_and(|name| !implied(&action).contains(&name)));
        }
        if action == "update_deal"
            && let Some(kind) = kind.as_object_mut()
        {
            // Values may come from the mapping of the action.
            kind.remove("anyOf");
        }
    }
    kinds
}

/// An action as a step of an automation.
fn step() -> Value {
    let mut kinds = actions(implied, "signal|account|visitor|company|contact");
    for kind in &mut kinds {
        if kind["properties"]["action"]["const"] == "update_record" {
            // A signal is about a contact and a company.
            let of_signal = json!({ "properties": { "type": { "enum": ["contacts", "companies"] } } });
            kind["anyOf"] = json!([{ "required": ["record"] }, of_signal]);
        }
    }
    json!({
        "oneOf": kinds,
        "examples": [{ "action": "create_task", "subject": "Call {{account.name}}", "due": "{{now + 2 days}}" }],
    })
}

/// What a value has to be like holds for what its facts come to: only what it is at all is looked at before. Ids are numbers or facts.
fn loosen(schema: &mut Value, ids: &str) {
    const LATER: [&str; 10] = [
        "maxLength",
        "minLength",
        "maxItems",
        "minItems",
        "maxProperties",
        "minProperties",
        "propertyNames",
        "maximum",
        "minimum",
        "format",
    ];
    match schema {
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str).unwrap_or_default();
            if matches!(format, "record-id" | "list-id") {
                members.insert("pattern".to_owned(), json!(ids));
                members.remove("format");
                return;
            }
            let is_type = members.get("pattern") == Some(&object_type()["pattern"]);
            if !is_type && members.get("type") == Some(&json!("string")) {
                members.retain(|name, _| matches!(name.as_str(), "type" | "const" | "description"));
            }
            members.retain(|name, _| !LATER.contains(&name.as_str()));
            members.values_mut().for_each(|schema| loosen(schema, ids));
        }
        Value::Array(items) => items.iter_mut().for_each(|schema| loosen(schema, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A signal, of which `needed` parts must be there.
fn signal(needed: bool) -> Value {
    let mark = if needed { "" } else { "?" };
    let name = |name: &str| format!("{name}{mark}");
    let mut account = body(&[
        ("id?", or_null(line(ID_CHARS))),
        ("domain?", or_null(said(line(ID_CHARS), "As you have it: a domain, a page's address."))),
        ("aliases?", json!({ "type": ["array", "null"], "maxItems": ALIASES, "items": line(ID_CHARS) })),
        ("name?", or_null(line(NAME_CHARS))),
        ("fields?", own_fields()),
    ]);
    account["anyOf"] = json!([
        { "required": ["id"], "properties": { "id": { "type": "string" } } },
        { "required": ["domain"], "properties": { "domain": { "type": "string" } } },
    ]);
    let mut visitor = body(&[
        ("id?", or_null(line(ID_CHARS))),
        ("email?", or_null(email())),
        ("name?", or_null(line(NAME_CHARS))),
        ("fields?", own_fields()),
    ]);
    visitor["anyOf"] = json!([
        { "required": ["id"], "properties": { "id": { "type": "string" } } },
        { "required": ["email"], "properties": { "email": { "type": "string" } } },
    ]);
    let (own_id, own_name) = (name("id"), name("name"));
    let mut signal = body(&[
        (&own_id, said(line(ID_CHARS), "Your own name for it: sent again, it changes nothing.")),
        (&own_name, said(line(NAME_CHARS), "What happened, as people read it.")),
        ("kind?", or_null(line(NAME_CHARS))),
        (
            "at?",
            json!({
                "type": ["string", "null"], "format": "date-time", "examples": ["2026-11-20T09:30:00Z"],
                "pattern": "^20[01][0-9]-[01][0-9]-[0-2][0-9]T[0-1][0-9]:[0-5][0-9]:[0-5][0-9]Z$",
                "description": "When; now if absent, at most a day ahead.",
            }),
        ),
        ("account?", or_null(account)),
        ("visitor?", or_null(visitor)),
        ("fields?", own_fields()),
    ]);
    let has = |who: &str| json!({ "required": [who], "properties": { who: { "type": "object" } } });
    signal["anyOf"] = json!([has("account"), has("visitor")]);
    signal
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let name = || plain(1, NAME_CHARS);
    let chosen = || {
        object(&[
            ("record_id", json!({ "type": ["string", "null"] })),
            ("decided_by", json!({ "type": ["string", "null"] })),
            ("reasons", said(list(text()), "In words, the last the latest.")),
        ])
    };
    let conditions = || said(list(of("SeenCondition")), "What conditions saw, and said.");
    let on = || {
        let mut on = body(&[
            ("signal_id?", or_null(id("sig", "signal"))),
            ("signal?", or_null(of("SomeSignal"))),
            ("company?", or_null(given_id("record"))),
            ("contact?", or_null(given_id("record"))),
        ]);
        // One of the two.
        on["anyOf"] = json!([{ "properties": { "signal_id": { "type": "null" } } }, { "properties": { "signal": { "type": "null" } } }]);
        said(
            on,
            "Whom it is tried on: a signal that came, or one that you write, and records in the place of those that would be matched.",
        )
    };
    let steps = || {
        json!({
            "type": "array", "minItems": 1, "maxItems": MAX_STEPS,
            "items": of("Step"),
            "description": "Actions as `POST …/actions` takes them, in the order in which they are done. Texts may name facts: `{{signal.name}}`, `{{account.domain}}`, `{{visitor.email}}`, `{{company.id}}`, `{{contact.firstname}}`, and moments: `{{now + 2 days}}`. Fields of `company` and `contact` must be there when this is saved, and are mirrored from then on. What is not said is what one would expect: the account's domain, the visitor's address, the records that the signal is about.",
        })
    };
    let automation = |list: Value| {
        body(&[
            ("name", name()),
            ("list", said(list, "The qualifying list.")),
            (
                "cool_down_hours?",
                json!({
                    "type": "integer", "minimum": 0, "maximum": MAX_COOL_DOWN_HOURS, "default": 24,
                    "description": "After it has acted for somebody, it does not for so long.",
                }),
            ),
            (
                "per?",
                said(words(&["account", "visitor"]), "Whom the cool-down is of; the account if absent."),
            ),
            ("steps", steps()),
        ])
    };
    let list_id = || id("ql", "qualifying-list");
    vec![
        ("Step", step()),
        ("NewSignal", signal(true)),
        ("SomeSignal", signal(false)),
        (
            "ReceivedSignal",
            object(&[
                ("id", or_null(id("sig", "signal"))),
                (
                    "state",
                    said(
                        words(&["pending", "duplicate", "kept_out"]),
                        "`kept_out`: the visitor was erased, and nothing of it is kept.",
                    ),
                ),
            ]),
        ),
        (
            "ReceivedOrProblem",
            json!({ "oneOf": [of("ReceivedSignal"), object(&[("problem", of("Problem"))])] }),
        ),
        (
            "SeenCondition",
            object(&[
                ("path", said(text(), "Where it stands in the filter (JSON Pointer).")),
                ("condition", said(text(), "In words.")),
                ("value", said(json!({ "type": ["string", "null"] }), "What it saw; null: no value.")),
                ("holds", flag()),
            ]),
        ),
        (
            "Signal",
            object(&[
                ("id", id("sig", "signal")),
                ("key", said(text(), "Your own name for it.")),
                ("name", text()),
                ("kind", json!({ "type": ["string", "null"] })),
                ("at", moment()),
                ("received_at", moment()),
                (
                    "account",
                    or_null(object(&[
                        ("id?", text()),
                        ("domain?", text()),
                        ("aliases?", list(text())),
                        ("name?", text()),
                        ("fields?", seen_fields()),
                    ])),
                ),
                (
                    "visitor",
                    or_null(object(&[
                        ("id?", text()),
                        ("email?", text()),
                        ("name?", text()),
                        ("fields?", seen_fields()),
                    ])),
                ),
                ("fields", seen_fields()),
                (
                    "state",
                    said(
                        words(&["pending", "decided", "held"]),
                        "`held`: it is decided about but for lists that stand still, and waits for these.",
                    ),
                ),
                (
                    "decision",
                    or_null(object(&[
                        ("at", moment()),
                        ("company", chosen()),
                        ("contact", chosen()),
                        (
                            "lists",
                            list(object(&[
                                ("list", list_id()),
                                ("name", text()),
                                ("qualifies", flag()),
                                (
                                    "trouble",
                                    said(
                                        json!({ "type": ["string", "null"] }),
                                        "Why the list decides nothing, if it does not.",
                                    ),
                                ),
                                ("conditions", conditions()),
                                ("held", said(flag(), "The signal waits for the list, which stands still.")),
                                ("decided_at", or_null(moment())),
                            ])),
                        ),
                    ])),
                ),
            ]),
        ),
        ("Signals", page("Signal")),
        ("NewQualifyingList", body(&[("name", name()), ("filter", of("Filter"))])),
        (
            "QualifyingList",
            object(&[
                ("id", list_id()),
                ("name", name()),
                ("filter", of("Filter")),
                ("selects", said(text(), "The filter in words.")),
                (
                    "trouble",
                    said(
                        json!({ "type": ["string", "null"] }),
                        "Why it stands still: a field that it names is gone or of another type, or the connection may not read the records that have it. It goes on by itself once that is as it was, or once it is edited.",
                    ),
                ),
                ("waiting", said(count(), "Signals that are decided about then.")),
                ("automations", list(id("aut", "automation"))),
                ("created_at", moment()),
                ("updated_at", moment()),
            ]),
        ),
        ("QualifyingLists", page("QualifyingList")),
        ("QualifyingListToTry", body(&[("filter", of("Filter")), ("on?", on())])),
        (
            "TriedList",
            object(&[
                ("selects", text()),
                ("qualifies?", flag()),
                ("conditions?", conditions()),
                ("company?", chosen()),
                ("contact?", chosen()),
                ("signals?", said(count(), "How many of the newest were asked, where `on` names nobody.")),
                ("qualifying?", count()),
                (
                    "examples?",
                    list(object(&[("id", id("sig", "signal")), ("key", text()), ("name", text())])),
                ),
            ]),
        ),
        ("NewAutomation", automation(list_id())),
        (
            "Automation",
            object(&[
                ("id", id("aut", "automation")),
                ("name", name()),
                ("list", list_id()),
                ("list_name", json!({ "type": ["string", "null"] })),
                (
                    "trouble",
                    said(
                        json!({ "type": ["string", "null"] }),
                        "Why its list stands still, and nothing begins meanwhile; or which field its steps name that is not to be had any more, and what takes its value does without.",
                    ),
                ),
                ("cool_down_hours", count()),
                ("per", words(&["account", "visitor"])),
                ("steps", steps()),
                ("state", words(&["enabled", "paused"])),
                ("version", count()),
                (
                    "runs",
                    said(
                        object(&[
                            ("open", count()),
                            ("done", count()),
                            ("failed", count()),
                            ("skipped", count()),
                        ]),
                        "Those that are kept.",
                    ),
                ),
                ("created_at", moment()),
                ("updated_at", moment()),
            ]),
        ),
        ("Automations", page("Automation")),
        ("AutomationToTry", body(&[("automation", of("NewAutomation")), ("on?", on())])),
        (
            "TriedAutomation",
            object(&[
                ("qualifies", flag()),
                ("trouble", json!({ "type": ["string", "null"] })),
                ("conditions", conditions()),
                ("company", chosen()),
                ("contact", chosen()),
                ("why_not", said(json!({ "type": ["string", "null"] }), "The cool-down, where it holds.")),
                (
                    "steps",
                    list(object(&[
                        ("step", count()),
                        ("action", text()),
                        (
                            "state",
                            words(&["would_be_asked", "skipped", "later", "refused", "off", "waiting"]),
                        ),
                        ("words?", text()),
                        ("action_id?", or_null(id("act", "action"))),
                        ("would?", of("Action")),
                    ])),
                ),
            ]),
        ),
        (
            "AutomationRun",
            object(&[
                ("id", id("run", "run")),
                ("automation", id("aut", "automation")),
                ("automation_name", text()),
                ("version", count()),
                ("list", list_id()),
                ("list_name", text()),
                ("signal?", id("sig", "signal")),
                ("signal_name?", text()),
                ("state", words(&["open", "done", "failed", "skipped"])),
                ("why", said(json!({ "type": ["string", "null"] }), "Why nothing was done.")),
                ("began_at", moment()),
                ("conditions", conditions()),
                ("company", chosen()),
                ("contact", chosen()),
                (
                    "steps",
                    list(object(&[
                        ("step", count()),
                        ("action", text()),
                        (
                            "state",
                            said(
                                text(),
                                "`asked` while the outbox has it, then as it ended there; or `skipped`, `off`, `refused`; `waits` while an earlier step is tried again.",
                            ),
                        ),
                        ("words", json!({ "type": ["string", "null"] })),
                        ("action_id", or_null(id("act", "action"))),
                        ("record", json!({ "type": ["string", "null"] })),
                        ("at", moment()),
                        (
                            "before",
                            said(
                                list(object(&[
                                    ("at", moment()),
                                    ("state", text()),
                                    ("words", json!({ "type": ["string", "null"] })),
                                ])),
                                "What it had come to before it was tried again, the oldest first: a run that was over goes on when one of its actions leaves again.",
                            ),
                        ),
                    ])),
                ),
                ("steps_total", count()),
            ]),
        ),
        ("AutomationRuns", page("AutomationRun")),
    ]
}
