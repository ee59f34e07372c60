//! Bodies of activations, audiences and attributes.

use serde_json::{Value, json};

use super::{body, count, flag, id, list, moment, name, object, of, or_null, page, said, text, words};
use crate::{
    api::activation::bulk::REFUSED_NAMED,
    values::attribute::{
        AttributeKind, DESCRIPTION_CHARS, GROUP_CHARS, GROUP_LABEL_CHARS, NAME_CHARS, OPTION_CHARS, OPTIONS,
        PREFIX_CHARS, Unknown, VALUE_BYTES,
    },
};

/// What a value of a property with several options is: on one line, without a semicolon, which stands between several.
const OPTION: &str =
    r"^[^;\u0000-\u001f\u007f-\u009f]*[^\s;\u0000-\u001f\u007f-\u009f][^;\u0000-\u001f\u007f-\u009f]*$";

/// A host's own id of an audience or an attribute, in a request.
pub(in crate::api::openapi) fn attribute_id(what: &str) -> Value {
    let mut id = own_id();
    id["format"] = format!("{what}-id").into();
    id
}

fn own_id() -> Value {
    json!({
        "type": "string", "pattern": "^[A-Za-z0-9._~:-]{1,100}$", "examples": ["abandon-basket"],
        "description": "Your own id of it.",
    })
}

/// Somebody's address.
pub(in crate::api::openapi) fn address() -> Value {
    json!({
        "type": "string", "maxLength": 254, "examples": ["ada@example.com"],
        "pattern": r"^[^\s@;\u0000-\u001f]{1,60}@[a-z0-9-]{1,60}\.[a-z]{2,20}$",
    })
}

/// A replacement's number.
pub(in crate::api::openapi) fn round() -> Value {
    json!({ "type": "string", "pattern": "^[1-9][0-9]{0,8}$", "examples": ["12"] })
}

fn technical(most: usize, words: &str) -> Value {
    let pattern = format!("^[a-z][a-z0-9_]{{0,{}}}$", most - 1);
    or_null(json!({ "type": "string", "pattern": pattern, "description": words }))
}

fn description() -> Value {
    or_null(json!({ "type": "string", "maxLength": DESCRIPTION_CHARS }))
}

/// What a host or a person says of an audience, and of an attribute.
fn described(more: Vec<(&'static str, Value)>) -> Value {
    let mut all = vec![
        ("name", said(name(NAME_CHARS), "The label of its property.")),
        ("description?", said(description(), "The help text of its property; empty if absent.")),
    ];
    all.extend(more);
    body(&all)
}

/// An attribute needs options where it is one of several, and takes none otherwise.
fn new_attribute() -> Value {
    let plain = AttributeKind::VALUES.into_iter().filter(|kind| *kind != AttributeKind::Enumeration);
    let plain: Vec<&str> = plain.map(AttributeKind::as_str).collect();
    let option = json!({ "type": "string", "minLength": 1, "maxLength": OPTION_CHARS, "pattern": OPTION });
    let options = json!({
        "type": "array", "minItems": 1, "maxItems": OPTIONS, "items": body(&[("value", option), ("label", name(OPTION_CHARS))]),
        "description": "Options may be added later, and none may go. No two have the same value.",
    });
    json!({ "oneOf": [
        described(vec![("type", words(&plain))]),
        described(vec![("type", words(&[AttributeKind::Enumeration.as_str()])), ("options", options)]),
    ] })
}

/// Members of an audience are sent, or found by a filter.
fn computed() -> Value {
    let words = "A filter that finds its members among contacts: a condition asks of the contact, or `of` its `company`, its `deal`, or what a `signal`, its `account` or `visitor` says. Members of one that is found are not sent, and whether they are found does not change.";
    or_null(said(of("Filter"), words))
}

/// What is told of an audience besides what is told of an attribute.
fn found() -> Vec<(&'static str, Value)> {
    vec![
        ("computed?", said(of("Filter"), "By which its members are found.")),
        ("computed_words?", said(text(), "The same in words.")),
        (
            "looked_at?",
            said(
                or_null(count()),
                "Contacts that were asked so far, while everybody is asked anew; else null.",
            ),
        ),
    ]
}

/// What is told of an audience, and of an attribute.
fn shown(kind: Value, more: Vec<(&'static str, Value)>) -> Value {
    let replacing =
        object(&[("round", count()), ("ending", said(flag(), "Whoever was not in it is being taken away."))]);
    let mut all = vec![
        ("id", own_id()),
        ("name", text()),
        ("description", text()),
        ("type", kind),
        ("property", said(text(), "HubSpot's name of its property, for good.")),
        ("made", said(flag(), "The property is there.")),
        ("state", words(&["active", "deleting"])),
        ("members", said(count(), "People who are in it, or who have a value.")),
        ("trouble?", said(text(), "What keeps its property from being made, changed or archived.")),
        ("replacing?", said(replacing, "The replacement under way.")),
        ("created_at", moment()),
        ("updated_at", moment()),
    ];
    all.extend(more);
    object(&all)
}

fn settings() -> Value {
    let limits = object(&[
        ("attributes", said(count(), "Audiences and attributes that the connection may have.")),
        ("activations", count()),
        ("values", said(count(), "Memberships and values.")),
    ]);
    object(&[
        ("group", said(text(), "HubSpot's name of the properties' group.")),
        ("group_label", text()),
        ("prefix", text()),
        ("waits?", said(text(), "Why nothing is written at the moment.")),
        ("trouble?", said(text(), "Why the group cannot be made.")),
        ("marks", said(count(), "People whose contact may differ from what is wanted.")),
        ("refused", said(count(), "Contacts that HubSpot refused.")),
        ("audiences", count()),
        ("attributes", count()),
        ("activations", count()),
        ("limits", limits),
    ])
}

fn new_activation() -> Value {
    let selected = |what: &str| json!({ "type": "array", "items": attribute_id(what) });
    let mut schema = body(&[
        ("name", name(NAME_CHARS)),
        ("description?", description()),
        ("identifier?", said(or_null(words(&["email"])), "What people are told apart by.")),
        ("audiences?", selected("audience")),
        ("attributes?", selected("attribute")),
        (
            "unknown?",
            said(
                words(&Unknown::ALL),
                "What becomes of people who are no contact; `skip` if absent: who becomes one later is written then.",
            ),
        ),
    ]);
    let some = |list: &str| json!({ "required": [list], "properties": { list: { "minItems": 1 } } });
    schema["anyOf"] = json!([some("audiences"), some("attributes")]);
    schema
}

fn activation() -> Value {
    let sync = object(&[
        ("state", words(&["waiting", "running", "done"])),
        ("total", said(count(), "Rows, memberships and values, to be gone through.")),
        ("looked", said(count(), "Of them, those that were.")),
        ("written", said(count(), "Contacts that were changed.")),
        ("created", said(count(), "Contacts that were made.")),
        ("skipped", said(count(), "People who are no contact.")),
        ("refused", said(count(), "Contacts that HubSpot refused.")),
        ("in_step", said(count(), "Contacts that held already what they are to hold.")),
        ("calls", said(count(), "To HubSpot.")),
        ("began_at", moment()),
        ("ended_at", or_null(moment())),
        ("seconds_left?", count()),
    ]);
    object(&[
        ("id", id("atv", "activation")),
        ("name", text()),
        ("description", text()),
        ("identifier", words(&["email"])),
        ("audiences", list(own_id())),
        ("attributes", list(own_id())),
        ("unknown", words(&Unknown::ALL)),
        ("state", words(&["active", "paused"])),
        ("waits?", said(text(), "Why nothing is written for it at the moment.")),
        ("sync", sync),
        ("created_at", moment()),
        ("updated_at", moment()),
    ])
}

/// What is told of one membership or value.
fn kept(value: Value) -> Value {
    object(&[
        ("email", text()),
        ("value", value),
        ("contact?", said(text(), "The contact that they are.")),
        ("in_step", said(flag(), "The contact holds it, as far as the mirror knows.")),
        ("refused?", said(text(), "Why HubSpot refused it.")),
    ])
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let kinds = words(&AttributeKind::VALUES.map(AttributeKind::as_str));
    let audience = || words(&[AttributeKind::Audience.as_str()]);
    let member = || words(&["true"]);
    let options = list(object(&[("value", text()), ("label", text())]));
    let value = json!({
        "type": ["string", "number", "boolean"], "minLength": 1, "maxLength": VALUE_BYTES,
        "description": format!("A date as `2026-01-31`, a moment as RFC 3339; {VALUE_BYTES} bytes at most."),
    });
    let refused = object(&[
        ("line", said(count(), "Which line of the body, from 1.")),
        ("email?", said(text(), "If the line could be read.")),
        ("why", text()),
    ]);
    let refused = json!({
        "type": "array", "maxItems": REFUSED_NAMED, "items": refused,
        "description": format!("The first {REFUSED_NAMED} that were not taken, and why."),
    });
    let taken = [
        ("kept", said(count(), "Lines that put a member or a value.")),
        (
            "changed",
            said(count(), "Lines after which something was not as before, those that take away among them."),
        ),
        ("refused_count", count()),
        ("refused", refused),
    ];
    let replaced = [("round", count()), ("removing", said(count(), "People who are taken away."))]
        .into_iter()
        .chain(taken.clone());
    let what = said(text(), "`channel`, `mapping`, `qualifying_list`, `automation` or `workflow`.");
    vec![
        (
            "NewActivationSettings",
            body(&[
                ("prefix?", technical(PREFIX_CHARS, "Before each property's name; `spoke` if absent.")),
                (
                    "group?",
                    technical(GROUP_CHARS, "HubSpot's name of their group; `spoke_activations` if absent."),
                ),
                (
                    "label?",
                    said(
                        or_null(name(GROUP_LABEL_CHARS)),
                        "The group's label; `Spoke Activations` if absent.",
                    ),
                ),
            ]),
        ),
        ("ActivationSettings", settings()),
        ("NewActivation", new_activation()),
        ("Activation", activation()),
        ("Activations", object(&[("results", list(of("Activation")))])),
        ("NewAudience", described(vec![("type?", or_null(audience())), ("computed?", computed())])),
        ("Audience", shown(audience(), found())),
        ("Audiences", object(&[("results", list(of("Audience")))])),
        ("NewAttribute", new_attribute()),
        ("Attribute", shown(kinds, vec![("options?", options)])),
        ("Attributes", object(&[("results", list(of("Attribute")))])),
        (
            "AttributeUses",
            object(&[
                ("property", text()),
                ("activations", list(object(&[("id", id("atv", "activation")), ("name", text())]))),
                ("others", list(object(&[("what", what), ("id", text()), ("name", text())]))),
            ]),
        ),
        ("NewMember", body(&[("email", address())])),
        (
            "MemberChange",
            body(&[
                ("email", address()),
                (
                    "member?",
                    said(flag(), "`true` if absent; `false` takes the address away, if it is there."),
                ),
            ]),
        ),
        ("AudienceMember", kept(member())),
        ("AudienceMembers", page("MemberLine")),
        (
            "MemberLine",
            object(&[
                ("email", said(text(), "Empty of a contact without one, who was found.")),
                ("value", member()),
                ("contact?", said(text(), "The contact's id, of a member who was found.")),
            ]),
        ),
        ("NewValue", body(&[("value", value.clone())])),
        ("NewValueOfAddress", body(&[("email", address()), ("value", value.clone())])),
        (
            "ValueChange",
            body(&[
                ("email", address()),
                ("value", said(or_null(value), "`null` takes the value away, if there is one.")),
            ]),
        ),
        ("AttributeValue", kept(text())),
        ("AttributeValues", page("ValueLine")),
        ("ValueLine", object(&[("email", text()), ("value", text())])),
        (
            "AddressOrProblem",
            object(&[("email?", text()), ("problem?", said(of("Problem"), "Why it is not kept."))]),
        ),
        (
            "AddressKept",
            object(&[
                ("email", said(text(), "As it is kept.")),
                ("changed", said(flag(), "It was not so before.")),
            ]),
        ),
        ("Replacement", object(&[("round", count())])),
        (
            "EndedReplacement",
            object(&[("round", count()), ("removing", said(count(), "People who are taken away."))]),
        ),
        ("Changed", object(&taken)),
        ("Replaced", object(&replaced.collect::<Vec<_>>())),
        (
            "RefusedContact",
            object(&[
                ("email?", said(text(), "Whose values are not written.")),
                ("contact?", said(text(), "The contact, where no address of ours is its own.")),
                ("why", text()),
                ("at", moment()),
            ]),
        ),
        ("RefusedContacts", page("RefusedContact")),
    ]
}
