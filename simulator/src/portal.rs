//! One HubSpot account: its settings, records of every object type, and stream of edits. Owns all of it; knows nothing
//! of tokens, limits and webhooks.

use std::borrow::Cow;

use crate::associations::{Definitions, Links};
use crate::events::Events;
use crate::generator::{EditStream, Plan};
use crate::imports::Imports;
use crate::ledger::Written;
use crate::lists::Lists;
use crate::objects::input::{Sent, not_modelled};
use crate::objects::kind::{CONTACTS, KINDS, ObjectKind};
use crate::objects::record::{Record, State};
use crate::objects::rule::ValueRule;
use crate::objects::store::{BY_PERSON, Store};
use crate::objects::validation;
use crate::objects::write::check_new;
use crate::owners::{self, Owner};
use crate::rights::Viewer;
use crate::{Changes, Problem, Switches, mix, schemas, time};

/// What HubSpot knows of an account (`hubspot-api.md` 10.1), and its tier, which decides limits.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortalSettings {
    pub name: String,
    /// The customer's website domain, as introspection's `hub_domain`.
    pub hub_domain: String,
    /// `STANDARD`, `DEVELOPER_TEST`, `SANDBOX`, `APP_DEVELOPER`.
    pub account_type: String,
    /// IANA name; [`Self::utc_offset_minutes`] says what it means, there is no time-zone database here.
    pub time_zone: String,
    pub utc_offset_minutes: i32,
    /// When the account's clocks are put forward or back, if they are.
    pub clocks_change: Option<ClocksChange>,
    pub currency: String,
    pub ui_domain: String,
    /// `na1`, `eu1`, …
    pub hublet: String,
    pub tier: Tier,
    /// Whether the "API limit increase" was bought: 250 calls in ten seconds and a million more a day.
    pub limit_increase: bool,
    /// Lowest record id of every type; ids grow from here by 1 to 4, so records of two types often share one.
    pub first_id: u64,
    /// How many properties of HubSpot's own each type has, at least about a dozen; all (400 of contacts) if absent.
    pub hubspot_properties: Option<u32>,
}

/// What the account pays for (`hubspot-api.md` 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    FreeOrStarter,
    Professional,
    Enterprise,
}

impl Default for PortalSettings {
    fn default() -> Self {
        Self {
            name: "Example Inc".into(),
            hub_domain: "example.com".into(),
            account_type: "STANDARD".into(),
            time_zone: "US/Eastern".into(),
            utc_offset_minutes: -300,
            clocks_change: None,
            currency: "USD".into(),
            ui_domain: "app.hubspot.com".into(),
            hublet: "na1".into(),
            tier: Tier::FreeOrStarter,
            limit_increase: false,
            first_id: 801,
            hubspot_properties: None,
        }
    }
}

/// The begin or the end of summer time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClocksChange {
    pub at_ms: u64,
    /// From then on.
    pub utc_offset_minutes: i32,
}

impl PortalSettings {
    /// How far the account's clocks are ahead of UTC.
    pub(crate) fn utc_offset_ms(&self, now_ms: u64) -> i64 {
        let changed = self.clocks_change.filter(|change| change.at_ms <= now_ms);
        i64::from(changed.map_or(self.utc_offset_minutes, |change| change.utc_offset_minutes)) * 60_000
    }
}

/// What every call needs besides the portal itself: the time, HubSpot's habits, where events go, and whose rights hold.
pub struct Turn<'a> {
    pub now_ms: u64,
    pub switches: &'a Switches,
    pub changes: &'a mut Changes,
    /// Whose rights limit what is seen and done; nobody's where the token is the app's, or a person of the account acts.
    pub viewer: Option<&'a Viewer>,
}

/// One HubSpot account.
pub struct Portal {
    pub portal_id: u64,
    pub settings: PortalSettings,
    /// This account's own chance, so accounts do not disturb each other.
    pub(crate) rng: fastrand::Rng,
    /// In the order of [`KINDS`].
    pub(crate) shelves: Vec<Shelf>,
    /// In order of id, archived ones too.
    pub(crate) owners: Vec<Owner>,
    pub(crate) definitions: Definitions,
    pub(crate) links: Links,
    pub(crate) lists: Lists,
    pub(crate) custom: schemas::Definitions,
    pub(crate) imports: Imports,
    pub(crate) events: Events,
}

/// The records of one type, and how people work on them.
pub(crate) struct Shelf {
    pub store: Store,
    pub stream: Option<EditStream>,
    /// How records are made up, from the first seeding or edit on.
    pub plan: Option<Plan>,
    /// Records that edits archived, to bring some back.
    pub archived: Vec<u64>,
}

impl Portal {
    pub(crate) fn new(portal_id: u64, seed: u64, settings: PortalSettings) -> Self {
        let rng = fastrand::Rng::with_seed(mix(seed ^ mix(portal_id)));
        let shelf = |kind| Shelf {
            store: Store::new(portal_id, kind, settings.first_id, settings.hubspot_properties),
            stream: None,
            plan: None,
            archived: Vec::new(),
        };
        let shelves = KINDS.into_iter().map(shelf).collect();
        Self {
            portal_id,
            settings,
            rng,
            shelves,
            owners: owners::first(),
            definitions: Definitions::first(),
            links: Links::default(),
            lists: Lists::default(),
            custom: schemas::Definitions::default(),
            imports: Imports::default(),
            events: Events::default(),
        }
    }

    /// Records of a type.
    pub(crate) fn store(&self, kind: &ObjectKind) -> &Store {
        &self.shelves[kind.place].store
    }

    pub(crate) fn store_mut(&mut self, kind: &ObjectKind) -> (&mut Store, &mut fastrand::Rng) {
        (&mut self.shelves[kind.place].store, &mut self.rng)
    }

    pub(crate) fn tick(&mut self, turn: &mut Turn<'_>) {
        self.run_streams(turn);
        self.run_imports(turn);
        self.catch_up(turn.now_ms);
    }

    /// Sets the customer's own rules for the values of a property, in place of those before; whether there is such a property.
    pub fn set_value_rules(
        &mut self,
        object_type: &str,
        property: &str,
        rules: Vec<ValueRule>,
    ) -> Result<bool, Problem> {
        let kind = self.kind_of(object_type)?;
        let (store, _) = self.store_mut(kind);
        if let Some(flaw) = rules.iter().find_map(ValueRule::flaw) {
            return Err(Problem::validation(flaw));
        }
        let Some((key, _)) = store.schema.live(property) else { return Ok(false) };
        store.rules.insert(key, rules);
        Ok(true)
    }

    /// Makes search know everything that is due by then.
    pub(crate) fn catch_up(&mut self, now_ms: u64) {
        for shelf in &mut self.shelves {
            shelf.store.index.catch_up(now_ms);
        }
    }
}

/// Changes asked for by name, as a person in HubSpot's own pages would make them; `object_type` as in a path. `Err` is
/// HubSpot's refusal. Events are queued in [`Changes`]; whoever calls these outside a request calls
/// `Simulator::collect_changes` afterwards, or lets the next tick do it.
impl Portal {
    /// Creates a record; its id.
    pub fn create_record(
        &mut self,
        turn: &mut Turn<'_>,
        object_type: &str,
        values: &[(&str, &str)],
    ) -> Result<u64, Problem> {
        let portal_id = self.portal_id;
        let kind = self.kind_of(object_type)?;
        let (store, rng) = self.store_mut(kind);
        let checked = check_new(store, portal_id, turn, &sent(values))?;
        Ok(store.create(turn, rng, BY_PERSON, &checked.values())?)
    }

    /// Sets values; an empty one clears.
    pub fn edit_record(
        &mut self,
        turn: &mut Turn<'_>,
        object_type: &str,
        id: u64,
        values: &[(&str, &str)],
    ) -> Result<(), Problem> {
        let portal_id = self.portal_id;
        let kind = self.kind_of(object_type)?;
        let (store, rng) = self.store_mut(kind);
        let current = store.get(id).map(|record| &record.values);
        let checked = validation::check(store, portal_id, turn, current, &sent(values))?;
        Ok(store.edit(turn, rng, BY_PERSON, id, &checked.edits())?)
    }

    /// Sets values as HubSpot's own calculations do: unchecked, and the record does not count as modified. `false`: there is no
    /// such property.
    pub fn calculate_record(
        &mut self,
        turn: &mut Turn<'_>,
        object_type: &str,
        id: u64,
        values: &[(&str, &str)],
    ) -> Result<bool, Problem> {
        let kind = self.kind_of(object_type)?;
        let (store, rng) = self.store_mut(kind);
        let mut edits = Vec::with_capacity(values.len());
        for (name, value) in values {
            let Some((key, _)) = store.schema.live(name) else { return Ok(false) };
            edits.push((key, Some(*value).filter(|value| !value.is_empty())));
        }
        edits.sort_unstable_by_key(|(key, _)| *key);
        store.calculate(turn, rng, id, &edits);
        Ok(true)
    }

    pub fn archive_record(&mut self, turn: &mut Turn<'_>, object_type: &str, id: u64) -> Result<(), Problem> {
        let kind = self.kind_of(object_type)?;
        let (store, rng) = self.store_mut(kind);
        store.archive(turn, rng, BY_PERSON, id)?;
        self.follow(turn);
        Ok(())
    }

    /// Refused if an e-mail or unique value of the record is somebody else's by now.
    pub fn restore_record(&mut self, turn: &mut Turn<'_>, object_type: &str, id: u64) -> Result<(), Problem> {
        let kind = self.kind_of(object_type)?;
        let (store, rng) = self.store_mut(kind);
        store.restore(turn, rng, BY_PERSON, id)?;
        self.follow(turn);
        Ok(())
    }

    /// Merges `other` into `primary`; the id of the record that results.
    pub fn merge_records(
        &mut self,
        turn: &mut Turn<'_>,
        object_type: &str,
        primary: u64,
        other: u64,
    ) -> Result<u64, Problem> {
        let kind = self.kind_of(object_type)?;
        if !kind.classical {
            return Err(not_modelled("merges of this type"));
        }
        let (store, rng) = self.store_mut(kind);
        let id = store.merge(turn, rng, BY_PERSON, primary, other)?;
        self.follow(turn);
        Ok(id)
    }

    /// Erases for good.
    pub fn erase_record(&mut self, turn: &mut Turn<'_>, object_type: &str, id: u64) -> Result<(), Problem> {
        let kind = self.kind_of(object_type)?;
        if !kind.classical {
            return Err(not_modelled("privacy deletions of this type"));
        }
        let (store, rng) = self.store_mut(kind);
        store.erase(turn, rng, BY_PERSON, id)?;
        self.follow(turn);
        Ok(())
    }
}

/// The truth, to compare a copy with.
impl Portal {
    /// Every record there ever was with an id of at least `from`, in order of id; none for an unknown type.
    pub fn records(&self, object_type: &str, from: u64) -> impl Iterator<Item = RecordView<'_>> {
        let store = ObjectKind::named(object_type).map(|kind| self.store(kind));
        let view = |store| move |record| RecordView { store, record };
        store.into_iter().flat_map(move |store: &Store| store.records_from(from).map(view(store)))
    }

    /// Writes up to `limit` records with id ≥ `from` as NDJSON, in order of id; where to go on, `None` at the end.
    ///
    /// `{"id":"9","state":"live","createdAt","updatedAt","properties":{every property with a value}}`, `state`
    /// `archived` (also with `archivedAt`), or `{"id","state":"merged","into":"12"}`, `{"id","state":"erased"}`.
    pub fn dump(&self, object_type: &str, from: u64, limit: usize, out: &mut Vec<u8>) -> Option<u64> {
        let mut records = self.records(object_type, from);
        for view in records.by_ref().take(limit) {
            view.write_json(out);
            out.push(b'\n');
        }
        records.next().map(|view| view.record.id)
    }

    /// How often apps wrote the records of a type, by API and import, in order of id; records no app wrote are not among them.
    pub fn writes(&self, object_type: &str) -> impl Iterator<Item = (u64, Written)> {
        let store = ObjectKind::named(object_type).map(|kind| self.store(kind));
        store.into_iter().flat_map(|store| store.ledger.iter())
    }

    /// How often apps wrote one record.
    pub fn written(&self, object_type: &str, id: u64) -> Written {
        ObjectKind::named(object_type).map_or_else(Written::default, |kind| self.store(kind).ledger.of(id))
    }

    /// Addresses of contacts that were erased, in lower case.
    pub fn erased_emails(&self) -> impl Iterator<Item = &str> {
        self.store(&CONTACTS).blocked_emails()
    }

    /// How many records are live.
    pub fn live_count(&self, object_type: &str) -> usize {
        ObjectKind::named(object_type).map_or(0, |kind| self.store(kind).live_count())
    }
}

/// One record with the names of its properties.
#[derive(Clone, Copy)]
pub struct RecordView<'a> {
    store: &'a Store,
    /// Id, dates and state.
    pub record: &'a Record,
}

impl<'a> RecordView<'a> {
    /// Every property with a value (perhaps an empty one), id and dates included, in no particular order.
    pub fn values(self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        let Record { id, created_at, updated_at, values, .. } = self.record;
        let system = [
            ("hs_object_id", Cow::Owned(id.to_string())),
            (self.store.kind().created_property, Cow::Owned(time::iso(*created_at))),
            (self.store.kind().modified_property, Cow::Owned(time::iso(*updated_at))),
        ];
        let stored = values.iter().filter_map(move |packed| {
            let property = self.store.schema.property(packed.key);
            property.archived_at.is_none().then(|| (property.name.as_str(), Cow::Borrowed(packed.str())))
        });
        system.into_iter().chain(stored)
    }

    fn write_json(self, out: &mut Vec<u8>) {
        let &Record { id, created_at, updated_at, state, .. } = self.record;
        let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
        put(&format!("{{\"id\":\"{id}\",\"state\":"));
        match state {
            State::Live => put("\"live\""),
            State::Archived { at } => put(&format!("\"archived\",\"archivedAt\":\"{}\"", time::iso(at))),
            State::Merged { into } => return put(&format!("\"merged\",\"into\":\"{into}\"}}")),
            State::Erased => return put("\"erased\"}"),
        }
        let (created, updated) = (time::iso(created_at), time::iso(updated_at));
        put(&format!(",\"createdAt\":\"{created}\",\"updatedAt\":\"{updated}\",\"properties\":{{"));
        for (place, (name, value)) in self.values().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(format!("\"{name}\":").as_bytes());
            serde_json::to_writer(&mut *out, &value).expect("a Vec takes everything");
        }
        out.extend_from_slice(b"}}");
    }
}

pub(crate) fn kind_named(object_type: &str) -> Result<&'static ObjectKind, Problem> {
    ObjectKind::named(object_type).ok_or_else(|| schemas::unknown(object_type))
}

fn sent(values: &[(&str, &str)]) -> Sent {
    values.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}
