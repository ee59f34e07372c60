//! Bodies of matching.

use serde_json::{Value, json};

use super::{body, count, flag, list, moment, number_id, object, of, or_null, said, text, words};
use crate::{
    api::{matching::DOMAIN_CHARS, request::LOOKUP_CHARS},
    engine::portal::matching::{ACCOUNTS, ALIASES, Decided, ID_CHARS, WhyNot},
    values::domain::Unusable,
};

fn at_most(chars: usize) -> Value {
    json!({ "type": "string", "maxLength": chars })
}

fn some(items: Value) -> Value {
    json!({ "type": "array", "items": items, "minItems": 1, "maxItems": ACCOUNTS })
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let id = || said(or_null(at_most(ID_CHARS)), "Your own id, handed back.");
    let aliases = json!({ "type": ["array", "null"], "items": at_most(DOMAIN_CHARS), "maxItems": ALIASES });
    let account = body(&[
        ("id?", id()),
        (
            "domain?",
            said(or_null(at_most(DOMAIN_CHARS)), "A domain, the address of a page, or of a mailbox."),
        ),
        ("aliases?", said(aliases, "Its other domains, in any order.")),
    ]);
    let email = said(at_most(LOOKUP_CHARS), "In any case.");
    let unusable: Vec<&str> = Unusable::ALL.map(Unusable::as_str).to_vec();
    let why_not: Vec<&str> = unusable.iter().copied().chain(WhyNot::BESIDES).collect();
    let matched = object(&[
        ("given", said(text(), "The name you gave.")),
        ("field", said(text(), "The property that has it.")),
        ("value", said(text(), "As it stands there.")),
        ("compared", said(text(), "What is the same in both: a registered domain, an address.")),
        ("closely", said(flag(), "They are the same host, or the contact's first address.")),
    ]);
    let ignored = object(&[("given", text()), ("why", words(&unusable)), ("message", text())]);
    vec![
        ("CompaniesToMatch", body(&[("accounts", some(account))])),
        ("ContactsToMatch", body(&[("people", some(body(&[("id?", id()), ("email", email)])))])),
        (
            "Matches",
            object(&[("results", said(list(of("Match")), "In the order in which they were asked for."))]),
        ),
        (
            "Match",
            object(&[
                ("id", said(or_null(text()), "Your own id.")),
                ("record_id", said(or_null(number_id("record")), "Which one it is; null: none.")),
                (
                    "decided_by",
                    json!({ "enum": Decided::ALL.iter().map(|name| json!(name)).chain([Value::Null]).collect::<Vec<_>>(),
                        "description": "What made it the first of several; null: there is none." }),
                ),
                (
                    "why_not",
                    json!({ "enum": why_not.iter().map(|name| json!(name)).chain([Value::Null]).collect::<Vec<_>>(),
                        "description": "Why there is none." }),
                ),
                ("reasons", said(list(text()), "Why it is that one, or why there is none, in sentences.")),
                ("candidates", said(list(of("Candidate")), "The best first, five at most.")),
                ("more_candidates", said(count(), "How many there are besides.")),
                ("ignored", said(list(ignored), "Names that tell nobody apart, and why.")),
            ]),
        ),
        (
            "Candidate",
            object(&[
                ("id", number_id("record")),
                ("name", said(or_null(text()), "What people call it, where that is mirrored.")),
                ("deals", said(count(), "Associated with it.")),
                ("contacts", said(count(), "Associated with it; 0 of a contact.")),
                ("updated_at", said(moment(), "HubSpot's modified date.")),
                ("matched", said(list(matched), "What is the same, the closest first, five at most.")),
                (
                    "merged_from",
                    said(
                        list(number_id("record")),
                        "Records that are said to be part of it, by whose names it was found.",
                    ),
                ),
            ]),
        ),
    ]
}
