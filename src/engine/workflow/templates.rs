//! Workflows to begin with: they work as they are in every account, and say what one would change first.

use serde_json::{Value, json};

/// A workflow to begin with.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// What it is called in addresses.
    pub key: &'static str,
    /// What the host is to send with the event.
    pub sends: &'static str,
    /// The definition, as [`super::Definition::from_value`] reads it.
    pub definition: Value,
}

/// All of them, in the order in which they are shown.
pub fn templates() -> [Template; 5] {
    let sends = "`email`; of `facts`: `firstname`, `lastname`. Also `phone`.";
    [
        Template {
            key: "contact-from-conversation",
            sends,
            definition: new_contact(
                "Contact of a new conversation",
                "Makes a contact of whoever starts a conversation, unless there is one of the address.",
                "conversation_started",
            ),
        },
        Template {
            key: "contact-from-form",
            sends,
            definition: new_contact(
                "Contact of a form",
                "Makes a contact of whoever submits a form, unless there is one of the address.",
                "form_submitted",
            ),
        },
        Template {
            key: "deal-stage",
            sends: "`email`, `phone` or the contact's `record_id`.",
            definition: json!({
                "name": "Deal won with its conversation",
                "description": "Moves the contact's open deal to \"Closed Won\" when a conversation is resolved. Ask in the conditions what must be true of the conversation or the deal, and name the stage that you mean.",
                "trigger": { "on": "event", "event": "conversation_resolved", "record": "contacts" },
                "conditions": known("deal"),
                "enrolment": { "again": "every_time" },
                "steps": [{ "id": "move", "do": "update_deal", "deal": "{{deal.id}}", "stage": "Closed Won" }],
            }),
        },
        Template {
            key: "smart-routing",
            sends: "`phone` or `email`, when a call or a chat comes in.",
            definition: json!({
                "name": "Customers to senior support",
                "description": "Routes a customer's call to senior support. It goes by the lifecycle stage, which every account has: choose the field that tells your tiers in its place, as \"Account Tier is Enterprise\".",
                "trigger": { "on": "event", "event": "incoming_call", "record": "contacts" },
                "conditions": { "and": [] },
                "enrolment": { "again": "every_time" },
                "steps": [{
                    "id": "vip",
                    "if": { "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer" },
                    "then": [{ "id": "senior", "decide": { "route": "senior_support", "label": "Senior support" } }],
                }],
            }),
        },
        Template {
            key: "activity-log",
            sends: "`email`, `phone` or the contact's `record_id`; of `facts`: `summary`, `url`.",
            definition: json!({
                "name": "Conversations on the timeline",
                "description": "Logs every conversation that has ended on the contact's timeline.",
                "trigger": { "on": "event", "event": "conversation_ended", "record": "contacts" },
                "conditions": known("contact"),
                "enrolment": { "again": "every_time" },
                "steps": [{
                    "id": "log", "do": "timeline_entry", "title": "Conversation", "body": "{{event.summary}}",
                    "url": "{{event.url}}",
                }],
            }),
        },
    ]
}

/// Asks whether there is such a record.
fn known(of: &str) -> Value {
    json!({ "of": of, "property": "hs_object_id", "type": "number", "operator": "known" })
}

fn new_contact(name: &str, description: &str, event: &str) -> Value {
    json!({
        "name": name,
        "description": description,
        "trigger": { "on": "event", "event": event, "record": "contacts" },
        "conditions": { "and": [
            { "of": "event", "property": "email", "type": "string", "operator": "known" },
            { "of": "contact", "property": "hs_object_id", "type": "number", "operator": "unknown" },
        ] },
        "enrolment": { "again": "every_time" },
        "steps": [{
            "id": "create", "do": "import_contact",
            "properties": {
                "firstname": "{{event.firstname}}", "lastname": "{{event.lastname}}", "phone": "{{event.phone}}",
            },
        }],
    })
}
