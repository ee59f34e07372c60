//! Actions of every kind in a life, each known in HubSpot by a mark of its own; people who take some back, have others done once more and
//! say what became of those that nobody knows of.

use hubspot_simulator::State;
use serde_json::{Map, Value, json};
use spoke::{
    engine::portal::{
        mappings::commands::{Answer as MappingAnswer, Command as MappingCommand},
        messages::{Answer, Command},
        outbox::commands::{Answer as Told, Asked, Command as Outbox, Taken},
    },
    values::{ids::ActionId, mapping::Action},
};

use super::{
    PORTAL, World,
    ends::{id_at, marked},
};

/// Kinds of actions, each as often as it stands here.
const DRAWN: [&str; 21] = [
    "import_company",
    "import_company",
    "import_contact",
    "import_contact",
    "claim_account",
    "claim_account",
    "add_to_list",
    "add_to_list",
    "remove_from_list",
    "remove_from_list",
    "create_task",
    "create_task",
    "log_call",
    "log_call",
    "add_note",
    "update_deal",
    "update_deal",
    "update_record",
    "update_record",
    "timeline_entry",
    "timeline_entry",
];
/// Of so many records of a type one is named: few, so that several actions meet at one.
const NAMED: usize = 6;
/// What the account's rule refuses: it holds no letters alone.
pub(super) const REFUSED: &str = "R2-D2";

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    /// Its mark is made of it.
    pub(super) number: usize,
    /// The action, if it was taken.
    pub(super) id: Option<ActionId>,
    /// As the API takes it.
    pub(super) wanted: Value,
    /// A later one of the same takes its place.
    pub(super) coalesce: Option<String>,
    /// It has a field that the account's rule refuses; whether that may be left out.
    pub(super) refused: Option<bool>,
    /// Somebody took it back.
    pub(super) cancelled: bool,
    /// Somebody had it done once more.
    pub(super) retried: bool,
    /// Somebody said what became of it.
    pub(super) resolved: bool,
}

/// A record that a deed changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// Its type.
    pub(super) kind: &'static str,
    /// Which.
    pub(super) id: u64,
    /// The field that holds the deed's mark afterwards.
    pub(super) field: Option<&'static str>,
}

impl Deed {
    /// One that is asked for plainly.
    pub(super) fn new(number: usize, wanted: Value) -> Self {
        Self {
            number,
            id: None,
            wanted,
            coalesce: None,
            refused: None,
            cancelled: false,
            retried: false,
            resolved: false,
        }
    }

    pub(super) fn action(&self) -> &str {
        self.wanted["action"].as_str().expect("an action has a name")
    }

    fn number_at(&self, name: &str) -> Option<u64> {
        self.wanted[name].as_str()?.parse().ok()
    }

    /// By what the records that it makes are known: type, field, value.
    pub(super) fn marks(&self) -> Vec<(&'static str, &'static str, String)> {
        let mark = mark(self.number);
        match self.action() {
            "create_task" => vec![("tasks", "hs_task_subject", mark)],
            "log_call" => vec![("calls", "hs_call_title", mark)],
            "add_note" => vec![("notes", "hs_note_body", mark)],
            "timeline_entry" => {
                vec![("notes", "hs_note_body", format!("<p><strong>{mark}</strong></p>"))]
            }
            "import_company" => vec![("companies", "domain", domain(self.number))],
            "import_contact" => {
                vec![
                    ("contacts", "email", address(self.number)),
                    ("companies", "domain", domain(self.number)),
                ]
            }
            _ => Vec::new(),
        }
    }

    /// The record that it changes.
    pub(super) fn change(&self) -> Option<Change> {
        let (at, kind, field) = match self.action() {
            "update_record" if self.wanted["type"] == "companies" => ("record", "companies", Some("name")),
            "update_record" => ("record", "contacts", Some("firstname")),
            "update_deal" => ("deal", "deals", Some("dealname")),
            // Others have the same owner.
            "claim_account" => ("company", "companies", None),
            "log_call" => ("completes_task", "tasks", None),
            _ => return None,
        };
        Some(Change { kind, id: self.number_at(at)?, field })
    }

    /// The place on a list that it gives or takes: list, record, whether it gives.
    pub(super) fn place(&self) -> Option<(u64, u64, bool)> {
        let adds = match self.action() {
            "add_to_list" => true,
            "remove_from_list" => false,
            _ => return None,
        };
        Some((self.number_at("list")?, self.number_at("record")?, adds))
    }

    /// What an activity is linked to.
    pub(super) fn about(&self) -> Option<(&str, u64)> {
        let about = self.wanted["about"].get(0).unwrap_or(&self.wanted["about"]);
        Some((about["type"].as_str()?, about["id"].as_str()?.parse().ok()?))
    }
}

pub(super) fn mark(number: usize) -> String {
    format!("life {number}")
}

fn domain(number: usize) -> String {
    format!("life{number}.example")
}

pub(super) fn address(number: usize) -> String {
    format!("life{number}@example.com")
}

/// An action as it is asked for; `about`: what it is done to, or linked to.
pub(super) fn wanted(action: &str, number: usize, about: Option<(&str, u64)>) -> Value {
    let mark = mark(number);
    let (kind, id) = about.map(|(kind, id)| (kind, id.to_string())).unwrap_or_default();
    let tie = json!({ "type": kind, "id": id });
    let ties: Vec<&Value> = about.iter().map(|_| &tie).collect();
    match action {
        "create_task" => {
            json!({ "action": action, "subject": mark, "due": "2026-12-01T09:00:00Z", "about": ties })
        }
        "log_call" => {
            json!({ "action": action, "title": mark, "at": "2026-11-19T15:00:00Z", "outcome": "connected", "about": ties })
        }
        "add_note" => json!({ "action": action, "body": mark, "about": ties }),
        "timeline_entry" => json!({ "action": action, "title": mark, "about": tie }),
        "import_company" => json!({ "action": action, "domain": domain(number) }),
        "import_contact" => json!({ "action": action, "email": address(number) }),
        "claim_account" => json!({ "action": action, "company": id }),
        "update_deal" => {
            json!({ "action": action, "deal": id, "stage": "contractsent", "properties": { "dealname": mark } })
        }
        "update_record" => {
            let field = if kind == "companies" { "name" } else { "firstname" };
            json!({ "action": action, "type": kind, "record": id, "properties": { field: mark } })
        }
        // To a list, or off it.
        _ => json!({ "action": action, "record": id }),
    }
}

/// An import of a contact brings the contact's company with it.
pub(super) fn with_company(mut wanted: Value, number: usize) -> Value {
    wanted["company"] = json!({ "domain": domain(number) });
    wanted
}

impl World {
    /// An action as its asker is told of it; `None`: nothing of it is kept.
    pub(super) fn told_of(&mut self, id: &ActionId) -> Option<Value> {
        let Some(Answer::Outbox(Told::Action(text))) = self.command(Command::Outbox(Outbox::Get(id.clone())))
        else {
            return None;
        };
        Some(serde_json::from_str(&text).expect("JSON"))
    }

    /// The customer has a rule for last names.
    pub(super) fn make_rule(&mut self) {
        if self.plan.acts {
            let rule = json!({
                "portal_id": PORTAL, "object_type": "contacts", "property": "lastname", "rules": [{ "kind": "alpha" }],
            });
            self.control("PUT", "validation-rules", &rule);
        }
    }

    /// Whether a last name may be left out of what is written.
    const fn drops(&self) -> bool {
        self.plan.seed.is_multiple_of(2)
    }

    /// Somebody maps last names, once the fields are known.
    fn map_names(&mut self) {
        let entry = json!({ "field": "lastname", "from": "last", "drop_if_refused": self.drops() });
        let mapping = json!({ "entries": [entry] });
        for (name, action) in
            [("update_record", Action::UpdateContact), ("import_contact", Action::ImportContact)]
        {
            let put = MappingCommand::Put(action, mapping.clone());
            if let Some(Answer::Mapping(MappingAnswer::Json(_))) = self.command(Command::Mapping(put)) {
                self.mapped.insert(name);
            }
        }
    }

    fn live_ids(&self, kind: &str) -> Vec<u64> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let live = portal.records(kind, 0).filter(|view| view.record.state == State::Live);
        live.map(|view| view.record.id).take(NAMED).collect()
    }

    /// An action drawn for its number; `None`: the account has nothing that it could be about.
    fn draw(&self, number: usize, tasks: &[u64]) -> Option<Deed> {
        let mut rng = fastrand::Rng::with_seed(self.plan.seed ^ 0xdeed_0000 ^ ((number as u64) << 40));
        let [contacts, companies, deals] = ["contacts", "companies", "deals"].map(|kind| self.live_ids(kind));
        let possible: Vec<&str> = DRAWN
            .into_iter()
            .filter(|action| match *action {
                "import_company" => self.plan.companies.is_some(),
                "claim_account" => self.plan.owners && !companies.is_empty(),
                "add_to_list" | "remove_from_list" => self.plan.lists.is_some(),
                "update_deal" => !deals.is_empty(),
                "update_record" | "timeline_entry" => !contacts.is_empty(),
                _ => true,
            })
            .collect();
        let action = *rng.choice(&possible)?;
        let contact = rng.choice(&contacts).map(|id| ("contacts", *id));
        let company = rng.choice(&companies).map(|id| ("companies", *id));
        let deal = rng.choice(&deals).map(|id| ("deals", *id));
        let other = rng.u32(0..4) == 0;
        let about = match action {
            "claim_account" => company,
            "update_deal" => deal,
            "update_record" | "timeline_entry" if other => company.or(contact),
            "update_record" | "timeline_entry" => contact,
            _ if rng.u32(0..8) == 0 => None,
            _ if other => company.or(contact),
            _ => contact,
        };
        let mut deed = Deed::new(number, wanted(action, number, about));
        match action {
            "import_contact" if self.plan.companies.is_some() => {
                deed.wanted = with_company(deed.wanted, number);
            }
            "claim_account" => {
                let portal = self.simulator.portal(PORTAL).expect("the account exists");
                let owner = rng.choice(portal.owners())?;
                deed.wanted["owner"] = json!({ "id": owner.id.to_string() });
            }
            "add_to_list" | "remove_from_list" => {
                let list = u64::from(rng.u32(1..=self.plan.lists.unwrap_or(1)));
                let record = self.of_list(list, &mut rng)?;
                deed.wanted["list"] = json!(list.to_string());
                deed.wanted["record"] = json!(record.to_string());
            }
            "log_call" if rng.bool() => {
                if let Some(task) = rng.choice(tasks) {
                    deed.wanted["completes_task"] = json!(task.to_string());
                }
            }
            "update_record" if rng.bool() => {
                deed.coalesce = about.map(|(kind, id)| format!("{kind} {id}"));
            }
            _ => {}
        }
        let of_contact = action == "import_contact" || deed.wanted["type"] == "contacts";
        if of_contact && self.mapped.contains(action) && rng.u32(0..3) == 0 {
            deed.refused = Some(self.drops());
        }
        Some(deed)
    }

    /// A record of the type that a list is of.
    fn of_list(&self, list: u64, rng: &mut fastrand::Rng) -> Option<u64> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let kind = portal.list(list).map_or("0-1", |list| list.object_type_id);
        rng.choice(self.live_ids(kind))
    }

    /// Has it done. A statement that fails takes nothing; whoever asks again under the same name has it once.
    pub(super) fn ask(&mut self, mut deed: Deed) {
        let mut data = Map::new();
        if deed.refused.is_some() {
            data.insert("last".to_owned(), REFUSED.into());
        }
        let asked = Asked {
            key: Some(mark(deed.number)),
            why: None,
            dry_run: false,
            background: deed.number.is_multiple_of(2),
            coalesce: deed.coalesce.clone(),
            data,
            wanted: serde_json::from_value(deed.wanted.clone()).expect("an action"),
        };
        for _ in 0..2 {
            let told = self.command(Command::Outbox(Outbox::Do(vec![asked.clone()])));
            if let Some(Answer::Outbox(Told::Taken(taken))) = told
                && let [Taken::Action { action, .. }] = &taken[..]
            {
                let action: Value = serde_json::from_str(action).expect("JSON");
                let id: ActionId = action["id"].as_str().expect("an id").parse().expect("an id");
                if !self.written.contains(&id) {
                    self.written.push(id.clone());
                }
                deed.id = Some(id);
            }
        }
        self.deeds.push(deed);
    }

    /// Somebody has a few things done, changes their mind about some, and has done once more what failed.
    pub(super) fn act_some(&mut self) {
        self.map_names();
        let mut rng =
            fastrand::Rng::with_seed(self.plan.seed ^ 0xca9c_e100 ^ ((self.asked_for as u64) << 40));
        let mut tasks = Vec::new();
        for place in 0..self.deeds.len() {
            let Some(told) = self.deeds[place].id.clone().and_then(|id| self.told_of(&id)) else { continue };
            if told["state"] == "failed" {
                self.retry(place);
            } else if rng.u32(0..6) == 0 {
                self.take_back(place);
            }
            if told["action"] == "create_task" {
                tasks.extend(id_at(&told["writes"][0], "result"));
            }
        }
        for _ in 0..4 {
            let number = self.asked_for;
            self.asked_for += 1;
            let Some(deed) = self.draw(number, &tasks) else { continue };
            let (place, second) = (self.deeds.len(), deed.coalesce.is_some().then(|| deed.clone()));
            self.ask(deed);
            if let Some(first) = second {
                // A second thought about the same record.
                let number = self.asked_for;
                self.asked_for += 1;
                let about = first.change().map(|own| (own.kind, own.id));
                let wanted = wanted("update_record", number, about);
                self.ask(Deed { coalesce: first.coalesce, ..Deed::new(number, wanted) });
            } else if rng.u32(0..8) == 0 {
                self.take_back(place);
            }
        }
    }

    fn take_back(&mut self, place: usize) {
        let Some(id) = self.deeds[place].id.clone() else { return };
        self.deeds[place].cancelled |= self.command(Command::Outbox(Outbox::Cancel(id))).is_some();
    }

    fn retry(&mut self, place: usize) {
        let Some(id) = self.deeds[place].id.clone() else { return };
        self.deeds[place].retried |= self.command(Command::Outbox(Outbox::Retry(id))).is_some();
    }

    /// When HubSpot is well again people look after what failed, and look in HubSpot for what nobody knows of.
    pub(super) fn attend(&mut self) {
        for place in 0..self.deeds.len() {
            let deed = self.deeds[place].clone();
            let Some(told) = deed.id.clone().and_then(|id| self.told_of(&id)) else { continue };
            let writes = told["writes"].as_array().expect("writes");
            let unknown = writes.iter().find(|write| write["state"] == "unknown");
            let (Some(action), Some(write)) = (deed.id.clone(), unknown) else {
                if told["state"] == "failed" {
                    self.retry(place);
                }
                continue;
            };
            let portal = self.simulator.portal(PORTAL).expect("the account exists");
            let of_kind = |(kind, field, text): &(&str, &str, String)| {
                let found = || marked(portal, (*kind, *field, text.as_str()), false).first().copied();
                if write["type"] == *kind { found() } else { None }
            };
            let record = deed.marks().iter().find_map(of_kind);
            let resolve = Outbox::Resolve {
                action,
                happened: record.is_some(),
                record: record.map(|id| id.to_string().parse().expect("an id")),
            };
            self.deeds[place].resolved |= self.command(Command::Outbox(resolve)).is_some();
        }
    }
}
