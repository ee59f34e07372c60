//! What readers and hosts ask about owners, pipelines and lists.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{API, Source};
use crate::{
    engine::portal::{Effect, Portal, Turn, messages::Answer},
    store::{
        portal::{feed, members, reference},
        sql::SqlError,
    },
    values::{
        ids::{ListId, ObjectType, RecordId},
        time::Timestamp,
    },
};

/// Most members of one answer, by the API's contract.
pub const MEMBERS_LIMIT: u32 = 1_000;

/// What the object can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Answers `Json` `{results, next_cursor, read_at}`.
    Owners,
    /// Answers `Json` `{results, next_cursor, read_at}`, or `Missing` of a type that has none here.
    Pipelines {
        /// Of which type.
        object_type: ObjectType,
    },
    /// Answers `Json` `{results, next_cursor, read_at, followed}`.
    Lists,
    /// Answers `Json` or `Missing`.
    List {
        /// Which.
        list: ListId,
    },
    /// A page of members in the order of their ids. Answers `Json` `{results, next_cursor}`, or `Missing` of a list that is not followed.
    Members {
        /// Of which list.
        list: ListId,
        /// Greater ids only.
        after: Option<RecordId>,
        /// Capped at [`MEMBERS_LIMIT`].
        limit: u32,
    },
    /// Mirrors the members of a list from now on. Answers `Done`, `Stopped`, `TooMany` or `ListNotMirrored`.
    Follow {
        /// Which.
        list: ListId,
    },
    /// No longer. Answers `Done` or `Missing`.
    Unfollow {
        /// Which.
        list: ListId,
    },
}

impl Portal {
    #[inline(never)]
    pub(in crate::engine::portal) fn beside_command(
        &mut self,
        turn: &Turn<'_>,
        command: &Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        match command {
            Command::Owners => self.told(turn, Source::Owners, ""),
            Command::Pipelines { object_type: ObjectType::Deals } => self.told(turn, Source::Pipelines, ""),
            Command::Pipelines { .. } => Ok(Answer::Missing),
            Command::Lists => {
                let followed: Vec<String> = self.followed().map(|list| format!("\"{list}\"")).collect();
                self.told(turn, Source::Lists, &format!(",\"followed\":[{}]", followed.join(",")))
            }
            Command::List { list } => self.list(turn, *list),
            Command::Members { list, after, limit } => {
                if !self.followed().any(|followed| followed == *list) {
                    return Ok(Answer::Missing);
                }
                let limit = (*limit).clamp(1, MEMBERS_LIMIT);
                let page = members::page(turn.sql, *list, after.unwrap_or(RecordId(0)), limit + 1)?;
                let some = &page[..page.len().min(limit as usize)];
                let next = some.last().filter(|_| page.len() > some.len());
                let next = next.map_or_else(|| "null".to_owned(), |id| format!("\"{id}\""));
                let results: Vec<String> = some.iter().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
                // Whoever joins or leaves while somebody goes from page to page is told after it.
                let seq = feed::latest(turn.sql)?;
                Ok(Answer::Json(format!(
                    "{{\"results\":[{}],\"after\":\"{seq}\",\"next_cursor\":{next}}}",
                    results.join(",")
                )))
            }
            Command::Follow { list } => self.follow(turn, *list, API, effects),
            Command::Unfollow { list } => self.unfollow(turn, *list, API),
        }
    }

    fn told(&self, turn: &Turn<'_>, source: Source, more: &str) -> Result<Answer, SqlError> {
        let results = reference::joined(turn.sql, source.as_str())?;
        let read_at = self.beside.saved.of(source).read_at;
        let read_at = Value::from(read_at.map(Timestamp::to_rfc3339));
        Ok(Answer::Json(format!(
            "{{\"results\":[{results}],\"next_cursor\":null,\"read_at\":{read_at}{more}}}"
        )))
    }

    /// One list as HubSpot told of it in the last full read, and how it is followed.
    fn list(&self, turn: &Turn<'_>, list: ListId) -> Result<Answer, SqlError> {
        let told = reference::entry(turn.sql, Source::Lists.as_str(), &list.to_string())?;
        let followed = self.followed_json(turn, list)?;
        let (told, followed) = match (told, followed) {
            (None, None) => return Ok(Answer::Missing),
            (Some(told), followed) => (told, followed.map(|(_, followed)| followed)),
            (None, Some((name, followed))) => {
                (json!({ "id": list.to_string(), "name": name }).to_string(), Some(followed))
            }
        };
        // An entry is an object of ours, never empty.
        let open = told.strip_suffix('}').unwrap_or_default();
        Ok(Answer::Json(format!("{open},\"followed\":{}}}", Value::from(followed))))
    }
}
