//! One person's open call tasks (`hubspot-api.md` 4.6, 4.7): how they are found, what of them is read, and of those who are to be called.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    hubspot::{
        VERSION,
        asked::SEARCH_LIMIT,
        objects::{Properties, post},
    },
    values::{
        http::Request,
        ids::{InvalidId, ObjectType, RecordId},
        time::Timestamp,
    },
};

/// Most tasks that are told at once: as many as one batch read takes. A search finds twice as many ([`SEARCH_LIMIT`]), so that what is told
/// seldom ends among tasks of one moment, of which HubSpot promises no order.
pub const LIMIT: usize = 100;

/// What is read of a task.
pub const PROPERTIES: [&str; 8] =
    [OWNER, STATUS, TYPE, DUE, "hs_task_subject", "hs_task_body", "hs_task_priority", QUEUES];
/// What is read of who is to be called: no more than dialing takes (row N4 of the features).
pub const CARD: [&str; 6] = ["firstname", "lastname", "jobtitle", "phone", "mobilephone", "company"];

const OWNER: &str = "hubspot_owner_id";
const STATUS: &str = "hs_task_status";
const TYPE: &str = "hs_task_type";
/// When a task is due.
pub const DUE: &str = "hs_timestamp";
/// Ids of the task queues that a task stands in, joined by `;`.
pub const QUEUES: &str = "hs_queue_membership_ids";
const ID: &str = "hs_object_id";
/// The status of what is done; any other is open.
const COMPLETED: &str = "COMPLETED";

/// A place in the order of tasks: by the moment they are due, then by id. As text `<milliseconds>.<id>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// When the task is due.
    pub due_at: Timestamp,
    /// Which it is.
    pub id: RecordId,
}

impl Place {
    /// Behind everything that is due at that moment.
    pub const fn behind(due_at: Timestamp) -> Self {
        Self { due_at, id: RecordId(u64::MAX >> 1) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.due_at.0, self.id)
    }
}

impl FromStr for Place {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let wrong = InvalidId("place among tasks");
        let (due_at, id) = text.split_once('.').ok_or(wrong)?;
        let due_at = due_at.parse().map_err(|_| wrong)?;
        Ok(Self { due_at: Timestamp(due_at), id: id.parse().map_err(|_| wrong)? })
    }
}

/// Which of an owner's open call tasks are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// Whose.
    pub owner: &'a str,
    /// Due then or later.
    pub from: Option<Timestamp>,
    /// Due earlier.
    pub before: Option<Timestamp>,
    /// In this task queue, by HubSpot's id.
    pub queue: Option<&'a str>,
    /// Behind this place.
    pub after: Option<Place>,
}

/// Finds such tasks, the earliest first, [`SEARCH_LIMIT`] at most. The index is late: what it finds is to be read.
///
/// Pages go on by place and not by HubSpot's own cursor, which counts: while a person works the tasks off, those behind move up and would be
/// passed over, and it ends at 10,000. Six filters a group at most, twelve in all (`hubspot-api.md` 4.6).
pub fn search(sought: &Sought<'_>) -> Request {
    let Sought { from, before, .. } = *sought;
    let after = sought.after.filter(|after| from.is_none_or(|from| after.due_at >= from));
    let bounded = |lower: Option<Value>| {
        let mut filters = open(sought);
        filters.extend(lower);
        filters.extend(before.map(|at| filter(DUE, "LT", &at.0.to_string())));
        filters
    };
    let groups = match after {
        None => vec![bounded(from.map(|at| filter(DUE, "GTE", &at.0.to_string())))],
        Some(after) => {
            let mut groups = vec![bounded(Some(filter(DUE, "GT", &after.due_at.0.to_string())))];
            if before.is_none_or(|before| after.due_at < before) {
                groups.push(of_moment(sought, after));
            }
            groups
        }
    };
    request(&groups, DUE)
}

/// Finds those of them that are due at the moment of a place and stand behind it, in the order of their ids, [`SEARCH_LIMIT`] at most.
pub fn search_moment(sought: &Sought<'_>, after: Place) -> Request {
    request(&[of_moment(sought, after)], ID)
}

fn filter(name: &str, operator: &str, value: &str) -> Value {
    json!({ "propertyName": name, "operator": operator, "value": value })
}

/// What holds for each of them.
fn open(sought: &Sought<'_>) -> Vec<Value> {
    // `NEQ` holds for a task without a status too.
    let mut filters =
        vec![filter(OWNER, "EQ", sought.owner), filter(TYPE, "EQ", "CALL"), filter(STATUS, "NEQ", COMPLETED)];
    // A task stands in several queues. What integrations look for queues with; what is found is held against what is read.
    filters.extend(sought.queue.map(|queue| filter(QUEUES, "CONTAINS_TOKEN", queue)));
    filters
}

fn of_moment(sought: &Sought<'_>, after: Place) -> Vec<Value> {
    let mut filters = open(sought);
    filters.push(filter(DUE, "EQ", &after.due_at.0.to_string()));
    filters.push(filter(ID, "GT", &after.id.to_string()));
    filters
}

fn request(groups: &[Vec<Value>], by: &str) -> Request {
    let groups: Vec<Value> = groups.iter().map(|filters| json!({ "filters": filters })).collect();
    let body: Value = json!({
        "filterGroups": groups,
        "sorts": [{ "propertyName": by, "direction": "ASCENDING" }],
        "properties": [DUE],
        "limit": SEARCH_LIMIT,
        "after": "0",
    });
    post(format!("/crm/objects/{VERSION}/{}/search", ObjectType::Tasks), &body)
}

/// When a task is due.
pub fn due(properties: &Properties<'_>) -> Option<Timestamp> {
    let due = properties.get(DUE)?;
    due.parse().ok().map(Timestamp).or_else(|| Timestamp::parse_rfc3339(due))
}

/// When a task is due, if it is an open call task of that owner.
pub fn due_of_open(properties: &Properties<'_>, owner: &str) -> Option<Timestamp> {
    let is = |name: &str, value: &str| properties.get(name) == Some(value);
    let due = due(properties)?;
    (is(OWNER, owner) && is(TYPE, "CALL") && !is(STATUS, COMPLETED)).then_some(due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hubspot::asked, values::http::Body};

    fn groups(request: &Request) -> Vec<Vec<Value>> {
        assert_eq!(request.path, "/crm/objects/2026-09/tasks/search");
        let Body::Json(text) = &request.body else { panic!("no body") };
        assert!(text.len() <= asked::BODY_CHARS, "{text}");
        let body: Value = serde_json::from_str(text).unwrap();
        let group = |group: &Value| group["filters"].as_array().unwrap().clone();
        body["filterGroups"].as_array().unwrap().iter().map(group).collect()
    }

    #[test]
    fn a_search_for_tasks_names_whose_they_are_and_when_they_are_due() {
        let sought = Sought { owner: "7", from: None, before: Some(Timestamp(5)), queue: None, after: None };
        let [filters] = &groups(&search(&sought))[..] else { panic!("one group") };
        assert_eq!(filters.len(), 4);
        assert_eq!(filters[3], json!({ "propertyName": "hs_timestamp", "operator": "LT", "value": "5" }));
        assert_eq!(filters[2]["operator"], "NEQ");
    }

    #[test]
    fn the_widest_search_stays_within_what_hubspot_takes_of_filters() {
        let after = Place { due_at: Timestamp(6), id: RecordId(512) };
        let (from, before, queue) = (Some(Timestamp(5)), Some(Timestamp(9)), Some("1204"));
        let sought = Sought { owner: "7", from, before, queue, after: Some(after) };
        let both = groups(&search(&sought));
        assert_eq!(both.iter().map(Vec::len).collect::<Vec<_>>(), [6, 6]);
        let in_queue = json!({ "propertyName": QUEUES, "operator": "CONTAINS_TOKEN", "value": "1204" });
        assert!(both.iter().all(|filters| filters.contains(&in_queue)), "{both:?}");
        assert_eq!(both[1][5], json!({ "propertyName": "hs_object_id", "operator": "GT", "value": "512" }));
        assert_eq!(groups(&search_moment(&sought, after)), [both[1].clone()]);
        // A place of yesterday, or of tomorrow, says nothing of today's tasks.
        let other = |due_at| Some(Place { due_at: Timestamp(due_at), ..after });
        let early = groups(&search(&Sought { after: other(4), ..sought }));
        assert_eq!(early, groups(&search(&Sought { after: None, ..sought })));
        let late = groups(&search(&Sought { after: other(9), ..sought }));
        assert_eq!((late.len(), &late[0][4]["operator"]), (1, &json!("GT")));
    }

    #[test]
    fn a_place_is_read_back_as_it_was_written() {
        let place = Place { due_at: Timestamp(1_795_165_200_000), id: RecordId(512) };
        assert_eq!(place.to_string().parse::<Place>(), Ok(place));
        assert!(place < Place::behind(place.due_at));
        for wrong in ["", "7", "7.", ".7", "a.7", "7.-1", "7.7.7"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
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
