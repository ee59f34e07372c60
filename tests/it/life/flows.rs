//! Workflows of a life: one of the host's events, one of changes, one of a schedule. The one of events is paused for a while, or edited and
//! rolled back, or somebody cancels one of its runs. What is promised of them is [`super::flow_ends`]'s.

use std::collections::{BTreeMap, BTreeSet};

use hubspot_simulator::{State, switches::PropertyCreation};
use serde_json::{Value, json};
use spoke::{
    engine::{
        portal::{
            messages::{Answer, Command},
            workflows::commands::{Answer as Told, Command as Workflows, Received},
        },
        workflow::Event,
    },
    values::{
        ids::{RunId, WorkflowId},
        time::Timestamp,
    },
};

use super::{
    PORTAL, World,
    world::{MINUTE, What},
};

/// An event comes so often on an average, milliseconds.
const EVERY_MS: u64 = MINUTE / 4;
/// Addresses that events are of and that no contact has at first.
const STRANGERS: usize = 4;
/// What the workflow of changes writes, and where.
pub(super) const FIELD: &str = "life_flow";
pub(super) const SEEN: &str = "seen";
/// From how much on an event begins a run.
pub(super) const ENOUGH: u64 = 10;
/// From how much on an event is a large one.
pub(super) const LARGE: u64 = 50;
/// By how much the account's clock is ahead, minutes: an hour begins in the third minute of a life.
pub const AHEAD: i32 = 58;

/// The three of a life, in order.
pub(super) const OF_EVENTS: usize = 0;
pub(super) const OF_CHANGES: usize = 1;
pub(super) const OF_HOURS: usize = 2;

/// An event that was taken.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) email: Option<String>,
    /// The contacts that it was of when it was sent.
    pub(super) contacts: BTreeSet<u64>,
    pub(super) size: u64,
    /// When it was sent.
    pub(super) at: u64,
    /// The workflow was there and enabled, or paused, by then.
    pub(super) heard: bool,
}

/// A workflow of the host's.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) id: WorkflowId,
    pub(super) enabled_at: u64,
    /// How far the feed was when it was enabled.
    pub(super) told: u64,
}

/// What the host has made of workflows, and sent.
#[derive(Debug, Default)]
pub(super) struct Flows {
    pub(super) own: [Option<Own>; 3],
    pub(super) sent: Vec<Sent>,
    /// How many were tried.
    tried: usize,
    /// When each version of the workflow of events became the newest, and whether it is the other definition.
    pub(super) versions: Vec<(u64, bool)>,
    /// From when to when it was paused.
    pub(super) paused: Option<(u64, u64)>,
    /// What had been asked for when it was paused.
    asked_before: BTreeSet<String>,
    /// What it did while it was paused.
    pub(super) fault: Option<String>,
    /// Until when a run was first seen to wait at a step.
    pub(super) waits: BTreeMap<(String, String), String>,
    /// When a run was cancelled.
    pub(super) cancelled: BTreeMap<String, u64>,
}

fn json_of(told: Told) -> Value {
    match told {
        Told::Json(text) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("not told but {other:?}"),
    }
}

fn task(id: &str) -> Value {
    json!({ "id": id, "do": "create_task", "subject": format!("flow {id} {{{{event.id}}}}") })
}

/// `again`: how often a contact goes through it; `other`: the definition that takes the place of the first for a while.
fn of_events(again: &str, other: bool) -> Value {
    let size = |least: u64| json!({ "of": "event", "property": "size", "type": "number", "operator": "at_least", "value": least });
    let pause = json!({ "id": "pause", "wait": { "count": 1, "unit": "minutes" } });
    let first = json!([
        { "id": "make", "do": "import_contact" },
        { "id": "note", "do": "add_note", "body": "flow note {{event.id}}" },
        { "id": "way", "if": size(LARGE), "then": [task("large")], "else": [task("small")] },
        pause,
        { "id": "bought", "at_most": { "count": 1, "unit": "minutes" }, "else": [task("late")],
          "wait_until": { "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer" } },
        task("after"),
    ]);
    let second = json!([{ "id": "make", "do": "import_contact" }, task("swift"), pause, task("last")]);
    json!({
        "name": "Of events", "trigger": { "on": "event", "event": "life_event", "record": "contacts" },
        "conditions": size(ENOUGH), "enrolment": { "again": again }, "steps": if other { second } else { first },
    })
}

/// The steps of a run of events in their order: by the other definition, of a large event, too late.
pub(super) fn path(other: bool, large: bool, late: bool) -> Vec<&'static str> {
    if other {
        return vec!["make", "swift", "pause", "last"];
    }
    let mut all = vec!["make", "note", "way", if large { "large" } else { "small" }, "pause", "bought"];
    all.extend(late.then_some("late"));
    all.push("after");
    all
}

/// Those of them that make something.
pub(super) const MAKING: [&str; 7] = ["note", "large", "small", "late", "after", "swift", "last"];

fn of_changes() -> Value {
    json!({
        "name": "Of changes",
        "trigger": { "on": "change", "record": "contacts", "kinds": ["created", "updated"], "properties": ["firstname"] },
        "enrolment": { "again": "every_time" },
        "steps": [{ "id": "seen", "do": "update_record", "type": "contacts", "properties": { FIELD: SEEN } }],
    })
}

fn of_hours() -> Value {
    json!({
        "name": "Of hours", "trigger": { "on": "schedule", "record": "contacts", "every": "hour" },
        "conditions": { "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer" },
        "enrolment": { "again": "every_time" },
        "steps": [{ "id": "hour", "do": "create_task", "subject": "flow hour {{contact.id}}" }],
    })
}

/// What a step of an event's makes in HubSpot: type, field, text.
pub(super) fn mark(step: &str, event: &str) -> (&'static str, &'static str, String) {
    let text = format!("flow {step} {event}");
    if step == "note" { ("notes", "hs_note_body", text) } else { ("tasks", "hs_task_subject", text) }
}

pub(super) fn lines(run: &Value) -> &[Value] {
    run["steps"].as_array().expect("steps")
}

impl World {
    /// Asks about workflows, at once again where the turn was torn.
    fn ask_flows(&mut self, command: impl Fn() -> Workflows) -> Told {
        for _ in 0..50 {
            match self.command(Command::Workflow(Box::new(command()))) {
                Some(Answer::Workflow(told)) => return told,
                Some(other) => panic!("about no workflow but {other:?}"),
                None => {}
            }
        }
        panic!("no turn is whole")
    }

    /// The account's people make the field that the workflow of changes writes.
    pub(super) fn furnish_flows(&mut self) {
        if self.plan.flows && self.plan.switches.property_creation == PropertyCreation::Allowed {
            let field = json!({
                "name": FIELD, "label": "Flow", "type": "string", "fieldType": "text", "groupName": "contactinformation",
            });
            self.by_tool("POST", "/crm/properties/2026-09/contacts", &field);
        }
    }

    /// The host sends events from now on.
    pub(super) fn begin_flows(&mut self) {
        if self.plan.flows {
            self.at(self.now + EVERY_MS, What::Flow);
        }
    }

    /// How often a contact goes through the workflow of events.
    pub(super) const fn again(&self) -> &'static str {
        if self.plan.seed % 4 == 1 { "once" } else { "every_time" }
    }

    /// Makes and enables what is not yet: before the fields are known none can be.
    fn open_flows(&mut self) {
        let changes = self.plan.switches.property_creation == PropertyCreation::Allowed;
        let events = of_events(self.again(), false);
        for (place, definition) in [events, of_changes(), of_hours()].into_iter().enumerate() {
            if self.flows.own[place].is_some() || (place == OF_CHANGES && !changes) {
                continue;
            }
            let Told::Json(faults) = self.ask_flows(|| Workflows::Check(definition.clone())) else {
                panic!("not checked")
            };
            let faults: Value = serde_json::from_str(&faults).expect("JSON");
            if faults["faults"] != json!([]) {
                continue;
            }
            let made = json_of(self.ask_flows(|| Workflows::Add(definition.clone())));
            let id: WorkflowId = made["id"].as_str().expect("an id").parse().expect("an id");
            let told = self.feed_told();
            json_of(self.ask_flows(|| Workflows::Enable(id.clone())));
            if place == OF_EVENTS {
                self.flows.versions.push((self.now, false));
            }
            self.flows.own[place] = Some(Own { id, enabled_at: self.now, told });
        }
    }

    /// The number of the feed's last change.
    fn feed_told(&mut self) -> u64 {
        for _ in 0..50 {
            if let Ok(changes) = self.changes_after(0, 0, 1_000) {
                return changes.last().and_then(|own| own["seq"].as_str()?.parse().ok()).unwrap_or(0);
            }
        }
        panic!("no turn is whole")
    }

    /// An event comes.
    pub(super) fn flow(&mut self) {
        if self.now >= self.edits_until {
            return;
        }
        self.open_flows();
        self.note_steps();
        self.send_event();
        if self.rng.u32(0..4) == 0 {
            self.make_customer();
        }
        let wait = self.rng.u64(1..=2 * EVERY_MS);
        self.at(self.now + wait, What::Flow);
    }

    /// The live contacts with their addresses, in lower case.
    fn addressed(&self) -> Vec<(u64, Vec<String>)> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let live = portal.records("contacts", 0).filter(|view| view.record.state == State::Live);
        let emails = |view: hubspot_simulator::RecordView<'_>| {
            let own = view.values().filter(|(name, _)| ["email", "hs_additional_emails"].contains(name));
            let texts: Vec<String> = own.map(|(_, value)| value.to_lowercase()).collect();
            let emails = texts.iter().flat_map(|text| text.split(';')).map(str::trim);
            emails.filter(|email| !email.is_empty()).map(str::to_owned).collect()
        };
        live.map(|view| (view.record.id, emails(view))).collect()
    }

    /// Somebody buys something.
    fn make_customer(&mut self) {
        let people = self.addressed();
        if let Some((id, _)) = self.rng.choice(people) {
            let properties = json!({ "lifecyclestage": "customer" });
            self.contact("edit", json!({ "id": id.to_string(), "properties": properties }));
        }
    }

    fn send_event(&mut self) {
        let id = format!("e{}", self.flows.tried);
        self.flows.tried += 1;
        let people = self.addressed();
        let person = if people.is_empty() { None } else { people.get(self.rng.usize(0..people.len())) };
        let size = self.rng.u64(0..2 * LARGE);
        let mut event = json!({ "id": id, "event": "life_event", "facts": { "size": size } });
        let mut contacts = BTreeSet::new();
        let mut email = None;
        match (person, self.rng.u32(0..3)) {
            (Some((contact, _)), 0) => {
                event["object_type"] = json!("contacts");
                event["record_id"] = json!(contact.to_string());
                contacts.insert(*contact);
            }
            (Some((_, emails)), 1) if !emails.is_empty() => email = emails.first().cloned(),
            _ => email = Some(format!("lifeflow{}@example.com", self.rng.usize(0..STRANGERS))),
        }
        if let Some(email) = &email {
            event["email"] = json!(email);
            contacts.extend(people.iter().filter(|own| own.1.contains(email)).map(|own| own.0));
        }
        let Ok(event) = Event::parse(&event, Timestamp(self.now as i64)) else {
            // An address that HubSpot takes, and the host would not send.
            return;
        };
        let heard = self.flows.own[OF_EVENTS].is_some();
        let Told::Received(received) = self.ask_flows(|| Workflows::Event(event.clone())) else { return };
        if received[0] != Received::New {
            assert_eq!(received[0], Received::KeptOut);
            return;
        }
        self.flows.sent.push(Sent { id, email, contacts, size, at: self.now, heard });
        if self.rng.u32(0..3) == 0 {
            let again = self.ask_flows(|| Workflows::Events(vec![event.clone(), event.clone()]));
            let Told::Received(received) = again else { return };
            assert_eq!(received, [Received::Duplicate; 2]);
        }
    }

    /// Every run, the newest first.
    fn flow_runs(&mut self) -> Vec<Value> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = self.ask_flows(|| Workflows::Runs { workflow: None, before, limit: 20 });
            let Told::Page { results, next } = page else { panic!("no page but {page:?}") };
            let page: Vec<Value> = serde_json::from_str(&results).expect("JSON");
            all.extend(page);
            match next {
                Some(next) => before = Some(next),
                None => return all,
            }
        }
    }

    /// What the runs of a workflow have asked for.
    fn asked_of(&self, runs: &[Value], place: usize) -> BTreeSet<String> {
        let Some(Own { id, .. }) = &self.flows.own[place] else { return BTreeSet::new() };
        let own = runs.iter().filter(|run| run["workflow"] == id.as_str());
        own.flat_map(lines).filter_map(|line| line["action_id"].as_str().map(str::to_owned)).collect()
    }

    /// Notes what the steps have asked for, and until when runs wait.
    pub(super) fn note_steps(&mut self) -> Vec<Value> {
        let runs = self.flow_runs();
        for place in [OF_EVENTS, OF_CHANGES, OF_HOURS] {
            for id in self.asked_of(&runs, place) {
                let id = id.parse().expect("an id");
                if !self.written.contains(&id) {
                    self.written.push(id);
                }
            }
        }
        for run in &runs {
            for line in lines(run) {
                if let (Some(id), Some(step), Some(until)) =
                    (run["id"].as_str(), line["step"].as_str(), line["until"].as_str())
                {
                    let of = (id.to_owned(), step.to_owned());
                    self.flows.waits.entry(of).or_insert_with(|| until.to_owned());
                }
            }
        }
        runs
    }

    /// Half way something befalls the workflow of events: it is edited, one of its runs is cancelled, or it is paused.
    pub(super) fn befall_flows(&mut self) {
        let Some(Own { id, .. }) = self.flows.own[OF_EVENTS].clone() else { return };
        match self.plan.seed % 3 {
            0 => {
                let other = of_events(self.again(), true);
                if matches!(self.ask_flows(|| Workflows::Edit(id.clone(), other.clone())), Told::Json(_)) {
                    self.flows.versions.push((self.now, true));
                }
            }
            1 => self.cancel_one(&id),
            _ => {
                json_of(self.ask_flows(|| Workflows::Pause(id.clone())));
                let runs = self.note_steps();
                self.flows.asked_before = self.asked_of(&runs, OF_EVENTS);
                self.flows.paused = Some((self.now, u64::MAX));
            }
        }
    }

    fn cancel_one(&mut self, workflow: &WorkflowId) {
        let runs = self.note_steps();
        let mut own = runs.iter().filter(|run| run["workflow"] == workflow.as_str());
        let Some(run) = own.find(|run| run["state"] == "open") else { return };
        let id: RunId = run["id"].as_str().expect("an id").parse().expect("an id");
        json_of(self.ask_flows(|| Workflows::CancelRun(id.clone())));
        self.flows.cancelled.insert(id.as_str().to_owned(), self.now);
    }

    /// Later it is as it was.
    pub(super) fn restore_flows(&mut self) {
        let Some(Own { id, .. }) = self.flows.own[OF_EVENTS].clone() else { return };
        if self.flows.versions.len() == 2
            && matches!(self.ask_flows(|| Workflows::RollBack(id.clone(), 1)), Told::Json(_))
        {
            self.flows.versions.push((self.now, false));
        }
        if self.flows.paused.is_some() {
            let runs = self.note_steps();
            let asked = self.asked_of(&runs, OF_EVENTS);
            if let Some(action) = asked.difference(&self.flows.asked_before).next() {
                let asks = |run: &&Value| lines(run).iter().any(|line| line["action_id"] == action.as_str());
                let run = runs.iter().find(asks);
                self.flows.fault = run.map(|run| format!("it asked for {action} while it was paused: {run}"));
            }
            json_of(self.ask_flows(|| Workflows::Enable(id.clone())));
            if let Some((_, until)) = &mut self.flows.paused {
                *until = self.now;
            }
        }
    }

    /// When HubSpot is well again people have tried again what failed, in half of the lives.
    pub(super) fn mend_flows(&mut self) {
        if !self.plan.flows || !self.plan.seed.is_multiple_of(2) {
            return;
        }
        for run in self.flow_runs().iter().filter(|run| run["state"] == "failed") {
            let id: RunId = run["id"].as_str().expect("an id").parse().expect("an id");
            self.ask_flows(|| Workflows::Retry(id.clone()));
        }
    }
}
