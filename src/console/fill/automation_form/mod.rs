//! The forms of a qualifying list and of an automation: what a person sent becomes a definition, a definition becomes a form.
//!
//! Steps have no numbers: names repeat, and a step begins with `step`. What the inputs of an action cannot show stays JSON beside them, so that
//! no definition is changed by being looked at ([`step`]).

mod step;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Value, json};
pub(in crate::console::fill) use step::StepDraft;

use super::{
    act::Sources,
    automations::{title, usual_hours},
    filter_form::{self, Catalog},
};
use crate::{
    console::{
        automation_form::{AutomationForm, ListForm, StepForm, Tried},
        connection::ConnectionFrame,
    },
    engine::{portal::outbox::actions::Name, signal::MAX_STEPS},
    values::{filter::Fault, json as own_json},
};

/// What is wrong with a list: in a row of its filter, or in the whole.
pub type WrongRows = Vec<(Option<filter_form::Row>, String)>;

/// The form of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListDraft {
    name: String,
    filter: filter_form::Draft,
}

impl ListDraft {
    /// Of a new list, or of one that is there, as the API tells it.
    pub fn of(told: Option<&str>, catalog: &Catalog) -> Option<Self> {
        let Some(told) = told else {
            return Some(Self { name: String::new(), filter: filter_form::Draft::new() });
        };
        let list: Value = own_json::parse(told).ok()?;
        let name = list["name"].as_str()?.to_owned();
        Some(Self { name, filter: filter_form::Draft::of(&list["filter"], catalog) })
    }

    /// As it was sent.
    pub fn sent(fields: &[(String, String)], catalog: &Catalog) -> Self {
        Self {
            name: sent(fields, "name").trim().to_owned(),
            filter: filter_form::Draft::sent(fields, catalog),
        }
    }

    /// Does what a button says; the id of what a person goes on with, where a row came or went.
    pub fn act(&mut self, button: &str) -> Option<String> {
        self.filter.act(button)
    }

    /// The definition that it means.
    pub fn definition(&self, catalog: &Catalog) -> Result<Value, WrongRows> {
        let built = self.filter.built(catalog);
        if built.wrong.is_empty() {
            Ok(json!({ "name": self.name, "filter": built.filter }))
        } else {
            Err(built.wrong)
        }
    }

    /// What the engine finds wrong, at the rows of the form.
    pub fn wrong(&self, faults: &[Fault], catalog: &Catalog) -> WrongRows {
        let places = self.filter.built(catalog).places;
        let at = |fault: &Fault| {
            let holds = |path: &str| {
                fault.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            places.iter().find(|(path, _)| holds(path)).map(|(_, row)| *row)
        };
        faults.iter().map(|fault| (at(fault), fault.detail.replace('`', ""))).collect()
    }

    /// The form to be shown.
    pub fn view(
        &self,
        at: ConnectionFrame,
        id: Option<String>,
        catalog: &Catalog,
        wrong: &WrongRows,
    ) -> ListForm {
        let of = |row| wrong.iter().find(|(own, _)| *own == Some(row)).map(|(_, words)| words.clone());
        let words = ("A signal qualifies", "every signal qualifies".to_owned());
        ListForm {
            at,
            id,
            name: self.name.clone(),
            filter: self.filter.view(catalog, words, &of),
            known: catalog.proposed(),
            errors: wrong.iter().filter(|(row, _)| row.is_none()).map(|(_, words)| words.clone()).collect(),
            wrong_rows: wrong.iter().filter(|(row, _)| row.is_some()).count(),
            refused: false,
            tried: None,
            focus: None,
        }
    }
}

/// What is wrong with an automation: in a step, or in the whole.
pub type WrongSteps = Vec<(Option<usize>, String)>;

/// The form of an automation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AutomationDraft {
    name: String,
    list: String,
    hours: String,
    per_visitor: bool,
    steps: Vec<StepDraft>,
    /// JSON that no steps can be read from.
    broken: Option<String>,
    json_open: bool,
}

impl AutomationDraft {
    /// Of a new automation, or of one that is there, as the API tells it.
    pub fn of(told: Option<&str>) -> Option<Self> {
        let told: Value = match told {
            Some(told) => own_json::parse(told).ok()?,
            None => {
                json!({ "name": "", "list": "", "steps": [{ "action": "create_task", "subject": "Call {{account.name}}" }] })
            }
        };
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let mut draft = Self {
            name: text("name"),
            list: text("list"),
            hours: told["cool_down_hours"].as_u64().unwrap_or_else(usual_hours).to_string(),
            per_visitor: told["per"] == "visitor",
            ..Self::default()
        };
        draft.take(&told["steps"]);
        Some(draft)
    }

    /// Takes steps: into their forms where all of them are actions.
    fn take(&mut self, steps: &Value) {
        let read = steps.as_array().and_then(|all| all.iter().map(StepDraft::of).collect::<Option<Vec<_>>>());
        match read {
            Some(steps) => (self.steps, self.broken) = (steps, None),
            None => (self.steps, self.broken) = (Vec::new(), Some(format!("{steps:#}"))),
        }
    }

    /// As it was sent.
    pub fn sent(fields: &[(String, String)]) -> Self {
        let text = |name: &str| sent(fields, name).trim().to_owned();
        let mut draft = Self {
            name: text("name"),
            list: text("list"),
            hours: text("hours"),
            per_visitor: text("per") == "visitor",
            ..Self::default()
        };
        // What is before the first step is of none of them.
        let begin = fields.iter().position(|(name, _)| name == "step").unwrap_or(fields.len());
        for (name, value) in &fields[begin..] {
            match (name.as_str(), draft.steps.last_mut()) {
                ("step", _) => draft.steps.push(StepDraft { action: value.clone(), ..StepDraft::default() }),
                ("more", Some(step)) => value.replace('\r', "").trim().clone_into(&mut step.more),
                (name, Some(step)) if step.takes(name) => {
                    step.values.push((name.to_owned(), value.replace('\r', "").trim().to_owned()));
                }
                _ => {}
            }
        }
        // What was said of another action does not hold of this one, but for what both have.
        let was = fields.iter().filter(|(name, _)| name == "step-was");
        for (step, (_, was)) in draft.steps.iter_mut().zip(was) {
            if step.action != *was {
                step.more.clear();
                step.values.retain(|(name, _)| matches!(name.as_str(), "owner" | "body" | "title"));
            }
        }
        let plain = |text: &str| text.replace('\r', "").trim().to_owned();
        let (json, was) = (plain(sent(fields, "json")), plain(sent(fields, "json-was")));
        if json != was || draft.steps.is_empty() && !json.is_empty() {
            draft.json_open = true;
            match own_json::parse::<Value>(&json) {
                Ok(steps) => draft.take(&steps),
                Err(_) => (draft.steps, draft.broken) = (Vec::new(), Some(json)),
            }
        }
        draft
    }

    /// Does what a button says; the id of what a person goes on with, where a step came, went or moved.
    pub fn act(&mut self, button: &str) -> Option<String> {
        let (what, place) = button.split_once(' ').unwrap_or((button, ""));
        let there = place.parse::<usize>().ok().filter(|place| *place < self.steps.len());
        match (what, there) {
            ("add-step", _) if self.steps.len() < MAX_STEPS => {
                self.broken = None;
                let action = Name::CreateTask.as_str().to_owned();
                self.steps.push(StepDraft { action, ..StepDraft::default() });
                Some(format!("s{}-action", self.steps.len() - 1))
            }
            ("drop-step", Some(place)) => {
                self.steps.remove(place);
                Some("add-step".to_owned())
            }
            ("up", Some(place)) if place > 0 => {
                self.steps.swap(place, place - 1);
                Some(if place > 1 { format!("s{}-up", place - 1) } else { "s0-down".to_owned() })
            }
            ("down", Some(place)) if place + 1 < self.steps.len() => {
                self.steps.swap(place, place + 1);
                let last = place + 2 == self.steps.len();
                Some(format!("s{}-{}", place + 1, if last { "up" } else { "down" }))
            }
            ("json", _) => {
                self.json_open = true;
                None
            }
            _ => None,
        }
    }

    /// The definition that it means.
    pub fn definition(&self) -> Result<Value, WrongSteps> {
        if self.broken.is_some() {
            let words = "The JSON of the steps cannot be read as a list of actions: a bracket, quote or comma is missing or too much, or an action is none that there is.";
            return Err(vec![(None, words.to_owned())]);
        }
        let (mut steps, mut wrong) = (Vec::new(), Vec::new());
        for (place, step) in self.steps.iter().enumerate() {
            match step.built() {
                Ok(step) => steps.push(step),
                Err(words) => wrong.push((Some(place), words)),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(json!({
            "name": self.name, "list": self.list, "steps": steps,
            "per": if self.per_visitor { "visitor" } else { "account" },
            // What is no number is refused with the member's name.
            "cool_down_hours": self.hours.parse::<u32>().ok(),
        }))
    }

    /// What the engine finds wrong, at the steps of the form.
    pub fn wrong(faults: &[Fault]) -> WrongSteps {
        let at = |fault: &Fault| {
            let step = fault.path.strip_prefix("/steps/")?;
            step.split('/').next()?.parse().ok()
        };
        faults.iter().map(|fault| (at(fault), fault.detail.replace('`', ""))).collect()
    }

    /// The form to be shown. `lists`: as the API tells them.
    pub fn view(
        &self,
        at: ConnectionFrame,
        id: Option<String>,
        (lists, of): (&str, &Sources),
        wrong: &WrongSteps,
    ) -> Option<AutomationForm> {
        #[derive(Deserialize)]
        struct All {
            results: Vec<List>,
        }
        #[derive(Deserialize)]
        struct List {
            id: String,
            name: String,
        }
        let lists: All = own_json::parse(lists).ok()?;
        let said = |place| wrong.iter().find(|(own, _)| *own == Some(place)).map(|(_, words)| words.clone());
        let steps: Vec<StepForm> =
            self.steps.iter().enumerate().map(|(place, step)| step.view(of, said(place))).collect();
        let built: Option<Vec<Value>> = self.steps.iter().map(|step| step.built().ok()).collect();
        Some(AutomationForm {
            at,
            id,
            name: self.name.clone(),
            list: self.list.clone(),
            lists: lists.results.into_iter().map(|list| (list.id, list.name)).collect(),
            per_visitor: self.per_visitor,
            hours: self.hours.clone(),
            json: match &self.broken {
                Some(text) => text.clone(),
                None => built.map_or_else(String::new, |steps| format!("{:#}", Value::Array(steps))),
            },
            json_open: self.json_open || self.broken.is_some(),
            owners: of.owners(),
            errors: wrong.iter().filter(|(step, _)| step.is_none()).map(|(_, words)| words.clone()).collect(),
            wrong_steps: steps.iter().filter(|step| step.wrong.is_some()).count(),
            refused: false,
            steps,
            tried: None,
            focus: None,
        })
    }
}

fn sent<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// What a try of a list came to.
pub fn tried_list(told: &str) -> Option<Tried> {
    #[derive(Deserialize)]
    struct Told {
        selects: String,
        #[serde(default)]
        signals: u64,
        #[serde(default)]
        qualifying: u64,
        #[serde(default)]
        examples: Vec<Example>,
    }
    #[derive(Deserialize)]
    struct Example {
        name: String,
        key: String,
    }
    let told: Told = own_json::parse(told).ok()?;
    let mut lines = vec![told.selects];
    lines.extend(told.examples.into_iter().map(|one| format!("{} ({})", one.name, one.key)));
    let words = match told.signals {
        0 => "No signal has come yet to try it on.".to_owned(),
        signals => format!("Of the newest {signals} signals {} would qualify.", told.qualifying),
    };
    Some(Tried { words, lines })
}

/// What a try of an automation came to.
pub fn tried(told: &str) -> Option<Tried> {
    #[derive(Deserialize)]
    struct Told {
        qualifies: bool,
        trouble: Option<String>,
        why_not: Option<String>,
        steps: Vec<Step>,
    }
    #[derive(Deserialize)]
    struct Step {
        action: String,
        state: String,
        #[serde(default)]
        words: Option<String>,
    }
    let told: Told = own_json::parse(told).ok()?;
    let words = match (told.trouble.or(told.why_not), told.qualifies) {
        (Some(why), _) => why,
        (None, true) => "The newest signal qualifies. Nothing was done; this would be:".to_owned(),
        (None, false) => "The newest signal does not qualify. If it did, this would be done:".to_owned(),
    };
    let line = |step: Step| {
        let state = match step.state.as_str() {
            "would_be_asked" => "would be done",
            "skipped" => "would be left out",
            "later" => "decided when the steps before it are done",
            "off" => "switched off for this account",
            "refused" => "would be refused",
            _ => "waits",
        };
        let words = step.words.map(|words| format!(" {words}")).unwrap_or_default();
        format!("{}: {state}.{words}", title(&step.action))
    };
    Some(Tried { words, lines: told.steps.into_iter().map(line).collect() })
}
