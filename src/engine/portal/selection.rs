//! Which fields of a type are mirrored, and which of them are read again daily.
//!
//! HubSpot does not count a record as modified when it calculates a field, so no check and no webhook tells: whoever needs such a
//! field as it is today has it kept fresh, which reads every record of the type once a day (N/100 calls, spread over the day).
//!
//! Owns a type's selection (in `meta`) and the daily read under way (in its stream). What a field is, is [`super::fields`]'s.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    engine::portal::{
        Effect, InFlight, Job, Portal, Running, Turn, fields,
        messages::{Answer, KeptFresh, State},
        storage::Level,
        streams::{properties_key, selection_key},
    },
    hubspot::objects::{BATCH_LIMIT, BatchAnswer},
    store::{portal::records, schema, sql::SqlError},
    values::{
        ids::{ObjectType, RecordId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

/// Most names in a selection: more than any account has fields of one type (HubSpot allows 1,000 of its own making).
pub const NAMES_LIMIT: usize = 2_000;
/// Pages of a daily read are spread over this long, so that it ends before the next begins.
const SPREAD_MS: i64 = 20 * HOUR_MS;

/// What is chosen of a type's fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// HubSpot's internal names; [`always`] comes on top. `None`: every field there is and will be.
    pub fields: Option<BTreeSet<String>>,
    /// Fields whose values of all records are read again daily.
    pub kept_fresh: BTreeSet<String>,
}

/// The daily read of every record under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshening {
    started_at: Timestamp,
    /// Every id up to here has been read.
    above: RecordId,
    pages: u64,
}

/// What Spoke itself needs of a type: dates and merges keep the mirror right, counts of associations show when they changed,
/// e-mail addresses, domains and names find and tell records, owners say whose they are.
pub const fn always(kind: ObjectType) -> &'static [&'static str] {
    match kind {
        ObjectType::Contacts => &[
            "createdate",
            "email",
            "hs_additional_emails",
            "hs_merged_object_ids",
            "hs_object_id",
            "hubspot_owner_id",
            "lastmodifieddate",
            "num_associated_deals",
        ],
        ObjectType::Companies => &[
            "createdate",
            "domain",
            "hs_additional_domains",
            "hs_lastmodifieddate",
            "hs_merged_object_ids",
            "hs_object_id",
            "hubspot_owner_id",
            "name",
            "num_associated_contacts",
            "num_associated_deals",
            "website",
        ],
        ObjectType::Deals => &[
            "createdate",
            "dealstage",
            "hs_lastmodifieddate",
            "hs_merged_object_ids",
            "hs_object_id",
            "hubspot_owner_id",
            "num_associated_contacts",
            "pipeline",
        ],
        ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => {
            &["hs_createdate", "hs_lastmodifieddate", "hs_merged_object_ids", "hs_object_id"]
        }
    }
}

impl Selection {
    /// Of the fields there are, those that are mirrored.
    pub fn of(&self, kind: ObjectType, names: Vec<String>) -> Vec<String> {
        let Some(chosen) = &self.fields else { return names };
        names
            .into_iter()
            .filter(|name| chosen.contains(name) || always(kind).contains(&name.as_str()))
            .collect()
    }
}

impl Freshening {
    fn begin(now: Timestamp) -> Self {
        Self { started_at: now, above: RecordId(0), pages: 0 }
    }

    fn page_due(&self, now: Timestamp, records: u64) -> bool {
        let pages = records.div_ceil(BATCH_LIMIT as u64);
        let passed = now.since_ms(self.started_at).clamp(0, SPREAD_MS) as u64;
        self.pages <= pages * passed / SPREAD_MS as u64
    }
}

impl Running {
    /// How the daily read stands; `None`: no field is kept fresh.
    pub(super) fn kept_fresh(&self) -> Option<KeptFresh> {
        let fields = self.selection.kept_fresh.len() as u32;
        let calls = self.saved.records.div_ceil(BATCH_LIMIT as u64);
        let done = |of: &Freshening| (of.pages * 100 / calls.max(1)).min(99) as u8;
        let percent = self.saved.freshening.as_ref().map(done);
        (fields > 0).then_some(KeptFresh { fields, read_at: self.saved.fresh_at, percent, calls })
    }
}

impl Portal {
    /// Takes a new selection. A field that comes or goes has every record read once more, so that the feed tells it of each.
    #[inline(never)]
    pub(super) fn select(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        mut selection: Selection,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(index) = self.streams.iter().position(|running| running.saved.object_type == kind) else {
            return Ok(Answer::Missing);
        };
        let Some(connection) = &self.connection else { return Ok(Answer::NotConnected) };
        let over = match connection.state {
            State::Active | State::Paused { .. } | State::PausedByPerson { .. } => false,
            State::NeedsReauthorisation | State::Disconnecting | State::Disconnected => true,
        };
        let known = fields::present(turn.sql, kind)?;
        if over || known.is_empty() {
            return Ok(Answer::Stopped);
        }
        let named = selection.fields.iter().flatten().chain(&selection.kept_fresh);
        let unknown: Vec<String> = named.filter(|name| known.binary_search(name).is_err()).cloned().collect();
        if !unknown.is_empty() {
            return Ok(Answer::UnknownFields(unknown));
        }
        if let Some(chosen) = &mut selection.fields {
            // What channels read and mappings fill is mirrored as long as they are there.
            let needed = self.needed(turn, kind)?;
            chosen.extend(needed.into_iter().filter(|name| known.binary_search(name).is_ok()));
        }
        let mirrored = selection.of(kind, known);
        let left_out = |name: &&String| mirrored.binary_search(name).is_err();
        let left_out: Vec<String> = selection.kept_fresh.iter().filter(left_out).cloned().collect();
        if !left_out.is_empty() {
            return Ok(Answer::NotMirrored(left_out));
        }
        let running = &self.streams[index];
        if mirrored.len() > running.properties.len() && self.storage(turn).level == Level::Full {
            return Ok(Answer::StorageFull);
        }
        let json = serde_json::to_string(&selection).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, &selection_key(kind), &json)?;
        let running = &mut self.streams[index];
        running.selection = selection;
        running.saved.narrowed_to = None;
        if running.selection.kept_fresh.is_empty() {
            running.saved.freshening = None;
            running.saved.fresh_at = None;
        }
        if running.properties == mirrored {
            self.save_stream(turn, index)?;
        } else {
            let json = serde_json::to_string(&mirrored).map_err(|_| SqlError::Content("meta"))?;
            schema::set(turn.sql, &properties_key(kind), &json)?;
            running.properties = mirrored;
            self.read_thoroughly(turn, index)?;
        }
        if self.goes_on() {
            effects.push(self.rouse(turn.now));
        }
        self.selection(turn, kind)
    }

    /// Has fields of a type mirrored besides those that are chosen, as something that is made now needs them; `false`: there is no room for
    /// them. Every record is read once more then, as with any choice.
    #[inline(never)]
    pub(super) fn mirror_too(
        &mut self,
        turn: &Turn<'_>,
        kind: ObjectType,
        names: &BTreeSet<String>,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, SqlError> {
        let Some(index) = self.streams.iter().position(|running| running.saved.object_type == kind) else {
            return Ok(true);
        };
        let running = &self.streams[index];
        if names.iter().all(|name| running.properties.binary_search(name).is_ok()) {
            return Ok(true);
        }
        if self.storage(turn).level == Level::Full {
            return Ok(false);
        }
        let running = &mut self.streams[index];
        for chosen in [&mut running.selection.fields, &mut running.saved.narrowed_to].into_iter().flatten() {
            chosen.extend(names.iter().cloned());
        }
        let json = serde_json::to_string(&running.selection).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, &selection_key(kind), &json)?;
        let mirrored = running.mirrored_of(fields::present(turn.sql, kind)?);
        let json = serde_json::to_string(&mirrored).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, &properties_key(kind), &json)?;
        running.properties = mirrored;
        self.read_thoroughly(turn, index)?;
        if self.goes_on() {
            effects.push(self.rouse(turn.now));
        }
        Ok(true)
    }

    /// The selection of a type in the API's shape.
    #[inline(never)]
    pub(super) fn selection(&self, turn: &Turn<'_>, kind: ObjectType) -> Result<Answer, SqlError> {
        let Some(running) = self.streams.iter().find(|running| running.saved.object_type == kind) else {
            return Ok(Answer::Missing);
        };
        let known = fields::present(turn.sql, kind)?.len();
        let selection = &running.selection;
        let keeps = !selection.kept_fresh.is_empty();
        let calls = if keeps { running.saved.records.div_ceil(BATCH_LIMIT as u64) } else { 0 };
        let moment = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
        let fields = selection.fields.as_ref();
        Ok(Answer::Json(
            serde_json::json!({
                "object_type": kind,
                "fields": fields.map_or(serde_json::json!("all"), |names| serde_json::json!(names)),
                "always": always(kind),
                "mirrored": running.properties.len(),
                "of": known,
                "keep_fresh": selection.kept_fresh,
                "narrowed": running.saved.narrowed_to.is_some(),
                "fresh_at": moment(running.saved.fresh_at),
                "calls_a_day": calls,
            })
            .to_string(),
        ))
    }

    /// The next page of the daily read, when a stream has nothing else to do.
    #[inline(never)]
    pub(super) fn next_of_freshening(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
    ) -> Result<Option<Job>, SqlError> {
        let running = &mut self.streams[index];
        let stream = &mut running.saved;
        if running.selection.kept_fresh.is_empty() || stream.backfill.is_some() || stream.poll.is_some() {
            return Ok(None);
        }
        let flies = self
            .in_flight
            .values()
            .any(|flying| flying.stream == index && matches!(flying.job, Job::Freshen { .. }));
        if flies {
            return Ok(None);
        }
        if stream.freshening.is_none() && stream.fresh_at.is_none_or(|at| turn.now.since_ms(at) >= DAY_MS) {
            stream.freshening = Some(Freshening::begin(turn.now));
        }
        let Some(freshening) = &stream.freshening else { return Ok(None) };
        if !freshening.page_due(turn.now, stream.records) {
            return Ok(None);
        }
        let ids = records::ids_after(turn.sql, stream.object_type, freshening.above, BATCH_LIMIT)?;
        if ids.is_empty() {
            stream.fresh_at = Some(freshening.started_at);
            stream.freshening = None;
            self.save_stream(turn, index)?;
            return Ok(None);
        }
        Ok(Some(Job::Freshen { ids }))
    }

    /// A page of the daily read.
    #[inline(never)]
    pub(super) fn took_fresh(
        &mut self,
        turn: &Turn<'_>,
        in_flight: &InFlight,
        ids: &[RecordId],
        batch: &BatchAnswer<'_>,
    ) -> Result<(), SqlError> {
        let applied = self.settle_batch(turn, in_flight, ids, batch)?;
        self.freshened(in_flight.stream, ids);
        self.count(turn, in_flight.stream, applied)
    }

    /// The call about a page of the daily read has ended.
    pub(super) fn freshened(&mut self, index: usize, ids: &[RecordId]) {
        if let Some(freshening) = &mut self.streams[index].saved.freshening {
            freshening.above = ids.iter().copied().max().unwrap_or(freshening.above);
            freshening.pages += 1;
        }
    }
}
