//! Workflows of a life: one of the host's events, one of changes, one of a schedule; and the promise that what goes through them takes each
//! step once, or says why not, that waits last as long as they are to, and that a workflow which is paused does nothing.

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
    ends::{chain, marked, view},
    world::{MINUTE, START_MS, What},
};

/// An event comes so often on an average, milliseconds.
const EVERY_MS: u64 = MINUTE / 4;
/// Addresses that events are of and that no contact has at first.
const STRANGERS: usize = 4;
/// What the workflow of changes writes, and where.
const FIELD: &str = "life_flow";
const SEEN: &str = "seen";
/// From how much on an event is a large one.
const LARGE: u64 = 50;
/// By how much the account's clock is ahead, minutes: an hour begins in the third minute of a life.
pub const AHEAD: i32 = 58;

/// The three of a life, in order.
const OF_EVENTS: usize = 0;
const OF_CHANGES: usize = 1;
const OF_HOURS: usize = 2;

/// An event that was taken.
#[derive(Debug, Clone)]
struct Sent {
    id: String,
    email: Option<String>,
    /// The contacts that it was of when it was sent.
    contacts: BTreeSet<u64>,
    large: bool,
    /// The workflow was enabled by then.
    heard: bool,
}

/// What the host has made of workflows, and sent.
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// With when each was enabled, and how far the feed was then.
    own: [Option<(WorkflowId, u64, u64)>; 3],
    sent: Vec<Sent>,
    /// How many were tried.
    tried: usize,
    /// What had been asked for when it was paused.
    paused: Option<BTreeSet<String>>,
    /// What it did while it was paused.
    fault: Option<String>,
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

fn of_events() -> Value {
    json!({
        "name": "Of events", "trigger": { "on": "event", "event": "life_event", "record": "contacts" },
        "enrolment": { "again": "every_time" },
        "steps": [
            { "id": "make", "do": "import_contact" },
            { "id": "note", "do": "add_note", "body": "flow note {{event.id}}" },
            { "id": "way", "if": { "of": "event", "property": "size", "type": "number", "operator": "at_least", "value": LARGE },
              "then": [task("large")], "else": [task("small")] },
            { "id": "pause", "wait": { "count": 1, "unit": "minutes" } },
            { "id": "bought", "at_most": { "count": 1, "unit": "minutes" }, "else": [task("late")],
              "wait_until": { "property": "lifecyclestage", "type": "enumeration", "operator": "is", "value": "customer" } },
            task("after"),
        ],
    })
}

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
fn mark(step: &str, event: &str) -> (&'static str, &'static str, String) {
    let text = format!("flow {step} {event}");
    if step == "note" { ("notes", "hs_note_body", text) } else { ("tasks", "hs_task_subject", text) }
}

fn lines(run: &Value) -> &[Value] {
    run["steps"].as_array().expect("steps")
}

fn line<'r>(run: &'r Value, step: &str) -> Option<&'r Value> {
    lines(run).iter().find(|line| line["step"] == step)
}

fn at(line: &Value, name: &str) -> i64 {
    let at = line[name].as_str().and_then(Timestamp::parse_rfc3339);
    at.unwrap_or_else(|| panic!("no {name} in {line}")).0
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

    /// Makes and enables what is not yet: before the fields are known none can be.
    fn open_flows(&mut self) {
        let changes = self.plan.switches.property_creation == PropertyCreation::Allowed;
        for (place, definition) in [of_events(), of_changes(), of_hours()].into_iter().enumerate() {
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
            self.flows.own[place] = Some((id, self.now, told));
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
        self.flows.sent.push(Sent { id, email, contacts, large: size >= LARGE, heard });
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
        let Some((id, _, _)) = &self.flows.own[place] else { return BTreeSet::new() };
        let own = runs.iter().filter(|run| run["workflow"] == id.as_str());
        own.flat_map(lines).filter_map(|line| line["action_id"].as_str().map(str::to_owned)).collect()
    }

    /// Notes what the steps have asked for.
    fn note_steps(&mut self) -> Vec<Value> {
        let runs = self.flow_runs();
        for place in [OF_EVENTS, OF_CHANGES, OF_HOURS] {
            for id in self.asked_of(&runs, place) {
                let id = id.parse().expect("an id");
                if !self.written.contains(&id) {
                    self.written.push(id);
                }
            }
        }
        runs
    }

    /// In a third of the lives the workflow of events is paused for a while.
    pub(super) fn pause_flows(&mut self) {
        if self.plan.seed % 3 != 2 {
            return;
        }
        let Some((id, _, _)) = self.flows.own[OF_EVENTS].clone() else { return };
        json_of(self.ask_flows(|| Workflows::Pause(id.clone())));
        let runs = self.note_steps();
        self.flows.paused = Some(self.asked_of(&runs, OF_EVENTS));
    }

    pub(super) fn resume_flows(&mut self) {
        let (Some(before), Some((id, _, _))) = (self.flows.paused.take(), self.flows.own[OF_EVENTS].clone())
        else {
            return;
        };
        let runs = self.note_steps();
        if let Some(action) = self.asked_of(&runs, OF_EVENTS).difference(&before).next() {
            let run =
                runs.iter().find(|run| lines(run).iter().any(|line| line["action_id"] == action.as_str()));
            self.flows.fault = run.map(|run| format!("it asked for {action} while it was paused: {run}"));
        }
        json_of(self.ask_flows(|| Workflows::Enable(id.clone())));
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

    /// Whether nothing need be kept of anybody.
    pub(super) fn somebody_is_erased(&self) -> bool {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        !self.kept_out.is_empty()
            || portal.records("contacts", 0).any(|view| view.record.state == State::Erased)
    }

    /// Each event has one run, and each run took each step once, as it says.
    pub(super) fn flows_are_right(&mut self) -> Result<(), String> {
        if !self.plan.flows {
            return Ok(());
        }
        if let Some(fault) = &self.flows.fault {
            return Err(fault.clone());
        }
        let runs = self.note_steps();
        let mut asked = BTreeSet::new();
        for run in &runs {
            self.run_is_right(run)?;
            let ids = lines(run).iter().filter_map(|line| line["action_id"].as_str());
            if let Some(id) = ids.into_iter().find(|id| !asked.insert((*id).to_owned())) {
                return Err(format!("{id} is of two steps: {run}"));
            }
        }
        for sent in self.flows.sent.clone() {
            self.event_is_right(&sent, &runs).map_err(|why| format!("{why}: {sent:?}"))?;
        }
        self.changes_are_right(&runs)?;
        self.hours_are_right()
    }

    /// A run is at its end, and says why it is at this one.
    fn run_is_right(&mut self, run: &Value) -> Result<(), String> {
        let mut steps = BTreeSet::new();
        if !lines(run).iter().all(|line| steps.insert(line["step"].to_string())) {
            return Err(format!("a step was taken twice: {run}"));
        }
        let last = lines(run).last();
        let is =
            |states: &[&str]| last.is_some_and(|last| states.iter().any(|state| last["state"] == *state));
        let fits = match run["state"].as_str().expect("a state") {
            "done" => last.is_some() && !is(&["asked", "waits", "failed", "refused", "unknown"]),
            "skipped" => last.is_none() && run["why"].is_string(),
            "failed" => {
                is(&["failed", "refused", "unknown"]) && last.is_some_and(|last| last["words"].is_string())
            }
            // What nobody knows of waits for a person's word.
            "open" => match last.and_then(|last| last["action_id"].as_str()) {
                Some(id) if is(&["asked"]) => {
                    let told = self.told_of(&id.parse().expect("an id"));
                    told.is_some_and(|told| told["state"] == "unknown")
                }
                _ => false,
            },
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("a run is not at its end, or does not say why: {run}")) }
    }

    /// Whether whoever an event was of was erased, here or in HubSpot.
    fn is_of_erased(&self, sent: &Sent) -> bool {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let is_erased = |id: u64| {
            self.kept_out.contains(&id.to_string())
                || view(portal, "contacts", id).is_some_and(|view| view.record.state == State::Erased)
        };
        // Of a stranger it is a contact that an app made.
        let strange = sent.contacts.is_empty() && self.somebody_is_erased();
        strange
            || sent.email.as_deref().is_some_and(|email| self.is_erased(email))
            || sent.contacts.iter().flat_map(|id| chain(portal, "contacts", *id)).any(is_erased)
    }

    fn event_is_right(&self, sent: &Sent, runs: &[Value]) -> Result<(), String> {
        let Some((id, _, _)) = &self.flows.own[OF_EVENTS] else { return Ok(()) };
        let own: Vec<&Value> =
            runs.iter().filter(|run| run["workflow"] == id.as_str() && run["event"] == *sent.id).collect();
        if own.len() > 1 {
            return Err(format!("it has {} runs", own.len()));
        }
        let run = own.first().copied();
        if run.is_none() && sent.heard && !self.is_of_erased(sent) {
            return Err("it has no run".to_owned());
        }
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        for step in ["note", "large", "small", "late", "after"] {
            let (kind, field, text) = mark(step, &sent.id);
            let there = marked(portal, (kind, field, &text), true).len();
            let state = run.and_then(|run| line(run, step)).and_then(|line| line["state"].as_str());
            let fits = match state {
                _ if there > 1 => false,
                Some("done") => there == 1,
                // What is asked for, failed or is unknown may have come all the same where its answer was lost.
                Some("asked" | "unknown" | "cancelled") => true,
                Some("failed") => there == 0 || self.plan.rejects,
                Some(_) => there == 0,
                None => there == 0 || run.is_none(),
            };
            if !fits {
                return Err(format!("{text:?} is there {there} times, and the step is {state:?}: {run:?}"));
            }
        }
        let Some(run) = run else { return Ok(()) };
        let other = if sent.large { "small" } else { "large" };
        if line(run, other).is_some() {
            return Err(format!("it went the other way: {run}"));
        }
        // Nothing is passed by before its time.
        for (waits, then) in [("pause", "bought"), ("bought", "after")] {
            let (Some(waits), Some(then)) = (line(run, waits), line(run, then)) else { continue };
            let over = waits["state"] == "came_about" || at(then, "at") >= at(waits, "until");
            if waits["state"] == "waits" || !over {
                return Err(format!("it did not wait: {run}"));
            }
        }
        if run["state"] != "done" {
            return Ok(());
        }
        let late = line(run, "bought").is_some_and(|line| line["state"] == "too_late");
        let branch = if sent.large { "large" } else { "small" };
        let taken = ["make", "note", "way", branch, "pause", "bought", "after"];
        if taken.iter().any(|step| line(run, step).is_none()) || line(run, "late").is_some() != late {
            return Err(format!("it is done, and not every step was taken: {run}"));
        }
        Ok(())
    }

    /// Whoever changed after the workflow was enabled went through it, and holds what it writes.
    fn changes_are_right(&mut self, runs: &[Value]) -> Result<(), String> {
        let Some((id, _, from)) = self.flows.own[OF_CHANGES].clone() else { return Ok(()) };
        let own: Vec<&Value> = runs.iter().filter(|run| run["workflow"] == id.as_str()).collect();
        let changes = self.changes_after(0, from, 1_000)?;
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let there = |id: u64| view(portal, "contacts", id).filter(|view| view.record.state == State::Live);
        let id_of = |text: &Value| text.as_str().and_then(|text| text.parse::<u64>().ok());
        let changed: BTreeSet<u64> = changes
            .iter()
            .filter(|own| own["object_type"] == "contacts" && own["kind"] == "updated")
            .filter(|own| !own["changed"]["firstname"].is_null())
            .filter_map(|own| id_of(&own["id"]))
            .collect();
        // While it stands still nothing of that begins anything.
        let stood_still = self.plan.loses.is_some();
        let went = |id: &u64| own.iter().any(|run| run["subject"] == format!("contacts/{id}"));
        let mut missed = changed.iter().filter(|id| there(**id).is_some() && !self.is_kept_out(**id));
        if let Some(id) = missed.find(|id| !stood_still && !went(id)) {
            return Err(format!("contact {id} changed, and no run began"));
        }
        for run in own.iter().filter(|run| line(run, "seen").is_some_and(|line| line["state"] == "done")) {
            let Some(id) = id_of(&run["contact"]["record_id"]) else { continue };
            let last = chain(portal, "contacts", id).pop().unwrap_or(id);
            let holds = there(last).is_none_or(|view| {
                view.values().any(|(name, value)| name == FIELD && value == SEEN) || self.is_kept_out(last)
            });
            if !holds {
                return Err(format!("contact {last} does not hold what was written: {run}"));
            }
        }
        Ok(())
    }

    fn is_kept_out(&self, id: u64) -> bool {
        self.contacts_kept_out().contains(&id)
    }

    /// Nobody went through the workflow of hours more often than an hour began.
    fn hours_are_right(&self) -> Result<(), String> {
        let Some((_, enabled_at, _)) = &self.flows.own[OF_HOURS] else { return Ok(()) };
        let hour = 60 * MINUTE;
        let begun = |at: u64, ahead: u64| (at + ahead * MINUTE - START_MS) / hour;
        let most = begun(self.now, AHEAD as u64) - begun(*enabled_at, 0);
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        for task in portal.records("tasks", 0) {
            let subject = task.values().find(|(name, _)| *name == "hs_task_subject");
            if let Some((_, subject)) = subject.filter(|(_, subject)| subject.starts_with("flow hour ")) {
                *seen.entry(subject.into_owned()).or_default() += 1;
            }
        }
        match seen.iter().find(|(_, count)| **count > most) {
            Some((subject, count)) => {
                Err(format!("{subject:?} is there {count} times, and {most} hours began"))
            }
            None => Ok(()),
        }
    }
}
