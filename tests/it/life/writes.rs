//! What is written to HubSpot during a life, and the promise that each of it is there once, or says why not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        messages::{Answer, Command},
        outbox::commands::{Answer as Told, Asked, Command as Outbox, Taken},
    },
    values::ids::{ActionId, ObjectType},
};

use super::{PORTAL, World, signals};

/// What it takes to write.
pub const SCOPES: [&str; 3] =
    ["crm.objects.contacts.write", "crm.objects.companies.write", "crm.objects.deals.write"];
/// What it takes to make the field that keeps creates apart.
pub const KEYS: [&str; 3] =
    ["crm.schemas.contacts.write", "crm.schemas.companies.write", "crm.schemas.deals.write"];

/// What is made of which type by an action of a life.
const MADE: [&str; 4] = ["tasks", "notes", "contacts", "companies"];

impl World {
    /// Somebody has a few things done, the host sends signals and scores.
    pub(super) fn write_some(&mut self) {
        self.send_signals();
        self.score_some();
        if !self.plan.writes {
            return;
        }
        let ids: Vec<String> = self.truth().into_keys().collect();
        for _ in 0..4 {
            let number = self.asked_for;
            self.asked_for += 1;
            let about: Vec<Value> = ids
                .get(number % ids.len().max(1))
                .map(|id| json!({ "type": "contacts", "id": id }))
                .into_iter()
                .collect();
            let company = self.plan.companies.is_some();
            let wanted = match number % 5 {
                0 => {
                    json!({ "action": "create_task", "subject": format!("task {number}"), "due": "2026-12-01T09:00:00Z", "about": about })
                }
                1 => json!({ "action": "add_note", "body": format!("note {number}"), "about": about }),
                2 if company => {
                    json!({ "action": "import_company", "domain": format!("life{number}.example") })
                }
                3 if company => json!({
                    "action": "import_contact", "email": format!("life{number}@example.com"), "company": { "domain": format!("life{number}.example") },
                }),
                3 => json!({ "action": "import_contact", "email": format!("life{number}@example.com") }),
                _ => match about.first() {
                    Some(contact) => json!({
                        "action": "update_record", "type": "contacts", "record": contact["id"], "properties": { "firstname": format!("life {number}") },
                    }),
                    None => continue,
                },
            };
            let asked = Asked {
                key: Some(format!("life {number}")),
                why: None,
                dry_run: false,
                background: number.is_multiple_of(2),
                coalesce: None,
                data: serde_json::Map::new(),
                wanted: serde_json::from_value(wanted).expect("an action"),
            };
            // A statement that fails takes nothing; whoever asks again under the same name has it once.
            for _ in 0..2 {
                let told = self.command(Command::Outbox(Outbox::Do(vec![asked.clone()])));
                if let Some(Answer::Outbox(Told::Taken(taken))) = told
                    && let [Taken::Action { action, .. }] = &taken[..]
                {
                    let action: Value = serde_json::from_str(action).expect("JSON");
                    let id: ActionId = action["id"].as_str().expect("an id").parse().expect("an id");
                    if !self.written.contains(&id) {
                        self.written.push(id);
                    }
                }
            }
        }
    }

    /// Each action has an end, and of what was made there is as much as was said to be.
    pub(super) fn writes_are_right(&mut self) -> Result<(), String> {
        let mut done: BTreeMap<String, usize> = BTreeMap::new();
        // Of whoever is erased after a signal of theirs nobody knows what was written.
        let mut forgotten = (0..self.signals_sent).any(|number| self.is_erased(&signals::address(number)));
        let mut told: Vec<String> = Vec::new();
        let mut results: BTreeSet<String> = BTreeSet::new();
        let keyed = self.plan.more_scopes.iter().any(|scope| KEYS.contains(scope));
        for id in self.written.clone() {
            let Some(Answer::Outbox(Told::Action(text))) = self.command(Command::Outbox(Outbox::Get(id)))
            else {
                // Whoever is erased takes with them what was written to them.
                forgotten = true;
                continue;
            };
            let action: Value = serde_json::from_str(&text).expect("JSON");
            let waits_for_a_person = action["state"] == "unknown";
            for write in action["writes"].as_array().expect("writes") {
                results.extend(write["result"].as_str().map(str::to_owned));
                if write["op"] == "create" {
                    told.push(format!(
                        "{}: {} {} found {} result {} {}",
                        action["key"],
                        write["type"],
                        write["state"],
                        write["found"],
                        write["result"],
                        write["problem"]
                    ));
                }
                match write["state"].as_str().expect("a state") {
                    "done"
                        if write["op"] == "create" && write["found"] != true && write["unsure"] != true =>
                    {
                        *done.entry(write["type"].as_str().expect("a type").to_owned()).or_default() += 1;
                        if write["result"].as_str().is_none() {
                            return Err(format!("nobody knows what came of {action}"));
                        }
                    }
                    "done" | "failed" => {}
                    // For the step that nobody knows of.
                    "waiting" if waits_for_a_person => {}
                    "unknown" if !keyed => {
                        *done
                            .entry(format!("perhaps {}", write["type"].as_str().expect("a type")))
                            .or_default() += 1;
                    }
                    _ => return Err(format!("not at its end: {action}")),
                }
                if write["state"] == "failed" && write["problem"]["detail"].as_str().is_none() {
                    return Err(format!("nobody knows why: {action}"));
                }
            }
        }
        if forgotten && !self.plan.erases && !self.plan.deletions {
            return Err("an action is gone".to_owned());
        }
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        for kind in MADE {
            // What people took away before HubSpot was asked whether it is there is made anew.
            let there = self.truth_of(kind.parse().expect("a type"));
            let is_lost =
                |id: u64| !there.contains_key(&id.to_string()) && !results.contains(&id.to_string());
            let made: u32 = portal.writes(kind).map(|(_, written)| written.creates).sum();
            let lost = portal.writes(kind).filter(|(id, own)| own.creates == 1 && is_lost(*id)).count();
            let least = done.get(kind).copied().unwrap_or(0);
            let most = least + done.get(&format!("perhaps {kind}")).copied().unwrap_or(0);
            // A contact whose answer was lost is found by its address: whether this made it is not always known.
            let fits = if kind == "contacts" || forgotten {
                made as usize >= least
            } else {
                made as usize >= least && made as usize - lost <= most
            };
            if !fits {
                let ids: Vec<u64> =
                    portal.writes(kind).filter(|(_, own)| own.creates > 0).map(|(id, _)| id).collect();
                return Err(format!(
                    "{made} {kind} were made ({ids:?}), {least} to {most} were said to be: {told:#?}"
                ));
            }
        }
        let twice = |kind: ObjectType, name: &str| {
            let mut seen: BTreeMap<String, u32> = BTreeMap::new();
            for (_, values) in self.truth_of(kind) {
                if let Some(text) = values[name].as_str().filter(|text| text.starts_with("life")) {
                    *seen.entry(text.to_owned()).or_default() += 1;
                }
            }
            seen.into_iter().find(|(_, count)| *count > 1)
        };
        for (kind, name) in [(ObjectType::Contacts, "email"), (ObjectType::Companies, "domain")] {
            if let Some((text, count)) = twice(kind, name) {
                return Err(format!("{text} is there {count} times"));
            }
        }
        Ok(())
    }
}
