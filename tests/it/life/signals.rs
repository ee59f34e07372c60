//! Signals in a life: a list, an automation of it, and the promise that each signal is decided once and what it leads to is done once,
//! or says why not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use spoke::{
    engine::{
        portal::{
            messages::{Answer, Command},
            outbox::commands::{Answer as Written, Command as Outbox},
            signals::commands::{Answer as Told, Command as Signals, Received},
        },
        signal::Signal,
    },
    values::{ids::ObjectType, time::Timestamp},
};

use super::{PORTAL, World, ends::one_made_is_erased};

/// Signals of a batch.
const AT_ONCE: usize = 3;

/// Somebody's signal: every third is of an account that does not qualify; five accounts, seven people.
fn signal(number: usize) -> Value {
    let (account, person) = (number % 5, number % 7);
    json!({
        "id": format!("life {number}"), "name": format!("life signal {number}"),
        "account": {
            "id": format!("a{account}"), "domain": format!("lifesignal{account}.example"), "name": format!("Account {account}"),
            "fields": { "score": if qualifies(number) { 90 } else { 10 } },
        },
        "visitor": { "id": format!("v{person}"), "email": address(number) },
    })
}

const fn qualifies(number: usize) -> bool {
    !number.is_multiple_of(3)
}

/// Whose a signal is.
pub(super) fn address(number: usize) -> String {
    format!("lifesignal{}@example.com", number % 7)
}

fn subject(number: usize) -> String {
    format!("Call about life signal {number}")
}

impl World {
    fn ask_signals(&mut self, command: impl Fn() -> Signals) -> Told {
        match self.insist(|| Command::Signal(Box::new(command()))) {
            Answer::Signal(told) => told,
            other => panic!("about no signal but {other:?}"),
        }
    }

    /// In half of the lives an account has one run, in the others one for each signal.
    const fn cool_down_hours(&self) -> u32 {
        if self.plan.seed.is_multiple_of(2) { 24 } else { 0 }
    }

    /// The host makes a list and an automation of it.
    pub(super) fn automate(&mut self) {
        if !self.plan.signals {
            return;
        }
        let filter = json!({ "of": "account", "property": "score", "type": "number", "operator": "at_least", "value": 80 });
        let list = json!({ "name": "Hot", "filter": filter });
        let Told::Json(made) = self.ask_signals(|| Signals::PutList(None, list.clone())) else {
            panic!("no list")
        };
        let list: Value = serde_json::from_str(&made).expect("JSON");
        let steps = json!([
            { "action": "import_company" },
            { "action": "import_contact" },
            { "action": "create_task", "subject": "Call about {{signal.name}}" },
        ]);
        let definition = json!({
            "name": "Follow up", "list": list["id"], "steps": steps, "cool_down_hours": self.cool_down_hours(),
        });
        let made = self.ask_signals(|| Signals::PutAutomation(None, definition.clone()));
        assert!(matches!(made, Told::Json(_)), "{made:?}");
    }

    /// The host sends some signals, and one that it has sent before.
    pub(super) fn send_signals(&mut self) {
        if !self.plan.signals {
            return;
        }
        let from = self.signals_sent;
        self.signals_sent += AT_ONCE;
        let now = Timestamp(self.now as i64);
        let numbers = (from.saturating_sub(1)..from + AT_ONCE).chain([from]);
        let signals: Vec<Signal> =
            numbers.map(|number| Signal::parse(&signal(number), now).expect("a signal")).collect();
        let Told::Received(received) = self.ask_signals(|| Signals::Receive(signals.clone())) else {
            panic!("not received")
        };
        let twice = matches!(received.last(), Some(Received::Duplicate(_) | Received::KeptOut));
        assert!(twice, "{received:?}");
    }

    fn pages_of_signals(&mut self, command: impl Fn(Option<i64>) -> Signals) -> Vec<Value> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let Told::Page { results, next } = self.ask_signals(|| command(before)) else {
                panic!("no page")
            };
            let page: Vec<Value> = serde_json::from_str(&results).expect("JSON");
            all.extend(page);
            match next {
                Some(next) => before = Some(next),
                None => return all,
            }
        }
    }

    /// Whether somebody with this address was erased, here or in HubSpot: nothing of them is kept, and nobody waits for it.
    pub(super) fn is_erased(&self, email: &str) -> bool {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        self.kept_out.contains(email) || portal.erased_emails().any(|erased| erased == email)
    }

    fn state_of_action(&mut self, id: &str) -> String {
        let command = Command::Outbox(Outbox::Get(id.parse().expect("an id")));
        let Some(Answer::Outbox(Written::Action(text))) = self.command(command) else { return String::new() };
        let action: Value = serde_json::from_str(&text).expect("JSON");
        action["state"].as_str().unwrap_or_default().to_owned()
    }

    /// Each signal is decided as its account says, each that qualifies has one run, each run its end and its tasks once.
    pub(super) fn signals_are_right(&mut self) -> Result<(), String> {
        if !self.plan.signals {
            return Ok(());
        }
        let signals = self.pages_of_signals(|before| Signals::Signals { before, limit: 20 });
        let runs = self.pages_of_signals(|before| Signals::Runs {
            automation: None,
            signal: None,
            before,
            limit: 20,
        });
        let by_key: BTreeMap<&str, &Value> =
            signals.iter().map(|one| (one["key"].as_str().expect("a key"), one)).collect();
        if by_key.len() != signals.len() {
            return Err("a signal is there twice".to_owned());
        }
        for number in 0..self.signals_sent {
            let Some(one) = by_key.get(&*format!("life {number}")) else {
                if self.is_erased(&address(number)) || one_made_is_erased(self) {
                    continue;
                }
                return Err(format!("signal {number} is gone"));
            };
            let of_list = &one["decision"]["lists"][0];
            if one["state"] != "decided" || of_list["qualifies"] != qualifies(number) {
                return Err(format!("signal {number} is decided otherwise: {one}"));
            }
            let own = runs.iter().filter(|run| run["signal"] == one["id"]).count();
            if own != usize::from(qualifies(number)) {
                return Err(format!("signal {number} has {own} runs"));
            }
        }
        let mut asked = BTreeSet::new();
        let mut acted: BTreeMap<String, u32> = BTreeMap::new();
        for run in &runs {
            for step in run["steps"].as_array().expect("steps") {
                if let Some(id) = step["action_id"].as_str() {
                    asked.insert(id.to_owned());
                }
            }
            let last = run["steps"].as_array().and_then(|steps| steps.last()).cloned().unwrap_or_default();
            let steps = run["steps"].as_array().map(Vec::len);
            let ended = run["state"] == "skipped" || (run["state"] != "open" && steps == Some(3));
            // What nobody knows of waits for a person's word.
            let waits = last["state"] == "asked"
                && last["action_id"].as_str().is_some_and(|id| self.state_of_action(id) == "unknown");
            if !(ended || waits) {
                return Err(format!("a run has no end: {run}"));
            }
        }
        for signal in &signals {
            let runs = runs.iter().filter(|run| run["signal"] == signal["id"]);
            let own = runs.filter(|run| {
                run["steps"].as_array().expect("steps").iter().any(|step| !step["action_id"].is_null())
            });
            *acted.entry(signal["account"]["id"].to_string()).or_default() += own.count() as u32;
        }
        if self.cool_down_hours() > 0 && acted.values().any(|runs| *runs > 1) {
            return Err(format!("it acted again although it was to cool down: {acted:?}"));
        }
        for id in asked {
            let id = id.parse().expect("an id");
            if !self.written.contains(&id) {
                self.written.push(id);
            }
        }
        let tasks = self.truth_of(ObjectType::Tasks);
        for number in 0..self.signals_sent {
            let subject = subject(number);
            let made = tasks.values().filter(|values| values["hs_task_subject"] == subject.as_str()).count();
            // Sent again after its visitor was erased, it is another signal.
            if made > usize::from(qualifies(number)) && !self.is_erased(&address(number)) {
                return Err(format!("`{subject}` is there {made} times"));
            }
        }
        Ok(())
    }
}
