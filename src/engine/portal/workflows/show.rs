//! How workflows, versions and runs look in the API.

use serde_json::{Value, json};

use super::{
    Mode, Running,
    fields::Discovered,
    log::{Line, Record},
};
use crate::{
    engine::{
        actor::Actor,
        portal::{
            Portal, Turn,
            signals::{Chosen, Found},
        },
        workflow::{self, Again},
    },
    store::{
        portal::workflows::{
            self as store, Version,
            runs::{self, Run},
        },
        sql::SqlError,
    },
    values::{ids::WorkflowId, json, time::Timestamp},
};

pub(super) fn found(all: &[Found]) -> Value {
    json!(all)
}

pub(super) fn chosen(chosen: &Chosen) -> Value {
    json!({
        "record_id": chosen.record.map(|id| id.to_string()),
        "decided_by": chosen.decided_by,
        "reasons": chosen.reasons,
    })
}

/// What a step came to.
pub(super) fn line(line: &Line) -> Value {
    json!({
        "step": line.place.step(),
        "place": line.place,
        "does": line.does,
        "state": line.state,
        "words": line.words,
        "conditions": found(&line.conditions),
        "action_id": line.action_id,
        "record": line.record,
        "until": line.until.map(Timestamp::to_rfc3339),
        "at": line.at.to_rfc3339(),
        "before": line.before.iter().map(|was| json!({
            "at": was.at.to_rfc3339(), "state": was.state, "words": was.words,
        })).collect::<Vec<_>>(),
    })
}

/// A run with everything that explains it.
pub(super) fn run(run: &Run, workflow: Option<&WorkflowId>) -> Result<Value, SqlError> {
    let record: Record = json::parse(&run.content).map_err(|_| SqlError::Content("workflow_runs"))?;
    let waits = run.state == "open" && run.action.is_none() && !record.asks;
    Ok(json!({
        "id": run.id,
        "workflow": workflow,
        "workflow_name": record.name,
        "version": run.version,
        "state": run.state,
        "subject": run.subject,
        "began": record.began,
        "began_at": run.at.to_rfc3339(),
        "ended_at": run.ended_at.map(Timestamp::to_rfc3339),
        "event": record.event.as_ref().map(|event| &event.id),
        "conditions": found(&record.conditions),
        "contact": chosen(&record.contact),
        "company": chosen(&record.company),
        "deal": chosen(&record.deal),
        "why": record.why,
        "stands_at": record.standing.as_ref().map(|standing| &standing.place),
        "goes_on_at": waits.then(|| run.due_at.to_rfc3339()),
        "route": record.route,
        "steps": record.steps.iter().map(line).collect::<Vec<_>>(),
    }))
}

/// A version.
pub(super) fn version(own: &Version, current: u32) -> Result<Value, SqlError> {
    const WRONG: SqlError = SqlError::Content("workflow_versions");
    let by: Actor = json::parse(&own.by).map_err(|_| WRONG)?;
    let definition: Value = json::parse(&own.definition).map_err(|_| WRONG)?;
    Ok(json!({
        "version": own.version,
        "current": own.version == current,
        "at": own.at.to_rfc3339(),
        "by": by.words(),
        "definition": definition,
    }))
}

impl Portal {
    /// A run, with its workflow.
    pub(super) fn shown_workflow_run(&self, one: &Run) -> Result<Value, SqlError> {
        run(one, self.workflows.numbered(one.workflow).map(|own| &own.saved.id))
    }

    pub(super) fn shown_workflow(&self, turn: &Turn<'_>, own: &Running) -> Result<Value, SqlError> {
        let definition = &own.definition;
        let fields = Discovered::load(turn.sql, definition)?;
        let faults = if self.goes_on() { self.faults_of_workflow(turn, definition)? } else { Vec::new() };
        let held = own.saved.held.as_ref().map(|held| held.words.clone());
        let trouble = held
            .or_else(|| faults.first().map(|fault| fault.detail.clone()))
            .or_else(|| own.saved.trouble.as_ref().map(|(_, words)| words.clone()));
        let mut counts = json!({
            "open": 0, "done": 0, "failed": 0, "stopped": 0, "skipped": 0, "cancelled": 0, "routed": 0, "not_routed": 0,
        });
        for (state, count) in runs::counts(turn.sql, own.number)? {
            counts[state] = json!(count);
        }
        let again = match &definition.again {
            Again::When(filter) => Some(workflow::describe(filter, &fields)),
            Again::Once | Again::EveryTime => None,
        };
        Ok(json!({
            "id": own.saved.id,
            "definition": definition.to_json(),
            "name": definition.name,
            "description": definition.description,
            "state": if own.saved.held.is_some() && own.saved.mode == Mode::Enabled {
                "held"
            } else {
                own.saved.mode.as_str()
            },
            "version": own.saved.version,
            "selects": workflow::describe(&definition.conditions, &fields),
            "selects_again": again,
            "trouble": trouble,
            "faults": faults,
            "runs": counts,
            "created_at": own.saved.created_at.to_rfc3339(),
            "updated_at": own.saved.updated_at.to_rfc3339(),
            "enabled_at": own.saved.enabled_at.map(Timestamp::to_rfc3339),
        }))
    }

    pub(super) fn shown_versions(turn: &Turn<'_>, own: &Running) -> Result<Vec<Value>, SqlError> {
        let all = store::versions(turn.sql, own.number)?;
        all.iter().map(|one| version(one, own.saved.version)).collect()
    }
}
