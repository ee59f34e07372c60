//! HubSpot's own properties of tasks, calls and notes that are written (`hubspot-api.md` 4.7): what is known of these types in accounts
//! that write them without mirroring them. Where a type is mirrored its discovered fields are asked instead.

use crate::values::{
    ids::ObjectType,
    property_value::{Choice, Definition},
};

/// Name, label, type and how HubSpot shows it, options. Options of which HubSpot's documentation does not name all are left open.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

const OWNER: Row = ("hubspot_owner_id", "Owner", "enumeration/select", &[]);
const AT: Row = ("hs_timestamp", "Date", "datetime/date", &[]);

const TASKS: &[Row] = &[
    ("hs_task_subject", "Subject", "string/text", &[]),
    ("hs_task_body", "Notes", "string/html", &[]),
    ("hs_task_status", "Status", "enumeration/select", &[]),
    ("hs_task_priority", "Priority", "enumeration/select", &[]),
    ("hs_task_type", "Task type", "enumeration/select", &[]),
    ("hs_task_reminders", "Reminders", "datetime/date", &[]),
    AT,
    OWNER,
];
const CALLS: &[Row] = &[
    ("hs_call_title", "Title", "string/text", &[]),
    ("hs_call_body", "Notes", "string/html", &[]),
    ("hs_call_duration", "Duration", "number/number", &[]),
    ("hs_call_direction", "Direction", "enumeration/select", &["INBOUND", "OUTBOUND"]),
    ("hs_call_status", "Status", "enumeration/select", &[]),
    // Ids of the account's own outcomes.
    ("hs_call_disposition", "Outcome", "enumeration/select", &[]),
    ("hs_call_from_number", "From number", "string/text", &[]),
    ("hs_call_to_number", "To number", "string/text", &[]),
    ("hs_call_recording_url", "Recording URL", "string/text", &[]),
    AT,
    OWNER,
];
const NOTES: &[Row] = &[
    ("hs_note_body", "Note", "string/html", &[]),
    ("hs_attachment_ids", "Attachments", "string/text", &[]),
    AT,
    OWNER,
];

/// The properties of a type that are written everywhere; empty for types whose fields are always discovered.
pub fn written(kind: ObjectType) -> Vec<Definition> {
    let rows = match kind {
        ObjectType::Tasks => TASKS,
        ObjectType::Calls => CALLS,
        ObjectType::Notes => NOTES,
        ObjectType::Contacts | ObjectType::Companies | ObjectType::Deals | ObjectType::Custom(_) => &[],
    };
    rows.iter().map(definition).collect()
}

fn definition((name, label, shape, options): &Row) -> Definition {
    let (value_type, field_type) = shape.split_once('/').unwrap_or((shape, ""));
    let choice = |value: &&str| Choice { value: (*value).to_owned(), label: (*value).to_owned() };
    Definition {
        name: (*name).to_owned(),
        label: (*label).to_owned(),
        value_type: value_type.to_owned(),
        field_type: field_type.to_owned(),
        options: options.iter().map(choice).collect(),
        ..Definition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_of_the_table_can_be_written() {
        for kind in ObjectType::FURTHER {
            let all = written(kind);
            assert!(all.iter().any(|field| field.name == "hs_timestamp"), "{kind}: HubSpot asks for it");
            assert!(all.iter().all(|field| field.writable().is_ok()), "{kind}");
        }
        assert_eq!(written(ObjectType::Contacts).len(), 0);
    }
}
