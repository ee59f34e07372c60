//! The audit log: who did what, to what, and when, in words that name no contact and hold no secret.
//!
//! Nothing edits an entry or takes one away before its time: the store has no statement for it
//! ([`crate::store::audit`]). What concerns a connection lies with it, what concerns workspaces, keys and sign-ins in the Directory.

use serde_json::{Value, json};

use crate::{
    engine::actor::Actor,
    store::{
        audit::{self as store, Entry, Wanted},
        sql::{Sql, SqlError},
    },
    values::{ids::WorkspaceId, json, time::Timestamp},
};

/// Most entries of a page, by the API's contract; each about 300 bytes.
pub const ENTRIES_LIMIT: u32 = 200;
/// How long entries are kept unless a connection says otherwise, days.
pub const DAYS: u32 = 365;

/// Something that is about to be done, or was.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// Which, e.g. `endpoint.created`.
    pub action: &'static str,
    /// On what: an id of ours, a type, a list's number.
    pub subject: String,
    /// More of it; an object.
    pub details: Value,
}

impl Deed {
    /// A deed on something, without more to say.
    pub fn on(action: &'static str, subject: impl ToString) -> Self {
        Self { action, subject: subject.to_string(), details: json!({}) }
    }

    /// With more to say.
    #[must_use]
    pub fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }
}

/// Adds an entry.
pub fn note(
    sql: &dyn Sql,
    now: Timestamp,
    workspace: Option<&WorkspaceId>,
    actor: &Actor,
    deed: &Deed,
) -> Result<(), SqlError> {
    let actor = serde_json::to_string(actor).map_err(|_| SqlError::Content("audit"))?;
    store::append(sql, now, workspace, [&actor, deed.action, &deed.subject, &deed.details.to_string()])
}

/// A page of entries in the API's shape: `{results, next_cursor}`, the newest first. The cursor is a number.
pub fn page(sql: &dyn Sql, wanted: &Wanted<'_>) -> Result<String, SqlError> {
    let limit = wanted.limit.clamp(1, ENTRIES_LIMIT);
    let mut found = store::page(sql, &Wanted { limit: limit + 1, ..*wanted })?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|entry| entry.number.to_string());
    let results: Vec<Value> = found.iter().map(told).collect::<Result<_, _>>()?;
    // In this order: whoever hands it on looks for the cursor at its end.
    Ok(format!("{{\"results\":{},\"next_cursor\":{}}}", json!(results), json!(next)))
}

fn told(entry: &Entry) -> Result<Value, SqlError> {
    let actor: Actor = json::parse(&entry.actor).map_err(|_| SqlError::Content("audit"))?;
    let details: Value = json::parse(&entry.details).map_err(|_| SqlError::Content("audit"))?;
    let mut told = json!({
        "id": entry.number.to_string(),
        "at": entry.at.to_rfc3339(),
        "action": entry.action,
        "subject": entry.subject,
        "details": details,
        "actor": actor,
        "by": actor.words(),
    });
    if let Some(workspace) = &entry.workspace {
        told["workspace_id"] = json!(workspace);
    }
    Ok(told)
}
