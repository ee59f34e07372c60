//! Everything that is held about one person, as one document. Bounded: of a record's history [`LOOKS`] looks at the feed, and where
//! it goes on is said. What is on its way to a receiver is made from the feed when it leaves, and kept nowhere.

use serde_json::{Value, json};

use super::Whom;
use crate::{
    engine::{
        audit,
        portal::{
            Portal, Turn,
            history::{self, Happened},
            links,
            messages::{Answer, LINKS_LIMIT},
            query,
        },
    },
    store::{
        audit::Wanted,
        portal::{blocks as store, channels, keys, members},
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        json,
    },
};

/// Looks at the feed for one record's history: each goes over a bounded part of it.
const LOOKS: usize = 20;
/// Links to one type that stand in the document: HubSpot's own most are read page by page from the API.
const LINKS: u32 = LINKS_LIMIT;
/// Contacts looked through at once for one with the address among its further ones: 16 MB.
const PIECE: u32 = 10_000;
/// As many pieces: a million contacts, two to four seconds, of the thirty that a request may compute. Where there are more, the document
/// says so, and the person is named by id.
const PIECES: u32 = 100;
/// Contacts with one further address that stand in the document.
const ALIKE: usize = 10;
/// Audit entries looked through for those of the person's blocks.
const ENTRIES: u32 = audit::ENTRIES_LIMIT;

/// Contacts that have the address among their further ones, and whether all were looked through.
fn further_of(turn: &Turn<'_>, email: &str) -> Result<(Vec<RecordId>, bool), SqlError> {
    let (mut found, mut above) = (Vec::new(), RecordId(0));
    for _ in 0..PIECES {
        let (some, next) = keys::by_further_email(turn.sql, email, above, PIECE)?;
        found.extend(some);
        // HubSpot keeps addresses unique: more than a few are an index behind.
        found.truncate(ALIKE);
        match next {
            Some(next) => above = next,
            None => return Ok((found, true)),
        }
    }
    Ok((found, false))
}

fn parsed(text: &str) -> Result<Value, SqlError> {
    json::parse(text).map_err(|_| SqlError::Content("records"))
}

fn told(one: &Happened) -> Value {
    let changed: Vec<Value> = one
        .changed
        .iter()
        .map(|(name, old, new)| json!({ "property": name, "old": old, "new": new }))
        .collect();
    let links = one.links.as_ref().map(|links| {
        let ids: Vec<String> = links.others.iter().map(|other| other.id.to_string()).collect();
        json!({ "to_type": links.to_type, "ids": ids, "count": links.count, "labels": links.labels })
    });
    json!({
        "at": one.at.to_rfc3339(),
        "kind": one.kind,
        "changed": changed,
        "merged_into": one.into.map(|into| into.to_string()),
        "list": one.list,
        "associations": links,
    })
}

impl Portal {
    /// What is held about a person.
    #[inline(never)]
    pub(super) fn export(&self, turn: &Turn<'_>, whom: &Whom) -> Result<Answer, SqlError> {
        let (kind, mut ids, mut stored) = Self::records_of(turn, whom)?;
        let mut further_searched = true;
        if let Whom::Email(email) = whom {
            let (further, all) = further_of(turn, email)?;
            further_searched = all;
            for id in further {
                let whom = Whom::Record { object_type: kind, id };
                let (_, others, rows) = Self::records_of(turn, &whom)?;
                stored.extend(rows.into_iter().filter(|row| !ids.contains(&row.id)));
                ids.extend(others);
            }
            ids.sort_unstable();
            ids.dedup();
        }
        let (signals, signals_besides) = Self::export_signals(turn, kind, &ids, &stored, whom)?;
        let mut records = Vec::new();
        for id in &ids {
            let live = stored.iter().any(|row| row.id == *id && row.live);
            records.push(self.export_record(turn, kind, *id, live)?);
        }
        let mut blocks = Vec::new();
        let mut numbers: Vec<i64> = ids
            .iter()
            .filter_map(|id| self.blocks.recognised(kind, *id))
            .chain(match whom {
                Whom::Email(email) => Some(self.blocks.of_email(email)),
                Whom::Record { object_type, id } => Some(self.blocks.of_id(*object_type, *id)),
            })
            .filter_map(|hash| self.blocks.hashes.get(&hash).map(|entry| entry.block))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut names = Vec::new();
        for number in numbers {
            if let Some(block) = store::numbered(turn.sql, number)? {
                names.push(block.id.to_string());
                blocks.push(super::commands::told(&block)?);
            }
        }
        let wanted = Wanted { action: "person.", limit: ENTRIES, ..Wanted::default() };
        let entries = parsed(&audit::page(turn.sql, &wanted)?)?;
        let of_blocks = |entry: &&Value| {
            entry["subject"].as_str().is_some_and(|subject| names.iter().any(|name| name == subject))
        };
        let entries: Vec<&Value> =
            entries["results"].as_array().into_iter().flatten().filter(of_blocks).collect();
        Ok(Answer::Json(
            json!({
                "exported_at": turn.now.to_rfc3339(),
                "object_type": kind,
                "records": records,
                "further_addresses_searched": further_searched,
                "blocks": blocks,
                "audit": entries,
                "deliveries": [],
                "signals": signals,
                "signals_besides": signals_besides,
                "said": self.export_said(turn, kind, whom, &stored)?,
            })
            .to_string(),
        ))
    }

    fn export_record(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        id: RecordId,
        live: bool,
    ) -> Result<Value, SqlError> {
        let record = match live.then(|| query::record(turn.sql, kind, id)).transpose()? {
            Some(Answer::Json(text)) => parsed(&text)?,
            _ => Value::Null,
        };
        let (mut history, mut before) = (Vec::new(), None);
        for _ in 0..LOOKS {
            let (some, further) = history::of(turn.sql, kind, id, before)?;
            history.extend(some.iter().map(told));
            before = further;
            if before.is_none() {
                break;
            }
        }
        let mut associations = serde_json::Map::new();
        for to in ObjectType::ALWAYS {
            if let Answer::Json(text) = links::show::of_record(turn.sql, kind, id, to, None, LINKS)? {
                associations.insert(to.to_string(), parsed(&text)?["results"].take());
            }
        }
        let mut lists = Vec::new();
        for list in members::followed(turn.sql)?.iter().filter(|list| list.object_type == Some(kind)) {
            if members::has(turn.sql, list.list, id)? {
                lists.push(json!({ "id": list.list.to_string(), "name": list.name }));
            }
        }
        let mut member_of = Vec::new();
        for (number, channel) in self.channels.with_records_of(kind) {
            let known = channels::known(turn.sql, number, &[id])?;
            if known.iter().any(|known| known.fingerprint.is_some()) {
                member_of.push(channel);
            }
        }
        Ok(json!({
            "id": id.to_string(),
            "record": record,
            "history": history,
            "history_goes_on": before.is_some(),
            "associations": associations,
            "lists": lists,
            "channels": member_of,
        }))
    }
}
