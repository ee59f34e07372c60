//! Who is kept out of the mirror: a person whom somebody had erased stays away, at whatever e-mail address and id HubSpot shows them
//! again, until that is lifted.
//!
//! What remains of them are keyed hashes (HMAC-SHA256, cut to 128 bits) of their record's id, of the ids that became part of it and
//! of its e-mail addresses. The key is the connection's own, random, and sealed by the deployment's keyring: from a copied database
//! nobody can find out by guessing whether an address is among them.
//!
//! Every answer of HubSpot's about records passes [`Portal::keep_out`] before it is applied, whatever asked for it: full reads,
//! checks, reads of marks, reconcile. Whoever it recognises is erased if the mirror holds them (a record that got such an address
//! later, or the record that one of them became part of), and gets all their names added to the block. Links to them and places on
//! lists are left out where these are read.
//!
//! HubSpot goes on counting them in others' `num_associated_contacts`; that is read when these records are, and not when such a link
//! comes or goes: nobody here sees it.
//!
//! Counts leave them out by the modified date that HubSpot told of them last; a count that has to look closer finds nobody missing
//! and ends.
//!
//! Owns the hashes (in the store's `block_hashes`, and in memory), their key and what is still to be gone over (in `meta`).

mod commands;
mod export;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{Portal, Turn, apply, streams::saved},
    hubspot::objects::{BatchAnswer, Properties, Record},
    store::{
        portal::{
            blocks::{self as store, Entry, Hash},
            counts::Area,
            dirty,
            records::{self, Grave},
        },
        schema,
        sql::SqlError,
    },
    values::{
        crypto::{Code, NONCE_BYTES, hmac_sha256, token_from_random},
        ids::{ConnectionId, ObjectType, RecordId},
        secret::Secret,
        time::{DAY_MS, Timestamp},
    },
};

pub use commands::{BLOCKS_LIMIT, Command, Whom};

/// Most people kept out of one connection: some 5 hashes each of 32 characters are held in memory, 10 MB with what a map adds.
pub const MOST: u32 = 10_000;
/// Most names of one person: HubSpot combines no more than 250 records, each with an address.
const NAMES: usize = 600;
/// Hexadecimal digits of a hash that are kept: 128 bits.
const HASH_CHARS: usize = 32;
/// Where the sealed key lies in `meta`.
const KEY: &str = "blocks_key";
/// Where it lies in `meta` what is still to be gone over.
const WORK: &str = "blocks_work";
/// Records of the mirror gone over in one piece: a megabyte.
const SEARCHED: u32 = 500;
/// Ids gone over in one piece for those that are let in again.
const LOOKED_THROUGH: u32 = 4_000;
/// How exactly it is known when HubSpot last showed someone: so that a look costs no write.
const SEEN_EVERY_MS: i64 = DAY_MS;
/// Records that became part of others are named in this property (`hubspot-api.md` 4.5).
const MERGED_IDS: &str = "hs_merged_object_ids";

/// What is known of it in memory.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    key: Option<Secret<String>>,
    /// Set up under it, once: every record that is read is hashed while one person is kept out.
    code: Option<Code>,
    /// There is a key, and no key of this deployment opens it.
    locked: bool,
    hashes: BTreeMap<Hash, Entry>,
    work: Work,
}

/// What is still to be gone over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Work {
    /// Contacts above this id are yet to be held against the blocks.
    searched: Option<RecordId>,
    /// Who came to them meanwhile: once more from the beginning, after that.
    #[serde(default)]
    again: bool,
    /// Who is let in again is yet to be found.
    lifted: Option<Lifted>,
}

/// Hashes that were lifted, and where their records are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lifted {
    hashes: BTreeSet<Hash>,
    kinds: Vec<ObjectType>,
    above: RecordId,
}

/// A name of a person, hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    hash: Hash,
    /// It is the id of this very record.
    own: bool,
}

/// An address as it is hashed: HubSpot compares addresses in any case.
fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Records that became part of one.
fn merged_ids(properties: &Properties<'_>) -> impl Iterator<Item = RecordId> {
    let text = properties.get(MERGED_IDS).unwrap_or_default();
    text.split(';').filter_map(|part| part.trim().parse().ok()).take(NAMES)
}

fn place(connection: &ConnectionId) -> String {
    format!("{connection}/blocks")
}

impl Blocks {
    /// As they were saved.
    pub(super) fn load(turn: &Turn<'_>, connection: Option<&ConnectionId>) -> Result<Self, SqlError> {
        let (Some(connection), Some(sealed)) = (connection, schema::get(turn.sql, KEY)?) else {
            return Ok(Self::default());
        };
        let key = turn.config.keyring.open(&place(connection), &sealed).ok();
        let hashes: BTreeMap<Hash, Entry> = store::hashes(turn.sql)?.into_iter().collect();
        let code = key.as_ref().map(code_of);
        let locked = key.is_none() && !hashes.is_empty();
        Ok(Self { locked, key, code, hashes, work: saved(turn, WORK)? })
    }

    /// Whether nobody can be recognised, though somebody is to be kept out: then nothing may be read.
    pub(super) const fn locked(&self) -> bool {
        self.locked
    }

    /// Whether something can be gone over: without the key nobody is recognised.
    pub(super) const fn at_work(&self) -> bool {
        !self.locked && (self.work.searched.is_some() || self.work.lifted.is_some())
    }

    fn hash(&self, what: &str, text: &str) -> Hash {
        let parts = [what.as_bytes(), b"\0", text.as_bytes()];
        // Without a key nobody is kept out, and nobody recognised.
        let code = self.code.as_ref().map_or_else(|| hmac_sha256(b"", &parts), |code| code.of(&parts));
        base16ct::lower::encode_string(&code[..HASH_CHARS / 2])
    }

    fn of_id(&self, kind: ObjectType, id: RecordId) -> Hash {
        self.hash(&kind.name(), &id.to_string())
    }

    fn of_email(&self, email: &str) -> Hash {
        self.hash("email", &normal(email))
    }

    /// Whether somebody of this address is kept out.
    pub(super) fn has_email(&self, email: &str) -> bool {
        !self.hashes.is_empty() && self.hashes.contains_key(&self.of_email(email))
    }

    /// Whether a record is kept out, as far as its id tells.
    pub(super) fn has(&self, kind: ObjectType, id: RecordId) -> bool {
        !self.hashes.is_empty() && self.hashes.contains_key(&self.of_id(kind, id))
    }

    /// The hash of a record that is kept out.
    pub(super) fn recognised(&self, kind: ObjectType, id: RecordId) -> Option<Hash> {
        (!self.hashes.is_empty()).then(|| self.of_id(kind, id)).filter(|hash| self.hashes.contains_key(hash))
    }

    /// How many of those who are kept out HubSpot counts among the records modified in an area of dates. Of a part of the ids
    /// nobody can say.
    pub(super) fn counted_in(&self, kind: ObjectType, area: &Area) -> u64 {
        let whole = Area::of_dates(area.since, area.before);
        if *area != whole {
            return 0;
        }
        let inside = |entry: &&Entry| {
            entry.of == Some(kind) && entry.updated_at.is_some_and(|at| at >= area.since && at < area.before)
        };
        self.hashes.values().filter(inside).count() as u64
    }

    /// What names a record: its id, those that became part of it, its addresses.
    fn names(&self, kind: ObjectType, id: RecordId, properties: &Properties<'_>) -> Vec<Name> {
        let mut names = vec![Name { hash: self.of_id(kind, id), own: true }];
        let list = |name: &str| properties.get(name).unwrap_or_default().to_owned();
        names.extend(merged_ids(properties).map(|part| Name { hash: self.of_id(kind, part), own: false }));
        if kind == ObjectType::Contacts {
            let emails = [list("email"), list("hs_additional_emails")];
            let emails = emails.iter().flat_map(|emails| emails.split(';')).map(normal);
            let emails = emails.filter(|email| !email.is_empty());
            names.extend(emails.map(|email| Name { hash: self.of_email(&email), own: false }));
        }
        names.truncate(NAMES);
        names
    }

    /// Addresses of a contact that nobody is known by who is kept out.
    fn new_addresses(&self, kind: ObjectType, properties: &Properties<'_>) -> Vec<String> {
        if kind != ObjectType::Contacts {
            return Vec::new();
        }
        let texts = ["email", "hs_additional_emails"].map(|name| properties.get(name).unwrap_or_default());
        let emails = texts.iter().flat_map(|emails| emails.split(';')).map(normal).take(NAMES);
        emails.filter(|email| !email.is_empty() && !self.has_email(email)).collect()
    }

    /// Whether a record is kept out, as far as its names tell: also of one that the search for them has yet to come to.
    pub(super) fn keeps_out(&self, kind: ObjectType, id: RecordId, properties: &Properties<'_>) -> bool {
        !self.hashes.is_empty()
            && self.names(kind, id, properties).iter().any(|name| self.hashes.contains_key(&name.hash))
    }

    fn save_work(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let json = serde_json::to_string(&self.work).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, WORK, &json)
    }

    /// Seals the key anew where an older key of the deployment's sealed it.
    pub(super) fn reseal(&self, turn: &mut Turn<'_>, connection: &ConnectionId) -> Result<(), SqlError> {
        match (&self.key, schema::get(turn.sql, KEY)?) {
            (Some(key), Some(sealed)) if turn.config.keyring.is_stale(&sealed) => seal(turn, connection, key),
            _ => Ok(()),
        }
    }

    /// Makes the key where there is none yet.
    fn begin(&mut self, turn: &mut Turn<'_>, connection: &ConnectionId) -> Result<(), SqlError> {
        if self.key.is_some() {
            return Ok(());
        }
        let mut bytes = [0; 32];
        (turn.random)(&mut bytes);
        let key = token_from_random(bytes);
        seal(turn, connection, &key)?;
        self.code = Some(code_of(&key));
        self.key = Some(key);
        Ok(())
    }

    /// Adds names to a block.
    fn add(
        &mut self,
        turn: &Turn<'_>,
        block: i64,
        kind: ObjectType,
        names: &[Name],
        updated_at: Option<Timestamp>,
    ) -> Result<(), SqlError> {
        for name in names {
            let of = name.own.then_some(kind);
            if self.hashes.get(&name.hash).is_some_and(|entry| of.is_none() || entry.of == of) {
                continue;
            }
            let updated_at = updated_at.filter(|_| name.own);
            store::add_hash(turn.sql, block, &name.hash, of, updated_at, turn.now)?;
            let entry = Entry { block, of, updated_at, seen_at: turn.now };
            self.hashes.insert(name.hash.clone(), entry);
        }
        Ok(())
    }

    /// HubSpot shows a record that is kept out, or shows it no longer.
    fn note(&mut self, turn: &Turn<'_>, hash: &str, updated_at: Option<Timestamp>) -> Result<(), SqlError> {
        let Some(entry) = self.hashes.get_mut(hash) else { return Ok(()) };
        let stale = updated_at.is_some() && turn.now.since_ms(entry.seen_at) >= SEEN_EVERY_MS;
        if entry.updated_at == updated_at && !stale {
            return Ok(());
        }
        (entry.updated_at, entry.seen_at) = (updated_at, turn.now);
        store::note(turn.sql, hash, updated_at, turn.now)
    }
}

fn code_of(key: &Secret<String>) -> Code {
    Code::new(key.expose().as_bytes())
}

fn seal(turn: &mut Turn<'_>, connection: &ConnectionId, key: &Secret<String>) -> Result<(), SqlError> {
    let mut nonce = [0; NONCE_BYTES];
    (turn.random)(&mut nonce);
    schema::set(turn.sql, KEY, &turn.config.keyring.seal(&place(connection), key, nonce))
}

/// Records without those that are kept out.
pub(super) fn without<'r, 'a>(
    records: &'r [Record<'a>],
    kept_out: &BTreeSet<RecordId>,
) -> Cow<'r, [Record<'a>]> {
    if kept_out.is_empty() {
        return Cow::Borrowed(records);
    }
    Cow::Owned(records.iter().filter(|record| !kept_out.contains(&record.id)).cloned().collect())
}

impl Portal {
    /// Whom of these records is to be kept out. Of them nothing may be applied; who the mirror holds is erased.
    #[inline(never)]
    pub(super) fn keep_out(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        found: &[Record<'_>],
    ) -> Result<BTreeSet<RecordId>, SqlError> {
        let mut kept_out = BTreeSet::new();
        let mut parts = Vec::new();
        if self.blocks.hashes.is_empty() {
            return Ok(kept_out);
        }
        let kind = self.streams[index].saved.object_type;
        let (mut persons, mut emails) = (Vec::new(), Vec::new());
        for record in found {
            let names = self.blocks.names(kind, record.id, &record.properties);
            let known = names.iter().find_map(|name| self.blocks.hashes.get(&name.hash));
            let Some(Entry { block, .. }) = known.copied() else { continue };
            kept_out.insert(record.id);
            // Whoever became part of them is the same person, and the feed may tell of them.
            parts.extend(merged_ids(&record.properties).filter(|part| !self.blocks.has(kind, *part)));
            let new = self.blocks.new_addresses(kind, &record.properties);
            // Whoever was erased by an address while the mirror held nothing may be known by the record elsewhere.
            if !new.is_empty() || !self.blocks.has(kind, record.id) {
                persons.push(record.id);
                emails.extend(new);
            }
            let shown = (!record.archived).then_some(record.updated_at);
            self.blocks.add(turn, block, kind, &names, shown)?;
            self.blocks.note(turn, &names[0].hash, shown)?;
        }
        if !persons.is_empty() {
            self.forget_addresses(turn, kind, &persons, &emails)?;
        }
        self.take_out(turn, index, &kept_out)?;
        if !parts.is_empty() {
            let known = records::known(turn.sql, kind, &parts, None)?;
            let parts: Vec<RecordId> = known.into_iter().map(|row| row.id).collect();
            self.erase(turn, index, &parts, false)?;
            store::unmark(turn.sql, kind, &parts)?;
        }
        Ok(kept_out)
    }

    /// What came of people under these addresses goes, which nobody knew to be theirs when they were erased.
    fn forget_addresses(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        ids: &[RecordId],
        emails: &[String],
    ) -> Result<(), SqlError> {
        self.erase_signals(turn, kind, ids, emails)?;
        self.erase_workflow_runs(turn, kind, (ids, emails), &[])?;
        self.forget_people(turn, emails)?;
        self.forget_activated(turn, emails, ids)
    }

    /// Erases those of them that the mirror holds. Of each a tombstone remains, by which it is found when it is let in again.
    fn take_out(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        kept_out: &BTreeSet<RecordId>,
    ) -> Result<(), SqlError> {
        if kept_out.is_empty() {
            return Ok(());
        }
        let kind = self.streams[index].saved.object_type;
        let ids: Vec<RecordId> = kept_out.iter().copied().collect();
        let known = records::known(turn.sql, kind, &ids, None)?;
        let held: Vec<RecordId> = known.iter().filter(|row| row.live).map(|row| row.id).collect();
        let never: Vec<Grave> = ids
            .iter()
            .filter(|id| !known.iter().any(|row| row.id == **id))
            .map(|id| Grave { id: *id, merged_into: None })
            .collect();
        if !never.is_empty() {
            let tick = self.tick(turn.now);
            records::entomb(turn.sql, kind, &never, tick)?;
        }
        self.leave_out_of_lists(turn, kind, &ids)?;
        let away: Vec<RecordId> = ids.into_iter().filter(|id| !held.contains(id)).collect();
        let applied = apply::kept_out(self.scene_of_event(turn, index), &away)?;
        if applied.elsewhere > 0 {
            self.count(turn, index, applied)?;
        }
        if !held.is_empty() {
            self.erase(turn, index, &held, false)?;
            store::unmark(turn.sql, kind, &held)?;
        }
        Ok(())
    }

    /// The same of a batch read: who is kept out is as good as missing. What HubSpot says is missing is not counted any more.
    pub(super) fn keep_out_of(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        batch: &mut BatchAnswer<'_>,
    ) -> Result<(), SqlError> {
        self.cut_old_calls(turn.now, index, &mut batch.records);
        if self.blocks.hashes.is_empty() {
            return Ok(());
        }
        let kind = self.streams[index].saved.object_type;
        for id in &batch.missing {
            self.shown_no_longer(turn, kind, *id)?;
        }
        let kept_out = self.keep_out(turn, index, &batch.records)?;
        batch.records.retain(|record| !kept_out.contains(&record.id));
        batch.missing.extend(kept_out);
        Ok(())
    }

    pub(super) fn shown_no_longer(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        id: RecordId,
    ) -> Result<(), SqlError> {
        match self.blocks.recognised(kind, id) {
            Some(hash) => self.blocks.note(turn, &hash, None),
            None => Ok(()),
        }
    }

    /// A sweep has shown every record there is: whoever was not among them is not counted any more.
    pub(super) fn swept(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        began: Timestamp,
    ) -> Result<(), SqlError> {
        let unseen = |(_, entry): &(&Hash, &Entry)| {
            entry.of == Some(kind)
                && entry.updated_at.is_some()
                && entry.seen_at < began.minus_ms(SEEN_EVERY_MS)
        };
        let unseen: Vec<Hash> =
            self.blocks.hashes.iter().filter(unseen).map(|(hash, _)| hash.clone()).collect();
        unseen.into_iter().try_for_each(|hash| self.blocks.note(turn, &hash, None))
    }

    /// Goes on with what is to be gone over, a piece a turn; says whether there is more to do in this alarm.
    #[inline(never)]
    pub(super) fn advance_blocks(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        let at_work = self.blocks.at_work();
        let Some(shift) = self.shift.as_mut().filter(|shift| at_work && shift.pieces_left > 0) else {
            return Ok(false);
        };
        shift.pieces_left -= 1;
        let is_last = shift.pieces_left == 0;
        if let Some(lifted) = self.blocks.work.lifted.take() {
            self.blocks.work.lifted = self.let_in(turn, lifted)?;
        } else if let Some(above) = self.blocks.work.searched {
            let next = self.search(turn, above)?;
            let again = next.is_none() && std::mem::take(&mut self.blocks.work.again);
            self.blocks.work.searched = if again { Some(RecordId(0)) } else { next };
        }
        self.blocks.save_work(turn)?;
        Ok(self.blocks.at_work() && !is_last)
    }

    /// Holds contacts above an id against the blocks; where to go on.
    fn search(&mut self, turn: &Turn<'_>, above: RecordId) -> Result<Option<RecordId>, SqlError> {
        let kind = ObjectType::Contacts;
        let Some(index) = self.streams.iter().position(|running| running.saved.object_type == kind) else {
            return Ok(None);
        };
        let page = records::page(turn.sql, kind, above, SEARCHED)?;
        let mut kept_out = BTreeSet::new();
        for live in &page {
            // What cannot be read is held against its id alone.
            let properties = Properties::parse(&live.properties).unwrap_or_default();
            let names = self.blocks.names(kind, live.id, &properties);
            let known = names.iter().find_map(|name| self.blocks.hashes.get(&name.hash)).copied();
            if let Some(Entry { block, .. }) = known {
                self.blocks.add(turn, block, kind, &names, Some(live.updated_at))?;
                kept_out.insert(live.id);
            }
        }
        self.take_out(turn, index, &kept_out)?;
        Ok(page.last().filter(|_| page.len() == SEARCHED as usize).map(|last| last.id))
    }

    /// Has those read again who are let in; what is left to look through.
    fn let_in(&mut self, turn: &Turn<'_>, mut lifted: Lifted) -> Result<Option<Lifted>, SqlError> {
        let Some(kind) = lifted.kinds.first().copied() else { return Ok(None) };
        let index = self.streams.iter().position(|running| running.saved.object_type == kind);
        let page = match index {
            Some(_) => store::ids_above(turn.sql, kind, lifted.above, LOOKED_THROUGH)?,
            None => Vec::new(),
        };
        let wanted =
            |id: RecordId| lifted.hashes.contains(&self.blocks.of_id(kind, id)) && !self.blocks.has(kind, id);
        let gone = page.iter().filter(|(_, live)| !live).map(|(id, _)| *id);
        let again: Vec<RecordId> = gone.filter(|id| wanted(*id)).collect();
        if let (Some(index), false) = (index, again.is_empty()) {
            let tick = self.tick(turn.now);
            dirty::mark(turn.sql, kind, &again, tick, true, false)?;
            self.streams[index].marked = true;
        }
        match page.last() {
            Some((last, _)) if page.len() == LOOKED_THROUGH as usize => lifted.above = *last,
            _ => {
                lifted.kinds.remove(0);
                lifted.above = RecordId(0);
            }
        }
        Ok((!lifted.kinds.is_empty()).then_some(lifted))
    }

    /// When an alarm is needed to go on.
    pub(super) fn blocks_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocks.at_work().then_some(now)
    }
}
