//! Owners: the people (and queues) that records belong to (`hubspot-api.md` 4.9). Owns an account's; HubSpot's API only
//! reads them, people change them in its pages.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::objects::input::{Selectors, page_size};
use crate::portal::{Portal, Turn};
use crate::{Problem, time};

/// Most owners of one page: the older API's; 2026-09's is not documented (`hubspot-api.md` 4.9).
const PAGE_LIMIT: usize = 500;
const PAGE_DEFAULT: usize = 100;

/// How many owners a new account has. The last one is archived: records still name such owners.
const FIRST_OWNERS: u64 = 9;

/// One team of an owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub primary: bool,
}

/// One owner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Owner {
    /// What `hubspot_owner_id` holds; 0 asks for the next free one.
    pub id: u64,
    /// The HubSpot user; never equal to `id`. Absent of queues.
    pub user_id: Option<u64>,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// A queue, not a person.
    pub queue: bool,
    pub teams: Vec<Team>,
    pub archived: bool,
    #[serde(skip_deserializing)]
    pub created_at: u64,
    #[serde(skip_deserializing)]
    pub updated_at: u64,
}

/// The id of an owner that generated records belong to.
pub(crate) fn generated_id(place: u64) -> u64 {
    40_000_000 + place * 1117
}

/// The ids of all of them, as values.
pub(crate) fn generated_ids() -> Vec<String> {
    (1..=FIRST_OWNERS).map(|place| generated_id(place).to_string()).collect()
}

/// The owners of a new account.
pub(crate) fn first() -> Vec<Owner> {
    const NAMES: [(&str, &str); FIRST_OWNERS as usize] = [
        ("Grace", "Hopper"),
        ("Alan", "Turing"),
        ("Ada", "Lovelace"),
        ("Edsger", "Dijkstra"),
        ("Barbara", "Liskov"),
        ("Donald", "Knuth"),
        ("Margaret", "Hamilton"),
        ("Ken", "Thompson"),
        ("Jean", "Sammet"),
    ];
    let team = |id: u64, primary| Team {
        id: id.to_string(),
        name: if id == 1 { "Sales EMEA".into() } else { "Customer Success".into() },
        primary,
    };
    (1..)
        .zip(NAMES)
        .map(|(place, (first, last))| Owner {
            id: generated_id(place),
            user_id: Some(9_000_000 + place * 31),
            email: format!("{}@example.com", first.to_lowercase()),
            first_name: first.into(),
            last_name: last.into(),
            teams: match place % 3 {
                0 => vec![team(1, true), team(2, false)],
                1 => vec![team(2, true)],
                _ => Vec::new(),
            },
            archived: place == FIRST_OWNERS,
            // Any fixed day will do.
            created_at: 1_577_836_800_000 + place * time::DAY_MS,
            updated_at: 1_577_836_800_000 + place * time::DAY_MS,
            ..Owner::default()
        })
        .collect()
}

impl Owner {
    fn json(&self) -> Value {
        let mut body = json!({
            "id": self.id.to_string(),
            "type": if self.queue { "QUEUE" } else { "PERSON" },
            "email": self.email,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "createdAt": time::iso(self.created_at),
            "updatedAt": time::iso(self.updated_at),
            "archived": self.archived,
        });
        if let Some(user_id) = self.user_id {
            body["userIdIncludingInactive"] = user_id.into();
            // Absent of archived owners, whose user has no seat any more.
            if !self.archived {
                body["userId"] = user_id.into();
            }
        }
        if !self.teams.is_empty() {
            body["teams"] = json!(self.teams);
        }
        body
    }
}

/// Changes as people make them, and the truth to compare with.
impl Portal {
    /// Every owner, in order of id.
    pub fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// Adds an owner or replaces the one with the same id; its id.
    pub fn put_owner(&mut self, now_ms: u64, mut owner: Owner) -> u64 {
        if owner.id == 0 {
            owner.id = self.owners.last().map_or_else(|| generated_id(1), |last| last.id + 1117);
        }
        owner.created_at = now_ms;
        owner.updated_at = now_ms;
        match self.owners.binary_search_by_key(&owner.id, |own| own.id) {
            Ok(at) => {
                owner.created_at = self.owners[at].created_at;
                self.owners[at] = owner.clone();
            }
            Err(at) => self.owners.insert(at, owner.clone()),
        }
        owner.id
    }

    /// Archives an owner or brings one back; whether there is one.
    pub fn set_owner_archived(&mut self, now_ms: u64, id: u64, archived: bool) -> bool {
        let found = self.owners.iter_mut().find(|owner| owner.id == id);
        let Some(owner) = found else { return false };
        owner.archived = archived;
        owner.updated_at = now_ms;
        true
    }
}

/// `GET /crm/owners/2026-09`: live or archived ones in order of id. The cursor is the id of the last one given.
pub(crate) fn list(portal: &Portal, turn: &Turn<'_>, request: &Request) -> Result<Response, Problem> {
    let selectors = Selectors::parse(request, &["limit", "after", "email", "archived"])?;
    let limit = match &selectors.limit {
        Some(text) => {
            let limit = text
                .parse()
                .map_err(|_| Problem::validation(format!("Invalid integer for limit: {text}")))?;
            page_size(limit, turn.switches, PAGE_LIMIT)?
        }
        None => PAGE_DEFAULT,
    };
    let after = match &selectors.after {
        Some(text) => {
            text.parse().map_err(|_| Problem::validation(format!("Invalid paging cursor: {text}")))?
        }
        None => 0,
    };
    let mut fitting = portal.owners.iter().filter(|owner| {
        owner.id > after
            && owner.archived == selectors.archived
            && selectors.email.as_ref().is_none_or(|email| owner.email.eq_ignore_ascii_case(email))
    });
    let page: Vec<&Owner> = fitting.by_ref().take(limit).collect();
    let results: Vec<Value> = page.iter().map(|owner| owner.json()).collect();
    let mut body = json!({"results": results});
    if fitting.next().is_some()
        && let Some(last) = page.last()
    {
        let link = format!("https://api.hubapi.com/crm/v3/owners/?limit={limit}&after={}", last.id);
        body["paging"] = json!({"next": {"after": last.id.to_string(), "link": link}});
    }
    Ok(Response::json(200, &body))
}

/// `GET /crm/owners/2026-09/{ownerId}`.
pub(crate) fn read(portal: &Portal, name: &str, request: &Request) -> Result<Response, Problem> {
    let selectors = Selectors::parse(request, &["idProperty", "archived"])?;
    let id: u64 = name.parse().map_err(|_| Problem::not_numeric(name))?;
    let by_user = match selectors.id_property.as_deref() {
        None | Some("id") => false,
        Some("userId") => true,
        Some(other) => return Err(Problem::validation(format!("Invalid idProperty: {other}"))),
    };
    let fits = |owner: &&Owner| {
        owner.archived == selectors.archived
            && if by_user { owner.user_id == Some(id) } else { owner.id == id }
    };
    let owner = portal.owners.iter().find(fits).ok_or_else(Problem::resource_not_found)?;
    Ok(Response::json(200, &owner.json()))
}
