//! Audiences and attributes as a host keeps them: made, changed, deleted, with what they say of whom. Whatever changes marks its address.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    ATTRIBUTES_LIMIT, Attribute, Phase, Replacing, Saved, Sync, VALUES_KEPT,
    commands::{Answer, NewAttribute, TAKES_NONE_AWAY, VALUES_LIMIT},
    found::{self, Found},
    walk::REPLACED_WITHIN_MS,
};
use crate::{
    engine::portal::{
        Effect, Portal, Turn, mappings,
        matching::{self, Person},
        outbox::KEPT_OUT,
        query::FETCH,
    },
    hubspot::objects::Properties,
    store::{
        portal::{activations as store, channels, records},
        sql::SqlError,
    },
    values::{
        attribute::{self, AttributeKind, DESCRIPTION_CHARS, MEMBER, NAME_CHARS, OPTION_CHARS, OPTIONS},
        filter::Filter,
        ids::{AttributeId, RecordId},
    },
};

/// What is wrong with a description of one, and where.
fn fault(audiences: bool, new: &NewAttribute) -> Option<(&'static str, String)> {
    if !attribute::is_line(&new.name, NAME_CHARS) {
        return Some(("/name", format!("`name` is 1 to {NAME_CHARS} characters.")));
    }
    if new.description.chars().count() > DESCRIPTION_CHARS {
        return Some(("/description", format!("`description` is {DESCRIPTION_CHARS} characters at most.")));
    }
    if new.kind.is_audience() != audiences {
        return Some(("/type", "An audience has members, and an attribute has a type of value.".to_owned()));
    }
    if new.computed.is_some() && !audiences {
        return Some(("/computed", "Only members of audiences are found.".to_owned()));
    }
    let is_enumeration = new.kind == AttributeKind::Enumeration;
    if is_enumeration == new.options.is_empty() || new.options.len() > OPTIONS {
        let words = format!("An enumeration has 1 to {OPTIONS} options, and nothing else has any.");
        return Some(("/options", words));
    }
    let mut seen = BTreeSet::new();
    let fits = |text: &str| attribute::is_line(text, OPTION_CHARS) && !text.contains(';');
    for choice in &new.options {
        if !fits(&choice.value) || !attribute::is_line(&choice.label, OPTION_CHARS) {
            let words = format!(
                "An option has a value and a label of 1 to {OPTION_CHARS} characters, the value without a semicolon."
            );
            return Some(("/options", words));
        }
        if !seen.insert(&choice.value) {
            return Some(("/options", "Two options have the same value.".to_owned()));
        }
    }
    None
}

impl Portal {
    pub(super) fn put_attribute(
        &mut self,
        turn: &mut Turn<'_>,
        audiences: bool,
        id: &AttributeId,
        new: NewAttribute,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        if let Some((at, words)) = fault(audiences, &new) {
            return Ok(Answer::refused(at, words, false));
        }
        if let Some(sent) = &new.computed
            && let Err((at, words)) = self.checked_finding(turn, sent)?
        {
            return Ok(Answer::refused(&at, words, true));
        }
        let NewAttribute { name, description, kind, options, computed } = new;
        let Some(number) = self.activations.number_of(audiences, id) else {
            if self.activations.attributes.len() >= ATTRIBUTES_LIMIT {
                let words = format!("A connection has {ATTRIBUTES_LIMIT} audiences and attributes at most.");
                return Ok(Answer::refused("", words, true));
            }
            let mut taken: BTreeSet<String> =
                mappings::definitions(turn.sql, super::KIND, None)?.into_keys().collect();
            taken.extend(self.activations.attributes.values().map(|own| own.saved.property.clone()));
            let property = self.activations.kept.names.property_of(audiences, id.as_str(), &taken);
            let saved = Saved {
                name,
                description,
                kind,
                options,
                property,
                made: false,
                told: String::new(),
                trouble: None,
                misfit: false,
                failures: 0,
                again_at: None,
                deleting: false,
                gone_over: String::new(),
                round: 0,
                replacing: None,
                found: computed.map(Found::new),
                created_at: turn.now,
                updated_at: turn.now,
            };
            let number = store::add_attribute(turn.sql, id.as_str(), audiences, &super::text(&saved)?)?;
            let own = Attribute::of(id.clone(), audiences, saved, Some(0));
            self.follow_from_now(turn)?;
            self.activations.attributes.insert(number, own);
            self.rouse_to_find(turn, effects)?;
            return self.attribute_answer(turn, number);
        };
        let Some(own) = self.activations.attributes.get_mut(&number) else { return Ok(Answer::Missing) };
        let saved = &mut own.saved;
        if saved.deleting {
            let words = "It is being deleted: try again when it is gone, or give it another id.";
            return Ok(Answer::refused("", words, true));
        }
        if saved.kind != kind {
            let words = format!("It holds {}, and its property cannot become another.", saved.kind.words());
            return Ok(Answer::refused("/type", words, true));
        }
        if saved.found.is_some() != computed.is_some() {
            let words =
                "Whether an audience's members are sent or found does not change: make another audience.";
            return Ok(Answer::refused("/computed", words, true));
        }
        let lost = saved.options.iter().find(|old| !options.iter().any(|choice| choice.value == old.value));
        if let Some(lost) = lost {
            let words = format!("The option `{}` may be held by contacts: options stay.", lost.value);
            return Ok(Answer::refused("/options", words, true));
        }
        (saved.name, saved.description, saved.options) = (name, description, options);
        saved.updated_at = turn.now;
        if let (Some(found), Some(filter)) = (&mut saved.found, computed)
            && found.filter != filter
        {
            // Whoever is a member stays so until it is decided otherwise.
            *found = Found { decided: found.decided, ..Found::new(filter) };
            own.filter = Filter::from_value(&found.filter).ok();
        }
        own.tells = own.saved.tells();
        own.save(turn, number)?;
        self.rouse_to_find(turn, effects)?;
        self.rouse_idle(turn.now, effects);
        self.attribute_answer(turn, number)
    }

    fn rouse_to_find(&mut self, turn: &Turn<'_>, effects: &mut Vec<Effect>) -> Result<(), SqlError> {
        if self.audiences_due_at(turn)?.is_some() {
            self.rouse_idle(turn.now, effects);
        }
        Ok(())
    }

    pub(super) fn attribute_answer(&mut self, turn: &Turn<'_>, number: i64) -> Result<Answer, SqlError> {
        Ok(match self.shown_attribute(turn, number)? {
            Some(shown) => Answer::Json(shown.to_string()),
            None => Answer::Missing,
        })
    }

    pub(super) fn remove_attribute(
        &mut self,
        turn: &Turn<'_>,
        number: i64,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        for (place, own) in &mut self.activations.all {
            if own.selects().any(|selected| selected == number) {
                own.audiences.retain(|selected| *selected != number);
                own.attributes.retain(|selected| *selected != number);
                own.updated_at = turn.now;
                // A walk may be at the attribute that is gone.
                if !matches!(own.sync.phase, Phase::Done | Phase::Sending { .. }) {
                    own.sync = Sync::new(turn.now);
                }
                own.save(turn, *place)?;
            }
        }
        self.change_attribute(turn, number, |saved, _| {
            saved.deleting = true;
            saved.replacing = None;
            saved.gone_over.clear();
            (saved.trouble, saved.again_at, saved.failures) = (None, None, 0);
        })?;
        self.rouse_idle(turn.now, effects);
        Ok(Answer::Done)
    }

    pub(super) fn retry_property(
        &mut self,
        turn: &mut Turn<'_>,
        number: i64,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        self.change_attribute(turn, number, |saved, _| {
            (saved.trouble, saved.misfit, saved.again_at, saved.failures) = (None, false, None, 0);
        })?;
        self.activations.kept.trouble = None;
        self.activations.save(turn)?;
        if self.activations.attributes.get(&number).is_some_and(|own| own.saved.made && !own.saved.deleting) {
            self.sync_with(turn, number)?;
            self.read_fields_anew(turn, effects)?;
        }
        effects.push(self.rouse(turn.now));
        self.attribute_answer(turn, number)
    }

    /// An attribute that takes values.
    fn open_attribute(&self, audiences: bool, id: &AttributeId) -> Option<i64> {
        let number = self.activations.number_of(audiences, id)?;
        let own = self.activations.attributes.get(&number)?;
        (!own.saved.deleting).then_some(number)
    }

    pub(super) fn put_values(
        &mut self,
        turn: &Turn<'_>,
        (audiences, id): (bool, &AttributeId),
        given: &[(String, Option<String>)],
        round: Option<i64>,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(number) = self.open_attribute(audiences, id) else { return Ok(Answer::Missing) };
        if self.blocks.locked() {
            let words = "The key is missing by which those are recognised who are kept out.";
            return Ok(Answer::refused("", words, true));
        }
        let Some(own) = self.activations.attributes.get(&number) else { return Ok(Answer::Missing) };
        if let Some(round) = round
            && self.open_round(turn, number) != Some(round)
        {
            let words = "There is no such replacement under way: it has ended, another began since, or a day has passed.";
            return Ok(Answer::refused("/round", words, true));
        }
        let (latest, definition) = (own.saved.round, own.definition());
        let mut wanted: BTreeMap<String, String> = BTreeMap::new();
        let mut unwanted: BTreeSet<String> = BTreeSet::new();
        let mut refused = Vec::new();
        for (place, (email, value)) in given.iter().enumerate() {
            let checked = match value {
                Some(value) => {
                    self.checked_value(audiences, &definition, email, value).map(|(email, value)| {
                        unwanted.remove(&email);
                        wanted.insert(email, value);
                    })
                }
                None => Self::checked_address(email, round).map(|email| {
                    wanted.remove(&email);
                    unwanted.insert(email);
                }),
            };
            if let Err(why) = checked {
                refused.push(json!({ "email": email, "why": why, "place": place }));
            }
        }
        let emails: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let known = store::values(turn.sql, number, &emails)?;
        let named: Vec<&str> = unwanted.iter().map(String::as_str).collect();
        let there = store::values(turn.sql, number, &named)?;
        let gone: Vec<&str> = there.keys().map(String::as_str).collect();
        let mut all = 0;
        for other in self.activations.attributes.keys().copied().collect::<Vec<_>>() {
            all += self.count_values(turn, other)?;
        }
        let new = (emails.len() - known.len()) as u64;
        if all + new > VALUES_KEPT + gone.len() as u64 {
            let words = format!("A connection keeps {VALUES_KEPT} memberships and values at most.");
            return Ok(Answer::refused("", words, true));
        }
        let differs = |(email, value): &(&String, &String)| {
            known.get(email.as_str()).is_none_or(|(own, _)| own != *value)
        };
        let put_anew = wanted.iter().filter(differs).map(|(email, _)| email.as_str());
        let changed: Vec<&str> = put_anew.chain(gone.iter().copied()).collect();
        let put: Vec<(&str, &str)> = wanted
            .iter()
            .filter(|(email, value)| {
                known.get(*email).is_none_or(|(own, round)| own != *value || *round != latest)
            })
            .map(|(email, value)| (email.as_str(), value.as_str()))
            .collect();
        store::remove_values(turn.sql, number, &gone)?;
        store::put_values(turn.sql, number, &put, latest)?;
        if let Some(own) = self.activations.attributes.get_mut(&number) {
            own.count = own.count.map(|count| (count + new).saturating_sub(gone.len() as u64));
        }
        self.values_changed(turn, number, &changed, effects)?;
        let (kept, changed) = (wanted.len(), changed.len());
        Ok(Answer::Json(json!({ "kept": kept, "changed": changed, "refused": refused }).to_string()))
    }

    /// An address whose value is to go, or why it does not.
    fn checked_address(email: &str, round: Option<i64>) -> Result<String, String> {
        if round.is_some() {
            return Err(TAKES_NONE_AWAY.to_owned());
        }
        attribute::address(email).ok_or_else(|| NO_ADDRESS.to_owned())
    }

    /// An address and a value as they are kept, or why they are not.
    fn checked_value(
        &self,
        audiences: bool,
        definition: &crate::values::property_value::Definition,
        email: &str,
        value: &str,
    ) -> Result<(String, String), String> {
        let email = attribute::address(email).ok_or_else(|| NO_ADDRESS.to_owned())?;
        if self.blocks.has_email(&email) {
            return Err(KEPT_OUT.to_owned());
        }
        if audiences {
            return match value {
                MEMBER => Ok((email, MEMBER.to_owned())),
                _ => Err("A member has the value `true`; whoever is none is taken away.".to_owned()),
            };
        }
        Ok((email, attribute::value(definition, value)?))
    }

    fn values_changed(
        &mut self,
        turn: &Turn<'_>,
        number: i64,
        emails: &[&str],
        effects: &mut Vec<Effect>,
    ) -> Result<(), SqlError> {
        if emails.is_empty() || !self.activations.wanted().contains(&number) {
            return Ok(());
        }
        // What is sent by the thousand is not urgent: single changes go before it.
        self.mark_unwritten(turn, emails, emails.len() <= URGENT)?;
        if self.activations_due_at(turn)?.is_some_and(|at| at <= turn.now) {
            self.rouse_idle(turn.now, effects);
        }
        Ok(())
    }

    pub(super) fn remove_value(
        &mut self,
        turn: &Turn<'_>,
        (audiences, id): (bool, &AttributeId),
        email: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(number) = self.open_attribute(audiences, id) else { return Ok(Answer::Missing) };
        let email = email.trim().to_lowercase();
        if store::values(turn.sql, number, &[&email])?.is_empty() {
            return Ok(Answer::Missing);
        }
        store::remove_values(turn.sql, number, &[&email])?;
        if let Some(own) = self.activations.attributes.get_mut(&number) {
            own.count = own.count.map(|count| count.saturating_sub(1));
        }
        self.values_changed(turn, number, &[&email], effects)?;
        Ok(Answer::Done)
    }

    pub(super) fn value(
        &self,
        turn: &Turn<'_>,
        (audiences, id): (bool, &AttributeId),
        email: &str,
    ) -> Result<Answer, SqlError> {
        let Some(number) = self.activations.number_of(audiences, id) else { return Ok(Answer::Missing) };
        let email = email.trim().to_lowercase();
        let contact = if self.not_ready(turn, super::KIND)?.is_none() {
            let person = Person { email: email.clone(), ..Person::default() };
            let kept_out = |id: RecordId, properties: &Properties<'_>| {
                self.blocks.keeps_out(super::KIND, id, properties)
            };
            let found = matching::contacts(turn.sql, &[person], &kept_out)?;
            found.first().and_then(matching::Match::chosen)
        } else {
            None
        };
        let value = if self.activations.attributes.get(&number).is_some_and(|own| own.saved.found.is_some()) {
            let members = found::said_of(turn.sql, number, contact.as_slice())?;
            members.first().map(|(_, value)| (*value).to_owned())
        } else {
            store::values(turn.sql, number, &[&email])?.remove(&email).map(|(value, _)| value)
        };
        let Some(value) = value else { return Ok(Answer::Missing) };
        let record = contact.map(store::of_record);
        let whom: Vec<&str> = std::iter::once(email.as_str()).chain(record.as_deref()).collect();
        let refused = store::refused_of(turn.sql, &whom)?.into_iter().next();
        let marked = !store::marked(turn.sql, &whom)?.is_empty();
        let ready = self.activations.attributes.get(&number).is_some_and(|own| self.is_ready(own));
        let wanted = self.activations.wanted().contains(&number);
        let in_step = ready && wanted && contact.is_some() && !marked && refused.is_none();
        let mut shown = json!({ "email": email, "value": value, "in_step": in_step });
        if let Some(contact) = contact {
            shown["contact"] = json!(contact.to_string());
        }
        if let Some(refused) = refused {
            shown["refused"] = json!(refused);
        }
        Ok(Answer::Json(shown.to_string()))
    }

    pub(super) fn values_page(
        &self,
        turn: &Turn<'_>,
        (audiences, id): (bool, &AttributeId),
        after: Option<&str>,
        limit: u32,
    ) -> Result<Answer, SqlError> {
        let Some(number) = self.activations.number_of(audiences, id) else { return Ok(Answer::Missing) };
        let limit = limit.clamp(1, VALUES_LIMIT);
        if self.activations.attributes.get(&number).is_some_and(|own| own.saved.found.is_some()) {
            return Self::members_page(turn, number, after, limit);
        }
        let page = store::page(turn.sql, number, after.unwrap_or_default(), limit)?;
        let next = page.last().filter(|_| page.len() == limit as usize).map(|(email, _, _)| email.clone());
        let results: Vec<Value> =
            page.iter().map(|(email, value, _)| json!({ "email": email, "value": value })).collect();
        Ok(Answer::Page { results: Value::Array(results).to_string(), next })
    }

    /// Members of an audience that is found, by their contacts' ids.
    fn members_page(
        turn: &Turn<'_>,
        number: i64,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Answer, SqlError> {
        let above = after.and_then(|after| after.parse().ok()).unwrap_or(RecordId(0));
        let ids = channels::members_above(turn.sql, found::place(number), above, limit as usize)?;
        let next = ids.last().filter(|_| ids.len() == limit as usize).map(ToString::to_string);
        let mut results = Vec::new();
        for some in ids.chunks(FETCH as usize) {
            for live in records::live_by_ids(turn.sql, super::KIND, some)? {
                let properties = Properties::parse(&live.properties).unwrap_or_default();
                let email = properties.get("email").unwrap_or_default().to_lowercase();
                results.push(json!({ "email": email, "value": MEMBER, "contact": live.id.to_string() }));
            }
        }
        Ok(Answer::Page { results: Value::Array(results).to_string(), next })
    }

    /// The replacement that takes values, if one is under way.
    fn open_round(&self, turn: &Turn<'_>, number: i64) -> Option<i64> {
        let replacing = self.activations.attributes.get(&number)?.saved.replacing?;
        let late = turn.now.since_ms(replacing.began_at) >= REPLACED_WITHIN_MS;
        (!replacing.ending && !late).then_some(replacing.round)
    }

    pub(super) fn begin_replace(
        &mut self,
        turn: &Turn<'_>,
        (audiences, id): (bool, &AttributeId),
    ) -> Result<Answer, SqlError> {
        let Some(number) = self.open_attribute(audiences, id) else { return Ok(Answer::Missing) };
        let ending = |own: &Attribute| own.saved.replacing.is_some_and(|replacing| replacing.ending);
        if self.activations.attributes.get(&number).is_some_and(ending) {
            let words =
                "The last replacement is still removing whoever was not in it: try again in a moment.";
            return Ok(Answer::refused("", words, true));
        }
        let mut round = 0;
        self.change_attribute(turn, number, |saved, now| {
            saved.round += 1;
            round = saved.round;
            saved.replacing = Some(Replacing { round, began_at: now, ending: false });
        })?;
        Ok(Answer::Json(json!({ "round": round }).to_string()))
    }

    pub(super) fn end_replace(
        &mut self,
        turn: &Turn<'_>,
        (audiences, id): (bool, &AttributeId),
        round: i64,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, SqlError> {
        let Some(number) = self.open_attribute(audiences, id) else { return Ok(Answer::Missing) };
        if self.open_round(turn, number) != Some(round) {
            let words = "There is no such replacement under way: it has ended, another began since, or a day has passed.";
            return Ok(Answer::refused("/round", words, true));
        }
        let removing = store::before_round(turn.sql, number, round)?;
        self.change_attribute(turn, number, |saved, now| {
            saved.replacing = (removing > 0).then_some(Replacing { round, began_at: now, ending: true });
            saved.gone_over.clear();
        })?;
        self.rouse_idle(turn.now, effects);
        Ok(Answer::Json(json!({ "round": round, "removing": removing }).to_string()))
    }
}

/// Why an address is not taken.
const NO_ADDRESS: &str = "This is no e-mail address.";
/// Most changes of one request that are before everything else.
const URGENT: usize = 100;
