//! A dry run: what a workflow would do now for an event or a record, step by step, with the values seen. Waits are passed over, as if what they
//! wait for came about. Nothing is written, here or in HubSpot.

use serde_json::{Value, json};

use super::{
    commands::{Answer, On, Refusal, refused, wrong},
    facts::{Persons, subjects},
    fields::Discovered,
    log::told,
    show::{chosen, found},
};
use crate::{
    engine::{
        action_step::{ActionStep, Planned},
        actor::Actor,
        portal::{
            Portal, Turn,
            action_steps::{id_of, is_of_nobody},
            outbox::commands::{Answer as Told, Asked, Command as Outbox, Taken},
        },
        reader::within,
        workflow::{Again, Definition, Event, EventRecord, Facts, Next, Place, Standing, vocabulary},
    },
    store::{
        portal::{
            outbox,
            workflows::{enrolled, runs},
        },
        sql::SqlError,
    },
    values::{
        filter::{Code, Context, Fault},
        json,
    },
};

impl Portal {
    /// Whom a dry run is of.
    fn tried_on(
        &self,
        turn: &Turn<'_>,
        definition: &Definition,
        on: &On,
    ) -> Result<Result<(Persons, Option<Event>), Answer>, SqlError> {
        let own = definition.trigger.record();
        let record = on.record_id.map(|id| EventRecord { object_type: on.object_type.unwrap_or(own), id });
        let event = match &on.event {
            Some(event) => match Event::parse_some(event, turn.now) {
                Ok(event) => Some(event),
                Err(faults) => return Ok(Err(wrong(within("/on/event", faults).collect()))),
            },
            None => None,
        };
        let mut persons = match (&event, record) {
            (Some(event), None) => self.persons_of_event(turn, event)?,
            (None, Some(EventRecord { object_type, id })) => {
                Persons::of_record(object_type, id, "It was named by who asked.")
            }
            (Some(event), Some(record)) => {
                let event = Event { record: Some(record), ..event.clone() };
                self.persons_of_event(turn, &event)?
            }
            (None, None) => {
                let detail = "Name an \"event\", or a record by \"object_type\" and \"record_id\".";
                let fault = Fault { path: "/on".to_owned(), code: Code::Shape, detail: detail.to_owned() };
                return Ok(Err(refused(Refusal::Wrong(vec![fault]))));
            }
        };
        self.add_related(turn, &mut persons, own, &|_| true)?;
        Ok(Ok((persons, event)))
    }

    /// What would happen.
    pub(super) fn dry_run(
        &mut self,
        turn: &mut Turn<'_>,
        definition: &Definition,
        on: &On,
    ) -> Result<Answer, SqlError> {
        let Some(context) = self.channel_context(turn) else { return Ok(refused(Refusal::Stopped)) };
        let (persons, event) = match self.tried_on(turn, definition, on)? {
            Ok(found) => found,
            Err(answer) => return Ok(answer),
        };
        let own = definition.trigger.record();
        let facts = self.facts_of(turn, own, &persons, event.as_ref(), &|_| true)?;
        let fields = Discovered::load(turn.sql, definition)?;
        let entry = definition.enters(&facts, None, context);
        let filter = &definition.conditions;
        let conditions = told(&entry.findings, &|condition| fields.describe(filter, condition));
        let why_not = self.why_not_again(turn, definition, &persons, &facts, context)?;
        let faults = self.faults_of_workflow(turn, definition)?;
        let enters = entry.holds;
        let (steps, route, ends) =
            self.walk_through(turn, definition, (&facts, event.as_ref()), &fields, context)?;
        let told = json!({
            "enters": enters,
            "conditions": found(&conditions),
            "why_not": why_not,
            "faults": faults,
            "contact": chosen(&persons.contact),
            "company": chosen(&persons.company),
            "deal": chosen(&persons.deal),
            "subject": persons.subject(own),
            "steps": steps,
            "route": route,
            "ends": ends,
        });
        Ok(Answer::Json(told.to_string()))
    }

    /// Why it would not go in although the conditions hold, of a workflow that is saved so.
    fn why_not_again(
        &self,
        turn: &Turn<'_>,
        definition: &Definition,
        persons: &Persons,
        facts: &Facts,
        context: Context,
    ) -> Result<Option<String>, SqlError> {
        let saved = self.workflows.all.iter().find(|own| own.is_there() && *own.definition == *definition);
        let Some(saved) = saved else { return Ok(None) };
        let names = subjects(persons, definition.trigger.record(), facts);
        if let Some(run) = runs::active(turn.sql, saved.number, saved.saved.version, &names)? {
            return Ok(Some(format!("It is under way already: {run}.")));
        }
        let Some(last) = enrolled::last(turn.sql, saved.number, &names)? else { return Ok(None) };
        Ok(match &definition.again {
            Again::Once => {
                Some(format!("It has been through this workflow, last at {}.", last.at.to_rfc3339()))
            }
            Again::When(filter) if !filter.evaluate(facts, None, context) => {
                Some("It has been through this workflow, and what lets it in again does not hold.".to_owned())
            }
            Again::When(_) | Again::EveryTime => None,
        })
    }

    /// The steps that would be come to, the routing answer, and how it would end.
    fn walk_through(
        &mut self,
        turn: &mut Turn<'_>,
        definition: &Definition,
        (facts, event): (&Facts, Option<&Event>),
        fields: &Discovered,
        context: Context,
    ) -> Result<(Vec<Value>, Value, &'static str), SqlError> {
        let (mut steps, mut route, mut imports) = (Vec::new(), Value::Null, false);
        let mut place = definition.first();
        while let Some(here) = place.take() {
            let decision = definition.decide(&Standing { place: here, since: None }, facts, context);
            for branch in &decision.because {
                let Some(step) = definition.at(&branch.place) else { continue };
                let Some(filter) = step.filter() else { continue };
                let conditions = told(&branch.findings, &|condition| fields.describe(filter, condition));
                steps.push(json!({
                    "step": branch.place.step(), "does": "if", "state": branch.way,
                    "conditions": found(&conditions),
                }));
            }
            place = match decision.next {
                Next::Act { place, step } => {
                    let mut told = self.tried_step(turn, definition, step, (facts, event), imports)?;
                    imports |= step.action().starts_with("import_") && told["state"] == "would_be_asked";
                    told["step"] = json!(place.step());
                    told["does"] = json!(step.action());
                    steps.push(told);
                    definition.after(&place)
                }
                Next::Wait { standing, until } => {
                    steps.push(waits(&standing.place, "wait", until.to_rfc3339()));
                    definition.after(&standing.place)
                }
                Next::WaitUntil { standing, until, .. } => {
                    let mut told = waits(&standing.place, "wait_until", until.to_rfc3339());
                    if let Some(asked) = steps.pop() {
                        told["conditions"] = asked["conditions"].clone();
                    }
                    steps.push(told);
                    definition.after(&standing.place)
                }
                Next::Decided { place, route: answer } => {
                    route = json!(answer);
                    steps.push(json!({
                        "step": place.step(), "does": "decide", "state": "decided", "words": answer.label,
                    }));
                    definition.after(&place)
                }
                Next::Stopped { place, words } => {
                    steps.push(json!({
                        "step": place.step(), "does": "stop", "state": "stopped", "words": words,
                    }));
                    return Ok((steps, route, "stopped"));
                }
                Next::Ended | Next::Lost => None,
            };
        }
        Ok((steps, route, "done"))
    }

    /// What an action of it would come to.
    fn tried_step(
        &mut self,
        turn: &mut Turn<'_>,
        definition: &Definition,
        step: &ActionStep,
        (facts, event): (&Facts, Option<&Event>),
        imports: bool,
    ) -> Result<Value, SqlError> {
        const LATER: &str = "What an earlier step makes is not known yet.";
        let words = vocabulary(definition.trigger.record());
        let wanted = match self.planned(turn, step, words, facts) {
            Planned::Skip(words) if imports => {
                return Ok(json!({ "state": "later", "words": format!("{words} {LATER}") }));
            }
            Planned::Skip(words) => return Ok(json!({ "state": "skipped", "words": words })),
            Planned::Do(_) if imports && is_of_nobody(step, words, facts) => {
                return Ok(json!({ "state": "later", "words": LATER }));
            }
            Planned::Do(wanted) => *wanted,
        };
        let asked = Asked {
            key: None,
            why: None,
            dry_run: true,
            background: true,
            coalesce: None,
            data: event.map(Event::data).unwrap_or_default(),
            wanted,
        };
        // Nothing leaves, and nothing is kept: the alarm has nothing to do.
        let told = self.outbox_command(turn, &Actor::Spoke, Outbox::Do(vec![asked]), &mut Vec::new())?;
        let Told::Taken(mut taken) = told else { return Err(SqlError::Content("actions")) };
        Ok(match taken.pop() {
            Some(Taken::Action { action, .. }) => {
                if let Some(id) = id_of(&action) {
                    outbox::forget_dry(turn.sql, &id)?;
                }
                let mut would: Value = json::parse(&action).unwrap_or_default();
                if let Some(members) = would.as_object_mut() {
                    members.remove("id");
                }
                json!({ "state": "would_be_asked", "would": would })
            }
            Some(Taken::Refused(refusal)) => json!({ "state": "refused", "words": refusal.words }),
            Some(Taken::Off) => {
                json!({ "state": "off", "words": "An administrator has switched this action off." })
            }
            Some(Taken::Full) | None => json!({ "state": "waiting" }),
        })
    }
}

fn waits(place: &Place, does: &str, until: String) -> Value {
    json!({ "step": place.step(), "does": does, "state": "waits", "until": until })
}
