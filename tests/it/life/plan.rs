//! What kind of life it is.

use hubspot_simulator::{
    Fault, Shape, Switches,
    objects::kind::{CALLS, COMPANIES, CONTACTS, CUSTOM, DEALS, NOTES, ObjectKind, TASKS},
    portal::PortalSettings,
};
use serde_json::json;
use spoke::values::config::Config;

/// The app's id at Spoke and HubSpot.
pub const CLIENT_ID: &str = "11111111-2222-3333-4444-555555555555";
/// The app's secret.
pub const CLIENT_SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
/// The secret of a private app of the customer's own.
pub const OWN_SECRET: &str = "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz";

/// After so long a time workerd puts an object away to which nothing happens; Cloudflare takes its time.
pub const IDLE_MS: u64 = 10_000;

/// The custom object of the accounts that have one.
pub const CARS: &str = "cars";

/// The simulator's kind of a type that is turned on.
pub fn further_kind(name: &str) -> &'static ObjectKind {
    match name {
        "tasks" => &TASKS,
        "calls" => &CALLS,
        "notes" => &NOTES,
        _ => &CUSTOM[0],
    }
}

/// What a connection may lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The right to read one of its types: deals, else companies, else contacts.
    Scope,
    /// Every right.
    Grant,
}

/// What kind of life.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Decides every random choice.
    pub seed: u64,
    /// Contacts at the start.
    pub contacts: u32,
    /// Companies at the start; `None`: the connection may not read them.
    pub companies: Option<u32>,
    /// Deals at the start; `None`: the connection may not read them.
    pub deals: Option<u32>,
    /// Types besides that an administrator turns on, by the name they are asked for with: `tasks`, `calls`, `notes`, [`CARS`].
    pub further: Vec<&'static str>,
    /// Whether the first of those is turned off half-way, and on again later.
    pub turns_off: bool,
    /// Whether an administrator chooses some of the fields half-way.
    pub selects: bool,
    /// Whether somebody is erased half-way, and kept out.
    pub erases: bool,
    /// The filter of a channel that a host makes half way; `None`: none does.
    pub channel: Option<usize>,
    /// Lists at the start, all of which are followed; `None`: the connection may not read lists.
    pub lists: Option<u32>,
    /// Whether the connection may read owners.
    pub owners: bool,
    /// Whether they are linked, and people work on that.
    pub links: bool,
    /// Minutes of edits and misfortunes.
    pub minutes: u64,
    /// Minutes of single edits after those, minutes apart: the account does not rest, and its cursor moves on.
    pub late_minutes: u64,
    /// Edits every second or so during the first half minute, when the first full read is under way.
    pub rush: bool,
    /// Rounds of edits a minute.
    pub edits_per_minute: u32,
    /// One call in this many meets a fault; 0: none.
    pub fault_one_in: u32,
    /// What every read by id of one contact meets from half way on.
    pub poison: Option<Fault>,
    /// Crashes a minute.
    pub crashes_per_minute: f64,
    /// One turn in this many has a statement that fails; 0: none.
    pub torn_one_in: u32,
    /// After so long a time in which nothing happens to it, milliseconds, an object is put away.
    pub idle_ms: u64,
    /// Whether HubSpot sends webhooks.
    pub webhooks: bool,
    /// Whether they tell of every edit of contacts: each brings a new telephone number.
    pub told_at_once: bool,
    /// Duplicated, reordered and late webhooks.
    pub webhook_faults: bool,
    /// One webhook in this many never comes; 0: all do.
    pub webhooks_lost_one_in: u32,
    /// Whether some calls are refused as wrong, too long or forbidden, although they are not.
    pub rejects: bool,
    /// What HubSpot's people take from the app half way, until somebody connects again.
    pub loses: Option<Loss>,
    /// Whether records are archived, restored, merged and erased: seen by webhook, or by counting.
    pub deletions: bool,
    /// The account.
    pub settings: PortalSettings,
    /// Its contacts.
    pub shape: Shape,
    /// HubSpot's unconfirmed behaviours.
    pub switches: Switches,
    /// HubSpot calls one alarm may start.
    pub calls_per_alarm: u32,
    /// The connection is made by this token of a private app instead of OAuth.
    pub token: Option<&'static str>,
    /// The private app has told the secret with which it signs webhooks.
    pub own_webhooks: bool,
    /// Variables of the configuration besides those that every deployment has.
    pub variables: Vec<(&'static str, String)>,
    /// Network latency of one call, milliseconds, from and to.
    pub latency_ms: (u64, u64),
    /// One answer in this many dawdles, so that younger ones overtake it; 0: none.
    pub dawdles_one_in: u32,
    /// Somebody has things written.
    pub writes: bool,
    /// Those are of every kind, and people change their minds about some and look after what failed.
    pub acts: bool,
    /// The host sends signals, and has an automation.
    pub signals: bool,
    /// The host scores accounts.
    pub scores: bool,
    /// The host has workflows, and sends events.
    pub flows: bool,
    /// The host says of people what an activation keeps on contacts.
    pub said: bool,
    /// The connection may import companies and not update them: every file of scores is an import.
    pub imports: bool,
    /// Scopes the app has besides those it takes to read.
    pub more_scopes: Vec<&'static str>,
}

impl Default for Plan {
    /// A few contacts of few properties, all of which fit a URL, without webhooks, edits or misfortunes.
    fn default() -> Self {
        Self {
            seed: 1,
            contacts: 20,
            companies: None,
            deals: None,
            further: Vec::new(),
            turns_off: false,
            selects: false,
            erases: false,
            channel: None,
            lists: None,
            owners: false,
            links: false,
            late_minutes: 0,
            rush: false,
            minutes: 0,
            edits_per_minute: 0,
            fault_one_in: 0,
            poison: None,
            crashes_per_minute: 0.0,
            torn_one_in: 0,
            idle_ms: IDLE_MS,
            webhooks: false,
            told_at_once: false,
            webhook_faults: false,
            webhooks_lost_one_in: 0,
            rejects: false,
            loses: None,
            deletions: false,
            settings: PortalSettings { hubspot_properties: Some(30), ..PortalSettings::default() },
            shape: Shape { properties_set: 8, custom_properties: 3, ..Shape::default() },
            switches: Switches::default(),
            calls_per_alarm: 1_000,
            token: None,
            own_webhooks: false,
            variables: Vec::new(),
            latency_ms: (5, 60),
            dawdles_one_in: 0,
            writes: false,
            acts: false,
            signals: false,
            scores: false,
            flows: false,
            said: false,
            imports: false,
            more_scopes: Vec::new(),
        }
    }
}

impl Plan {
    /// Whether webhooks tell of every change.
    pub fn told_of_all(&self) -> bool {
        self.webhooks && self.webhooks_lost_one_in == 0
    }

    /// Minutes after the last edit in which something may still tell of it.
    pub fn told_within(&self) -> u64 {
        let told_last = match &self.switches {
            // A day's retries.
            switches if self.webhooks && self.webhook_faults => {
                (24.0 * 60.0 * switches.webhook_time_scale) as u64
            }
            switches if switches.search_straggler_one_in > 0 => switches.search_straggler_ms / 60_000,
            _ => 20,
        };
        // What was refused is asked again after an hour.
        self.late_minutes + told_last + if self.rejects { 60 } else { 0 }
    }

    /// Minutes after which a life that nothing happens in any more has come to its end: what tells of a change last, the hourly
    /// reads after it, and half an hour for ticks five minutes apart and for what the last fault put off; where that was a daily limit,
    /// an hour more. Where nobody may have told of what kind a deletion was, the two looks for it, an hour apart.
    pub fn settles_within(&self) -> u64 {
        let put_off = if self.fault_one_in > 0 { 60 } else { 0 };
        let looks = if self.told_of_all() && self.loses.is_none() { 0 } else { 20 + 60 + 10 };
        self.told_within() + 60 + 30 + put_off + looks
    }

    /// The types that the connection may read and people work on.
    pub fn kinds(&self) -> Vec<&'static ObjectKind> {
        let companies = self.companies.map(|_| &COMPANIES);
        let deals = self.deals.map(|_| &DEALS);
        let further = self.further.iter().map(|name| further_kind(name));
        [Some(&CONTACTS), companies, deals].into_iter().flatten().chain(further).collect()
    }

    /// What the connection is granted.
    pub fn scopes(&self) -> Vec<&'static str> {
        let mut scopes = vec!["oauth", "crm.objects.contacts.read", "crm.schemas.contacts.read"];
        if self.companies.is_some() {
            scopes.extend(["crm.objects.companies.read", "crm.schemas.companies.read"]);
        }
        if self.deals.is_some() {
            scopes.extend(["crm.objects.deals.read", "crm.schemas.deals.read"]);
        }
        if self.further.contains(&CARS) {
            scopes.push("crm.objects.custom.read");
        }
        if self.lists.is_some() {
            scopes.push("crm.lists.read");
        }
        if self.owners {
            scopes.push("crm.objects.owners.read");
        }
        scopes.extend(&self.more_scopes);
        scopes
    }

    /// The configuration of the deployment.
    pub fn config(&self) -> Config {
        let apps = json!([
            { "key": "main", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "kind": "account" }
        ]);
        Config::parse(|name| {
            let own = self.variables.iter().find(|(own, _)| *own == name);
            if let Some((_, value)) = own {
                return Some(value.clone());
            }
            Some(match name {
                "PUBLIC_URL" => "https://spoke.example".to_owned(),
                "HUBSPOT_APPS" => apps.to_string(),
                "KEYRING" => "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
                "ROOT_KEY" => "root-key-of-a-simulated-life-0123456789".to_owned(),
                "CONSOLE_PASSWORD" => "password of a simulated life".to_owned(),
                "CALLS_PER_ALARM" => self.calls_per_alarm.to_string(),
                _ => return None,
            })
        })
        .expect("the configuration of a life is valid")
    }
}
