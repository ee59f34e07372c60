//! Activations, audiences and attributes in the API's shape.

use serde_json::{Value, json};

use super::{
    ACTIVATIONS_LIMIT, ATTRIBUTES_LIMIT, Activation, KIND, Phase, SCHEMAS, Sync, VALUES_KEPT,
    commands::{Answer, REFUSED_LIMIT},
    found::looked_at,
};
use crate::{
    engine::portal::{Portal, Turn, blocks::Whom, mappings, signals::addresses},
    store::{
        portal::{
            activations::{self as store, Said},
            records::Stored,
        },
        sql::SqlError,
    },
    values::{
        ids::ObjectType,
        mapping::Action,
        time::{SECOND_MS, Timestamp},
    },
};

/// Marks are counted no further than this: some hundredths of a second.
const MARKS_COUNTED: u32 = 1_000_000;

fn moment(at: Option<Timestamp>) -> Value {
    json!(at.map(Timestamp::to_rfc3339))
}

impl Portal {
    pub(super) fn shown_activations(&self, turn: &Turn<'_>) -> Result<Value, SqlError> {
        let own = &self.activations;
        let names = &own.kept.names;
        let mut shown = json!({
            "group": names.group,
            "group_label": names.label,
            "prefix": names.prefix,
            "marks": store::marks_up_to(turn.sql, MARKS_COUNTED)?,
            "refused": store::count_refused(turn.sql)?,
            "audiences": own.attributes.values().filter(|own| own.audience).count(),
            "attributes": own.attributes.values().filter(|own| !own.audience).count(),
            "activations": own.all.len(),
            "limits": {
                "attributes": ATTRIBUTES_LIMIT, "activations": ACTIVATIONS_LIMIT, "values": VALUES_KEPT,
            },
        });
        if let Some(waits) = self.shown_waits(turn)? {
            shown["waits"] = json!(waits);
        }
        if let Some(trouble) = &own.kept.trouble {
            shown["trouble"] = json!(trouble);
        }
        Ok(shown)
    }

    /// Why nothing is written now, also where HubSpot takes nothing for the moment.
    fn shown_waits(&self, turn: &Turn<'_>) -> Result<Option<String>, SqlError> {
        if let Some(words) = self.activation_waits(turn)? {
            return Ok(Some(words));
        }
        let paused = self.activations.paused_until.is_some_and(|until| until > turn.now);
        Ok(self.activations.trouble.clone().filter(|_| paused))
    }

    pub(super) fn shown_attribute(
        &mut self,
        turn: &Turn<'_>,
        number: i64,
    ) -> Result<Option<Value>, SqlError> {
        let members = self.count_values(turn, number)?;
        let Some(own) = self.activations.attributes.get(&number) else { return Ok(None) };
        let saved = &own.saved;
        let mut shown = json!({
            "id": own.id,
            "name": saved.name,
            "description": saved.description,
            "type": saved.kind,
            "property": saved.property,
            "made": saved.made,
            "state": if saved.deleting { "deleting" } else { "active" },
            "members": members,
            "created_at": saved.created_at.to_rfc3339(),
            "updated_at": saved.updated_at.to_rfc3339(),
        });
        if !saved.options.is_empty() {
            shown["options"] = json!(saved.options);
        }
        if let (Some(found), Some(filter)) = (&saved.found, &own.filter) {
            shown["computed"] = found.filter.clone();
            shown["computed_words"] = json!(Self::finding_in_words(turn, filter)?);
            shown["looked_at"] = json!(looked_at(found.scan));
        }
        let held = saved.found.as_ref().and_then(|found| found.held.as_ref()).map(|held| held.words.clone());
        let selected = self.activations.selected().contains(&number);
        let due = (saved.deleting && saved.made) || (selected && !saved.made);
        let lacks_scope = || {
            format!(
                "Grant the connection `{SCHEMAS}`: without it no property can be made, changed or archived."
            )
        };
        let trouble = saved
            .trouble
            .clone()
            .or_else(|| self.activations.kept.trouble.clone().filter(|_| due))
            .or_else(|| (due && !self.is_granted(SCHEMAS)).then(lacks_scope))
            .or(held);
        if let Some(trouble) = trouble {
            shown["trouble"] = json!(trouble);
        }
        if let Some(replacing) = saved.replacing {
            shown["replacing"] = json!({ "round": replacing.round, "ending": replacing.ending });
        }
        Ok(Some(shown))
    }

    pub(super) fn shown_attributes(&mut self, turn: &Turn<'_>, audiences: bool) -> Result<Value, SqlError> {
        let of_kind = self.activations.attributes.iter().filter(|(_, own)| own.audience == audiences);
        let numbers: Vec<i64> = of_kind.map(|(number, _)| *number).collect();
        let mut results = Vec::new();
        for number in numbers {
            results.extend(self.shown_attribute(turn, number)?);
        }
        Ok(json!({ "results": results }))
    }

    /// What depends on an attribute: activations, and whatever here names its property.
    pub(super) fn shown_uses(&self, turn: &Turn<'_>, number: i64) -> Result<Option<Value>, SqlError> {
        let Some(own) = self.activations.attributes.get(&number) else { return Ok(None) };
        let property = &own.saved.property;
        let selecting = self.activations.all.values();
        let selecting =
            selecting.filter(|activation| activation.selects().any(|selected| selected == number));
        let activations: Vec<Value> =
            selecting.map(|activation| json!({ "id": activation.id, "name": activation.name })).collect();
        let mut others: Vec<Value> = Vec::new();
        let mut add = |what: &str, id: &str, name: &str| {
            others.push(json!({ "what": what, "id": id, "name": name }));
        };
        for (id, name) in self.channels.reading(KIND, property) {
            add("channel", id.as_str(), &name);
        }
        for (what, id, name) in self.signals.naming(KIND, property) {
            add(what, &id, &name);
        }
        for (id, name) in self.workflows.naming(KIND, property) {
            add("workflow", &id, &name);
        }
        for action in Action::ALL.into_iter().filter(|action| action.object_type() == KIND) {
            let mapping = mappings::load(turn.sql, action)?;
            if mapping.is_some_and(|own| own.entries.iter().any(|entry| entry.field == *property)) {
                add("mapping", action.as_str(), action.as_str());
            }
        }
        Ok(Some(json!({ "property": property, "activations": activations, "others": others })))
    }

    pub(super) fn shown_activation(&self, turn: &Turn<'_>, number: i64) -> Result<Option<Value>, SqlError> {
        let Some(own) = self.activations.all.get(&number) else { return Ok(None) };
        let ids = |numbers: &[i64]| -> Vec<&str> {
            let attributes = numbers.iter().filter_map(|number| self.activations.attributes.get(number));
            attributes.map(|attribute| attribute.id.as_str()).collect()
        };
        let mut shown = json!({
            "id": own.id,
            "name": own.name,
            "description": own.description,
            "identifier": "email",
            "audiences": ids(&own.audiences),
            "attributes": ids(&own.attributes),
            "unknown": own.unknown,
            "state": if own.paused { "paused" } else { "active" },
            "sync": Self::shown_sync(turn, &own.sync)?,
            "created_at": own.created_at.to_rfc3339(),
            "updated_at": own.updated_at.to_rfc3339(),
        });
        let waits = match self.shown_waits(turn)? {
            Some(words) => Some(words),
            None => self.waits_for_properties(own),
        };
        if let Some(words) = waits.filter(|_| !own.paused) {
            shown["waits"] = json!(words);
        }
        Ok(Some(shown))
    }

    /// Why properties of an activation are not there yet, or cannot be.
    fn waits_for_properties(&self, activation: &Activation) -> Option<String> {
        let mut own = activation.selects().filter_map(|number| self.activations.attributes.get(&number));
        let lacks = own.find(|attribute| !self.is_ready(attribute))?;
        if let Some(trouble) = &lacks.saved.trouble {
            return Some(trouble.clone());
        }
        if !lacks.saved.made && !self.is_granted(SCHEMAS) {
            return Some(format!("Grant the connection `{SCHEMAS}`: without it no property can be made."));
        }
        if let Some(trouble) = &self.activations.kept.trouble {
            return Some(trouble.clone());
        }
        Some("Properties are being made in HubSpot.".to_owned())
    }

    fn shown_sync(turn: &Turn<'_>, sync: &Sync) -> Result<Value, SqlError> {
        let state = match sync.phase {
            Phase::Waiting => "waiting",
            Phase::Values { .. } | Phase::Mirror { .. } | Phase::Sending { .. } => "running",
            Phase::Done => "done",
        };
        let Sync { looked, total, written, created, skipped, refused, in_step, calls, .. } = *sync;
        let mut shown = json!({
            "state": state,
            "total": total,
            "looked": looked,
            "written": written,
            "created": created,
            "skipped": skipped,
            "refused": refused,
            "in_step": in_step,
            "calls": calls,
            "began_at": sync.began_at.to_rfc3339(),
            "ended_at": moment(sync.ended_at),
        });
        let settled = written + created + skipped + refused + in_step;
        let passed_ms = turn.now.since_ms(sync.began_at);
        if state == "running" && settled > 0 && passed_ms > 0 {
            let left = total.saturating_sub(looked) + store::marks_up_to(turn.sql, MARKS_COUNTED)?;
            let each_ms = passed_ms as f64 / settled as f64;
            shown["seconds_left"] = json!((left as f64 * each_ms / SECOND_MS as f64).ceil() as u64);
        }
        Ok(shown)
    }

    /// What the host said of a person, by their addresses.
    pub(in crate::engine::portal) fn export_said(
        &self,
        turn: &Turn<'_>,
        kind: ObjectType,
        whom: &Whom,
        stored: &[Stored],
    ) -> Result<Vec<Value>, SqlError> {
        if kind != KIND || !self.activations.is_used() {
            return Ok(Vec::new());
        }
        let mut emails = addresses(stored);
        if let Whom::Email(email) = whom {
            emails.push(email.trim().to_lowercase());
        }
        let emails: Vec<&str> = emails.iter().map(String::as_str).collect();
        let told = |said: Said| {
            let own = self.activations.attributes.get(&said.attribute)?;
            let kind = if own.audience { "audience" } else { "attribute" };
            Some(json!({ "email": said.email, "kind": kind, "id": own.id, "value": said.value }))
        };
        Ok(store::said_of(turn.sql, &emails)?.into_iter().filter_map(told).collect())
    }

    pub(super) fn refused_page(
        turn: &Turn<'_>,
        after: Option<&str>,
        (skip, limit): (u32, u32),
    ) -> Result<Answer, SqlError> {
        let limit = limit.clamp(1, REFUSED_LIMIT);
        let page = store::refused(turn.sql, after.unwrap_or_default(), skip, limit)?;
        let next = page.last().filter(|_| page.len() == limit as usize).map(|last| last.whom.clone());
        let results: Vec<Value> = page
            .iter()
            .map(|refused| match refused.whom.strip_prefix('#') {
                Some(id) if !id.contains('@') => {
                    json!({ "contact": id, "why": refused.why, "at": refused.at.to_rfc3339() })
                }
                _ => json!({ "email": refused.whom, "why": refused.why, "at": refused.at.to_rfc3339() }),
            })
            .collect();
        Ok(Answer::Page { results: Value::Array(results).to_string(), next })
    }

    /// How many memberships and values of these addresses there are.
    pub(in crate::engine::portal) fn count_said(
        &self,
        turn: &Turn<'_>,
        emails: &[String],
    ) -> Result<usize, SqlError> {
        if !self.activations.is_used() {
            return Ok(0);
        }
        let mut emails: Vec<&str> = emails.iter().map(String::as_str).collect();
        emails.sort_unstable();
        emails.dedup();
        Ok(store::said_of(turn.sql, &emails)?.len())
    }
}
