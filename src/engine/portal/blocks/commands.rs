//! What people ask: erase a person and keep them out, list whom, let somebody in again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Blocks, Lifted, MOST, Name, normal};
use crate::{
    engine::{
        actor::Actor,
        portal::{Effect, Portal, Turn, messages::Answer, signals::addresses},
    },
    hubspot::objects::Properties,
    store::{
        portal::{
            blocks::{self as store, Block},
            channels, erasures, keys,
            links::{self, Pair},
            members, outbox,
            records::{self, Stored},
        },
        sql::SqlError,
    },
    values::{
        ids::{BlockId, ObjectType, RecordId},
        json,
    },
};

/// Most records with one address that are erased at once; HubSpot keeps addresses unique.
const ALIKE: u32 = 50;
/// Most blocks of a page, by the API's contract; each about 200 bytes.
pub const BLOCKS_LIMIT: u32 = 250;

/// Somebody, as they are named by who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// A contact with this address, first or additional, in any case; at most 320 characters.
    Email(String),
    /// A record of a type that is mirrored.
    Record {
        /// Which type.
        object_type: ObjectType,
        /// Its id; may have been merged away.
        id: RecordId,
    },
}

impl Whom {
    /// What they are named by.
    pub(in crate::engine::portal) const fn word(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Record { .. } => "record",
        }
    }
}

/// What the object can be asked about people who are kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Erases a person, mirrored or not, and keeps them out. Answers [`Answer::Json`] `{block, erased, searching}`,
    /// [`Answer::TooMany`], [`Answer::Stopped`] where the key of the blocks does not open, or [`Answer::NotConnected`].
    Erase {
        /// Whom.
        whom: Whom,
    },
    /// Lets somebody in again, who is then read. Answers [`Answer::Done`] or [`Answer::Missing`].
    Lift {
        /// Which block.
        id: BlockId,
    },
    /// What is held about a person. Answers [`Answer::Json`] `{records, blocks, audit, …}`, also where that is nothing.
    Export {
        /// About whom.
        whom: Whom,
    },
    /// The newest first. Answers [`Answer::Json`] `{results, next_cursor}`.
    Blocks {
        /// Where the page before it ended.
        after: Option<i64>,
        /// Capped at [`BLOCKS_LIMIT`].
        limit: u32,
    },
}

impl Command {
    /// See [`crate::engine::portal::messages::Command::about`].
    pub(in crate::engine::portal) const fn about(&self) -> Option<ObjectType> {
        match self {
            Self::Erase { whom: Whom::Record { object_type, .. } }
            | Self::Export { whom: Whom::Record { object_type, .. } } => Some(*object_type),
            Self::Erase { whom: Whom::Email(_) }
            | Self::Export { whom: Whom::Email(_) }
            | Self::Lift { .. }
            | Self::Blocks { .. } => None,
        }
    }
}

pub(super) fn told(block: &Block) -> Result<serde_json::Value, SqlError> {
    let by: Actor = json::parse(&block.by).map_err(|_| SqlError::Content("blocks"))?;
    Ok(json!({
        "id": block.id,
        "created_at": block.at.to_rfc3339(),
        "named_by": block.named_by,
        "by": by,
    }))
}

/// What went, place by place.
#[derive(Debug, Default)]
struct Erased {
    records: usize,
    merged: usize,
    links: usize,
    lists: usize,
    channels: usize,
    signals: usize,
    workflow_runs: usize,
    attribute_values: usize,
}

impl Portal {
    /// Answers a command.
    #[inline(never)]
    pub(in crate::engine::portal) fn blocks_command(
        &mut self,
        turn: &mut Turn<'_>,
        by: &Actor,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if self.connection.is_none() {
            return Ok(Answer::NotConnected);
        }
        match command {
            Command::Erase { whom } => self.erase_and_keep_out(turn, &whom, by, effects),
            Command::Export { whom } => self.export(turn, &whom),
            Command::Lift { id } => self.lift(turn, &id, effects),
            Command::Blocks { after, limit } => {
                let limit = limit.min(BLOCKS_LIMIT);
                let page = store::page(turn.sql, after.unwrap_or(1 << 53), limit + 1)?;
                let more = page.len() > limit as usize;
                let page = &page[..page.len().min(limit as usize)];
                let next = page.last().filter(|_| more).map(|block| block.number.to_string());
                let results: Vec<_> = page.iter().map(told).collect::<Result<_, _>>()?;
                let (results, next) = (json!(results), json!(next));
                // In this order: whoever hands it on looks for the cursor at its end.
                Ok(Answer::Json(format!("{{\"results\":{results},\"next_cursor\":{next}}}")))
            }
        }
    }

    /// The records that are this person's as far as the mirror knows: those named, what they became part of, and what became part
    /// of them.
    pub(super) fn records_of(
        turn: &Turn<'_>,
        whom: &Whom,
    ) -> Result<(ObjectType, Vec<RecordId>, Vec<Stored>), SqlError> {
        let (kind, named) = match whom {
            Whom::Email(email) => {
                let kind = ObjectType::Contacts;
                let found = keys::by_key(turn.sql, kind, &normal(email), ALIKE)?;
                (kind, found.into_iter().map(|live| live.id).collect())
            }
            Whom::Record { object_type, id } => (*object_type, vec![*id]),
        };
        let mut ids: Vec<RecordId> = Vec::new();
        for id in named {
            ids.push(id);
            let mut at = id;
            while let Some(into) =
                records::merged_into(turn.sql, kind, at)?.filter(|into| !ids.contains(into))
            {
                ids.push(into);
                at = into;
            }
        }
        for id in ids.clone() {
            ids.extend(records::merged_from(turn.sql, kind, id)?);
        }
        ids.sort_unstable();
        ids.dedup();
        let stored = records::by_ids(turn.sql, kind, &ids)?;
        Ok((kind, ids, stored))
    }

    fn erase_and_keep_out(
        &mut self,
        turn: &mut Turn<'_>,
        whom: &Whom,
        by: &Actor,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(connection) = self.connection_id() else { return Ok(Answer::NotConnected) };
        if self.blocks.locked {
            return Ok(Answer::Stopped);
        }
        self.blocks.begin(turn, &connection)?;
        let (kind, ids, stored) = Self::records_of(turn, whom)?;
        let Some(index) = self.streams.iter().position(|running| running.saved.object_type == kind) else {
            return Ok(Answer::TypeOff);
        };
        let named = match whom {
            Whom::Email(email) => self.blocks.of_email(email),
            Whom::Record { object_type, id } => self.blocks.of_id(*object_type, *id),
        };
        let known = self.blocks.hashes.get(&named).map(|entry| entry.block);
        let block = match known {
            Some(number) => number,
            None if store::count(turn.sql)? >= MOST => return Ok(Answer::TooMany(MOST)),
            None => {
                let mut bytes = [0; 12];
                (turn.random)(&mut bytes);
                let by = serde_json::to_string(by).map_err(|_| SqlError::Content("blocks"))?;
                store::add(turn.sql, &BlockId::from_random(bytes), turn.now, &by, whom.word())?
            }
        };
        if matches!(whom, Whom::Email(_)) {
            self.blocks.add(turn, block, kind, &[Name { hash: named, own: false }], None)?;
        }
        for id in &ids {
            let row = stored.iter().find(|row| row.id == *id);
            let text = row.and_then(|row| row.properties.as_deref()).unwrap_or("{}");
            let names = self.blocks.names(kind, *id, &Properties::parse(text).unwrap_or_default());
            let shown = row.filter(|row| row.live).map(|row| row.updated_at);
            self.blocks.add(turn, block, kind, &names, shown)?;
        }
        let mut erased = self.counted(turn, kind, &ids, &stored)?;
        let mut emails = match whom {
            Whom::Email(email) => vec![normal(email)],
            Whom::Record { .. } => Vec::new(),
        };
        if kind == ObjectType::Contacts {
            // Of whoever has not been read yet it is known under which address they were made.
            let is_read = |id: &RecordId| stored.iter().any(|row| row.id == *id && row.properties.is_some());
            let unread: Vec<RecordId> = ids.iter().filter(|id| !is_read(id)).copied().collect();
            for email in outbox::made_as(turn.sql, kind, &unread)? {
                let name = Name { hash: self.blocks.of_email(&email), own: false };
                self.blocks.add(turn, block, kind, &[name], None)?;
                emails.push(email);
            }
            emails.extend(addresses(&stored));
        }
        erased.signals = self.erase_signals(turn, kind, &ids, &emails)?;
        erased.workflow_runs = self.erase_workflow_runs(turn, kind, (&ids, &emails), &stored)?;
        if kind == ObjectType::Contacts {
            self.forget_people(turn, &emails)?;
            erased.attribute_values = self.count_said(turn, &emails)?;
            self.forget_activated(turn, &emails, &ids)?;
        }
        self.leave_out_of_lists(turn, kind, &ids)?;
        if !ids.is_empty() {
            self.erase(turn, index, &ids, false)?;
            store::unmark(turn.sql, kind, &ids)?;
            self.streams[index].vanished.retain(|id| !ids.contains(id));
        }
        // Others may have one of the names: an address that is their second, or a record they became part of.
        // A pass under way is not begun anew: of many erasures none would be looked for in the last records.
        if kind == ObjectType::Contacts {
            let work = &mut self.blocks.work;
            work.again = work.searched.is_some_and(|above| above > RecordId(0));
            work.searched = work.searched.or(Some(RecordId(0)));
            self.blocks.save_work(turn)?;
        }
        self.rouse_idle(turn.now, effects);
        let block = store::numbered(turn.sql, block)?.ok_or(SqlError::Content("blocks"))?;
        let Erased { records, merged, links, lists, channels, signals, workflow_runs, attribute_values } =
            erased;
        Ok(Answer::Json(
            json!({
                "block": told(&block)?,
                "erased": {
                    "records": records,
                    "merged_records": merged,
                    "associations": links,
                    "lists": lists,
                    "channels": channels,
                    "signals": signals,
                    "workflow_runs": workflow_runs,
                    "attribute_values": attribute_values,
                },
                "searching": kind == ObjectType::Contacts,
            })
            .to_string(),
        ))
    }

    /// What is about to go.
    fn counted(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
        stored: &[Stored],
    ) -> Result<Erased, SqlError> {
        let records = stored.iter().filter(|row| row.live).count();
        let mut erased = Erased { records, merged: ids.len().saturating_sub(records), ..Erased::default() };
        if kind.is_always() {
            for to in ObjectType::ALWAYS {
                let (pair, side) = Pair::seen_from(kind, to);
                erased.links += links::of(turn.sql, pair, side, ids)?.len();
            }
        }
        for list in members::followed(turn.sql)?.iter().filter(|list| list.object_type == Some(kind)) {
            erased.lists += usize::from(!members::among(turn.sql, list.list, ids)?.is_empty());
        }
        for (number, _) in self.channels.with_records_of(kind) {
            let known = channels::known(turn.sql, number, ids)?;
            erased.channels += usize::from(known.iter().any(|known| known.fingerprint.is_some()));
        }
        Ok(erased)
    }

    fn lift(&mut self, turn: &Turn<'_>, id: &BlockId, effects: &mut Vec<Effect>) -> Result<Answer, SqlError> {
        let Some(block) = store::one(turn.sql, id)? else { return Ok(Answer::Missing) };
        let hashes = store::remove(turn.sql, block.number)?;
        self.blocks.hashes = store::hashes(turn.sql)?.into_iter().collect();
        let work = &mut self.blocks.work;
        let mut lifted: BTreeSet<_> = hashes.into_iter().collect();
        lifted.extend(work.lifted.take().map(|earlier| earlier.hashes).unwrap_or_default());
        let is_let_in = |kind, id: RecordId, blocks: &Blocks| {
            let hash = blocks.of_id(kind, id);
            lifted.contains(&hash) && !blocks.hashes.contains_key(&hash)
        };
        let mut let_in: BTreeMap<ObjectType, Vec<RecordId>> = BTreeMap::new();
        for (kind, id) in erasures::all(turn.sql)? {
            if is_let_in(kind, id, &self.blocks) {
                let_in.entry(kind).or_default().push(id);
            }
        }
        // What is told of them from now on is not what was erased.
        let_in.iter().try_for_each(|(kind, ids)| erasures::lift(turn.sql, *kind, ids))?;
        let kinds = self.streams.iter().map(|running| running.saved.object_type).collect();
        self.blocks.work.lifted = Some(Lifted { hashes: lifted, kinds, above: RecordId(0) });
        self.blocks.locked = self.blocks.key.is_none() && !self.blocks.hashes.is_empty();
        self.blocks.save_work(turn)?;
        self.read_lists_anew(turn)?;
        self.rouse_idle(turn.now, effects);
        Ok(Answer::Done)
    }
}
