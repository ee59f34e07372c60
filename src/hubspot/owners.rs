//! Owners: the people and queues that records belong to (`hubspot-api.md` 4.9; SPEC `owners.json`). HubSpot only lets them be
//! read.

use serde::Serialize;
use serde_json::Value;

use crate::{
    hubspot::{Malformed, VERSION, json, objects},
    values::http::Request,
};

/// Owners of a page: 500 were allowed by the older API, 100 are surely taken.
pub const PAGE: usize = 100;

/// A team that an owner is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Team {
    /// HubSpot's id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is the owner's own, and not one they see besides.
    pub primary: bool,
}

/// An owner; as JSON in the API's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// What `hubspot_owner_id` of records holds; never the id of the user.
    pub id: String,
    /// `person`, `queue`, or what HubSpot calls it, in lower case.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where HubSpot tells one.
    pub email: Option<String>,
    /// Likewise.
    pub first_name: Option<String>,
    /// Likewise.
    pub last_name: Option<String>,
    /// The HubSpot user, also of those who have left; queues have none.
    pub user_id: Option<String>,
    /// In HubSpot's order.
    pub teams: Vec<Team>,
    /// Gone from HubSpot: records may still name them.
    pub archived: bool,
    /// RFC 3339, as HubSpot writes it.
    pub created_at: Option<String>,
    /// Likewise.
    pub updated_at: Option<String>,
}

/// A page of owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In HubSpot's order; what has no id is left out.
    pub owners: Vec<Owner>,
    /// HubSpot's cursor; `None`: there are no more.
    pub after: Option<String>,
}

/// One page of those there are, or of those archived.
pub fn list(archived: bool, after: Option<&str>) -> Request {
    let mut path = format!("/crm/owners/{VERSION}?limit={PAGE}&archived={archived}");
    objects::push_after(&mut path, after);
    objects::get(path)
}

/// Reads a page.
pub fn parse(body: &[u8]) -> Result<Page, Malformed> {
    const EXPECTED: Malformed = Malformed("a page of owners");
    let value: Value = serde_json::from_slice(body).map_err(|_| EXPECTED)?;
    let results = value.get("results").and_then(Value::as_array).ok_or(EXPECTED)?;
    Ok(Page { owners: results.iter().filter_map(owner).collect(), after: json::after(&value) })
}

fn owner(entry: &Value) -> Option<Owner> {
    let text = |field| json::text(entry, field).map(str::to_owned);
    let number = |field| entry.get(field).and_then(json::id::<u64>).map(|id| id.to_string());
    let team = |team: &Value| {
        Some(Team {
            id: json::name(team.get("id")?)?,
            name: json::text(team, "name").unwrap_or_default().to_owned(),
            primary: json::flag(team, "primary"),
        })
    };
    Some(Owner {
        id: json::name(entry.get("id")?)?,
        kind: json::text(entry, "type").unwrap_or_default().to_lowercase(),
        email: text("email"),
        first_name: text("firstName"),
        last_name: text("lastName"),
        user_id: number("userIdIncludingInactive").or_else(|| number("userId")),
        teams: entry.get("teams").and_then(Value::as_array).into_iter().flatten().filter_map(team).collect(),
        archived: json::flag(entry, "archived"),
        created_at: text("createdAt"),
        updated_at: text("updatedAt"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_whatever_its_ids_are_sent_as() {
        let body = br#"{"results":[
            {"id":"41","type":"PERSON","email":"ada@example.com","userId":7,"teams":[{"id":2,"name":"EMEA","primary":true},{}]},
            {"id":42,"archived":true,"userIdIncludingInactive":"9","type":"QUEUE"},
            {"email":"nobody@example.com"}, 7
        ],"paging":{"next":{"after":"42"}}}"#;
        let page = parse(body).unwrap();
        let ids: Vec<_> =
            page.owners.iter().map(|owner| (owner.id.as_str(), owner.user_id.as_deref())).collect();
        assert_eq!(ids, [("41", Some("7")), ("42", Some("9"))]);
        assert_eq!(page.owners[0].teams.len(), 1);
        assert_eq!((page.owners[1].kind.as_str(), page.owners[1].archived), ("queue", true));
        assert_eq!(page.after.as_deref(), Some("42"));
        assert!(parse(b"<html>").is_err() && parse(b"{}").is_err());
    }
}
