//! What is written to HubSpot during a life, and the promise that each of it is there once, or says why not.

use std::collections::{BTreeMap, BTreeSet};

use spoke::values::ids::ObjectType;

use super::{
    PORTAL, World,
    deeds::{Deed, wanted, with_company},
    ends::{is_event, is_found, one_made_is_erased},
    signals,
};

/// What it takes to write.
pub const SCOPES: [&str; 3] =
    ["crm.objects.contacts.write", "crm.objects.companies.write", "crm.objects.deals.write"];
/// What it takes to make the field that keeps creates apart.
pub const KEYS: [&str; 3] =
    ["crm.schemas.contacts.write", "crm.schemas.companies.write", "crm.schemas.deals.write"];
/// What it takes to put records on lists and to take them off.
pub const LIST_MEMBERS: &str = "crm.lists.write";
/// What it takes to send events of the app, and custom events of the account.
pub const APP_EVENTS: &str = "timeline";
/// Likewise.
pub const CUSTOM_EVENTS: [&str; 2] =
    ["analytics.behavioral_events.send", "behavioral_events.event_definitions.read_write"];

/// What is made of which type by an action of a life.
const MADE: [&str; 5] = ["tasks", "notes", "calls", "contacts", "companies"];

impl World {
    /// Somebody has a few things done, the host sends signals and scores.
    pub(super) fn write_some(&mut self) {
        self.send_signals();
        self.score_some();
        if !self.plan.writes {
            return;
        }
        if self.plan.acts {
            return self.act_some();
        }
        let ids: Vec<String> = self.truth().into_keys().collect();
        for _ in 0..4 {
            let number = self.asked_for;
            self.asked_for += 1;
            let about = ids.get(number % ids.len().max(1)).map(|id| id.parse().expect("an id is a number"));
            let about = about.map(|id| ("contacts", id));
            let company = self.plan.companies.is_some() && !self.plan.imports;
            let wanted = match number % 5 {
                0 => wanted("create_task", number, about),
                1 => wanted("add_note", number, about),
                2 if company => wanted("import_company", number, None),
                3 if company => with_company(wanted("import_contact", number, None), number),
                3 => wanted("import_contact", number, None),
                _ if about.is_some() => wanted("update_record", number, about),
                _ => continue,
            };
            self.ask(Deed::new(number, wanted));
        }
    }

    /// Each action has an end, and of what was made there is as much as was said to be.
    pub(super) fn writes_are_right(&mut self) -> Result<(), String> {
        let mut done: BTreeMap<String, usize> = BTreeMap::new();
        // Of whoever is erased after a signal of theirs nobody knows what was written.
        let mut forgotten = one_made_is_erased(self)
            || (0..self.signals_sent).any(|number| self.is_erased(&signals::address(number)));
        forgotten |= self.plan.flows && self.somebody_is_erased();
        let mut told: Vec<String> = Vec::new();
        let mut results: BTreeSet<String> = BTreeSet::new();
        for id in self.written.clone() {
            let Some(action) = self.told_of(&id) else {
                // Whoever is erased takes with them what was written to them.
                forgotten = true;
                continue;
            };
            let waits_for_a_person = action["state"] == "unknown";
            // Who looks for what nobody knows of may not know it again after somebody's edits.
            let resolved = self.deeds.iter().any(|deed| deed.resolved && deed.id.as_ref() == Some(&id));
            for write in action["writes"].as_array().expect("writes") {
                results.extend(write["result"].as_str().map(str::to_owned));
                if write["op"] == "create" {
                    told.push(format!("{}: {write}", action["key"]));
                }
                let kind = write["type"].as_str().unwrap_or_default();
                let creates = write["op"] == "create" && !is_event(write);
                // An answer to it may have been lost before it was taken back, or refused as wrong although it was not.
                let perhaps = creates && write["left_at"].is_string();
                match write["state"].as_str().expect("a state") {
                    "done" if creates && !is_found(write) && write["unsure"] != true => {
                        *done.entry(kind.to_owned()).or_default() += 1;
                        *done.entry(format!("perhaps {kind}")).or_default() += usize::from(resolved);
                        if write["result"].as_str().is_none() {
                            return Err(format!("nobody knows what came of {action}"));
                        }
                    }
                    "failed" if perhaps && self.plan.acts && self.plan.rejects => {
                        *done.entry(format!("perhaps {kind}")).or_default() += 1;
                    }
                    "done" if write["unsure"] == true => {
                        *done.entry(format!("perhaps {kind}")).or_default() += 1;
                    }
                    "done" | "failed" => {}
                    // For the step that nobody knows of.
                    "waiting" if waits_for_a_person => {}
                    "cancelled" | "replaced" if self.plan.acts => {
                        *done.entry(format!("perhaps {kind}")).or_default() += usize::from(perhaps);
                    }
                    "unknown" if !self.keyed(kind) => {
                        *done.entry(format!("perhaps {kind}")).or_default() += 1;
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
                return Err(format!("{text} is there {count} times: {told:#?}"));
            }
        }
        self.deeds_are_right()
    }
}
