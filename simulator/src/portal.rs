//! One HubSpot account: its settings, records of every object type, and stream of edits. Owns all of it; knows nothing
//! of tokens, limits and webhooks.

use crate::generator::EditStream;
use crate::objects::kind::{CONTACTS, ObjectKind};
use crate::objects::store::Store;
use crate::{Changes, Problem, Switches, mix};

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
    pub currency: String,
    pub ui_domain: String,
    /// `na1`, `eu1`, …
    pub hublet: String,
    pub tier: Tier,
    /// Whether the "API limit increase" was bought: 250 calls in ten seconds and a million more a day.
    pub limit_increase: bool,
    /// Lowest record id; ids grow from here by 1 to 4.
    pub first_id: u64,
}

/// What the account pays for (`hubspot-api.md` 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
            currency: "USD".into(),
            ui_domain: "app.hubspot.com".into(),
            hublet: "na1".into(),
            tier: Tier::FreeOrStarter,
            limit_increase: false,
            first_id: 801,
        }
    }
}

/// What every change needs besides the portal itself: the time, HubSpot's habits, and where events go.
pub struct Turn<'a> {
    pub now_ms: u64,
    pub switches: &'a Switches,
    pub changes: &'a mut Changes,
}

/// One HubSpot account.
pub struct Portal {
    pub portal_id: u64,
    pub settings: PortalSettings,
    /// This account's own chance, so accounts do not disturb each other.
    pub(crate) rng: fastrand::Rng,
    pub(crate) contacts: Store,
    pub(crate) stream: Option<EditStream>,
}

impl Portal {
    pub(crate) fn new(portal_id: u64, seed: u64, settings: PortalSettings) -> Self {
        let rng = fastrand::Rng::with_seed(mix(seed ^ mix(portal_id)));
        let contacts = Store::new(portal_id, &CONTACTS, settings.first_id);
        Self { portal_id, settings, rng, contacts, stream: None }
    }

    /// Records of a type.
    pub(crate) fn store(&self, kind: &ObjectKind) -> &Store {
        debug_assert_eq!(kind.type_id, CONTACTS.type_id, "only contacts are registered");
        &self.contacts
    }

    pub(crate) fn store_mut(&mut self, kind: &ObjectKind) -> (&mut Store, &mut fastrand::Rng) {
        debug_assert_eq!(kind.type_id, CONTACTS.type_id, "only contacts are registered");
        (&mut self.contacts, &mut self.rng)
    }

    pub(crate) fn tick(&mut self, turn: &mut Turn<'_>) {
        self.run_stream(turn);
        self.contacts.index.catch_up(turn.now_ms);
    }
}

/// Changes asked for by name, as a person in HubSpot's own pages would make them; `object_type` as in a path. `Err` is
/// HubSpot's refusal.
impl Portal {
    /// Creates a record; its id.
    pub fn create_record(
        &mut self,
        turn: &mut Turn<'_>,
        object_type: &str,
        values: &[(&str, &str)],
    ) -> Result<u64, Problem> {
        let _ = (turn, object_type, values);
        Err(Problem::unknown_route())
    }

    /// Sets values; an empty one clears.
    pub fn edit_record(
        &mut self,
        turn: &mut Turn<'_>,
        object_type: &str,
        id: u64,
        values: &[(&str, &str)],
    ) -> Result<(), Problem> {
        let _ = (turn, object_type, id, values);
        Err(Problem::unknown_route())
    }

    pub fn archive_record(&mut self, turn: &mut Turn<'_>, object_type: &str, id: u64) -> Result<(), Problem> {
        let _ = (turn, object_type, id);
        Err(Problem::unknown_route())
    }

    pub fn restore_record(&mut self, turn: &mut Turn<'_>, object_type: &str, id: u64) -> Result<(), Problem> {
        let _ = (turn, object_type, id);
        Err(Problem::unknown_route())
    }

    /// Merges `other` into `primary`; the id of the record that results.
    pub fn merge_records(
        &mut self,
        turn: &mut Turn<'_>,
        object_type: &str,
        primary: u64,
        other: u64,
    ) -> Result<u64, Problem> {
        let _ = (turn, object_type, primary, other);
        Err(Problem::unknown_route())
    }

    /// Erases for good.
    pub fn erase_record(&mut self, turn: &mut Turn<'_>, object_type: &str, id: u64) -> Result<(), Problem> {
        let _ = (turn, object_type, id);
        Err(Problem::unknown_route())
    }

    /// Writes up to `limit` records with id ≥ `from` as NDJSON, in order of id; where to go on, `None` at the end.
    ///
    /// `{"id":"9","state":"live","createdAt","updatedAt","properties":{every property with a value}}`, `state`
    /// `archived` (also with `archivedAt`), or `{"id","state":"merged","into":"12"}`, `{"id","state":"erased"}`.
    pub fn dump(&self, object_type: &str, from: u64, limit: usize, out: &mut Vec<u8>) -> Option<u64> {
        let _ = (object_type, from, limit, out);
        None
    }

    /// How many records are live.
    pub fn live_count(&self, object_type: &str) -> usize {
        let _ = object_type;
        0
    }
}
