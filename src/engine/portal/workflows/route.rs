//! A routing decision: which way a call or conversation is to go, answered at once from the mirror. The first enabled workflow of the event
//! decides whose conditions hold and which comes to a decision through its conditions alone. Nothing is done, and nothing is kept but a row
//! of the log.

use serde_json::{Value, json};

use super::{
    Running,
    fields::Discovered,
    log::{Line, Record, told, way_of},
    show::found,
};
use crate::{
    engine::{
        portal::{Portal, Turn, signals::Found},
        workflow::{Definition, Event, Facts, Next, Route, Standing, Trigger},
    },
    store::sql::SqlError,
    values::{filter::Context, ids::ObjectType},
};

/// What one workflow said.
struct Said {
    route: Option<Route>,
    /// Why, or why not.
    words: String,
    conditions: Vec<Found>,
    steps: Vec<Line>,
}

impl Portal {
    /// Answers where something is to go.
    pub(super) fn route(&mut self, turn: &mut Turn<'_>, event: &Event) -> Result<Value, SqlError> {
        let Some(context) = self.channel_context(turn) else {
            return Ok(none("The connection has ended.", &[]));
        };
        if self.is_of_kept_out(event) || self.blocks.locked() {
            return Ok(none("Nothing may be known of whom the event is of.", &[]));
        }
        if self.goes_by_phone(event) {
            self.want_phones(turn, true)?;
        }
        let asked = |own: &Running| {
            own.is_there() && own.event() == Some(event.event.as_str()) && own.saved.enabled_at.is_some()
        };
        let all: Vec<usize> =
            (0..self.workflows.all.len()).filter(|at| asked(&self.workflows.all[*at])).collect();
        if all.is_empty() {
            return Ok(none(&format!("No workflow is for the event \"{}\".", event.event), &[]));
        }
        let persons = self.persons_of_event(turn, event)?;
        let began = format!("A route was asked for the event \"{}\": {}.", event.event, event.id);
        let (mut because, mut first) = (Vec::new(), None);
        for at in all {
            let running = &self.workflows.all[at];
            let Trigger::Event { record: kind, .. } = running.definition.trigger else { continue };
            let mut persons = persons.clone();
            self.add_related(turn, &mut persons, kind, &|_| true)?;
            let said = if running.works() {
                let facts = self.facts_of(turn, kind, &persons, Some(event), &|_| true)?;
                asks(turn, &running.definition, &facts, context)?
            } else {
                let held = running.saved.held.as_ref().map(|held| held.words.clone());
                let words = held.unwrap_or_else(|| "The workflow is paused.".to_owned());
                Said { route: None, words, conditions: Vec::new(), steps: Vec::new() }
            };
            let (id, version) = (running.saved.id.clone(), running.saved.version);
            let name = running.definition.name.clone();
            because.push(json!({
                "workflow": id,
                "name": name,
                "version": version,
                "decides": said.route.is_some(),
                "words": said.words,
                "conditions": found(&said.conditions),
                "steps": said.steps.iter().map(super::show::line).collect::<Vec<_>>(),
            }));
            let mut record = Record::new(&name, began.clone(), Some(event.clone()), &persons);
            (record.conditions, record.steps) = (said.conditions, said.steps);
            if let Some(route) = said.route {
                record.route = Some(route.clone());
                self.log_only(turn, at, &persons, &record, "routed")?;
                return Ok(json!({
                    "route": route.route,
                    "label": route.label,
                    "workflow": id,
                    "version": version,
                    "contact": persons.record(ObjectType::Contacts).map(|id| id.to_string()),
                    "because": because,
                }));
            }
            record.why = Some(said.words);
            first.get_or_insert((at, persons, record));
        }
        if let Some((at, persons, record)) = &first {
            self.log_only(turn, *at, persons, record, "not_routed")?;
        }
        let contact = first.and_then(|(_, persons, _)| persons.record(ObjectType::Contacts));
        let mut told = none("No workflow comes to a decision.", &because);
        told["contact"] = json!(contact.map(|id| id.to_string()));
        Ok(told)
    }
}

fn none(words: &str, because: &[Value]) -> Value {
    let said = json!({ "words": words });
    let because: Vec<&Value> = because.iter().chain([&said]).collect();
    json!({
        "route": null, "label": null, "workflow": null, "version": null, "contact": null, "because": because,
    })
}

/// What a workflow says, from its conditions alone.
fn asks(turn: &Turn<'_>, definition: &Definition, facts: &Facts, context: Context) -> Result<Said, SqlError> {
    let fields = Discovered::load(turn.sql, definition)?;
    let entry = definition.enters(facts, None, context);
    let filter = &definition.conditions;
    let conditions = told(&entry.findings, &|condition| fields.describe(filter, condition));
    if !entry.holds {
        let words = "Its conditions do not hold.".to_owned();
        return Ok(Said { route: None, words, conditions, steps: Vec::new() });
    }
    let Some(place) = definition.first() else {
        let words = "It has no steps.".to_owned();
        return Ok(Said { route: None, words, conditions, steps: Vec::new() });
    };
    let decision = definition.decide(&Standing { place, since: None }, facts, context);
    let mut steps: Vec<Line> = Vec::new();
    for branch in &decision.because {
        let mut line = Line::new(branch.place.clone(), "if", way_of(branch.way, false), None, turn.now);
        if let Some(filter) = definition.at(&branch.place).and_then(|step| step.filter()) {
            line.conditions = told(&branch.findings, &|condition| fields.describe(filter, condition));
        }
        steps.push(line);
    }
    let (route, words) = match decision.next {
        Next::Decided { place, route } => {
            let words = route.label.clone().unwrap_or_else(|| route.route.clone());
            steps.push(Line::new(place, "decide", "decided", Some(words.clone()), turn.now));
            (Some(route.clone()), format!("It decides: {words}."))
        }
        Next::Stopped { words, .. } => (None, format!("It stops: {words}")),
        Next::Ended => (None, "It comes to its end without a decision.".to_owned()),
        Next::Act { place, .. } => (None, not_at_once(&place.to_string())),
        Next::Wait { standing, .. } | Next::WaitUntil { standing, .. } => {
            (None, not_at_once(&standing.place.to_string()))
        }
        Next::Lost => (None, "It has no such step.".to_owned()),
    };
    Ok(Said { route, words, conditions, steps })
}

fn not_at_once(place: &str) -> String {
    format!("Before a decision comes the step \"{place}\", which is nothing to be asked at once.")
}
