//! One person's open call tasks (`hubspot-api.md` 4.6, 4.7): how they are found, what of them is read, and of those who are to be called.

use serde_json::{Value, json};

use crate::{
    hubspot::{
        VERSION,
        objects::{Properties, post},
    },
    values::{http::Request, ids::ObjectType, time::Timestamp},
};

/// Most tasks of one search here: as many as one batch read takes.
pub const LIMIT: usize = 100;

/// What is read of a task.
pub const PROPERTIES: [&str; 8] = [
    OWNER,
    STATUS,
    TYPE,
    DUE,
    "hs_task_subject",
    "hs_task_body",
    "hs_task_priority",
    "hs_queue_membership_ids",
];
/// What is read of who is to be called: no more than dialing takes (row N4 of the features).
pub const CARD: [&str; 6] = ["firstname", "lastname", "jobtitle", "phone", "mobilephone", "company"];

const OWNER: &str = "hubspot_owner_id";
const STATUS: &str = "hs_task_status";
const TYPE: &str = "hs_task_type";
/// When a task is due.
pub const DUE: &str = "hs_timestamp";
/// The status of what is done; any other is open.
const COMPLETED: &str = "COMPLETED";

/// Finds an owner's open call tasks that are due in `[from, before)`, the earliest first, [`LIMIT`] at most. The index is late: what it
/// finds is to be read.
pub fn search(owner: &str, from: Option<Timestamp>, before: Option<Timestamp>) -> Request {
    let filter = |name: &str, operator: &str, value: &str| json!({ "propertyName": name, "operator": operator, "value": value });
    // `NEQ` holds for a task without a status too.
    let mut filters =
        vec![filter(OWNER, "EQ", owner), filter(TYPE, "EQ", "CALL"), filter(STATUS, "NEQ", COMPLETED)];
    filters.extend(from.map(|at| filter(DUE, "GTE", &at.0.to_string())));
    filters.extend(before.map(|at| filter(DUE, "LT", &at.0.to_string())));
    let body: Value = json!({
        "filterGroups": [{ "filters": filters }],
        "sorts": [{ "propertyName": DUE, "direction": "ASCENDING" }],
        "properties": [DUE],
        "limit": LIMIT,
        "after": "0",
    });
    post(format!("/crm/objects/{VERSION}/{}/search", ObjectType::Tasks), &body)
}

/// When a task is due, if it is an open call task of that owner.
pub fn due_of_open(properties: &Properties<'_>, owner: &str) -> Option<Timestamp> {
    let is = |name: &str, value: &str| properties.get(name) == Some(value);
    let due = properties.get(DUE)?;
    let due = due.parse().ok().map(Timestamp).or_else(|| Timestamp::parse_rfc3339(due))?;
    (is(OWNER, owner) && is(TYPE, "CALL") && !is(STATUS, COMPLETED)).then_some(due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::http::Body;

    #[test]
    fn a_search_for_tasks_names_whose_they_are_and_when_they_are_due() {
        let request = search("7", None, Some(Timestamp(5)));
        assert_eq!(request.path, "/crm/objects/2026-09/tasks/search");
        let Body::Json(text) = &request.body else { panic!("no body") };
        let body: Value = serde_json::from_str(text).unwrap();
        let filters = body["filterGroups"][0]["filters"].as_array().unwrap();
        assert_eq!(filters.len(), 4);
        assert_eq!(filters[3], json!({ "propertyName": "hs_timestamp", "operator": "LT", "value": "5" }));
        assert_eq!(filters[2]["operator"], "NEQ");
    }

    #[test]
    fn only_an_open_call_of_ones_own_is_one() {
        let due = |text: &str| due_of_open(&Properties::parse(text).unwrap(), "7");
        let open = r#"{"hubspot_owner_id":"7","hs_task_type":"CALL","hs_timestamp":"2026-11-20T09:00:00Z"}"#;
        assert_eq!(due(open), Some(Timestamp(1_795_165_200_000)));
        assert_eq!(due(&open.replace("\"7\"", "\"8\"")), None);
        assert_eq!(due(&open.replace("CALL", "TODO")), None);
        assert_eq!(due(&open.replace("{\"hub", "{\"hs_task_status\":\"COMPLETED\",\"hub")), None);
    }
}
