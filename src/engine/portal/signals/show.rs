//! How signals, lists, automations and runs look in the API.

use serde_json::{Value, json};

use super::{
    RunningAutomation, RunningList,
    log::{Chosen, Found, Kept, Record},
};
use crate::{
    engine::portal::{Portal, Turn},
    store::{
        portal::signals::{self as store, Run, Signal},
        sql::{Sql, SqlError},
    },
};

fn chosen(chosen: &Chosen) -> Value {
    json!({
        "record_id": chosen.record.map(|id| id.to_string()),
        "decided_by": chosen.decided_by,
        "reasons": chosen.reasons,
    })
}

pub(super) fn conditions(found: &[Found]) -> Value {
    json!(found)
}

/// A signal with what was decided about it.
pub(super) fn signal(sql: &dyn Sql, row: &Signal) -> Result<Value, SqlError> {
    let kept: Kept = store::read(&row.content)?;
    let waits = store::waits_for(sql, row.number)?;
    let mut shown = json!({
        "id": row.id,
        "key": row.key,
        "name": kept.signal.name,
        "kind": kept.signal.kind,
        "at": kept.signal.at.to_rfc3339(),
        "received_at": row.received_at.to_rfc3339(),
        "account": kept.signal.account,
        "visitor": kept.signal.visitor,
        "fields": kept.signal.fields,
        "state": match (row.pending, waits.is_empty()) {
            (true, _) => "pending",
            (false, true) => "decided",
            (false, false) => "held",
        },
        "decision": null,
    });
    if let Some(decided) = kept.decided {
        shown["decision"] = json!({
            "at": decided.at.to_rfc3339(),
            "company": chosen(&decided.company),
            "contact": chosen(&decided.contact),
            "lists": decided.lists.iter().map(|of| json!({
                "list": of.list,
                "name": of.name,
                "qualifies": of.qualifies,
                "trouble": of.trouble,
                "conditions": conditions(&of.conditions),
                "held": waits.contains(&of.list),
                "decided_at": if waits.contains(&of.list) { None } else { Some(of.at.unwrap_or(decided.at).to_rfc3339()) },
            })).collect::<Vec<_>>(),
        });
    }
    Ok(shown)
}

/// A run with everything that explains it.
pub(super) fn run(run: &Run) -> Result<Value, SqlError> {
    let record: Record = store::read(&run.content)?;
    let total = record.definition.len();
    let steps = record.steps.iter().enumerate().map(|(index, step)| {
        json!({
            "step": index + 1,
            "action": step.action,
            "state": step.state,
            "words": step.words,
            "action_id": step.action_id,
            "record": step.record,
            "at": step.at.to_rfc3339(),
            "before": step.before.iter().map(|was| json!({
                "at": was.at.to_rfc3339(), "state": was.state, "words": was.words,
            })).collect::<Vec<_>>(),
        })
    });
    Ok(json!({
        "id": run.id,
        "automation": record.automation,
        "automation_name": record.name,
        "version": record.version,
        "list": record.list,
        "list_name": record.list_name,
        "state": run.state,
        "why": record.why,
        "began_at": run.at.to_rfc3339(),
        "conditions": conditions(&record.conditions),
        "company": chosen(&record.company),
        "contact": chosen(&record.contact),
        "steps": steps.collect::<Vec<_>>(),
        "steps_total": total,
    }))
}

/// Whom a try is about.
pub(super) fn whom(company: &Chosen, contact: &Chosen) -> (Value, Value) {
    (chosen(company), chosen(contact))
}

impl Portal {
    /// A run, with the signal that it is of.
    pub(super) fn shown_signal_run(turn: &Turn<'_>, one: &Run) -> Result<Value, SqlError> {
        let mut shown = run(one)?;
        if let Some(row) = store::numbered(turn.sql, one.signal)? {
            let kept: Kept = store::read(&row.content)?;
            shown["signal"] = json!(row.id);
            shown["signal_name"] = json!(kept.signal.name);
        }
        Ok(shown)
    }

    pub(super) fn shown_list(&self, turn: &Turn<'_>, running: &RunningList) -> Result<Value, SqlError> {
        let asking = Self::asking_of(turn, &running.list, running.saved.held.as_ref())?;
        let own = self.signals.automations.iter().filter(|one| one.automation.list == running.saved.id);
        let mut shown = running.saved.definition.clone();
        for (name, value) in [
            ("id", json!(running.saved.id)),
            ("selects", json!(running.list.describe(&asking.fields))),
            ("trouble", json!(asking.trouble)),
            ("waiting", json!(store::held_by(turn.sql, &running.saved.id)?)),
            ("automations", json!(own.map(|one| &one.saved.id).collect::<Vec<_>>())),
            ("created_at", json!(running.saved.created_at.to_rfc3339())),
            ("updated_at", json!(running.saved.updated_at.to_rfc3339())),
        ] {
            shown[name] = value;
        }
        Ok(shown)
    }

    pub(super) fn shown_automation(
        &self,
        turn: &Turn<'_>,
        running: &RunningAutomation,
    ) -> Result<Value, SqlError> {
        let list = self.signals.list(&running.automation.list);
        let mut trouble = list.and_then(|one| one.saved.held.as_ref()).map(|held| held.words.clone());
        if trouble.is_none() && self.goes_on() {
            // What a field held that is not there any more a step does without.
            trouble = self
                .faults_of_automation(turn, &running.automation)?
                .into_iter()
                .next()
                .map(|one| one.detail);
        }
        let mut counts = json!({ "open": 0, "done": 0, "failed": 0, "skipped": 0 });
        for (state, count) in store::counts(turn.sql, running.number)? {
            counts[state] = json!(count);
        }
        let mut shown = running.saved.definition.clone();
        for (name, value) in [
            ("id", json!(running.saved.id)),
            ("state", json!(if running.saved.enabled { "enabled" } else { "paused" })),
            ("version", json!(running.saved.version)),
            ("list_name", json!(list.map(|one| &one.list.name))),
            ("trouble", json!(trouble)),
            ("runs", counts),
            ("created_at", json!(running.saved.created_at.to_rfc3339())),
            ("updated_at", json!(running.saved.updated_at.to_rfc3339())),
        ] {
            shown[name] = value;
        }
        Ok(shown)
    }
}
