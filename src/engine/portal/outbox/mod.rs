//! Writing to HubSpot: every write is a row of the outbox first, and leaves from there.
//!
//! An *action* is what somebody asked for; it comes to one or several *writes*. Writes of one kind leave together, up to a hundred a
//! call; those of one target leave one after the other; of those with one coalescing key that have not left only the last does. What a
//! refusal means is decided by its class ([`answers`]); what became of a write whose answer was lost, by what HubSpot shows
//! ([`settle`]):
//!
//! | write | after a lost answer |
//! |---|---|
//! | update, link, member of a list | is repeated: to do it twice comes to the same |
//! | event on a timeline | is repeated: it has an id of its own ([`timeline`]) |
//! | contact with an e-mail address | is looked for by the address, also among the further ones of contacts, then repeated: HubSpot keeps addresses unique |
//! | any other create | is looked for by the action's id, which a property with unique values of the account holds, then repeated |
//! | the same, where the account refuses such a property: tasks, calls, notes | is looked for, once no answer can be under way any more, among those of the record it is linked to, by time and words: what is not older and no other write came to |
//! | the same, companies, deals, or what is nowhere to be found | becomes `unknown`: a person decides |
//!
//! Owns the rows (in the store's `actions` and `outbox`), which property of each type keeps creates apart and which actions are
//! switched off (in `meta`), and what is under way (in memory). What actions come to is [`planning`]'s.

pub mod actions;
mod answers;
pub(super) mod by_seat;
pub mod commands;
mod echo;
mod named;
mod planning;
mod settle;
mod show;
pub mod timeline;
pub mod waits;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    engine::limiter::messages::Window,
    engine::portal::{
        Job, Portal, Turn, beside::NO_STREAM, plan::Urgency, state::SHOWN_AFTER_MS, streams::saved,
    },
    hubspot::{
        endpoint::Endpoint,
        writes::{self, BATCH_LIMIT, Values},
    },
    store::{
        portal::{
            echoes,
            outbox::{self as store, Entry, State},
            records, seat_writes,
        },
        schema,
        sql::SqlError,
    },
    values::{
        failure::Failure,
        http::Request,
        ids::{ObjectType, RecordId, SeatId},
        json,
        time::{DAY_MS, MINUTE_MS, Timestamp},
    },
};
use planning::Found;
pub use write::{Who, Write};

/// Where it lies in `meta` which properties keep creates apart.
const KEYS_KEY: &str = "outbox_keys";
/// Where it lies in `meta` which actions are switched off.
const SETTINGS_KEY: &str = "outbox_settings";
/// Name of the property that holds the action which made a record.
pub(super) const KEY_PROPERTY: &str = "spoke_action_id";
/// How long actions are kept once nothing of them is open: as long as HubSpot keeps what is archived (`hubspot-api.md` 4.5).
pub(super) const KEPT_MS: i64 = 90 * DAY_MS;
/// How long a write is waited for to be read: every record that changed is, within the day, in every state of a connection that works.
const ECHO_MS: i64 = DAY_MS;
/// Actions that go at once when they are too old: a hundredth of a second's work.
const FORGET_AT_ONCE: u32 = 500;
/// Most writes that are open at a time: some 500 bytes each, 50 MB of ten gigabytes; a thousand calls, under two minutes of the
/// smallest account's window.
pub const OPEN_LIMIT: u32 = 100_000;
/// How long a create waits, again and again, while the companies that it may be one of are still being read.
const NOT_YET_MS: i64 = MINUTE_MS;
/// Why nothing is written of somebody who is kept out.
pub(in crate::engine::portal) const KEPT_OUT: &str =
    "This person was erased and is kept out: nothing of them is written.";
/// Urgency of what a person waits for.
pub(super) const PERSON: u8 = 0;
/// Urgency of what happens by itself.
pub(super) const AUTOMATION: u8 = 1;

/// A write of the outbox, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ready {
    /// As stored.
    pub(super) entry: Entry,
    /// What it is.
    pub(super) write: Write,
}

impl Ready {
    fn read(entry: Entry) -> Result<Self, SqlError> {
        let write = json::parse(&entry.content).map_err(|_| SqlError::Content("outbox"))?;
        Ok(Self { entry, write })
    }

    /// What names it towards HubSpot: the same whenever it leaves, and of no other write of any connection.
    fn key(&self) -> String {
        format!("{}.{}", self.entry.action_id, self.entry.step)
    }
}

/// A call for the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    /// Writes that leave together.
    Send {
        /// Of one batch, [`BATCH_LIMIT`] at most.
        writes: Vec<Ready>,
        /// The property that holds the keys of what is made.
        key: Option<String>,
    },
    /// Whether creates arrived.
    Look {
        /// Of one batch.
        writes: Vec<Ready>,
        /// The property by which they are looked for.
        by: String,
    },
    /// Which records of the type the one that it was to be linked to has.
    Linked(Box<Ready>),
    /// The youngest of these.
    Compare {
        /// The create that is looked for.
        write: Box<Ready>,
        /// Which to compare with it.
        ids: Vec<RecordId>,
    },
    /// The property that keeps creates of a type apart.
    Prepare {
        /// Of which type.
        kind: ObjectType,
        /// What to ask.
        stage: Stage,
    },
}

impl Call {
    /// Where it goes.
    pub(super) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Send { writes, .. } => match writes[0].write {
                Write::Create { .. } | Write::Update { .. } => Endpoint::BatchWrite,
                Write::Tie { .. } => Endpoint::Associations,
                Write::Member { .. } => Endpoint::Members,
            },
            Self::Look { .. } | Self::Compare { .. } => Endpoint::BatchRead,
            Self::Linked(_) => Endpoint::Associations,
            Self::Prepare { .. } => Endpoint::Properties,
        }
    }

    /// The entries on timelines that it sends, and whether it defines them first; `None`: it is about others.
    pub(super) fn entries(&self) -> Option<(&[Ready], Option<&str>)> {
        match self {
            Self::Send { writes, key } if writes.first()?.write.entry().is_some() => {
                Some((writes, key.as_deref()))
            }
            _ => None,
        }
    }

    /// The limiter window it falls into.
    pub(super) fn window(&self) -> Window {
        match self {
            Self::Linked(_) => Window::Associations,
            Self::Send { writes, .. } if matches!(writes[0].write, Write::Tie { .. }) => Window::Associations,
            Self::Send { .. } | Self::Look { .. } | Self::Compare { .. } | Self::Prepare { .. } => {
                Window::Core
            }
        }
    }
}

/// What to ask about the property that keeps creates of a type apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Whether HubSpot's own may be written.
    Probe,
    /// Whether ours is there.
    Look,
    /// To which group it may belong.
    Group,
    /// Makes it.
    Create {
        /// In this group.
        group: String,
    },
}

/// What keeps creates of a type apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keeps {
    /// This property.
    Property {
        /// Its name.
        name: String,
        /// Since when.
        at: Timestamp,
    },
    /// Nothing: the account refuses the property.
    Nothing {
        /// In HubSpot's words, classified.
        why: String,
        /// When it was asked.
        at: Timestamp,
    },
}

/// How often an account that refuses the property is asked once more.
const REFUSED_MS: i64 = DAY_MS;

/// What people set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Actions that nobody may have done.
    #[serde(default)]
    pub off: BTreeSet<actions::Name>,
    /// How entries come on timelines.
    #[serde(default)]
    pub timeline: timeline::Choice,
}

/// What is known of it in memory.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// What keeps creates of a type apart, by its name.
    keeps: BTreeMap<ObjectType, Keeps>,
    /// What is asked about it next.
    preparing: BTreeMap<ObjectType, Stage>,
    /// When that may be asked again after a failure.
    prepare_at: Timestamp,
    prepare_failures: u32,
    settings: Settings,
    /// Which ways of entries on timelines are closed.
    timeline: timeline::Timeline,
    /// Something may leave.
    stirred: bool,
    /// When something may, where nothing may now.
    waits_until: Option<Timestamp>,
    /// What leaves next is waited for by a person.
    person: bool,
    /// Anything was ever written.
    used: bool,
    /// Writes of seats that are carried now.
    carried: BTreeMap<SeatId, by_seat::Carried>,
    /// Some may wait or be carried.
    by_seats: bool,
    /// When the next of those that wait is due.
    by_seats_at: Option<Timestamp>,
    /// Of what was compared with a create: not asked again in this life of the object.
    candidates: BTreeMap<i64, Vec<RecordId>>,
    /// The greatest number that a write had in this life of the object.
    greatest: i64,
}

impl Outbox {
    /// As it was saved: what had left has an end that nobody has heard.
    pub(super) fn load(turn: &Turn<'_>) -> Result<Self, SqlError> {
        store::come_back(turn.sql, turn.now)?;
        let keeps: Vec<(ObjectType, Keeps)> = saved(turn, KEYS_KEY)?;
        let used = store::oldest_at(turn.sql)?.is_some();
        let of_seats = if used { seat_writes::waiting(turn.sql, 1)? } else { Vec::new() };
        Ok(Self {
            keeps: keeps.into_iter().collect(),
            settings: saved(turn, SETTINGS_KEY)?,
            timeline: timeline::Timeline::load(turn)?,
            stirred: used,
            by_seats: used,
            by_seats_at: of_seats.first().map(|(_, _, due_at)| *due_at),
            used,
            greatest: store::greatest(turn.sql)?,
            ..Self::default()
        })
    }

    /// Whether what leaves next is waited for by a person.
    pub(super) const fn person_waits(&self) -> bool {
        self.person && self.stirred
    }

    /// Whether something may leave.
    pub(super) const fn is_stirred(&self) -> bool {
        self.stirred
    }

    /// Whether anything was ever written.
    pub(super) const fn is_used(&self) -> bool {
        self.used
    }

    /// Something is to be looked for.
    fn stir(&mut self) {
        (self.stirred, self.waits_until, self.used) = (true, None, true);
        self.by_seats = true;
    }

    fn save_keeps(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let keeps: Vec<(&ObjectType, &Keeps)> = self.keeps.iter().collect();
        let json = serde_json::to_string(&keeps).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, KEYS_KEY, &json)
    }
}

impl Portal {
    /// When something of the outbox is due.
    pub(super) fn outbox_due_at(&self, turn: &Turn<'_>) -> Result<Option<Timestamp>, SqlError> {
        // What ends a wait for a token has an alarm of its own.
        if !self.outbox.used || !self.may_call(turn) {
            return Ok(None);
        }
        Ok(store::next_at(turn.sql)?.map(|at| {
            let waits = self.outbox.preparing.is_empty() || self.outbox.prepare_at <= turn.now;
            if waits { at } else { at.max(self.outbox.prepare_at) }
        }))
    }

    /// How many calls' worth of writes wait, for as many permits.
    pub(super) fn outbox_calls(turn: &Turn<'_>, most: u32) -> Result<u32, SqlError> {
        let writes = store::open_up_to(turn.sql, most * BATCH_LIMIT as u32)?;
        Ok(writes.div_ceil(BATCH_LIMIT as u32).clamp(1, most))
    }

    /// What to do next for the outbox, and how urgent it is; what a person waits for is before everything else.
    #[inline(never)]
    pub(super) fn next_of_outbox(
        &mut self,
        turn: &mut Turn<'_>,
    ) -> Result<Option<(Urgency, usize, Job)>, SqlError> {
        if !self.outbox.stirred && self.outbox.waits_until.is_none_or(|at| at > turn.now) {
            return Ok(None);
        }
        self.outbox.stirred = true;
        let full = self.full_until(Window::Associations, turn.now).is_some();
        let call = match self.next_doubt(turn)? {
            Some(call) => Some(call),
            None => self.next_send(turn, !full)?,
        };
        // Only where nothing else may leave the links' window is waited for.
        let call = match call {
            None if full => self.next_send(turn, true)?,
            call => call,
        };
        let Some(call) = call else {
            self.outbox.stirred = false;
            self.outbox.person = false;
            self.outbox.waits_until = self.outbox_due_at(turn)?.filter(|at| *at > turn.now);
            return Ok(None);
        };
        self.outbox.person = store::most_urgent(turn.sql, turn.now)?.is_none_or(|urgency| urgency == PERSON);
        let urgency = if self.outbox.person { Urgency::Person } else { Urgency::Automation };
        Ok(Some((urgency, NO_STREAM, Job::Write(call))))
    }

    /// When to look again, where nothing of the outbox may leave now.
    pub(super) const fn outbox_waits_until(&self) -> Option<Timestamp> {
        self.outbox.waits_until
    }

    /// `ties`: whether links may leave.
    fn next_send(&mut self, turn: &mut Turn<'_>, ties: bool) -> Result<Option<Call>, SqlError> {
        // Batches whose property is being asked for hold up no other; those of seats leave with tokens of their own.
        let mut unprepared = if self.outbox.by_seats { seat_writes::batches(turn.sql)? } else { Vec::new() };
        let kind = ObjectType::Calls;
        let creates = format!("create/{kind}@");
        let known = matches!(self.outbox.keeps.get(&kind), Some(Keeps::Property { .. }));
        if !known
            && !self.keeps_nothing(turn.now, kind)
            && unprepared.iter().any(|batch| batch.starts_with(&creates))
            && let Some(call) = self.next_preparation(turn, kind)
        {
            return Ok(Some(call));
        }
        loop {
            let due = store::due(turn.sql, turn.now, (&unprepared, ties), BATCH_LIMIT)?;
            let writes = due.into_iter().map(Ready::read).collect::<Result<Vec<_>, _>>()?;
            let Some(first) = writes.first() else { return Ok(None) };
            let Write::Create { object_type: kind, .. } = first.write else {
                return Ok(Some(Call::Send { writes, key: None }));
            };
            let batch = first.entry.batch.clone();
            if first.write.entry().is_some() {
                match self.call_of_entries(writes) {
                    Some(call) => return Ok(Some(call)),
                    None => unprepared.push(batch),
                }
                continue;
            }
            let (mut absent, mut asks_first) = (Vec::new(), false);
            for ready in writes {
                // They may be known only now for somebody who was erased; of one that was erased on its way nothing is left.
                let empty = matches!(&ready.write, Write::Create { values, .. } if values.is_empty());
                if empty || ready.write.address().is_some_and(|email| self.blocks.has_email(email)) {
                    let note = answers::Note {
                        kind: Failure::Refused.name().to_owned(),
                        words: KEPT_OUT.to_owned(),
                        ..answers::Note::default()
                    };
                    Self::settle(turn, &ready, State::Failed, None, &note)?;
                    continue;
                }
                match self.there_already(turn, &ready)? {
                    // It may be what this write made, later than it was looked for: HubSpot is asked whose it is.
                    Found::Record(_)
                        if ready.entry.doubted
                            && (ready.entry.keyed.is_some() || ready.write.address().is_some()) =>
                    {
                        let (number, note) = (ready.entry.number, ready.entry.note.as_deref());
                        store::put_back(turn.sql, &[number], State::Doubt, turn.now, note)?;
                        asks_first = true;
                    }
                    Found::Record(id) => self.written(turn, &ready, Some(id), answers::Done::Found)?,
                    Found::Nobody => absent.push(ready),
                    Found::NotYet => {
                        let (number, note) = (ready.entry.number, ready.entry.note.as_deref());
                        let due_at = turn.now.plus_ms(NOT_YET_MS);
                        store::put_back(turn.sql, &[number], State::Waiting, due_at, note)?;
                    }
                }
            }
            if asks_first && let Some(call) = self.next_doubt(turn)? {
                return Ok(Some(call));
            }
            if absent.is_empty() {
                continue;
            }
            let named = absent.iter().all(|ready| ready.write.address().is_some());
            if named || self.keeps_nothing(turn.now, kind) {
                return Ok(Some(Call::Send { writes: absent, key: None }));
            }
            if let Some(Keeps::Property { name, .. }) = self.outbox.keeps.get(&kind) {
                return Ok(Some(Call::Send { writes: absent, key: Some(name.clone()) }));
            }
            match self.next_preparation(turn, kind) {
                Some(call) => return Ok(Some(call)),
                None => unprepared.push(batch),
            }
        }
    }

    /// The record that a create is not to be made beside: one that the mirror holds, or that an earlier write made and the mirror does not
    /// know yet.
    fn there_already(&self, turn: &Turn<'_>, ready: &Ready) -> Result<Found, SqlError> {
        let Write::Create { object_type, unless: Some(_), .. } = ready.write else {
            return Ok(Found::Nobody);
        };
        let found = self.counterpart(turn, &ready.write)?;
        if matches!(found, Found::Record(_)) {
            return Ok(found);
        }
        if Self::may_be_earlier(turn, ready)? {
            return Ok(Found::NotYet);
        }
        let Some(made) = store::made(turn.sql, &ready.entry.target)? else { return Ok(found) };
        let lead = records::lead(turn.sql, object_type, made)?;
        let known = records::known(turn.sql, object_type, &[lead], None)?;
        Ok(if known.first().is_some_and(|row| !row.live) { found } else { Found::Record(lead) })
    }

    /// Whether a create that nobody knows of may be of the same record, and the mirror would not show it yet.
    fn may_be_earlier(turn: &Turn<'_>, ready: &Ready) -> Result<bool, SqlError> {
        if !matches!(ready.write, Write::Create { unless: Some(_), .. }) {
            return Ok(false);
        }
        let left_at = store::unknown_left_at(turn.sql, &ready.entry.target)?;
        Ok(left_at.is_some_and(|at| turn.now < at.plus_ms(SHOWN_AFTER_MS)))
    }

    /// What a call asks of HubSpot.
    pub(super) fn outbox_request(&self, call: &Call) -> Option<Request> {
        Some(match call {
            Call::Send { writes, key } if call.entries().is_some() => {
                self.entries_request(writes, key.as_deref())?
            }
            Call::Send { writes, key } => Self::send_request(writes, key.as_deref())?,
            Call::Look { writes, by } => {
                let (Write::Create { object_type, .. }, keys) =
                    (&writes.first()?.write, settle::sought(writes, by))
                else {
                    return None;
                };
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                writes::read_by(*object_type, by, &keys, &settle::asked_of(writes, by))
            }
            Call::Linked(ready) => settle::linked_request(&ready.write)?,
            Call::Compare { write, ids } => settle::compare_request(&write.write, ids)?,
            Call::Prepare { kind, stage } => match stage {
                Stage::Probe => writes::property(*kind, settle::HUBSPOTS_KEY),
                Stage::Look => writes::property(*kind, KEY_PROPERTY),
                Stage::Group => writes::property(*kind, settle::EVERYWHERE),
                Stage::Create { group } => writes::create_key(*kind, KEY_PROPERTY, group),
            },
        })
    }

    fn send_request(writes: &[Ready], key: Option<&str>) -> Option<Request> {
        Some(match &writes.first()?.write {
            Write::Create { object_type, .. } => {
                let keyed: Vec<Values> = writes
                    .iter()
                    .filter_map(|ready| match &ready.write {
                        Write::Create { values, .. } => {
                            let mut values = values.clone();
                            values.extend(key.map(|name| (name.to_owned(), ready.key())));
                            Some(values)
                        }
                        _ => None,
                    })
                    .collect();
                let inputs: Vec<writes::New<'_>> = writes
                    .iter()
                    .zip(&keyed)
                    .map(|(ready, values)| {
                        let ties = match &ready.write {
                            Write::Create { ties, .. } => ties.as_slice(),
                            _ => &[],
                        };
                        let ties = ties.iter().filter_map(|(kind, who)| Some((*kind, who.id()?))).collect();
                        writes::New { trace: ready.key(), values, ties }
                    })
                    .collect();
                writes::create(*object_type, &inputs)
            }
            Write::Update { object_type, id, values, .. } if writes[0].entry.batch.starts_with("single/") => {
                writes::update_one(*object_type, id.id()?, values)
            }
            Write::Update { object_type, .. } => {
                let inputs: Vec<writes::Edit<'_>> = writes
                    .iter()
                    .filter_map(|ready| match &ready.write {
                        Write::Update { id, values, .. } => {
                            Some(writes::Edit { trace: ready.key(), id: id.id()?, values })
                        }
                        _ => None,
                    })
                    .collect();
                writes::update(*object_type, &inputs)
            }
            Write::Tie { from, to, .. } => {
                let pairs: Vec<_> = writes.iter().filter_map(|ready| ready.write.ends()).collect();
                writes::associate(*from, *to, &pairs)
            }
            Write::Member { list, add, .. } => {
                let ids: Vec<RecordId> = writes
                    .iter()
                    .filter_map(|ready| match ready.write {
                        Write::Member { id, .. } => id.id(),
                        _ => None,
                    })
                    .collect();
                writes::members(*list, *add, &ids)
            }
        })
    }

    /// A call leaves: what it writes is on its way.
    pub(super) fn outbox_leaves(&self, turn: &Turn<'_>, call: &Call, asked_at: i64) -> Result<(), SqlError> {
        match call {
            Call::Send { writes, key } => {
                self.ties_leave(turn, writes, asked_at)?;
                for ready in writes {
                    if let Write::Update { object_type, id: Who::Id(id), values, .. } = &ready.write {
                        echoes::put(turn.sql, *object_type, *id, values, turn.now)?;
                    }
                }
                store::leave(turn.sql, &numbers(writes), key.as_deref(), turn.now)
            }
            // Asked about by nobody else meanwhile.
            Call::Look { writes, .. } => hold(turn, &numbers(writes)),
            Call::Linked(ready) | Call::Compare { write: ready, .. } => hold(turn, &[ready.entry.number]),
            Call::Prepare { .. } => Ok(()),
        }
    }

    /// What contacts with these addresses were to become is forgotten: they were erased. Nothing of it leaves any more.
    pub(super) fn forget_people(&mut self, turn: &Turn<'_>, emails: &[String]) -> Result<(), SqlError> {
        if !self.outbox.used || emails.is_empty() {
            return Ok(());
        }
        let kind = ObjectType::Contacts;
        let made = store::forget_named(turn.sql, kind, emails)?;
        // Those that the mirror holds under another address now are not this person any more.
        let known = records::known(turn.sql, kind, &made, None)?;
        let held = |id: &RecordId| known.iter().any(|row| row.live && row.id == *id);
        let unseen: Vec<RecordId> = made.into_iter().filter(|id| !held(id)).collect();
        if !unseen.is_empty() {
            store::forget(turn.sql, kind, &unseen)?;
        }
        // What waited behind it may leave.
        self.outbox.stir();
        Ok(())
    }

    /// Actions of long ago go.
    pub(super) fn forget_actions(&self, turn: &Turn<'_>) -> Result<(), SqlError> {
        if !self.outbox.used {
            return Ok(());
        }
        echoes::forget_before(turn.sql, turn.now.minus_ms(ECHO_MS))?;
        store::forget_before(turn.sql, turn.now.minus_ms(KEPT_MS), FORGET_AT_ONCE)
    }
}

fn hold(turn: &Turn<'_>, numbers: &[i64]) -> Result<(), SqlError> {
    store::hold(turn.sql, numbers, turn.now.plus_ms(settle::HELD_MS))
}

fn numbers(writes: &[Ready]) -> Vec<i64> {
    writes.iter().map(|ready| ready.entry.number).collect()
}
