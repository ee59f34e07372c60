//! Conditions of workflows, by the engine itself: with what each saw and said, as a run that explains itself needs it. In workerd the
//! same code is wasm.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use spoke::{
    engine::workflow::{Definition, Facts, Next, Standing},
    values::{
        filter::Context,
        ids::{ObjectType, RecordId},
        time::Timestamp,
    },
};

use super::Figure;

/// Events that go through the workflow.
const EVENTS: u64 = 2_000;
/// Conditions of the workflow's entry, and of each of its branches.
const CONDITIONS: usize = 20;
/// Branches on the way to the answer.
const BRANCHES: usize = 10;
/// Evaluations of a condition a second.
const A_SECOND: f64 = 10_000.0;

/// Conditions of every type, all of which hold of [`facts`]: no group ends early.
fn filter(first: usize) -> Value {
    let all = (first..first + CONDITIONS).map(|number| match number % 4 {
        0 => json!({ "property": format!("text_{number}"), "type": "string", "operator": "contains", "value": "Acme" }),
        1 => json!({ "property": format!("number_{number}"), "type": "number", "operator": "at_least", "value": 3 }),
        2 => json!({
            "of": "company", "property": format!("day_{number}"), "type": "date", "operator": "within_last", "count": 30, "unit": "days",
        }),
        _ => json!({
            "of": "deal", "property": format!("choice_{number}"), "type": "enumeration", "operator": "any_of",
            "values": ["lead", "customer", "evangelist"],
        }),
    });
    json!({ "and": all.collect::<Vec<_>>() })
}

fn definition() -> Result<Definition> {
    let mut steps = json!([{ "id": "route", "decide": { "route": "senior_support" } }]);
    for branch in (0..BRANCHES).rev() {
        let own = json!({ "id": format!("branch-{branch}"), "if": filter(branch * CONDITIONS), "then": [] });
        if let Value::Array(all) = &mut steps {
            all.insert(0, own);
        }
    }
    let workflow = json!({
        "name": "Bench",
        "trigger": { "on": "event", "event": "incoming_call", "record": "contacts" },
        "conditions": filter(0),
        "enrolment": { "again": "every_time" },
        "steps": steps,
    });
    Definition::from_value(&workflow).map_err(|faults| anyhow::anyhow!("{faults:?}"))
}

fn facts(now: Timestamp) -> Facts {
    let mut facts = Facts::new(ObjectType::Contacts, BTreeMap::new(), now);
    for (kind, id) in [(ObjectType::Contacts, 1), (ObjectType::Companies, 2), (ObjectType::Deals, 3)] {
        let values = (0..CONDITIONS * BRANCHES).flat_map(|number| {
            [
                (format!("text_{number}"), format!("The people of ACME, {number}")),
                (format!("number_{number}"), (number + 3).to_string()),
                (format!("day_{number}"), "2026-11-10".to_owned()),
                (format!("choice_{number}"), "customer".to_owned()),
            ]
        });
        facts.set(kind, RecordId(id), values.collect());
    }
    facts
}

pub(super) fn measure() -> Result<Vec<Figure>> {
    let now = Timestamp(1_795_132_800_000);
    let (definition, facts) = (definition()?, facts(now));
    let context = Context { now, utc_offset_ms: 0 };
    let standing = Standing { place: definition.first().context("a first step")?, since: None };
    let started = Instant::now();
    let mut asked = 0;
    for _ in 0..EVENTS {
        let entry = definition.enters(&facts, None, context);
        ensure!(entry.holds, "the conditions hold");
        let decision = definition.decide(&standing, &facts, context);
        ensure!(matches!(decision.next, Next::Decided { .. }), "{:?}", decision.next);
        asked += entry.findings.len();
        for branch in &decision.because {
            ensure!(branch.holds, "every branch holds");
            asked += branch.findings.len();
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let figure = |name: &str, value: f64, unit| Figure::plain("workflows", name, value, unit);
    Ok(vec![
        figure("conditions evaluated and explained, natively", asked as f64 / seconds, "a second")
            .at_least(A_SECOND),
        figure("a routing answer over 220 conditions, natively", seconds * 1e6 / EVENTS as f64, "µs"),
    ])
}
