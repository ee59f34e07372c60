//! The properties that hold attributes, and their group: made where an activation selects an attribute, changed with its name, archived with
//! it; one call at a time.
//!
//! | refusal of | what follows |
//! |---|---|
//! | making, as it is there already | the fields are read anew: where its type fits it is used |
//! | changing, as it is not there | it is made again |
//! | archiving, as it is not there | it is done |
//! | anything else about the request | people are told; it is tried again when somebody asks |
//! | anything for a limit, an overload, a lock | it is asked again after a pause, [`ATTEMPTS`] times |
//!
//! A property that the fields of HubSpot do not show any more is made again as long as an activation selects its attribute.

use std::collections::BTreeSet;

use super::{Attribute, Call, KIND, Phase, SCHEMAS, Saved, Sync, pause_ms};
use crate::{
    engine::portal::{Effect, InFlight, Portal, Turn, mappings, streams::selection_key},
    hubspot::{
        properties,
        rejection::{Class, Rejection},
    },
    store::{portal::fields, schema, sql::SqlError},
    values::{attribute, http::Request, json, time::Timestamp},
};

/// How often something is tried before a person is told, ten seconds to some minutes apart.
const ATTEMPTS: u32 = 6;
/// Properties that an account's people may define for one type (`hubspot-api.md` 5).
const OWN_PROPERTIES: usize = 1_000;

impl Attribute {
    /// Whether something of its property is to be done.
    fn is_due(&self, selected: bool) -> bool {
        let Saved { made, told, trouble, deleting, .. } = &self.saved;
        let wanted = if *deleting { *made } else { (selected && !made) || (*made && *told != self.tells) };
        wanted && trouble.is_none()
    }
}

impl Portal {
    /// When something of a property is to be done.
    pub(super) fn property_due_at(&self, turn: &Turn<'_>) -> Option<Timestamp> {
        let known = self.contacts().is_some_and(|running| running.saved.properties_at.is_some());
        if !known || self.activations.kept.trouble.is_some() || !self.is_granted(SCHEMAS) {
            return None;
        }
        let selected = self.activations.selected();
        let due =
            self.activations.attributes.iter().filter(|(number, own)| own.is_due(selected.contains(number)));
        due.map(|(_, own)| own.saved.again_at.unwrap_or(turn.now)).min()
    }

    /// The next call about a property, if it need not wait.
    pub(super) fn next_property_call(&self, turn: &Turn<'_>) -> Option<Call> {
        let flies = self.activation_in_flight().any(|(_, call)| call.is_of_property());
        if flies || self.property_due_at(turn).is_none_or(|at| at > turn.now) {
            return None;
        }
        let selected = self.activations.selected();
        let (number, own) = self.activations.attributes.iter().find(|(number, own)| {
            own.is_due(selected.contains(number)) && own.saved.again_at.is_none_or(|at| at <= turn.now)
        })?;
        if own.saved.deleting {
            return Some(Call::Archive { attribute: *number });
        }
        let told = own.tells.clone();
        if own.saved.made {
            return Some(Call::Change { attribute: *number, told });
        }
        let kept = &self.activations.kept;
        let (name, label) = (kept.names.group.clone(), kept.names.label.clone());
        Some(match &kept.group {
            Some((known, shown)) if *known == name && *shown == label => {
                Call::Make { attribute: *number, told }
            }
            Some((known, _)) if *known == name => Call::Group { name, label, make: false },
            Some(_) | None => Call::Group { name, label, make: true },
        })
    }

    /// What such a call asks of HubSpot.
    pub(super) fn property_request(&self, turn: &Turn<'_>, call: &Call) -> Result<Option<Request>, SqlError> {
        let of = |number: &i64| self.activations.attributes.get(number).map(|own| &own.saved);
        Ok(match call {
            Call::Group { name, label, make: true } => Some(properties::create_group(KIND, name, label)),
            Call::Group { name, label, make: false } => Some(properties::rename_group(KIND, name, label)),
            Call::Make { attribute, .. } => of(attribute).map(|own| {
                let names = (own.property.as_str(), self.activations.kept.names.group.as_str());
                let words = (own.name.as_str(), own.description.as_str());
                properties::create(KIND, &attribute::made(names, words, own.kind, &own.options))
            }),
            Call::Change { attribute, .. } => match of(attribute) {
                Some(own) => {
                    let known = mappings::definitions(turn.sql, KIND, Some(&[&own.property]))?;
                    let options = known.get(&own.property).map_or(&[][..], |field| &field.options);
                    let words = (own.name.as_str(), own.description.as_str());
                    let changes = attribute::changed(words, own.kind, &own.options, options);
                    Some(properties::update(KIND, &own.property, &changes))
                }
                None => None,
            },
            Call::Archive { attribute } => of(attribute).map(|own| properties::archive(KIND, &own.property)),
            Call::Update(_) | Call::Upsert(_) => None,
        })
    }

    /// HubSpot did what was asked of a property, or it was so before.
    pub(super) fn property_done(
        &mut self,
        turn: &mut Turn<'_>,
        call: &Call,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        match call {
            Call::Group { name, label, .. } => {
                self.activations.kept.group = Some((name.clone(), label.clone()));
                self.activations.save(turn)?;
            }
            Call::Make { attribute, told } => {
                self.change_attribute(turn, *attribute, |saved, _| {
                    (saved.made, saved.told) = (true, told.clone());
                })?;
                self.sync_with(turn, *attribute)?;
                self.show_property(turn, *attribute, effects)?;
            }
            Call::Change { attribute, told } => {
                self.change_attribute(turn, *attribute, |saved, _| {
                    (saved.told, saved.failures) = (told.clone(), 0);
                })?;
            }
            Call::Archive { attribute } => {
                self.change_attribute(turn, *attribute, |saved, _| saved.made = false)?;
            }
            Call::Update(_) | Call::Upsert(_) => {}
        }
        Ok(())
    }

    /// It did not.
    pub(super) fn property_refused(
        &mut self,
        turn: &mut Turn<'_>,
        in_flight: &InFlight,
        call: &Call,
        rejection: &Rejection,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if self.hindered(turn, in_flight, rejection, effects)? {
            return Ok(());
        }
        let about = rejection.is_about_the_request();
        match (call, &rejection.class) {
            (Call::Group { make: true, .. }, Class::Conflict { .. }) => {
                return self.property_done(turn, call, effects);
            }
            (Call::Group { .. }, Class::Gone) => {
                self.activations.kept.group = None;
                return self.activations.save(turn);
            }
            (Call::Make { attribute, .. }, Class::Conflict { .. }) => {
                // Where the fields show none all the same, it is not asked for again at once.
                self.change_attribute(turn, *attribute, |saved, now| {
                    saved.failures += 1;
                    saved.again_at = Some(now.plus_ms(pause_ms(saved.failures)));
                })?;
                return self.property_done(turn, call, effects);
            }
            (Call::Change { attribute, .. }, Class::Gone) => {
                return self.change_attribute(turn, *attribute, |saved, _| saved.made = false);
            }
            (Call::Archive { .. }, Class::Gone) => return self.property_done(turn, call, effects),
            _ => {}
        }
        let words = rejection.words();
        match call {
            Call::Group { name, .. } => {
                // A group is asked for again with the next property, or where somebody asks.
                if about {
                    let words = format!("The group `{name}` could not be made. {words}");
                    self.activations.kept.trouble = Some(words);
                    return self.activations.save(turn);
                }
                let selected = self.activations.selected();
                let due: Vec<i64> = self
                    .activations
                    .attributes
                    .iter()
                    .filter(|(number, own)| own.is_due(selected.contains(number)))
                    .map(|(number, _)| *number)
                    .collect();
                due.into_iter().try_for_each(|number| self.put_off(turn, number, "be made", &words, false))
            }
            Call::Make { attribute, .. } => {
                if about {
                    // Whether the group is still there is seen by making it once more.
                    self.activations.kept.group = None;
                    self.activations.save(turn)?;
                }
                self.put_off(turn, *attribute, "be made", &words, about)
            }
            Call::Change { attribute, .. } => self.put_off(turn, *attribute, "be changed", &words, about),
            Call::Archive { attribute } => {
                let words = format!(
                    "Most often lists, workflows, forms or reports use it: take it out of them in HubSpot, then try again. {words}"
                );
                self.put_off(turn, *attribute, "be archived", &words, about)
            }
            Call::Update(_) | Call::Upsert(_) => Ok(()),
        }
    }

    fn put_off(
        &mut self,
        turn: &Turn<'_>,
        number: i64,
        what: &str,
        words: &str,
        for_good: bool,
    ) -> Result<(), SqlError> {
        self.change_attribute(turn, number, |saved, now| {
            saved.failures += 1;
            saved.again_at = Some(now.plus_ms(pause_ms(saved.failures)));
            if for_good || saved.failures >= ATTEMPTS {
                saved.trouble = Some(format!("`{}` could not {what}. {words}", saved.property));
            }
        })
    }

    /// Changes an attribute and saves it.
    pub(super) fn change_attribute(
        &mut self,
        turn: &Turn<'_>,
        number: i64,
        change: impl FnOnce(&mut Saved, Timestamp),
    ) -> Result<(), SqlError> {
        let Some(own) = self.activations.attributes.get_mut(&number) else { return Ok(()) };
        change(&mut own.saved, turn.now);
        own.save(turn, number)
    }

    /// Activations that select an attribute begin their sync anew.
    pub(super) fn sync_with(&mut self, turn: &Turn<'_>, attribute: i64) -> Result<(), SqlError> {
        for (number, own) in &mut self.activations.all {
            if own.sync.phase != Phase::Waiting && own.selects().any(|selected| selected == attribute) {
                own.sync = Sync::new(turn.now);
                own.save(turn, *number)?;
            }
        }
        Ok(())
    }

    /// Has a property mirrored that HubSpot has, or its fields read where it is not known to have it.
    pub(super) fn show_property(
        &mut self,
        turn: &Turn<'_>,
        number: i64,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        let Some(own) = self.activations.attributes.get(&number) else { return Ok(()) };
        let property = own.saved.property.clone();
        let known = mappings::definitions(turn.sql, KIND, Some(&[&property]))?;
        if known.contains_key(&property) {
            self.mirror_too(turn, KIND, &BTreeSet::from([property]), effects)?;
            return self.fit_attributes(turn);
        }
        self.read_fields_anew(turn, effects)
    }

    /// Has the fields read; an answer like the last one is looked at all the same.
    pub(super) fn read_fields_anew(
        &mut self,
        turn: &Turn<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if let Some(running) = self.streams.iter_mut().find(|running| running.saved.object_type == KIND) {
            running.fields_digest = None;
        }
        self.refresh_fields(turn, effects)?;
        Ok(())
    }

    /// Adds the properties that are written to the fields that are chosen, those of them that are there: what they hold says what differs.
    pub(in crate::engine::portal) fn choose_activated(
        &mut self,
        turn: &Turn<'_>,
        index: usize,
        is_there: impl Fn(&str) -> bool,
    ) -> Result<(), SqlError> {
        let running = &mut self.streams[index];
        if running.saved.object_type != KIND || !self.activations.is_used() {
            return Ok(());
        }
        let managed = self.activations.managed();
        let mut changed = false;
        for chosen in [&mut running.selection.fields, &mut running.saved.narrowed_to].into_iter().flatten() {
            let before = chosen.len();
            chosen.extend(managed.iter().filter(|name| is_there(name)).cloned());
            changed |= chosen.len() > before;
        }
        if !changed {
            return Ok(());
        }
        let json = serde_json::to_string(&running.selection).map_err(|_| SqlError::Content("meta"))?;
        schema::set(turn.sql, &selection_key(KIND), &json)
    }

    /// The fields of contacts were read: properties that are gone are made again, and those that cannot hold their attribute are told.
    pub(in crate::engine::portal) fn fit_attributes(&mut self, turn: &Turn<'_>) -> Result<(), SqlError> {
        let made = |own: &&Attribute| own.saved.made && !own.saved.deleting;
        let names: Vec<String> =
            self.activations.attributes.values().filter(made).map(|own| own.saved.property.clone()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let known = mappings::definitions(turn.sql, KIND, Some(&names))?;
        let mut again = Vec::new();
        for (number, own) in &mut self.activations.attributes {
            let saved = &mut own.saved;
            if !saved.made || saved.deleting {
                continue;
            }
            let Some(field) = known.get(&saved.property) else {
                saved.made = false;
                saved.told.clear();
                again.push(*number);
                own.save(turn, *number)?;
                continue;
            };
            match attribute::misfit(saved.kind, field) {
                Some(words) if saved.misfit && saved.trouble.as_ref() == Some(&words) => continue,
                Some(words) => (saved.misfit, saved.trouble) = (true, Some(words)),
                None if saved.misfit => {
                    (saved.misfit, saved.trouble) = (false, None);
                    again.push(*number);
                }
                None if saved.failures > 0 && saved.trouble.is_none() => {
                    (saved.failures, saved.again_at) = (0, None);
                }
                None => continue,
            }
            own.save(turn, *number)?;
        }
        self.activations.stir();
        again.into_iter().try_for_each(|number| self.sync_with(turn, number))
    }

    /// Why properties for so many more attributes cannot be made, as far as is known.
    pub(super) fn no_room_for(&self, turn: &Turn<'_>, wanted: &[i64]) -> Result<Option<String>, SqlError> {
        #[derive(serde::Deserialize)]
        struct Origin {
            #[serde(default)]
            hubspot_defined: bool,
        }
        let all = fields::load(turn.sql, KIND)?;
        let there = all.iter().filter(|field| field.vanished_at.is_none());
        let mut own: BTreeSet<&str> = BTreeSet::new();
        for field in there {
            let origin: Origin = json::parse(&field.definition).map_err(|_| SqlError::Content("fields"))?;
            if !origin.hubspot_defined {
                own.insert(&field.name);
            }
        }
        let count = own.len();
        // Those that others have yet to make take their room too.
        let is_new = |number: &&i64| {
            let attribute = self.activations.attributes.get(number);
            attribute.is_some_and(|attribute| !own.contains(attribute.saved.property.as_str()))
        };
        let mut due = self.activations.selected();
        due.extend(wanted);
        let new = due.iter().filter(is_new).count();
        Ok((wanted.iter().any(|number| is_new(&number)) && count + new > OWN_PROPERTIES).then(|| {
            format!(
                "HubSpot allows {OWN_PROPERTIES} properties of contacts that people define; there are {count}, and {new} would be made."
            )
        }))
    }
}
