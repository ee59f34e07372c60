//! Bodies of activations, audiences and attributes.

use serde_json::{Value, json};

use super::{body, count, flag, id, list, moment, name, object, of, or_null, page, plain, said, text, words};
use crate::{
    api::{activation::REFUSED_NAMED, request::LOOKUP_CHARS},
    values::attribute::{
        AttributeKind, DESCRIPTION_CHARS, GROUP_CHARS, GROUP_LABEL_CHARS, NAME_CHARS, OPTION_CHARS, OPTIONS,
        PREFIX_CHARS, Unknown, VALUE_BYTES,
    },
};

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
    json!({ "type": "string", "format": "host-address", "minLength": 3, "maxLength": LOOKUP_CHARS, "examples": ["ada@example.com"] })
}

/// A replacement's number.
pub(in crate::api::openapi) fn round() -> Value {
    json!({ "type": "string", "pattern": "^[1-9][0-9]{0,8}$", "examples": ["12"] })
}

fn technical(most: usize, words: &str) -> Value {
    let pattern = format!("^[a-z][a-z0-9_]{{0,{}}}$", most - 1);
    or_null(json!({ "type": "string", "pattern": pattern, "description": words }))
}

fn kinds() -> Value {
    words(&AttributeKind::VALUES.map(AttributeKind::as_str))
}

fn choice() -> Value {
    body(&[("value", name(OPTION_CHARS)), ("label", name(OPTION_CHARS))])
}

/// What a host or a person says of an audience, and of an attribute.
fn described() -> Vec<(&'static str, Value)> {
    vec![
        ("name", said(name(NAME_CHARS), "The label of its property.")),
        (
            "description?",
            said(or_null(plain(0, DESCRIPTION_CHARS)), "The help text of its property; empty if absent."),
        ),
    ]
}

fn computed() -> Value {
    said(
        or_null(of("Filter")),
        "Spoke finds by itself whom the filter over contacts selects; absent or null: you say who is in it.",
    )
}

/// What is told of both.
fn shown(kind: Value) -> Vec<(&'static str, Value)> {
    vec![
        ("id", own_id()),
        ("name", text()),
        ("description", text()),
        ("type", kind),
        (
            "property",
            said(
                or_null(text()),
                "HubSpot's name of its property, for good; null until an activation selects it.",
            ),
        ),
        ("made", said(flag(), "The property is there.")),
        ("state", words(&["active", "deleting"])),
        ("members", said(count(), "People who are in it, or who have a value.")),
        ("trouble?", said(or_null(text()), "What keeps its property from being made, changed or archived.")),
        ("created_at", moment()),
        ("updated_at", moment()),
    ]
}

fn settings() -> Value {
    object(&[
        ("group", said(text(), "HubSpot's name of the properties' group.")),
        ("group_label", text()),
        ("prefix", text()),
        ("waits?", said(or_null(text()), "Why nothing is written at the moment.")),
        ("marks", said(count(), "People whose contact may differ from what is wanted.")),
        ("refused", said(count(), "Contacts that HubSpot refused.")),
        ("audiences", count()),
        ("attributes", count()),
        ("activations", count()),
        (
            "limits",
            object(&[
                ("attributes", said(count(), "Audiences and attributes that the connection may have.")),
                ("activations", count()),
            ]),
        ),
    ])
}

fn activation() -> Value {
    let sync = object(&[
        ("state", words(&["waiting", "running", "done"])),
        ("total", said(count(), "People to be looked at.")),
        ("looked", count()),
        ("written", said(count(), "Contacts that were changed.")),
        ("created", said(count(), "Contacts that were made.")),
        ("skipped", said(count(), "People who are no contact.")),
        ("refused", said(count(), "Contacts that HubSpot refused.")),
        ("calls", said(count(), "To HubSpot.")),
        ("began_at", or_null(moment())),
        ("ended_at?", or_null(moment())),
        ("seconds_left?", or_null(count())),
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
        ("waits?", said(or_null(text()), "Why nothing is written for it at the moment.")),
        ("sync", sync),
        ("created_at", moment()),
        ("updated_at", moment()),
    ])
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let (mut new_audience, mut new_attribute) = (described(), described());
    new_audience.extend([
        ("type?", or_null(words(&[AttributeKind::Audience.as_str()]))),
        ("computed?", computed()),
        ("options?", json!({ "type": ["array", "null"], "maxItems": 0 })),
    ]);
    new_attribute.extend([
        ("type", kinds()),
        (
            "options?",
            json!({
                "type": ["array", "null"], "maxItems": OPTIONS, "items": choice(),
                "description": "Of an `enumeration`, which needs one at least. Options may be added, and none may go.",
            }),
        ),
    ]);
    let (mut audience, mut attribute) = (shown(words(&[AttributeKind::Audience.as_str()])), shown(kinds()));
    audience.push(("computed?", computed()));
    attribute.push(("options?", list(object(&[("value", text()), ("label", text())]))));
    let value = json!({
        "type": ["string", "number", "boolean"], "maxLength": VALUE_BYTES,
        "description": "A date as `2026-01-31`, a moment as RFC 3339.",
    });
    let one = |own: Vec<(&'static str, Value)>| {
        let mut all = vec![("email", text())];
        all.extend(own);
        all.extend([
            ("contact?", said(or_null(text()), "The contact that they are.")),
            ("in_step", said(flag(), "The contact holds it, as far as the mirror knows.")),
            ("refused?", said(or_null(text()), "Why HubSpot refused it.")),
        ]);
        object(&all)
    };
    let refused = || object(&[("email", text()), ("why", text())]);
    let selected = |what: &str| json!({ "type": "array", "uniqueItems": true, "items": attribute_id(what) });
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
        (
            "NewActivation",
            body(&[
                ("name", name(NAME_CHARS)),
                ("description?", or_null(plain(0, DESCRIPTION_CHARS))),
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
            ]),
        ),
        ("Activation", activation()),
        ("Activations", object(&[("results", list(of("Activation")))])),
        ("NewAudience", body(&new_audience)),
        ("Audience", object(&audience)),
        ("Audiences", object(&[("results", list(of("Audience")))])),
        ("NewAttribute", body(&new_attribute)),
        ("Attribute", object(&attribute)),
        ("Attributes", object(&[("results", list(of("Attribute")))])),
        (
            "AttributeUses",
            object(&[
                ("property", or_null(text())),
                ("activations", list(object(&[("id", id("atv", "activation")), ("name", text())]))),
                (
                    "others",
                    list(object(&[
                        (
                            "what",
                            said(
                                text(),
                                "What it is: a channel, a field mapping, a qualifying list, an automation.",
                            ),
                        ),
                        ("id", text()),
                        ("name", text()),
                    ])),
                ),
            ]),
        ),
        ("NewMember", body(&[("email", address())])),
        ("AudienceMember", one(vec![("value", words(&["true"]))])),
        ("AudienceMembers", page("MemberLine")),
        ("MemberLine", object(&[("email", text())])),
        ("NewValue", body(&[("value", value.clone())])),
        ("NewValueOfAddress", body(&[("email", address()), ("value", value)])),
        ("AttributeValue", one(vec![("value", text())])),
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
        (
            "Replaced",
            object(&[
                ("round", count()),
                ("removing", said(count(), "People who are taken away.")),
                ("kept", count()),
                ("changed", said(count(), "Of them, those that are new or have another value.")),
                ("refused_count", count()),
                (
                    "refused",
                    json!({
                        "type": "array", "maxItems": REFUSED_NAMED, "items": refused(),
                        "description": format!("The first {REFUSED_NAMED} that were not taken, and why."),
                    }),
                ),
            ]),
        ),
        ("RefusedContact", object(&[("email", text()), ("why", text()), ("at", moment())])),
        ("RefusedContacts", page("RefusedContact")),
    ]
}
