//! Bodies of actions.

use serde_json::{Value, json};

use super::{
    body, count, flag, given_id, id, list, moment, object, object_type, of, page_with, said, text, words,
};
use crate::{
    api::action::{self, KEY_CHARS, WHY_CHARS},
    engine::portal::outbox::{
        actions::{FIELDS_LIMIT, Name, TEXT_CHARS, TIES_LIMIT},
        timeline::{Choice, TITLE_CHARS, URL_CHARS, Way},
        waits::Waits,
    },
};

/// An action with members of its own, besides those that every action takes.
fn asked(name: Name, members: &[(&str, Value)]) -> Value {
    let key = || json!({ "type": ["string", "null"], "minLength": 1, "maxLength": KEY_CHARS });
    let mut all = vec![
        ("action", json!({ "type": "string", "const": name.as_str() })),
        ("id?", said(key(), "Your own name for it: asked for twice, it is done once.")),
        (
            "why?",
            said(
                json!({ "type": ["string", "null"], "minLength": 1, "maxLength": WHY_CHARS }),
                "For people who look at it later.",
            ),
        ),
        ("dry_run?", said(flag(), "Only says what would be written, field by field.")),
        (
            "background?",
            said(
                flag(),
                "Nobody waits for it: leaves behind what people wait for. Of many actions, `true` if absent.",
            ),
        ),
        (
            "coalesce?",
            said(key(), "A later action of the same key takes the place of one that has not left."),
        ),
    ];
    all.push((
        "data?",
        json!({ "type": "object", "description": "What you know, by your own names: the action's mapping says which fields it fills." }),
    ));
    all.extend(members.iter().cloned());
    body(&all)
}

fn values() -> Value {
    json!({
        "type": "object", "maxProperties": FIELDS_LIMIT,
        "propertyNames": { "pattern": "^[a-z0-9_]{1,100}$" },
        "additionalProperties": { "type": ["string", "number", "boolean", "null"], "maxLength": TEXT_CHARS },
        "description": "Values by HubSpot's names of fields; `null` clears.",
    })
}

pub(super) fn optional(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn long() -> Value {
    json!({ "type": "string", "maxLength": TEXT_CHARS })
}

pub(super) fn moment_in() -> Value {
    json!({ "type": "string", "format": "date-time", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]Z$", "examples": ["2026-11-20T09:30:00Z"] })
}

/// What a call takes, whoever logs it.
pub(super) fn of_call() -> Vec<(&'static str, Value)> {
    vec![
        ("title?", optional(long())),
        ("notes?", optional(long())),
        ("duration_s?", optional(json!({ "type": "number", "minimum": 0, "maximum": 86_400 }))),
        (
            "outcome?",
            optional(words(&[
                "busy",
                "connected",
                "left_live_message",
                "left_voicemail",
                "no_answer",
                "wrong_number",
            ])),
        ),
        ("direction?", optional(words(&["INBOUND", "OUTBOUND"]))),
        ("from?", optional(long())),
        ("to?", optional(long())),
        ("recording_url?", optional(json!({ "type": "string", "pattern": "^https://", "maxLength": 2_000 }))),
    ]
}

/// Whom an activity is about.
pub(super) fn about() -> Value {
    json!({ "type": "array", "maxItems": TIES_LIMIT, "items": of("About") })
}

/// Each action as a request asks for it.
pub(super) fn each() -> Vec<Value> {
    let owner = || of("OwnerOf");
    let record = || given_id("record");
    let email = json!({
        "type": "string", "maxLength": 254, "pattern": r"^[^\s@;\u0000-\u001f]{1,60}@[a-z0-9-]{1,60}\.[a-z]{2,20}$", "examples": ["ann@acme.com"],
    });
    let domain = || {
        let domain = json!({ "type": "string", "minLength": 4, "maxLength": 253, "format": "registered-domain", "examples": ["acme.com"] });
        said(
            domain,
            "A domain that somebody registered, or a page or mailbox of it; none of a mail provider or of a host that many share.",
        )
    };
    let mut update_deal = asked(
        Name::UpdateDeal,
        &[
            ("deal", record()),
            ("stage?", optional(said(text(), "The stage's name or id."))),
            (
                "pipeline?",
                optional(said(
                    text(),
                    "Where the deal is to move to another: without it a stage's name is one of the deal's own pipeline.",
                )),
            ),
            ("properties?", values()),
        ],
    );
    // Something of the deal is to be changed.
    update_deal["anyOf"] = json!([
        { "required": ["stage"], "properties": { "stage": { "type": "string" } } },
        { "required": ["properties"], "properties": { "properties": { "minProperties": 1 } } },
    ]);
    vec![
        asked(
            Name::ImportCompany,
            &[
                ("domain", domain()),
                ("name?", optional(long())),
                ("properties?", values()),
                ("owner?", optional(owner())),
            ],
        ),
        asked(
            Name::ImportContact,
            &[
                ("email", email),
                ("properties?", values()),
                (
                    "company?",
                    optional(json!({ "oneOf": [body(&[("id", record())]), body(&[("domain", domain())])] })),
                ),
                ("owner?", optional(owner())),
            ],
        ),
        asked(Name::ClaimAccount, &[("company", record()), ("owner", owner())]),
        asked(Name::AddToList, &[("list", given_id("list")), ("record", record())]),
        asked(Name::RemoveFromList, &[("list", given_id("list")), ("record", record())]),
        asked(
            Name::CreateTask,
            &[
                ("subject", long()),
                ("body?", optional(long())),
                ("type?", optional(words(&["TODO", "CALL", "EMAIL"]))),
                ("priority?", optional(words(&["LOW", "MEDIUM", "HIGH"]))),
                ("due", moment_in()),
                ("owner?", optional(owner())),
                ("about?", about()),
            ],
        ),
        asked(
            Name::LogCall,
            &[
                &[("at", moment_in())][..],
                &of_call(),
                &[
                    ("about?", optional(about())),
                    ("owner?", optional(owner())),
                    ("completes_task?", optional(record())),
                ],
            ]
            .concat(),
        ),
        asked(
            Name::AddNote,
            &[
                ("body", long()),
                ("at?", optional(moment_in())),
                ("owner?", optional(owner())),
                ("about?", about()),
            ],
        ),
        update_deal,
        asked(
            Name::UpdateRecord,
            &[
                ("type", object_type()),
                ("record", record()),
                ("properties", {
                    let mut values = values();
                    values["minProperties"] = json!(1);
                    values
                }),
            ],
        ),
        asked(
            Name::TimelineEntry,
            &[
                ("about", of("About")),
                ("title", json!({ "type": "string", "maxLength": TITLE_CHARS, "pattern": r"^\S" })),
                (
                    "body?",
                    optional(said(
                        json!({ "type": "string", "maxLength": TEXT_CHARS / 2 }),
                        "Plain. A custom event holds 256 characters of it.",
                    )),
                ),
                (
                    "url?",
                    optional(json!({ "type": "string", "pattern": "^https://", "maxLength": URL_CHARS })),
                ),
                ("at?", optional(moment_in())),
            ],
        ),
    ]
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let states = || words(&action::states());
    let choices = || words(&Choice::ALL.map(Choice::as_str));
    let names = words(&Name::ALL.map(Name::as_str));
    vec![
        ("NewAction", json!({ "oneOf": each() })),
        (
            "OwnerOf",
            said(
                json!({ "oneOf": [body(&[("id", text())]), body(&[("email", text())])] }),
                "An owner of the HubSpot account, by its id or its e-mail address.",
            ),
        ),
        ("About", body(&[("type", words(&["contacts", "companies", "deals"])), ("id", given_id("record"))])),
        (
            "Action",
            object(&[
                ("id", id("act", "action")),
                ("key?", said(text(), "Your own name for it.")),
                ("job?", said(text(), "Your own name for the job that it is of.")),
                ("seat?", said(text(), "The seat that does it, with its own token.")),
                ("action", names.clone()),
                ("state", states()),
                ("asked_at", moment()),
                ("by", text()),
                ("why?", text()),
                ("dry_run", flag()),
                (
                    "not_filled?",
                    said(
                        list(object(&[("field", text()), ("why", text()), ("detail?", text())])),
                        "Fields of the mapping that stay as they are: nothing was sent for them, they are not empty or nobody here knows whether they are, or they cannot have the value. Of a call that a seat logs also `hubspot_owner_id`, where the user is not known as an owner: the call has none then.",
                    ),
                ),
                ("writes", list(of("Write"))),
            ]),
        ),
        (
            "Write",
            object(&[
                ("step", count()),
                ("state", states()),
                ("attempts", count()),
                (
                    "way?",
                    said(
                        words(&Way::ALL.map(Way::as_str)),
                        "Of an entry on a timeline: what it is. Of one that is no note, `fields` are those of the note that it would be.",
                    ),
                ),
                ("op", words(&["create", "update", "link", "join", "leave"])),
                ("type?", text()),
                ("record?", said(text(), "Which; or the step that makes it.")),
                ("list?", text()),
                ("list_name?", text()),
                (
                    "fields?",
                    json!({ "type": "object", "additionalProperties": object(&[
                            ("label", said(json!({ "type": ["string", "null"] }), "What people call the field, as far as that is known.")),
                            ("from?", said(json!({ "type": ["string", "null"] }), "Of what has not left: the value that the mirror holds now, `null` where there is none.")),
                            ("from_known?", said(flag(), "`false`: the mirror does not hold the field, or not yet, and whether it has a value now nobody here knows.")),
                            ("from_label?", text()),
                            ("to", text()),
                            ("to_label?", said(text(), "What people call the value, where that is another word and known: of an option, an owner, a deal's stage or pipeline.")),
                        ]) }),
                ),
                ("links?", list(object(&[("type", text()), ("record", text())]))),
                (
                    "links_of?",
                    said(
                        object(&[("type", text()), ("record", text())]),
                        "A task whose contacts, companies and deals it is linked to as well: which those are HubSpot has not been asked yet.",
                    ),
                ),
                ("left_at?", moment()),
                ("next_at?", moment()),
                (
                    "waits_for?",
                    said(
                        words(&Waits::ALL.map(Waits::as_str)),
                        "What it waits for: a person to resume the connection (`paused_by_person`) or to connect it again (`needs_reauthorisation`); nothing any more, as the connection is over (`disconnected`); room within the account's limits (`limit`), or among its calls about links (`association_window`), which holds up no other write; the step of the action before it (`step_before`), or an earlier write of the same record, link or place on a list (`earlier_write`); the companies that are still being read (`companies`); the next attempt (`next_attempt`, at `next_at`); the property that keeps what is made apart (`key_property`). Of a write that has left: HubSpot's word on whether it arrived (`arrival`). Absent: it is about to leave, has left or is over.",
                    ),
                ),
                ("result?", said(text(), "The record it came to.")),
                ("found?", said(flag(), "It was there: nothing was made.")),
                (
                    "unsure?",
                    said(
                        flag(),
                        "HubSpot did not answer, and it is there now with other values than were sent: whether this made it, or somebody else meanwhile, nobody here knows.",
                    ),
                ),
                (
                    "left_out?",
                    said(
                        list(text()),
                        "Fields that a rule of the account refused, and that may be left out.",
                    ),
                ),
                ("problem?", object(&[("type", text()), ("detail", text()), ("correlation_id?", text())])),
            ]),
        ),
        (
            "Actions",
            page_with(
                "Action",
                &[(
                    "counts",
                    said(
                        json!({ "type": "object", "additionalProperties": count() }),
                        "How many writes of the connection are open (`waiting`, `sent`), `failed` or `unknown`; with `job` how many of the job stand how, all of them.",
                    ),
                )],
            ),
        ),
        ("Resolution", body(&[("happened", flag()), ("record?", optional(given_id("record")))])),
        (
            "ActionSettings",
            body(&[
                ("off", list(names.clone())),
                (
                    "timeline?",
                    said(
                        choices(),
                        "How entries come on timelines; absent: `best`, the first of the others that is open.",
                    ),
                ),
            ]),
        ),
        (
            "ActionsSet",
            object(&[
                ("off", list(names.clone())),
                ("timeline", choices()),
                ("actions", list(object(&[("action", names), ("on", flag())]))),
            ]),
        ),
        ("ActionOrProblem", json!({ "oneOf": [of("Action"), object(&[("problem", of("Problem"))])] })),
    ]
}
