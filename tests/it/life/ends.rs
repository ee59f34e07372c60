//! How the actions of a life end: each is in HubSpot once, or failed with its reason, or is unknown with its evidence, never twice, and
//! nothing that nobody asked for was changed.

use std::collections::BTreeSet;

use hubspot_simulator::{Portal, RecordView, State, switches::PropertyCreation};
use serde_json::Value;

use super::{
    PORTAL, World,
    deeds::{Change, Deed, REFUSED, address, mark},
    writes::KEYS,
};

/// The types whose records apps may have made or changed.
const KINDS: [&str; 6] = ["contacts", "companies", "deals", "tasks", "notes", "calls"];

/// One record with this very id, whatever became of it.
pub(super) fn view<'p>(portal: &'p Portal, kind: &str, id: u64) -> Option<RecordView<'p>> {
    portal.records(kind, id).next().filter(|view| view.record.id == id)
}

fn is_live(portal: &Portal, kind: &str, id: u64) -> bool {
    view(portal, kind, id).is_some_and(|view| view.record.state == State::Live)
}

fn has(view: RecordView<'_>, field: &str, text: &str) -> bool {
    view.values().any(|(name, value)| name == field && value == text)
}

/// An id, and those of what the record became part of, in order.
pub(super) fn chain(portal: &Portal, kind: &str, id: u64) -> Vec<u64> {
    let mut all = vec![id];
    let mut last = id;
    while let Some(State::Merged { into }) = view(portal, kind, last).map(|view| view.record.state) {
        all.push(into);
        last = into;
    }
    all
}

/// Whether a contact that an app made was erased, here or in HubSpot, also as what it became: people may have given it another address
/// than it was made with.
pub(super) fn one_made_is_erased(world: &World) -> bool {
    let portal = world.simulator.portal(PORTAL).expect("the account exists");
    let made = portal.writes("contacts").filter(|(_, own)| own.creates > 0);
    made.flat_map(|(id, _)| chain(portal, "contacts", id)).any(|id| world.is_gone_for_good(id))
}

/// What a record became in the end.
fn lead(portal: &Portal, kind: &str, id: u64) -> u64 {
    chain(portal, kind, id).pop().unwrap_or(id)
}

/// The records that apps made and that bear a mark; archived ones too where `archived`.
pub(super) fn marked(portal: &Portal, (kind, field, text): (&str, &str, &str), archived: bool) -> Vec<u64> {
    let made = portal.writes(kind).filter(|(_, own)| own.creates > 0).map(|(id, _)| id);
    let fits = |id: &u64| {
        view(portal, kind, *id)
            .is_some_and(|view| (archived || view.record.state == State::Live) && has(view, field, text))
    };
    made.filter(fits).collect()
}

/// Events on timelines with a title.
fn events(portal: &Portal, title: &str) -> usize {
    let titled = |own: &&hubspot_simulator::events::Occurrence| {
        own.properties.get("title").is_some_and(|own| own == title)
    };
    portal.occurrences().iter().filter(titled).count()
}

/// Whether a write of an action is an event on a timeline, of which HubSpot tells no record.
pub(super) fn is_event(write: &Value) -> bool {
    matches!(write["way"].as_str(), Some("app_event" | "custom_event"))
}

/// Whether a create came to a record that was there, or that may be somebody else's.
pub(super) fn is_found(write: &Value) -> bool {
    write["found"] == true || write["unsure"] == true
}

fn has_left(write: &Value) -> bool {
    write["left_at"].is_string()
}

pub(super) fn id_at(write: &Value, name: &str) -> Option<u64> {
    write[name].as_str()?.parse().ok()
}

impl World {
    /// Whether what a create makes of a type has a name by which HubSpot is asked for it.
    pub(super) fn keyed(&self, kind: &str) -> bool {
        let may = self.plan.more_scopes.iter().any(|scope| KEYS.contains(scope));
        kind == "contacts" || (may && self.plan.switches.property_creation == PropertyCreation::Allowed)
    }

    /// Each deed keeps what is promised of it, and nothing else was changed.
    pub(super) fn deeds_are_right(&mut self) -> Result<(), String> {
        if !self.plan.acts {
            return Ok(());
        }
        let deeds = self.deeds.clone();
        let told: Vec<Option<Value>> =
            deeds.iter().map(|deed| deed.id.as_ref().and_then(|id| self.told_of(id))).collect();
        for (deed, told) in deeds.iter().zip(&told) {
            let shown = told.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
            let wrong = |why: String| format!("{why}: {deed:?} of which is told {shown}");
            self.is_there_once(deed).map_err(wrong)?;
            match (&deed.id, told) {
                (Some(_), Some(told)) => {
                    let writes = told["writes"].as_array().expect("writes");
                    let waits = told["state"] == "unknown";
                    writes
                        .iter()
                        .try_for_each(|write| self.write_is_right(&deeds, deed, write, waits))
                        .map_err(wrong)?;
                }
                // Whoever is erased takes with them what was written to them.
                (Some(_), None) if self.plan.erases || self.plan.deletions => {}
                (Some(_), None) => return Err(wrong("the action is gone".to_owned())),
                (None, _) => self.never_came(deed, None).map_err(wrong)?,
            }
        }
        self.nothing_else_changed(&deeds)?;
        self.lists_are_as_asked(&deeds, &told)
    }

    /// Nothing that it makes is there twice.
    fn is_there_once(&self, deed: &Deed) -> Result<(), String> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let events = if deed.action() == "timeline_entry" { events(portal, &mark(deed.number)) } else { 0 };
        for (kind, field, text) in deed.marks() {
            let there = marked(portal, (kind, field, &text), false);
            // A way that is refused as wrong after an answer was lost is left for the next.
            let both = if self.plan.rejects { events.max(there.len()) } else { events + there.len() };
            if both > 1 {
                return Err(format!("{kind} {there:?} and {events} events have the {field} `{text}`"));
            }
        }
        Ok(())
    }

    /// Nothing of it ever came to HubSpot; `kind`: nothing of that type.
    fn never_came(&self, deed: &Deed, kind: Option<&str>) -> Result<(), String> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let is_meant = |own: &str| kind.is_none_or(|kind| kind == own);
        for (own, field, text) in deed.marks() {
            let there = marked(portal, (own, field, &text), true);
            if is_meant(own) && !there.is_empty() {
                return Err(format!("{own} {there:?} have the {field} `{text}`, which never left"));
            }
        }
        if deed.action() == "timeline_entry" && events(portal, &mark(deed.number)) > 0 {
            return Err("its event is there, and never left".to_owned());
        }
        if let Some(Change { kind, id, field: Some(field) }) = deed.change().filter(|own| is_meant(own.kind))
        {
            let (id, text) = (lead(portal, kind, id), mark(deed.number));
            if view(portal, kind, id).is_some_and(|view| has(view, field, &text)) {
                return Err(format!("{kind} {id} has the {field} `{text}`, which never left"));
            }
        }
        Ok(())
    }

    fn write_is_right(
        &self,
        deeds: &[Deed],
        deed: &Deed,
        write: &Value,
        waits_for_a_person: bool,
    ) -> Result<(), String> {
        let kind = write["type"].as_str();
        let state = write["state"].as_str().expect("a state");
        let explained = write["problem"]["detail"].is_string();
        let ended_unsent = !has_left(write) && ["failed", "cancelled", "replaced"].contains(&state);
        if ended_unsent && (write["op"] == "create" || write["op"] == "update") {
            self.never_came(deed, kind)?;
        }
        match state {
            "done" => self.done_is_there(deed, write),
            "failed" if !explained => Err("it failed, and nobody knows why".to_owned()),
            "failed" => self.failed_is_not_there(deed, write),
            // Of somebody who is erased meanwhile a row without anything of theirs is left.
            "cancelled" if deed.cancelled || kind == Some("contacts") => Ok(()),
            "cancelled" => Err("nobody took it back".to_owned()),
            "replaced" => {
                let by = |other: &Deed| {
                    other.number > deed.number && other.coalesce == deed.coalesce && other.id.is_some()
                };
                if deed.coalesce.is_some() && deeds.iter().any(by) {
                    Ok(())
                } else {
                    Err("it is replaced, and nothing came in its place".to_owned())
                }
            }
            "unknown" if deed.resolved => Err("a person has said what became of it".to_owned()),
            "unknown" if kind.is_none_or(|kind| self.keyed(kind)) || is_event(write) => {
                Err("it has a key, and is unknown".to_owned())
            }
            "unknown" if !has_left(write) || !explained => Err("it is unknown without evidence".to_owned()),
            "unknown" => Ok(()),
            "waiting" if waits_for_a_person => Ok(()),
            _ => Err(format!("it is {state} in the end")),
        }
    }

    /// What is done is in HubSpot, by us, as it was asked for.
    fn done_is_there(&self, deed: &Deed, write: &Value) -> Result<(), String> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let found = is_found(write);
        let kind = write["type"].as_str().unwrap_or_default();
        if let (Some(drops), "contacts", false) = (deed.refused, kind, found || write["op"] == "link") {
            let left_out =
                write["left_out"].as_array().is_some_and(|names| names.contains(&"lastname".into()));
            // Whoever has it done once more is not told again of what was left out before.
            if !drops || !(left_out || deed.retried) {
                return Err("the rule refuses a field of it, and it is done with it".to_owned());
            }
        }
        match write["op"].as_str().unwrap_or_default() {
            "create" if found => Ok(()),
            "create" if is_event(write) => {
                if events(portal, &mark(deed.number)) == 1 {
                    return Ok(());
                }
                Err("it is done, and its event is not there".to_owned())
            }
            "create" => {
                let result = id_at(write, "result").ok_or("it is done, and nobody knows what came of it")?;
                let made = portal.writes(kind).filter(|(_, own)| own.creates > 0);
                if !made.map(|(id, _)| chain(portal, kind, id)).any(|all| all.contains(&result)) {
                    return Err(format!("{kind} {result} was made by no app"));
                }
                self.is_linked_as_asked(deed, kind, result)
            }
            "update" => {
                let id = id_at(write, "record").ok_or("nobody knows what was changed")?;
                if chain(portal, kind, id).iter().any(|id| portal.written(kind, *id).updates > 0) {
                    return Ok(());
                }
                Err(format!("it is done, and {kind} {id} was never written"))
            }
            "link" if self.plan.links => Ok(()),
            "link" => {
                let (Some(from), Some(to)) = (id_at(write, "record"), id_at(&write["links"][0], "record"))
                else {
                    return Err("it is done, and nobody knows what is linked".to_owned());
                };
                let (from, to) = (lead(portal, "contacts", from), lead(portal, "companies", to));
                let there = portal.associations("contacts", "companies");
                let gone = !is_live(portal, "contacts", from) || !is_live(portal, "companies", to);
                if gone || there.iter().any(|link| (link.from, link.to) == (from, to)) {
                    return Ok(());
                }
                Err(format!("it is done, and contact {from} is not linked to company {to}"))
            }
            // Places on lists are looked at together.
            _ => Ok(()),
        }
    }

    /// An activity is linked to what it is about, and to nothing else.
    fn is_linked_as_asked(&self, deed: &Deed, kind: &str, result: u64) -> Result<(), String> {
        if !["tasks", "calls", "notes"].contains(&kind) {
            return Ok(());
        }
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        for to in ["contacts", "companies", "deals"] {
            let about = deed.about().filter(|(of, _)| *of == to).map(|(_, id)| lead(portal, to, id));
            let there = is_live(portal, kind, result);
            let expected: Vec<u64> =
                about.into_iter().filter(|id| there && is_live(portal, to, *id)).collect();
            let links = portal.associations(kind, to);
            let own: Vec<u64> = links.iter().filter(|link| link.from == result).map(|link| link.to).collect();
            if own != expected {
                return Err(format!("{kind} {result} is linked to {to} {own:?} and not {expected:?}"));
            }
        }
        Ok(())
    }

    /// What failed is not in HubSpot, unless an answer to it was lost and a later attempt refused as wrong although it was not.
    fn failed_is_not_there(&self, deed: &Deed, write: &Value) -> Result<(), String> {
        let by_rule = write["problem"]["type"].as_str().is_some_and(|own| own.ends_with("validation-rule"));
        if by_rule && deed.refused == Some(true) {
            return Err("the field could have been left out".to_owned());
        }
        let kind = write["type"].as_str().unwrap_or_default();
        // Nothing is sent of somebody erased, whatever was sent before.
        let is_erased = kind == "contacts" && self.is_erased(&address(deed.number));
        if write["op"] != "create" || self.plan.rejects || is_erased {
            return Ok(());
        }
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        for (own, field, text) in deed.marks().into_iter().filter(|(own, _, _)| *own == kind) {
            let there = marked(portal, (own, field, &text), false);
            if !there.is_empty() {
                return Err(format!("it failed, and {own} {there:?} have the {field} `{text}`"));
            }
        }
        Ok(())
    }

    /// What apps changed somebody asked for, and what a rule refuses is nowhere.
    fn nothing_else_changed(&self, deeds: &[Deed]) -> Result<(), String> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        let taken: Vec<&Deed> = deeds.iter().filter(|deed| deed.id.is_some()).collect();
        for kind in KINDS {
            let named: BTreeSet<u64> = taken
                .iter()
                .filter_map(|deed| deed.change())
                .filter(|own| own.kind == kind)
                .flat_map(|own| chain(portal, kind, own.id))
                .collect();
            // Runs of scores have promises of their own.
            let of_scores = kind == "companies" && self.plan.scores;
            // So have what is said of people, and workflows.
            let of_others = of_scores || (kind == "contacts" && (self.plan.said || self.plan.flows));
            for (id, own) in portal.writes(kind) {
                if own.archives > 0 {
                    return Err(format!("an app archived {kind} {id}"));
                }
                if own.updates > 0 && !of_others && !named.contains(&id) {
                    return Err(format!("an app changed {kind} {id}, and nobody asked for it: {taken:?}"));
                }
            }
        }
        for own in portal.occurrences() {
            let is_asked_for = taken.iter().any(|deed| {
                deed.action() == "timeline_entry"
                    && own.properties.get("title") == Some(&mark(deed.number))
                    && own.object_id == deed.about().map(|(_, id)| id.to_string())
            });
            if !is_asked_for {
                return Err(format!("nobody asked for {own:?}"));
            }
        }
        let refused = portal.records("contacts", 0).find(|view| has(*view, "lastname", REFUSED));
        match refused {
            Some(view) => Err(format!("contact {} has what the rule refuses", view.record.id)),
            None => Ok(()),
        }
    }

    /// Apps gave and took the places that somebody asked for, each that is said to be done, and none that never left.
    fn lists_are_as_asked(&self, deeds: &[Deed], told: &[Option<Value>]) -> Result<(), String> {
        let portal = self.simulator.portal(PORTAL).expect("the account exists");
        for list in portal.lists() {
            let written: Vec<(u64, bool, u32)> = list
                .writes()
                .flat_map(|(id, added, removed)| [(id, true, added), (id, false, removed)])
                .collect();
            for (id, adds, count) in &written {
                let place = Some((list.id, *id, *adds));
                let asked: Vec<_> = deeds
                    .iter()
                    .zip(told)
                    .filter(|(deed, _)| deed.id.is_some() && deed.place() == place)
                    .collect();
                let left =
                    |told: &Option<Value>| told.as_ref().is_none_or(|told| has_left(&told["writes"][0]));
                if *count > 0 && !asked.iter().any(|(_, told)| left(told)) {
                    return Err(format!("{place:?} was written {count} times, asked for by {asked:?}"));
                }
            }
            for (deed, told) in deeds.iter().zip(told) {
                let Some((of, id, adds)) = deed.place().filter(|(of, _, _)| *of == list.id) else { continue };
                let is_done = told.as_ref().is_some_and(|told| told["writes"][0]["state"] == "done");
                let there = written.iter().any(|own| (own.0, own.1) == (id, adds) && own.2 > 0);
                if is_done && !there {
                    return Err(format!("{deed:?} is done, and list {of} was never written: {told:?}"));
                }
            }
        }
        Ok(())
    }
}
