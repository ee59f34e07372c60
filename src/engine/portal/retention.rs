//! What is kept, and for how long: the minimum of each type's fields, details of calls for some days, audit entries for some more.
//!
//! *Minimum*: of each type only [`minimum`] is mirrored, what Spoke itself needs ([`super::selection::always`]), and what channels,
//! mappings and people name besides. What is dropped leaves the mirror by a full read, as with any choice of fields, and the feed by a pass
//! over it afterwards, which leaves each field named and without values.
//!
//! *Calls*: a call that took place longer ago keeps [`BARE_CALL`] alone. Once a day a pass takes the rest out of the mirror, and
//! then out of the feed; what is read later of such a call is cut before it is applied, so nothing brings it back. Neither waits
//! for HubSpot: details go in every state in which something is kept.
//!
//! Owns the settings and how far the passes are (both in `meta`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    engine::{
        audit,
        portal::{
            Effect, Portal, Running, Turn, fields,
            messages::Answer,
            selection::{Selection, always},
            streams::{properties_key, saved, selection_key},
        },
    },
    hubspot::objects::{Properties, Record},
    store::{
        audit as entries,
        portal::{
            feed::{self, Change},
            keys,
            records::{self, Live, Write},
            thinning,
        },
        schema,
        sql::SqlError,
    },
    values::{
        ids::{ObjectType, RecordId},
        time::{DAY_MS, Timestamp},
    },
};

/// Where the settings lie in `meta`.
const KEY: &str = "retention";
/// Where it lies in `meta` how far the passes are.
const WORK: &str = "retention_work";
/// Days that details of calls are kept unless a person says otherwise.
const CALL_DAYS: u32 = 180;
/// Most days of any setting: ten years.
pub const MOST_DAYS: u32 = 3_650;
/// Fewest days of the audit log: what a review of a month needs.
pub const FEWEST_AUDIT_DAYS: u32 = 30;
/// Days that signals are kept unless a person says otherwise: as long as the outbox remembers what they led to.
const SIGNAL_DAYS: u32 = 90;
/// Records gone over in one piece: a megabyte.
const GONE_OVER: u32 = 500;

/// What of an old call stays: that there was one, when, in which direction, whose.
pub const BARE_CALL: [&str; 7] = [
    "hs_call_direction",
    "hs_createdate",
    "hs_lastmodifieddate",
    "hs_merged_object_ids",
    "hs_object_id",
    "hs_timestamp",
    "hubspot_owner_id",
];

/// What dialing takes of a type, besides what Spoke itself needs of it.
pub const fn minimum(kind: ObjectType) -> &'static [&'static str] {
    match kind {
        ObjectType::Contacts => {
            &["associatedcompanyid", "company", "firstname", "jobtitle", "lastname", "mobilephone", "phone"]
        }
        ObjectType::Companies => &["phone"],
        ObjectType::Deals => &["dealname", "hs_primary_associated_company"],
        ObjectType::Tasks => &["hs_task_status", "hs_task_subject", "hs_timestamp", "hubspot_owner_id"],
        ObjectType::Calls => &["hs_call_direction", "hs_timestamp", "hubspot_owner_id"],
        ObjectType::Notes => &["hs_timestamp", "hubspot_owner_id"],
        ObjectType::Custom(_) => &[],
    }
}

/// What a person has set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    minimum: bool,
    call_details_days: u32,
    audit_days: u32,
    signal_days: u32,
    /// What was chosen of each type before the minimum was; it comes back with the end of the minimum.
    before: BTreeMap<ObjectType, Selection>,
}

impl Default for Settings {
    fn default() -> Self {
        let before = BTreeMap::new();
        Self {
            minimum: false,
            call_details_days: CALL_DAYS,
            audit_days: audit::DAYS,
            signal_days: SIGNAL_DAYS,
            before,
        }
    }
}

/// What is to be set; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Only the minimum of fields.
    pub minimum: Option<bool>,
    /// 1 to [`MOST_DAYS`].
    pub call_details_days: Option<u32>,
    /// [`FEWEST_AUDIT_DAYS`] to [`MOST_DAYS`].
    pub audit_days: Option<u32>,
    /// 1 to [`MOST_DAYS`].
    #[serde(default)]
    pub signal_days: Option<u32>,
}

/// How far the passes are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Work {
    /// When the last pass over calls began.
    calls_at: Timestamp,
    /// Calls above this id are yet to be looked at.
    calls: Option<RecordId>,
    /// Types whose records above an id are yet to lose the fields that are mirrored no longer.
    narrow: Vec<(ObjectType, RecordId)>,
    /// Full reads under way may yet bring answers that left before: the feed is gone over again after them.
    after_reads: bool,
    /// Types whose changes are gone over, and from which number on.
    thin: Vec<(ObjectType, u64)>,
}

impl Work {
    /// Has all changes of a type gone over, also where a pass over them is under way.
    fn thin_anew(&mut self, kind: ObjectType) {
        self.thin.retain(|(other, _)| *other != kind);
        self.thin.push((kind, 0));
    }
}

/// The fields that are chosen of a type, and what is always mirrored of it; `None`: all.
fn chosen(running: &Running) -> Option<BTreeSet<&str>> {
    let names = running.selection.fields.as_ref()?.iter().map(String::as_str);
    Some(names.chain(always(running.saved.object_type).iter().copied()).collect())
}

/// What is known of it in memory.
#[derive(Debug, Default)]
pub(super) struct Retention {
    settings: Settings,
    work: Work,
}

impl Retention {
    /// As it was saved.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        Ok(Self { settings: saved(turn, KEY)?, work: saved(turn, WORK)? })
    }

    const fn under_way(&self) -> bool {
        self.work.calls.is_some() || !self.work.narrow.is_empty() || !self.work.thin.is_empty()
    }

    fn save(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let json = |value: serde_json::Result<String>| value.map_err(|_| SqlError::Content("meta"));
        schema::set(turn.sql, KEY, &json(serde_json::to_string(&self.settings))?)?;
        schema::set(turn.sql, WORK, &json(serde_json::to_string(&self.work))?)
    }

    /// Whether a call's details are kept no longer.
    fn is_old(&self, now: Timestamp, created_at: Timestamp, properties: &Properties<'_>) -> bool {
        let told = properties.get("hs_timestamp");
        let moment = |text: &str| Timestamp::parse_rfc3339(text).or_else(|| text.parse().ok().map(Timestamp));
        let at = told.and_then(moment).map_or(created_at, |at| at.min(created_at));
        at < now.minus_ms(i64::from(self.settings.call_details_days) * DAY_MS)
    }
}

impl Portal {
    /// The settings in the API's shape.
    pub(super) fn retention(&self) -> Answer {
        if self.connection.is_none() {
            return Answer::NotConnected;
        }
        let Settings { minimum: on, call_details_days, audit_days, signal_days, .. } =
            &self.retention.settings;
        let sets: BTreeMap<String, BTreeSet<&str>> = self
            .streams
            .iter()
            .map(|running| running.saved.object_type)
            .map(|kind| (kind.to_string(), minimum(kind).iter().chain(always(kind)).copied().collect()))
            .collect();
        Answer::Json(
            json!({
                "minimum": on,
                "minimum_fields": sets,
                "call_details_days": call_details_days,
                "call_details_kept": BARE_CALL,
                "audit_days": audit_days,
                "signal_days": signal_days,
            })
            .to_string(),
        )
    }

    /// Takes new settings. What they no longer allow goes soon.
    #[inline(never)]
    pub(super) fn set_retention(
        &mut self,
        turn: &Turn<'_>,
        change: &Wanted,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if self.connection.is_none() {
            return Ok(Answer::NotConnected);
        }
        let settings = &mut self.retention.settings;
        settings.audit_days = change.audit_days.unwrap_or(settings.audit_days);
        settings.signal_days = change.signal_days.unwrap_or(settings.signal_days);
        if let Some(days) = change.call_details_days {
            settings.call_details_days = days;
            self.retention.work.calls_at = Timestamp::default();
        }
        match change.minimum {
            Some(true) => {
                self.retention.settings.minimum = true;
                self.keep_minimum(turn)?;
            }
            Some(false) if self.retention.settings.minimum => {
                self.retention.settings.minimum = false;
                // What has not gone yet stays: the selection that said so is over.
                self.retention.work.narrow.clear();
                let before = std::mem::take(&mut self.retention.settings.before);
                for (kind, mut selection) in before {
                    if let Some(chosen) = &mut selection.fields {
                        // What was made meanwhile names fields, too.
                        chosen.extend(self.needed(turn, kind)?);
                    }
                    self.choose(turn, kind, selection)?;
                }
            }
            Some(false) | None => {}
        }
        self.retention.save(turn)?;
        self.prune_audit(turn)?;
        self.forget_signals(turn)?;
        self.forget_workflow_runs(turn)?;
        self.rouse_idle(turn.now, effects);
        Ok(self.retention())
    }

    /// Chooses the minimum of each type for which that was not done yet.
    pub(super) fn keep_minimum(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if !self.retention.settings.minimum {
            return Ok(());
        }
        let mut any = false;
        for index in 0..self.streams.len() {
            let running = &self.streams[index];
            let kind = running.saved.object_type;
            if self.retention.settings.before.contains_key(&kind) {
                continue;
            }
            let earlier = running.selection.clone();
            let mut chosen: BTreeSet<String> = minimum(kind).iter().map(|name| (*name).to_owned()).collect();
            chosen.extend(self.needed(turn, kind)?);
            let stays = |name: &&String| chosen.contains(*name) || always(kind).contains(&name.as_str());
            let kept_fresh = earlier.kept_fresh.iter().filter(stays).cloned().collect();
            self.retention.settings.before.insert(kind, earlier);
            self.choose(turn, kind, Selection { fields: Some(chosen), kept_fresh })?;
            self.retention.work.narrow.retain(|(other, _)| *other != kind);
            self.retention.work.narrow.push((kind, RecordId(0)));
            any = true;
        }
        if any {
            self.retention.work.after_reads = true;
            self.retention.save(turn)?;
        }
        Ok(())
    }

    /// A type is turned off. Turned on again its fields are chosen anew; what the feed holds of it and may not be kept goes.
    pub(super) fn type_goes(&mut self, turn: &Turn<'_>, kind: ObjectType) -> Result<(), SqlError> {
        let chosen = self.retention.settings.before.remove(&kind).is_some();
        let work = &mut self.retention.work;
        work.narrow.retain(|(other, _)| *other != kind);
        if chosen || kind == ObjectType::Calls {
            work.thin_anew(kind);
            self.retention.save(turn)?;
        }
        Ok(())
    }

    /// Makes this the choice of a type, also where its fields are not known yet.
    fn choose(&mut self, turn: &Turn<'_>, kind: ObjectType, selection: Selection) -> Result<(), SqlError> {
        let Some(index) = self.streams.iter().position(|running| running.saved.object_type == kind) else {
            return Ok(());
        };
        let json = serde_json::to_string(&selection).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, &selection_key(kind), &json)?;
        let mirrored = selection.of(kind, fields::present(turn.sql, kind)?);
        let running = &mut self.streams[index];
        running.selection = selection;
        running.saved.narrowed_to = None;
        if running.properties.is_empty() || running.properties == mirrored {
            return self.save_stream(turn, index);
        }
        let json = serde_json::to_string(&mirrored).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, &properties_key(kind), &json)?;
        running.properties = mirrored;
        self.read_thoroughly(turn, index)
    }

    /// Cuts what was read of old calls before it is applied.
    pub(super) fn cut_old_calls(&self, now: Timestamp, index: usize, found: &mut [Record<'_>]) {
        if self.streams[index].saved.object_type != ObjectType::Calls {
            return;
        }
        for record in found {
            if self.retention.is_old(now, record.created_at, &record.properties) {
                record.properties.keep(&BARE_CALL);
            }
        }
    }

    fn calls_are_mirrored(&self) -> bool {
        self.streams.iter().any(|running| running.saved.object_type == ObjectType::Calls)
    }

    /// Goes on with the passes, a piece a turn; says whether there is more to do in this alarm.
    #[inline(never)]
    pub(super) fn advance_retention(&mut self, turn: &Turn<'_>) -> Result<bool, SqlError> {
        // A type that may not be read brings nothing back.
        let reads = |index: usize| self.streams[index].saved.backfill.is_some() && !self.stands_still(index);
        let read = self.retention.work.after_reads && !(0..self.streams.len()).any(reads);
        let work = &mut self.retention.work;
        if read {
            work.after_reads = false;
            self.streams.iter().for_each(|running| work.thin_anew(running.saved.object_type));
            self.retention.save(turn)?;
        }
        if self.calls_are_mirrored() && turn.now.since_ms(self.retention.work.calls_at) >= DAY_MS {
            let work = &mut self.retention.work;
            (work.calls_at, work.calls) = (turn.now, Some(RecordId(0)));
            self.retention.save(turn)?;
        }
        let under_way = self.retention.under_way();
        let Some(shift) = self.shift.as_mut().filter(|shift| under_way && shift.pieces_left > 0) else {
            return Ok(false);
        };
        shift.pieces_left -= 1;
        let is_last = shift.pieces_left == 0;
        if let Some(above) = self.retention.work.calls {
            let next = if self.calls_are_mirrored() { self.cut_calls(turn, above)? } else { None };
            self.retention.work.calls = next;
            if next.is_none() {
                self.retention.work.thin_anew(ObjectType::Calls);
            }
        } else if let Some((kind, above)) = self.retention.work.narrow.pop() {
            match self.drop_unchosen(turn, kind, above)? {
                Some(next) => self.retention.work.narrow.push((kind, next)),
                None => self.retention.work.thin_anew(kind),
            }
        } else if let Some((kind, from)) = self.retention.work.thin.pop() {
            let next = self.thin(turn, kind, from)?;
            self.retention.work.thin.extend(next.map(|next| (kind, next)));
        }
        self.retention.save(turn)?;
        Ok(self.retention.under_way() && !is_last)
    }

    /// Takes details of old calls above an id out of the mirror; where to go on. The feed says which fields went, not what they were.
    fn cut_calls(&mut self, turn: &Turn<'_>, above: RecordId) -> Result<Option<RecordId>, SqlError> {
        let kind = ObjectType::Calls;
        let page = records::page(turn.sql, kind, above, GONE_OVER)?;
        let is_old = |live: &&Live| {
            Properties::parse(&live.properties)
                .is_ok_and(|properties| self.retention.is_old(turn.now, live.created_at, &properties))
        };
        let old: Vec<&Live> = page.iter().filter(is_old).collect();
        self.cut(turn, kind, old, &BARE_CALL)?;
        Ok(page.last().filter(|_| page.len() == GONE_OVER as usize).map(|last| last.id))
    }

    /// Leaves these fields alone of records, and in the feed the names of those that went.
    fn cut<'r>(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        page: impl IntoIterator<Item = &'r Live>,
        kept: &[&str],
    ) -> Result<(), SqlError> {
        let (mut texts, mut changes) = (Vec::new(), Vec::new());
        for live in page {
            let Ok(mut properties) = Properties::parse(&live.properties) else { continue };
            let names = properties.iter().map(|(name, _)| name);
            let dropped: Vec<String> =
                names.filter(|name| kept.binary_search(name).is_err()).map(str::to_owned).collect();
            if dropped.is_empty() {
                continue;
            }
            properties.keep(kept);
            let key = keys::of(kind, |name| properties.get(name)).first;
            texts.push((live, key, properties.to_json()));
            let set = dropped.into_iter().map(|name| (name, (None, None))).collect();
            changes.push(Change::Updated { id: live.id, set, ours: false });
        }
        let writes: Vec<Write<'_>> = texts
            .iter()
            .map(|(live, key, text)| Write {
                id: live.id,
                created_at: live.created_at,
                updated_at: live.updated_at,
                key: *key,
                properties: text,
            })
            .collect();
        if !writes.is_empty() {
            let tick = self.tick(turn.now);
            records::make_room(turn.sql, kind, &writes)?;
            records::put(turn.sql, kind, &writes, tick)?;
            feed::append(turn.sql, turn.now, kind, changes)?;
        }
        Ok(())
    }

    /// Takes fields that are mirrored no longer out of the records of a type above an id; where to go on. It waits for no read: a
    /// connection may have ended, or a scope be lost. The feed says which fields went, not what they were.
    fn drop_unchosen(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        above: RecordId,
    ) -> Result<Option<RecordId>, SqlError> {
        let Some(running) = self.streams.iter().find(|running| running.saved.object_type == kind) else {
            return Ok(None);
        };
        let Some(names) = chosen(running) else { return Ok(None) };
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let kept: Vec<&str> = names.iter().map(String::as_str).collect();
        let page = records::page(turn.sql, kind, above, GONE_OVER)?;
        let goes_on = page.last().filter(|_| page.len() == GONE_OVER as usize).map(|last| last.id);
        self.cut(turn, kind, page.iter(), &kept)?;
        Ok(goes_on)
    }

    /// Takes values out of the changes of a type that are not to be kept any more; where to go on.
    fn thin(&self, turn: &Turn<'_>, kind: ObjectType, from: u64) -> Result<Option<u64>, SqlError> {
        let running = self.streams.iter().find(|running| running.saved.object_type == kind);
        let mirrored: BTreeSet<&str> = match running {
            // A type that was turned off has none.
            None => BTreeSet::new(),
            Some(running) if running.properties.is_empty() => match chosen(running) {
                Some(names) => names,
                // Which fields there are is not known yet, and all of them are wanted: nothing was dropped.
                None => return Ok(None),
            },
            Some(running) => running.properties.iter().map(String::as_str).collect(),
        };
        let Some((chunks, next)) = thinning::stretch(turn.sql, kind, from)? else { return Ok(None) };
        let calls = kind == ObjectType::Calls && running.is_some();
        for mut chunk in chunks {
            let old = if calls { self.old_of(turn, &chunk)? } else { BTreeSet::new() };
            let mut thinner = false;
            for change in &mut chunk.changes {
                let Change::Updated { id, set, .. } = change else { continue };
                for (name, values) in set.iter_mut() {
                    let goes = !mirrored.contains(name.as_str())
                        || (old.contains(id) && !BARE_CALL.contains(&name.as_str()));
                    if goes && *values != (None, None) {
                        *values = (None, None);
                        thinner = true;
                    }
                }
            }
            if thinner {
                thinning::replace(turn.sql, &chunk)?;
            }
        }
        Ok(Some(next))
    }

    /// Calls of a chunk whose details are kept no longer, also because they are gone.
    fn old_of(&self, turn: &Turn<'_>, chunk: &feed::Chunk) -> Result<BTreeSet<RecordId>, SqlError> {
        let updated = chunk.changes.iter().filter_map(|change| match change {
            Change::Updated { id, .. } => Some(*id),
            _ => None,
        });
        let ids: BTreeSet<RecordId> = updated.collect();
        let mut old = ids.clone();
        let listed: Vec<RecordId> = ids.into_iter().collect();
        for some in listed.chunks(GONE_OVER as usize) {
            for row in records::by_ids(turn.sql, ObjectType::Calls, some)? {
                let text = row.properties.unwrap_or_default();
                let properties = Properties::parse(&text).unwrap_or_default();
                // What was cut is old, whatever date said so.
                let cut = properties.iter().all(|(name, _)| BARE_CALL.contains(&name));
                if row.live && !cut && !self.retention.is_old(turn.now, turn.now, &properties) {
                    old.remove(&row.id);
                }
            }
        }
        Ok(old)
    }

    /// When an alarm is needed to go on.
    pub(super) fn retention_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        if self.retention.under_way() {
            return Some(now);
        }
        self.calls_are_mirrored().then(|| self.retention.work.calls_at.plus_ms(DAY_MS).max(now))
    }

    /// How long audit entries are kept.
    pub(super) fn audit_ms(&self) -> i64 {
        i64::from(self.retention.settings.audit_days) * DAY_MS
    }

    /// How long signals are kept.
    pub(super) fn signal_ms(&self) -> i64 {
        i64::from(self.retention.settings.signal_days) * DAY_MS
    }

    /// Takes audit entries away whose time is over.
    pub(super) fn prune_audit(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        entries::purge_before(turn.sql, turn.now.minus_ms(self.audit_ms()))
    }
}
