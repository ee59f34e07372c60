//! Webhooks out (`hubspot-api.md` §9). Owns what apps are yet to be told and the requests in flight.
//!
//! Pure: [`Simulator::take_deliveries`] says what to send now, [`Simulator::delivery_answered`] takes what came of it;
//! the server sends. A request carries up to 100 events of one app and account, is signed with v1 and v3, and is
//! repeated whole until a 2xx or the last attempt. No order and no exactly-once are promised, and [`WebhookFaults`]
//! make sure of it. The journal API is not modelled.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::change::{Change, ChangeEvent};
use crate::grants::App;
use crate::objects::kind::ObjectKind;
use crate::random::Random;
use crate::{Simulator, Switches, signature};

/// Events per request.
const BATCH: usize = 100;
/// The longest wait before a retry: ten of them fill the documented 24 hours.
const RETRY_MAX_MS: u64 = 24 * 3_600_000 / 10;
/// How old the timestamp of a stale copy is; HubSpot tells receivers to refuse anything beyond five minutes.
const STALE_MS: u64 = 10 * 60_000;
/// Properties HubSpot lets nobody subscribe to.
const NEVER: [&str; 2] = ["hs_lastmodifieddate", "num_unique_conversion_events"];

/// One thing an app wants to be told about (`hubspot-api.md` §9.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscription {
    /// HubSpot's id; 0 asks for the next free one.
    pub id: u64,
    /// `contact.creation`, `contact.propertyChange`, `object.merge`, …
    pub subscription_type: String,
    /// Of `*.propertyChange`: the one property.
    pub property_name: Option<String>,
    /// Of `object.*`: which type, by id (`0-1`) or name (`contact`).
    pub object_type: Option<String>,
    pub active: bool,
}

impl Default for Subscription {
    fn default() -> Self {
        Self { id: 0, subscription_type: String::new(), property_name: None, object_type: None, active: true }
    }
}

impl Subscription {
    /// The classic subscriptions to contacts: creation, deletion, merge, restore, links, privacy deletion, and changes
    /// of these properties.
    pub fn contacts(properties: &[&str]) -> Vec<Self> {
        Self::classic("contact", properties)
    }

    /// The same for companies, which have no privacy deletion.
    pub fn companies(properties: &[&str]) -> Vec<Self> {
        Self::classic("company", properties)
    }

    /// The same for deals.
    pub fn deals(properties: &[&str]) -> Vec<Self> {
        Self::classic("deal", properties)
    }

    fn classic(name: &str, properties: &[&str]) -> Vec<Self> {
        let of = |kind: &str| Self { subscription_type: format!("{name}.{kind}"), ..Self::default() };
        let erased = (name == "contact").then_some("privacyDeletion");
        let kinds =
            ["creation", "deletion", "merge", "restore", "associationChange"].into_iter().chain(erased);
        let change = |name: &&str| Self { property_name: Some((*name).to_owned()), ..of("propertyChange") };
        kinds.map(of).chain(properties.iter().map(change)).collect()
    }

    fn wants(&self, event: &ChangeEvent) -> bool {
        let Some((family, kind)) = self.subscription_type.split_once('.') else { return false };
        let (own_kind, property) = kind_of(&event.change);
        let fits = match family {
            // Privacy deletion exists in the classic family only.
            "object" => {
                let named = self.object_type.as_deref();
                own_kind != "privacyDeletion"
                    && named.is_some_and(|name| name == event.object_type_id || is_classic(name, event))
            }
            classic => {
                let has_own = ObjectKind::of_id(event.object_type_id).is_some_and(|kind| kind.classical);
                has_own && is_classic(classic, event)
            }
        };
        let property_fits =
            property.is_none_or(|name| self.property_name.as_deref() == Some(name) && !NEVER.contains(&name));
        self.active && kind == own_kind && fits && property_fits
    }
}

fn is_classic(name: &str, event: &ChangeEvent) -> bool {
    ObjectKind::of_id(event.object_type_id).is_some_and(|kind| name == kind.classic || name == kind.name)
}

fn kind_of(change: &Change) -> (&'static str, Option<&str>) {
    match change {
        Change::Creation => ("creation", None),
        Change::PropertyChange { name, .. } => ("propertyChange", Some(name)),
        Change::Deletion => ("deletion", None),
        Change::Restore => ("restore", None),
        Change::PrivacyDeletion => ("privacyDeletion", None),
        Change::Merge { .. } => ("merge", None),
        Change::Association { .. } => ("associationChange", None),
    }
}

/// What goes wrong on the way to an app. A number N means one in N by chance; 0 never, 1 always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookFaults {
    /// Requests that are sent twice.
    pub duplicate_one_in: u32,
    /// Events that are never sent.
    pub lost_one_in: u32,
    /// Events wait up to so long at random, which puts them out of order too.
    pub delay_max_ms: u64,
    /// Whether the events of a request are shuffled.
    pub reorder: bool,
    /// Requests that are accompanied by a forged one: another `objectId`, a signature with a wrong key, never repeated.
    pub forged_one_in: u32,
    /// Requests that are accompanied by a replay: rightly signed ten minutes ago, never repeated.
    pub stale_one_in: u32,
    /// Events that carry the id of the event before.
    pub same_event_id_one_in: u32,
}

/// A request to send, with `POST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: u64,
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What was sent so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WebhookReport {
    /// Events that wait for their first request or for a repetition.
    pub waiting_events: usize,
    pub requests_in_flight: usize,
    /// Requests sent, repetitions and copies included.
    pub requests: u64,
    /// Events that were accepted with a 2xx, once each.
    pub accepted_events: u64,
    pub failed_requests: u64,
    pub lost_events: u64,
    /// Events given up after the last attempt.
    pub given_up_events: u64,
    /// Forged and stale requests that were answered with a 2xx.
    pub wrongly_accepted: u64,
}

/// Why a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    True,
    /// A copy besides the true one: its answer changes nothing.
    Duplicate,
    Forged,
    Stale,
}

#[derive(Debug, Clone)]
struct Batch {
    app_id: u64,
    portal_id: u64,
    events: Vec<Map<String, Value>>,
    attempt: u32,
    kind: Kind,
}

#[derive(Debug)]
struct Waiting {
    ready_at: u64,
    event: Map<String, Value>,
}

/// What apps are yet to be told.
#[derive(Debug)]
pub struct Webhooks {
    pub faults: WebhookFaults,
    random: Random,
    /// By app and account, oldest first.
    waiting: BTreeMap<(u64, u64), VecDeque<Waiting>>,
    /// Batches to repeat, and when.
    retries: Vec<(u64, Batch)>,
    in_flight: BTreeMap<u64, Batch>,
    next_id: u64,
    last_event_id: u64,
    report: WebhookReport,
}

impl Webhooks {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            faults: WebhookFaults::default(),
            random: Random::new(seed ^ 0x7765_6268_6f6f_6b73),
            waiting: BTreeMap::new(),
            retries: Vec::new(),
            in_flight: BTreeMap::new(),
            next_id: 0,
            last_event_id: 0,
            report: WebhookReport::default(),
        }
    }

    /// What was sent so far.
    pub fn report(&self) -> WebhookReport {
        let waiting: usize = self.waiting.values().map(VecDeque::len).sum();
        let retrying: usize = self.retries.iter().map(|(_, batch)| batch.events.len()).sum();
        WebhookReport {
            waiting_events: waiting + retrying,
            requests_in_flight: self.in_flight.len(),
            ..self.report.clone()
        }
    }

    /// Starts the counts anew; nothing pending is dropped.
    pub fn clear_report(&mut self) {
        self.report = WebhookReport::default();
    }

    fn one_in(&mut self, count: u32) -> bool {
        count > 0 && self.random.below(u64::from(count)) == 0
    }

    fn note(&mut self, now_ms: u64, app: &App, subscription: &Subscription, event: &ChangeEvent) {
        if self.one_in(self.faults.lost_one_in) {
            self.report.lost_events += 1;
            return;
        }
        if self.last_event_id == 0 || !self.one_in(self.faults.same_event_id_one_in) {
            self.last_event_id = 1 + self.random.below(u64::from(u32::MAX));
        }
        let delay_ms = self.random.below(self.faults.delay_max_ms + 1);
        let body = event_body(app, subscription, event, self.last_event_id);
        let queue = self.waiting.entry((app.app_id, event.portal_id)).or_default();
        queue.push_back(Waiting { ready_at: now_ms + delay_ms, event: body });
    }

    fn in_flight_of(&self, app_id: u64, portal_id: u64) -> usize {
        let own = |batch: &&Batch| batch.app_id == app_id && batch.portal_id == portal_id;
        self.in_flight.values().filter(own).count()
    }

    /// Up to a batch of events that are ready; none while a fuller batch may still come.
    fn take_ready(&mut self, now_ms: u64, key: (u64, u64), gather_ms: u64) -> Vec<Map<String, Value>> {
        let Some(queue) = self.waiting.get_mut(&key) else { return Vec::new() };
        let ready = queue.iter().filter(|waiting| waiting.ready_at <= now_ms).count();
        let oldest = queue.iter().map(|waiting| waiting.ready_at).min().unwrap_or(u64::MAX);
        if ready == 0 || (ready < BATCH && oldest + gather_ms > now_ms) {
            return Vec::new();
        }
        let mut taken = Vec::with_capacity(ready.min(BATCH));
        if ready == queue.len() {
            taken.extend(queue.drain(..ready.min(BATCH)).map(|waiting| waiting.event));
        } else {
            let mut rest = VecDeque::new();
            for waiting in queue.drain(..) {
                if waiting.ready_at <= now_ms && taken.len() < BATCH {
                    taken.push(waiting.event);
                } else {
                    rest.push_back(waiting);
                }
            }
            *queue = rest;
        }
        taken
    }

    /// Notes a request as in flight, and the copies the faults ask for.
    fn send(&mut self, now_ms: u64, app: &App, batch: Batch, out: &mut Vec<Delivery>) {
        let mut batches = Vec::new();
        let copy = |kind: Kind| Batch { kind, ..batch.clone() };
        if self.one_in(self.faults.stale_one_in) {
            batches.push(copy(Kind::Stale));
        }
        if self.one_in(self.faults.forged_one_in) {
            batches.push(copy(Kind::Forged));
        }
        if self.one_in(self.faults.duplicate_one_in) {
            batches.push(copy(Kind::Duplicate));
        }
        batches.push(batch);
        let Some(url) = &app.target_url else { return };
        for mut batch in batches {
            let (mut signed_at, mut secret) = (now_ms, app.client_secret.as_str());
            match batch.kind {
                Kind::True | Kind::Duplicate => {}
                Kind::Stale => signed_at = now_ms.saturating_sub(STALE_MS),
                Kind::Forged => {
                    secret = "not the app's secret";
                    for event in &mut batch.events {
                        event.insert("objectId".into(), json!(666));
                    }
                }
            }
            for event in &mut batch.events {
                event.insert("attemptNumber".into(), batch.attempt.into());
            }
            let body = serde_json::to_vec(&batch.events).expect("maps of JSON values always serialise");
            self.next_id += 1;
            self.report.requests += 1;
            let headers = [
                ("content-type", "application/json".to_owned()),
                ("user-agent", "HubSpot Connect 2.0 (simulator)".to_owned()),
                ("x-hubspot-signature", signature::v1(secret, &body)),
                ("x-hubspot-signature-version", "v1".to_owned()),
                ("x-hubspot-signature-v3", signature::v3(secret, "POST", url, &body, signed_at)),
                ("x-hubspot-request-timestamp", signed_at.to_string()),
            ];
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            out.push(Delivery { id: self.next_id, url: url.clone(), headers, body });
            self.in_flight.insert(self.next_id, batch);
        }
    }

    fn answered(&mut self, id: u64, now_ms: u64, status: Option<u16>, switches: &Switches) {
        let Some(mut batch) = self.in_flight.remove(&id) else { return };
        let accepted = status.is_some_and(|status| (200..300).contains(&status));
        match (batch.kind, accepted) {
            (Kind::True, true) => self.report.accepted_events += batch.events.len() as u64,
            (Kind::Forged | Kind::Stale, true) => self.report.wrongly_accepted += 1,
            (Kind::Duplicate, true) => {}
            (kind, false) => {
                self.report.failed_requests += u64::from(matches!(kind, Kind::True | Kind::Duplicate));
                if kind != Kind::True {
                    return;
                }
                batch.attempt += 1;
                if batch.attempt >= switches.webhook_attempts {
                    self.report.given_up_events += batch.events.len() as u64;
                    return;
                }
                let wait_ms = RETRY_MAX_MS / 10 + self.random.below(RETRY_MAX_MS * 9 / 10);
                let scaled_ms = (wait_ms as f64 * switches.webhook_time_scale.max(0.0)) as u64;
                self.retries.push((now_ms + scaled_ms, batch));
            }
        }
    }
}

impl Simulator {
    /// Keeps exactly those accounts' changes for which some app has a target and subscriptions.
    pub(crate) fn watch_installed(&mut self) {
        for &portal_id in self.portals.keys() {
            let wanted = self.access.listeners().any(|app| {
                app.target_url.is_some()
                    && !app.subscriptions.is_empty()
                    && self.access.installed(app.app_id, portal_id)
            });
            self.changes.watch(portal_id, wanted);
        }
        // An app that is gone is told nothing more, not even what happened before.
        let Self { access, webhooks, .. } = self;
        webhooks.waiting.retain(|&(app_id, portal_id), _| access.installed(app_id, portal_id));
        webhooks.retries.retain(|(_, batch)| access.installed(batch.app_id, batch.portal_id));
    }

    /// Takes what [`crate::Changes`] gathered. Called after every request and every tick, and by whoever changes
    /// records through [`Simulator::portal_turn`].
    pub(crate) fn collect_changes(&mut self, now_ms: u64) {
        let Self { changes, access, webhooks, .. } = self;
        while let Some(event) = changes.take() {
            for app in access.listeners() {
                // Subscriptions need the type's scope (`hubspot-api.md` §9.1).
                let scope = ObjectKind::of_id(event.object_type_id).map_or("oauth", |kind| kind.read_scope);
                if app.target_url.is_none() || !access.installed_with(app.app_id, event.portal_id, scope) {
                    continue;
                }
                for subscription in app.subscriptions.iter().filter(|own| own.wants(&event)) {
                    webhooks.note(now_ms, app, subscription, &event);
                }
            }
        }
    }

    /// The requests to send now. Each stays in flight until [`Self::delivery_answered`].
    pub fn take_deliveries(&mut self, now_ms: u64) -> Vec<Delivery> {
        let Self { access, webhooks, switches, .. } = self;
        let mut out = Vec::new();
        let due: Vec<_> = webhooks.retries.extract_if(.., |(at, _)| *at <= now_ms).collect();
        for (at, batch) in due {
            let Some(app) = access.listener(batch.app_id) else { continue };
            if webhooks.in_flight_of(batch.app_id, batch.portal_id) < app.max_concurrent_requests {
                webhooks.send(now_ms, app, batch, &mut out);
            } else {
                webhooks.retries.push((at, batch));
            }
        }
        let keys: Vec<(u64, u64)> = webhooks.waiting.keys().copied().collect();
        for (app_id, portal_id) in keys {
            let Some(app) = access.listener(app_id) else { continue };
            while webhooks.in_flight_of(app_id, portal_id) < app.max_concurrent_requests {
                let mut events = webhooks.take_ready(now_ms, (app_id, portal_id), switches.webhook_gather_ms);
                if events.is_empty() {
                    break;
                }
                if webhooks.faults.reorder {
                    webhooks.random.shuffle(&mut events);
                }
                let batch = Batch { app_id, portal_id, events, attempt: 0, kind: Kind::True };
                webhooks.send(now_ms, app, batch, &mut out);
            }
        }
        out
    }

    /// What came of a delivery: its status, or `None` where no answer came in time (five seconds). Anything but 2xx is
    /// tried again later.
    pub fn delivery_answered(&mut self, id: u64, now_ms: u64, status: Option<u16>) {
        self.webhooks.answered(id, now_ms, status, &self.switches);
    }

    /// Sets what goes wrong with webhooks from now on.
    pub fn set_webhook_faults(&mut self, faults: WebhookFaults) {
        self.webhooks.faults = faults;
    }

    /// What was sent so far.
    pub fn webhook_report(&self) -> WebhookReport {
        self.webhooks.report()
    }
}

/// One event as HubSpot writes it (`hubspot-api.md` §9.2), without `attemptNumber`.
fn event_body(
    app: &App,
    subscription: &Subscription,
    event: &ChangeEvent,
    event_id: u64,
) -> Map<String, Value> {
    let generic = subscription.subscription_type.starts_with("object.");
    let mut body = json!({
        "eventId": event_id,
        "subscriptionId": subscription.id,
        "portalId": event.portal_id,
        "appId": app.app_id,
        "occurredAt": event.occurred_at,
        "subscriptionType": subscription.subscription_type,
    });
    if let Change::Association { to, to_id, removed, primary } = &event.change {
        let singular = |type_id| ObjectKind::of_id(type_id).map_or("", |kind| kind.singular);
        body["associationType"] = json!(format!("{}_TO_{}", singular(event.object_type_id), singular(to)));
        body["fromObjectId"] = json!(event.object_id);
        body["toObjectId"] = json!(to_id);
        body["associationRemoved"] = json!(removed);
        body["isPrimaryAssociation"] = json!(primary);
    } else if let Change::Merge { primary, merged, properties_moved } = &event.change {
        body["primaryObjectId"] = json!(primary);
        body["mergedObjectIds"] = json!(merged);
        body["newObjectId"] = json!(event.object_id);
        body["numberOfPropertiesMoved"] = json!(properties_moved);
    } else {
        body["objectId"] = json!(event.object_id);
    }
    match &event.change {
        Change::Creation => {
            body["changeFlag"] = json!("NEW");
            body["changeSource"] = json!(event.change_source);
        }
        Change::PropertyChange { name, value } => {
            body["propertyName"] = json!(name);
            body["propertyValue"] = json!(value);
            body["changeSource"] = json!(event.change_source);
            if generic {
                body["isSensitive"] = json!(false);
            }
        }
        Change::Deletion | Change::Restore | Change::Association { .. } => {
            body["changeSource"] = json!(event.change_source);
        }
        Change::PrivacyDeletion | Change::Merge { .. } => {}
    }
    if generic {
        body["objectTypeId"] = json!(event.object_type_id);
    }
    match body {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
