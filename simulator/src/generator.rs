//! Believable contacts, and edits of them. Owns the plan by which an account's contacts are made up; records belong to
//! `objects::store`.

mod plan;
mod words;

use serde::{Deserialize, Serialize};

use crate::objects::kind::CONTACTS;
use crate::objects::record::{State, Values};
use crate::objects::store::{BY_PERSON, Store, set};
use crate::portal::{Portal, Turn};
use crate::time::DAY_MS;

pub(crate) use plan::Plan;

/// What a seeded account looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// Properties with a value per contact, on average, id and dates included.
    pub properties_set: u32,
    /// Custom properties in the account.
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

/// `changeSource` of a change that a workflow makes.
const BY_WORKFLOW: &str = "AUTOMATION_PLATFORM";

impl Portal {
    /// Adds `count` contacts with a history; search knows them at once, no events are sent. Custom properties are
    /// added as far as the account lacks them.
    pub fn seed_contacts(&mut self, turn: &mut Turn<'_>, count: u32, shape: &Shape) {
        let plan = Plan::new(&mut self.contacts, turn.now_ms, shape);
        let Self { contacts: store, rng, .. } = self;
        let span_ms = u64::from(shape.history_days.max(1)) * DAY_MS;
        let start = turn.now_ms.saturating_sub(span_ms);
        let (mut draft, mut buffer) = (plan::Draft::default(), Vec::new());
        for place in 0..u64::from(count) {
            // Ids and creation dates grow together, as they do in HubSpot.
            let created_at = start + (span_ms - 1) * place / u64::from(count);
            let updated_at = created_at + rng.u64(..turn.now_ms.saturating_sub(created_at).max(1));
            plan.draw(&mut draft, rng, store.total_count() as u64, created_at);
            let values = Values::pack_with(&mut buffer, draft.values());
            store.seed(rng, created_at, updated_at, values);
        }
        self.plan = Some(plan);
    }

    /// Makes `count` edits as people and workflows do: mostly updates, some creations, archives, restores, merges and
    /// privacy deletions.
    pub fn edit_random(&mut self, turn: &mut Turn<'_>, count: u32) -> Edits {
        let plan =
            self.plan.take().unwrap_or_else(|| Plan::new(&mut self.contacts, turn.now_ms, &Shape::default()));
        let mut edits = Edits::default();
        for _ in 0..count {
            self.edit_once(turn, &plan, &mut edits);
        }
        self.plan = Some(plan);
        edits
    }

    fn edit_once(&mut self, turn: &mut Turn<'_>, plan: &Plan, edits: &mut Edits) {
        let Self { contacts: store, rng, archived, .. } = self;
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
            19..22 if one != other => {
                edits.merged += u32::from(store.merge(turn, rng, BY_PERSON, one, other).is_ok());
            }
            22..24 => edits.erased += u32::from(store.erase(turn, rng, BY_PERSON, one).is_ok()),
            _ => edits.updated += u32::from(update(store, turn, rng, plan, one, BY_PERSON)),
        }
    }

    /// Updates `count` different contacts (or as many as there are) in the same millisecond, as a workflow does.
    pub fn bulk_edit(&mut self, turn: &mut Turn<'_>, count: u32) -> Edits {
        let plan =
            self.plan.take().unwrap_or_else(|| Plan::new(&mut self.contacts, turn.now_ms, &Shape::default()));
        let Self { contacts: store, rng, .. } = self;
        let mut edits = Edits::default();
        let start = rng.usize(..store.total_count().max(1));
        for at in (start..store.total_count()).chain(0..start) {
            if edits.updated >= count {
                break;
            }
            let live = store.nth(at).filter(|record| record.state == State::Live).map(|record| record.id);
            if let Some(id) = live {
                edits.updated += u32::from(update(store, turn, rng, &plan, id, BY_WORKFLOW));
            }
        }
        self.plan = Some(plan);
        edits
    }

    /// Starts, changes or ends the steady stream of edits.
    pub fn set_stream(&mut self, stream: Option<EditStream>) {
        self.stream = stream;
    }

    pub(crate) fn run_stream(&mut self, turn: &mut Turn<'_>) {
        let Some(mut stream) = self.stream else { return };
        let now_ms = turn.now_ms;
        if stream.next_at == 0 {
            stream.next_at = now_ms;
        }
        let mut rounds = 0;
        while stream.next_at <= now_ms {
            if rounds < ROUND_LIMIT {
                let Turn { switches, changes, .. } = turn;
                let mut then = Turn { now_ms: stream.next_at, switches, changes };
                self.edit_random(&mut then, stream.edits);
                rounds += 1;
            }
            stream.next_at += stream.every_ms.max(1);
        }
        self.stream = Some(stream);
    }
}

/// A live record by chance. Where most are gone, it may find none.
fn random_live(store: &Store, rng: &mut fastrand::Rng) -> Option<u64> {
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
    debug_assert_eq!(store.kind().type_id, CONTACTS.type_id, "plans are of contacts");
    let serial = store.total_count() as u64 + rng.u64(..1 << 40);
    let drawn: Vec<_> =
        (0..rng.usize(1..=3)).filter_map(|_| plan.draw_edit(rng, serial, turn.now_ms)).collect();
    let mut edits = Vec::with_capacity(4);
    for (key, value) in &drawn {
        // One edit in eight clears the value.
        set(&mut edits, *key, (rng.u8(..8) > 0).then_some(value.as_str()));
    }
    // Whatever else was drawn may be what was there before; a new telephone number never is.
    let phone = plan.new_phone(rng);
    if let Some((key, number)) = &phone {
        set(&mut edits, *key, Some(number));
    }
    store.edit(turn, rng, source, id, &edits).is_ok()
}
