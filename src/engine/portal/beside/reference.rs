//! Owners, pipelines, the names of lists and the account: read in full every hour and when a person asks, kept as the API's JSON.
//!
//! A read replaces what was kept when its last page is there; until then the old counts.

use serde_json::json;

use super::{Errand, Source};
use crate::{
    engine::{
        limiter::messages::News,
        portal::{Portal, Turn, messages::Account},
    },
    hubspot::{
        account::{self, Details},
        lists, owners,
        pipelines::Pipeline,
        schemas::Schema,
    },
    store::{portal::reference, sql::SqlError},
    values::{
        ids::ObjectType,
        json,
        tier::PUBLIC_WINDOW,
        time::{MINUTE_MS, Timestamp},
    },
};

/// Most entries of a source that are kept: a hundred pages of owners, twenty of lists, 3 MB.
const MOST: usize = 10_000;

/// Longest between two pages of one read: failures that end soon.
const PAUSE_MS: i64 = 5 * MINUTE_MS;

/// A read under way.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Id and JSON of each.
    entries: Vec<(u64, String)>,
    /// What to ask for next; `None`: nothing is under way.
    next: Option<Errand>,
    /// When the newest page came.
    came_at: Timestamp,
}

impl Collected {
    /// The next call, if one is under way or `due`. What had to wait for long begins anew: its first pages tell of then.
    pub(super) fn next(&self, source: Source, due: bool, now: Timestamp) -> Option<Errand> {
        let goes_on = self.next.clone().filter(|_| now.since_ms(self.came_at) <= PAUSE_MS);
        goes_on.or_else(|| due.then_some(source.first()))
    }
}

impl Source {
    /// The first call of a read.
    pub(super) fn first(self) -> Errand {
        match self {
            Self::Owners => Errand::Owners { archived: false, after: None },
            Self::Pipelines => Errand::Pipelines,
            Self::Lists => Errand::Lists { offset: 0 },
            Self::Schemas => Errand::Schemas,
            Self::Account => Errand::Account,
        }
    }
}

impl Portal {
    pub(super) fn took_owners(
        &mut self,
        turn: &Turn<'_>,
        archived: bool,
        page: owners::Page,
    ) -> Result<(), SqlError> {
        let entries = page.owners.iter().map(|owner| (owner.id.parse().unwrap_or(u64::MAX), to_json(owner)));
        let next = match (page.after, archived) {
            (None, false) => Some(Errand::Owners { archived: true, after: None }),
            (None, true) => None,
            (after, archived) => Some(Errand::Owners { archived, after }),
        };
        self.collect(turn, Source::Owners, entries.collect(), next)
    }

    pub(super) fn took_pipelines(&mut self, turn: &Turn<'_>, found: &[Pipeline]) -> Result<(), SqlError> {
        // In their own order.
        let entries = (0..).zip(found).map(|(place, pipeline)| (place, to_json(pipeline)));
        self.collect(turn, Source::Pipelines, entries.collect(), None)
    }

    pub(super) fn took_schemas(&mut self, turn: &Turn<'_>, found: &[Schema]) -> Result<(), SqlError> {
        self.rename_further(turn, found)?;
        let entries = (0..).zip(found).map(|(place, schema)| (place, to_json(schema)));
        self.collect(turn, Source::Schemas, entries.collect(), None)
    }

    /// The custom objects there were when they were read last.
    pub(in crate::engine::portal) fn known_schemas(turn: &Turn<'_>) -> Result<Vec<Schema>, SqlError> {
        let entries = reference::joined(turn.sql, Source::Schemas.as_str())?;
        json::parse(&format!("[{entries}]")).map_err(|_| SqlError::Content("reference"))
    }

    pub(super) fn took_lists(
        &mut self,
        turn: &Turn<'_>,
        offset: u64,
        page: &lists::Page,
    ) -> Result<(), SqlError> {
        let entries = page.lists.iter().map(|list| (list.id.0, list_json(list)));
        let next = page.next.filter(|next| *next > offset).map(|offset| Errand::Lists { offset });
        self.collect(turn, Source::Lists, entries.collect(), next)
    }

    /// The account as it is now. What depends on its days is decided anew where they begin at another moment.
    pub(super) fn took_account(&mut self, turn: &Turn<'_>, found: Details) -> Result<(), SqlError> {
        let standing = self.beside.standing(Source::Account);
        (standing.read_at, standing.due) = (Some(turn.now), false);
        self.beside.save(turn)?;
        self.after_account(turn, None);
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let before = &connection.account;
        let utc_offset_ms = found.utc_offset_ms.unwrap_or(before.utc_offset_ms);
        let account = Account {
            portal: before.portal,
            name: found.portal_name.or_else(|| before.name.clone()),
            ui_domain: found.ui_domain.or_else(|| before.ui_domain.clone()),
            utc_offset_ms,
        };
        if account == *before {
            return Ok(());
        }
        let days_move = utc_offset_ms != before.utc_offset_ms;
        connection.account = account;
        self.save_connection(turn)?;
        if days_move { self.scan_by_days(turn) } else { Ok(()) }
    }

    /// What is asked for with the account: of one that is not reached through a publicly distributed app its use of the day, of a
    /// token that nothing renews what it may do.
    pub(super) fn after_account(&mut self, turn: &Turn<'_>, before: Option<&Errand>) {
        let by_token = self.connection.as_ref().is_some_and(|connection| connection.app.is_token());
        let public = self.heard.is_some_and(|(heard, _)| heard.max == Some(PUBLIC_WINDOW));
        let usage = (before.is_none() && !public).then_some(Errand::Usage);
        let token = (by_token && before != Some(&Errand::Token)).then_some(Errand::Token);
        let collected = &mut self.beside.collected[Source::Account as usize];
        collected.next = usage.or(token);
        collected.came_at = turn.now;
    }

    pub(super) fn took_usage(&mut self, turn: &Turn<'_>, found: Option<account::Usage>) {
        if let Some(usage) = found {
            let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
            self.permits.learn(News::Usage { limit: count(usage.limit), used: count(usage.current) });
        }
        self.after_account(turn, Some(&Errand::Usage));
    }

    /// Scopes of a token are edited in HubSpot, and nobody tells.
    pub(super) fn took_token(&mut self, turn: &Turn<'_>, found: account::TokenInfo) -> Result<(), SqlError> {
        self.after_account(turn, Some(&Errand::Token));
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let before = (connection.private_app, connection.scopes.clone());
        connection.private_app = found.app_id.or(connection.private_app);
        if !found.scopes.is_empty() && found.scopes != before.1 {
            self.take_scopes(turn, found.scopes)?;
        }
        let is = self.connection.as_ref().map(|known| (known.private_app, known.scopes.clone()));
        if is == Some(before) { Ok(()) } else { self.save_connection(turn) }
    }

    /// Takes a page; the last one replaces what was kept.
    fn collect(
        &mut self,
        turn: &Turn<'_>,
        source: Source,
        entries: Vec<(u64, String)>,
        next: Option<Errand>,
    ) -> Result<(), SqlError> {
        let collected = &mut self.beside.collected[source as usize];
        collected.entries.extend(entries);
        collected.came_at = turn.now;
        let cut_short = next.is_some() && collected.entries.len() >= MOST;
        collected.next = next.filter(|_| !cut_short);
        if collected.next.is_some() {
            return Ok(());
        }
        let mut entries = std::mem::take(collected).entries;
        // Of one that came twice, because something moved between two pages, the later counts.
        entries.reverse();
        entries.sort_by_key(|(id, _)| *id);
        entries.dedup_by_key(|(id, _)| *id);
        let texts: Vec<String> = entries.into_iter().map(|(_, text)| text).collect();
        reference::put(turn.sql, source.as_str(), &texts)?;
        let standing = self.beside.standing(source);
        standing.read_at = Some(turn.now);
        standing.due = false;
        standing.cut_short = cut_short;
        standing.count = texts.len() as u64;
        self.beside.save(turn)
    }
}

fn to_json(entry: &impl serde::Serialize) -> String {
    serde_json::to_string(entry).expect("texts and flags are JSON")
}

/// A list in the API's shape.
fn list_json(list: &lists::List) -> String {
    json!({
        "id": list.id.to_string(),
        "name": list.name,
        "object_type": ObjectType::of_hubspot_id(&list.object_type_id),
        "object_type_id": list.object_type_id,
        "processing_type": list.processing_type.to_lowercase(),
        "size": list.facts.size,
        "updated_at": list.updated_at,
    })
    .to_string()
}
