//! Believable records, and edits of them. Owns the plan by which an account's records of a type are made up; records
//! belong to `objects::store`.

mod plan;
mod words;

use serde::{Deserialize, Serialize};

use crate::objects::kind::{CONTACTS, KINDS, ObjectKind};
use crate::objects::record::{State, Values};
use crate::objects::store::{BY_PERSON, Store, set};
use crate::portal::{Portal, Shelf, Turn};
use crate::time::DAY_MS;

pub(crate) use plan::Plan;

/// What a seeded account looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// Properties with a value per record, on average, id and dates included.
    pub properties_set: u32,
    /// Custom properties of each type that is seeded.
    pub custom_properties: u32,
    /// One contact in this many has a 65 KB value. 0 = none.
    pub long_value_one_in: u32,
    /// Whether e-mails, numbers and texts show the oddities of real accounts.
    pub oddities: bool,
    /// Creation and modification dates spread over this many days before the seeding.
    pub history_days: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            properties_set: 30,
            custom_properties: 12,
            long_value_one_in: 0,
            oddities: true,
            history_days: 1095,
        }
    }
}

/// Edits at a steady rate, made as time passes ([`crate::Simulator::tick`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditStream {
    /// Milliseconds between two rounds of edits, at least 1.
    pub every_ms: u64,
    /// Edits per round.
    pub edits: u32,
    /// When the next round is due, epoch milliseconds; 0 = at once.
    #[serde(default)]
    pub next_at: u64,
}

/// Most rounds made up for at once when time jumped; older ones are dropped. 10,000 rounds a second apart are nearly 3 hours.
const ROUND_LIMIT: u32 = 10_000;

/// What a round of edits did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Edits {
    pub created: u32,
    pub updated: u32,
    pub archived: u32,
    pub restored: u32,
    pub merged: u32,
    pub erased: u32,
}

impl Edits {
    /// All of them.
    pub fn total(self) -> u32 {
        self.created + self.updated + self.archived + self.restored + self.merged + self.erased
    }
}

/// What HubSpot's forms let nobody clear.
const NEVER_CLEARED: [&str; 3] = ["dealname", "dealstage", "name"];

/// `changeSource` of a change that a workflow makes.
const BY_WORKFLOW: &str = "AUTOMATION_PLATFORM";

impl Portal {
    /// Adds `count` contacts; see [`Self::seed`].
    pub fn seed_contacts(&mut self, turn: &mut Turn<'_>, count: u32, shape: &Shape) {
        self.seed(turn, &CONTACTS, count, shape);
    }

    /// Adds `count` records with a history; search knows them at once, no events are sent. Custom properties are
    /// added as far as the type lacks them.
    pub fn seed(&mut self, turn: &mut Turn<'_>, kind: &ObjectKind, count: u32, shape: &Shape) {
        let Self { shelves, rng, .. } = self;
        let Shelf { store, plan, .. } = &mut shelves[kind.place];
        let made = Plan::new(store, turn.now_ms, shape);
        let span_ms = u64::from(shape.history_days.max(1)) * DAY_MS;
        let start = turn.now_ms.saturating_sub(span_ms);
        let (mut draft, mut buffer) = (plan::Draft::default(), Vec::new());
        for place in 0..u64::from(count) {
            // Ids and creation dates grow together, as they do in HubSpot.
            let created_at = start + (span_ms - 1) * place / u64::from(count);
            let updated_at = created_at + rng.u64(..turn.now_ms.saturating_sub(created_at).max(1));
            made.draw(&mut draft, rng, store.total_count() as u64, created_at);
            let values = Values::pack_with(&mut buffer, draft.values());
            store.seed(rng, created_at, updated_at, values);
        }
        *plan = Some(made);
    }

    /// Edits contacts; see [`Self::edit_random_of`].
    pub fn edit_random(&mut self, turn: &mut Turn<'_>, count: u32) -> Edits {
        self.edit_random_of(turn, &CONTACTS, count)
    }

    /// Makes `count` edits as people and workflows do: mostly updates, some creations, archives, restores, merges and
    /// privacy deletions.
    pub fn edit_random_of(&mut self, turn: &mut Turn<'_>, kind: &ObjectKind, count: u32) -> Edits {
        let Self { shelves, rng, .. } = self;
        let Shelf { store, plan, archived, .. } = &mut shelves[kind.place];
        let plan = plan.get_or_insert_with(|| Plan::new(store, turn.now_ms, &Shape::default()));
        let mut edits = Edits::default();
        for _ in 0..count {
            edit_once(store, turn, rng, plan, archived, &mut edits);
        }
        self.follow(turn);
        edits
    }

    /// Edits contacts; see [`Self::bulk_edit_of`].
    pub fn bulk_edit(&mut self, turn: &mut Turn<'_>, count: u32) -> Edits {
        self.bulk_edit_of(turn, &CONTACTS, count)
    }

    /// Updates `count` different records (or as many as there are) in the same millisecond, as a workflow does.
    pub fn bulk_edit_of(&mut self, turn: &mut Turn<'_>, kind: &ObjectKind, count: u32) -> Edits {
        let Self { shelves, rng, .. } = self;
        let Shelf { store, plan, .. } = &mut shelves[kind.place];
        let plan = plan.get_or_insert_with(|| Plan::new(store, turn.now_ms, &Shape::default()));
        let mut edits = Edits::default();
        let start = rng.usize(..store.total_count().max(1));
        for at in (start..store.total_count()).chain(0..start) {
            if edits.updated >= count {
                break;
            }
            let live = store.nth(at).filter(|record| record.state == State::Live).map(|record| record.id);
            if let Some(id) = live {
                edits.updated += u32::from(update(store, turn, rng, plan, id, BY_WORKFLOW));
            }
        }
        edits
    }

    /// Starts, changes or ends the steady stream of edits of contacts.
    pub fn set_stream(&mut self, stream: Option<EditStream>) {
        self.set_stream_of(&CONTACTS, stream);
    }

    /// Starts, changes or ends a type's steady stream of edits.
    pub fn set_stream_of(&mut self, kind: &ObjectKind, stream: Option<EditStream>) {
        self.shelves[kind.place].stream = stream;
    }

    pub(crate) fn run_streams(&mut self, turn: &mut Turn<'_>) {
        for kind in KINDS {
            self.run_stream(turn, kind);
        }
    }

    fn run_stream(&mut self, turn: &mut Turn<'_>, kind: &ObjectKind) {
        let Some(mut stream) = self.shelves[kind.place].stream else { return };
        let now_ms = turn.now_ms;
        if stream.next_at == 0 {
            stream.next_at = now_ms;
        }
        let mut rounds = 0;
        while stream.next_at <= now_ms {
            if rounds < ROUND_LIMIT {
                let Turn { switches, changes, .. } = turn;
                let mut then = Turn { now_ms: stream.next_at, switches, changes, viewer: None };
                self.edit_random_of(&mut then, kind, stream.edits);
                rounds += 1;
            }
            stream.next_at += stream.every_ms.max(1);
        }
        self.shelves[kind.place].stream = Some(stream);
    }
}

fn edit_once(
    store: &mut Store,
    turn: &mut Turn<'_>,
    rng: &mut fastrand::Rng,
    plan: &Plan,
    archived: &mut Vec<u64>,
    edits: &mut Edits,
) {
    let choice = rng.u32(..100);
    let (Some(one), Some(other)) = (random_live(store, rng), random_live(store, rng)) else {
        return create(store, turn, rng, plan, edits);
    };
    match choice {
        0..10 => create(store, turn, rng, plan, edits),
        10..16 if store.archive(turn, rng, BY_PERSON, one).is_ok() => {
            archived.push(one);
            edits.archived += 1;
        }
        16..19 if !archived.is_empty() => {
            let id = archived.swap_remove(rng.usize(..archived.len()));
            edits.restored += u32::from(store.restore(turn, rng, BY_PERSON, id).is_ok());
        }
        19..22 if one != other && store.kind().classical => {
            edits.merged += u32::from(store.merge(turn, rng, BY_PERSON, one, other).is_ok());
        }
        22..24 if store.kind().erasable => {
            edits.erased += u32::from(store.erase(turn, rng, BY_PERSON, one).is_ok());
        }
        _ => edits.updated += u32::from(update(store, turn, rng, plan, one, BY_PERSON)),
    }
}

/// A live record by chance. Where most are gone, it may find none.
pub(crate) fn random_live(store: &Store, rng: &mut fastrand::Rng) -> Option<u64> {
    if store.live_count() == 0 {
        return None;
    }
    (0..200).find_map(|_| {
        let record = store.nth(rng.usize(..store.total_count()))?;
        (record.state == State::Live).then_some(record.id)
    })
}

fn create(store: &mut Store, turn: &mut Turn<'_>, rng: &mut fastrand::Rng, plan: &Plan, edits: &mut Edits) {
    let mut draft = plan::Draft::default();
    plan.draw(&mut draft, rng, store.total_count() as u64, turn.now_ms);
    let values: Vec<_> = draft.values().collect();
    edits.created += u32::from(store.create(turn, rng, BY_PERSON, &values).is_ok());
}

/// Changes one to three values; whether anything changed.
fn update(
    store: &mut Store,
    turn: &mut Turn<'_>,
    rng: &mut fastrand::Rng,
    plan: &Plan,
    id: u64,
    source: &'static str,
) -> bool {
    let serial = store.total_count() as u64 + rng.u64(..1 << 40);
    let drawn: Vec<_> =
        (0..rng.usize(1..=3)).filter_map(|_| plan.draw_edit(rng, serial, turn.now_ms)).collect();
    let mut edits = Vec::with_capacity(4);
    for (key, value) in &drawn {
        // One edit in eight clears the value, where people can.
        let kept = rng.u8(..8) > 0 || NEVER_CLEARED.contains(&store.schema.property(*key).name.as_str());
        set(&mut edits, *key, kept.then_some(value.as_str()));
    }
    // Whatever else was drawn may be what was there before; a new telephone number or amount never is.
    let new = plan.draw_new(rng);
    if let Some((key, value)) = &new {
        set(&mut edits, *key, Some(value));
    }
    store.edit(turn, rng, source, id, &edits).is_ok()
}
