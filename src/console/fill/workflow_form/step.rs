//! A step of a workflow as its form holds it, with those that lie in it: to the definition's JSON and back.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    console::{
        act::{Input, Takes},
        fill::{
            act::Sources,
            automation_form::StepDraft,
            filter_form::{self, Catalog, Row},
        },
        workflow_form::{FLOW, StepForm},
    },
    engine::{
        portal::outbox::actions::Name,
        workflow::{Unit, limits},
    },
};

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In no part of the form.
    Whole,
    /// In what begins it.
    Trigger,
    /// In its conditions.
    Conditions(Option<Row>),
    /// In what lets a record in again.
    When(Option<Row>),
    /// In the step of that path, or in a row of its filter.
    Step(String, Option<Row>),
}

/// What is wrong, and where.
pub type Wrong = Vec<(Place, String)>;

/// A step, and those that lie in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) id: String,
    /// An action's name, or one of [`FLOW`].
    pub(super) kind: String,
    /// What an action says.
    pub(super) action: StepDraft,
    pub(super) filter: filter_form::Draft,
    pub(super) count: String,
    pub(super) unit: String,
    /// What a stop says, or the name of a route.
    pub(super) text: String,
    pub(super) label: String,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// Names of the lists of steps that lie in one.
pub(super) fn branches(kind: &str) -> &'static [&'static str] {
    match kind {
        "if" => &["then", "else"],
        "wait_until" => &["else"],
        _ => &[],
    }
}

fn has_filter(kind: &str) -> bool {
    matches!(kind, "if" | "wait_until")
}

fn is_action(kind: &str) -> bool {
    Name::ALL.into_iter().any(|name| name.as_str() == kind)
}

/// A step of one of the kinds there are.
pub(super) fn known(kind: &str) -> Option<&'static str> {
    let actions = Name::ALL.into_iter().map(Name::as_str);
    actions.chain(FLOW.into_iter().map(|(name, _)| name)).find(|name| *name == kind)
}

impl Node {
    pub(super) fn new(kind: &str, id: String) -> Self {
        let action = StepDraft { action: kind.to_owned(), ..StepDraft::default() };
        let filter = if has_filter(kind) { filter_form::Draft::new() } else { filter_form::Draft::default() };
        let (count, unit) = ("1".to_owned(), "days".to_owned());
        Self { id, kind: kind.to_owned(), action, filter, count, unit, ..Self::default() }
    }

    /// Of a definition's step, which is one that can be read.
    pub(super) fn of(step: &Value, catalog: &Catalog) -> Self {
        let id = step["id"].as_str().unwrap_or_default().to_owned();
        let mut node = Self { id, unit: "days".to_owned(), ..Self::default() };
        if let Some(action) = step["do"].as_str() {
            action.clone_into(&mut node.kind);
            let mut own = step.as_object().cloned().unwrap_or_default();
            own.remove("id");
            own.remove("do");
            own.insert("action".to_owned(), action.into());
            node.action = StepDraft::of(&Value::Object(own)).unwrap_or_default();
            return node;
        }
        let kind = FLOW.into_iter().map(|(name, _)| name).find(|name| step.get(name).is_some());
        kind.unwrap_or_default().clone_into(&mut node.kind);
        let own = &step[node.kind.as_str()];
        if has_filter(&node.kind) {
            node.filter = filter_form::Draft::of(own, catalog);
        }
        let span = if node.kind == "wait" { own } else { &step["at_most"] };
        node.count = span["count"].as_u64().map(|count| count.to_string()).unwrap_or_default();
        span["unit"].as_str().unwrap_or("days").clone_into(&mut node.unit);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        node.text = if node.kind == "stop" { text(own) } else { text(&own["route"]) };
        node.label = text(&own["label"]);
        for (name, list) in [("then", &mut node.then), ("else", &mut node.otherwise)] {
            *list = nodes(&step[name], catalog);
        }
        node
    }

    /// The steps that lie in it.
    pub(super) fn inner(&self, branch: &str) -> &[Self] {
        if branch == "then" { &self.then } else { &self.otherwise }
    }

    pub(super) fn inner_mut(&mut self, branch: &str) -> &mut Vec<Self> {
        if branch == "then" { &mut self.then } else { &mut self.otherwise }
    }

    /// Takes what was sent of it, by the input's name.
    pub(super) fn take(&mut self, name: &str, value: &str) {
        let text = || value.replace('\r', "").trim().to_owned();
        match name {
            "step-id" => self.id = text(),
            "more" => self.action.more = text(),
            "span-count" => self.count = text(),
            "span-unit" => self.unit = text(),
            "text" | "route" => self.text = text(),
            "label" => self.label = text(),
            name if self.action.takes(name) => self.action.values.push((name.to_owned(), text())),
            _ => {}
        }
    }

    /// It may have been of another kind when it was shown: what was said of that does not hold of this one, but for what both have.
    pub(super) fn was(&mut self, was: &str) {
        if self.kind == was {
            return;
        }
        // Its id was made of what it did.
        if self.id.trim_end_matches(|own: char| own.is_ascii_digit() || own == '-') == was {
            self.id.clear();
        }
        self.action.more.clear();
        self.action.values.retain(|(name, _)| matches!(name.as_str(), "owner" | "body" | "title"));
        if has_filter(&self.kind) && !has_filter(was) {
            self.filter = filter_form::Draft::new();
        }
        if self.count.is_empty() {
            "1".clone_into(&mut self.count);
        }
        if !Unit::ALL.iter().any(|(name, _)| *name == self.unit) {
            "days".clone_into(&mut self.unit);
        }
    }

    fn span(&self, path: &str, wrong: &mut Wrong) -> Value {
        let count = self.count.parse::<u32>().ok().filter(|count| *count > 0);
        if count.is_none() {
            let words = "How long it waits is a whole number above 0.".to_owned();
            wrong.push((Place::Step(path.to_owned(), None), words));
        }
        json!({ "count": count, "unit": self.unit })
    }

    /// The step that it means.
    pub(super) fn built(&self, path: &str, catalog: &Catalog, wrong: &mut Wrong) -> Value {
        let mut step = Map::from_iter([("id".to_owned(), json!(self.id))]);
        let filter = |wrong: &mut Wrong| {
            let built = self.filter.built(catalog);
            wrong.extend(
                built.wrong.into_iter().map(|(row, words)| (Place::Step(path.to_owned(), row), words)),
            );
            built.filter
        };
        match self.kind.as_str() {
            "if" => {
                step.insert("if".to_owned(), filter(wrong));
            }
            "wait_until" => {
                step.insert("wait_until".to_owned(), filter(wrong));
                step.insert("at_most".to_owned(), self.span(path, wrong));
            }
            "wait" => {
                step.insert("wait".to_owned(), self.span(path, wrong));
            }
            "stop" => {
                step.insert("stop".to_owned(), json!(self.text));
            }
            "decide" => {
                let mut route = json!({ "route": self.text });
                if !self.label.is_empty() {
                    route["label"] = json!(self.label);
                }
                step.insert("decide".to_owned(), route);
            }
            _ => match self.action.built() {
                Ok(mut own) => {
                    let members = own.as_object_mut().map(std::mem::take).unwrap_or_default();
                    for (name, value) in members {
                        step.insert(if name == "action" { "do".to_owned() } else { name }, value);
                    }
                }
                Err(words) => wrong.push((Place::Step(path.to_owned(), None), words)),
            },
        }
        for branch in branches(&self.kind) {
            let inner = built(self.inner(branch), &format!("{path}/{branch}"), catalog, wrong);
            let is_empty = inner.as_array().is_none_or(Vec::is_empty);
            if *branch == "then" || !is_empty {
                step.insert((*branch).to_owned(), inner);
            }
        }
        Value::Object(step)
    }

    /// Where in it a fault is that the engine tells of: `rest` is its path below the step.
    fn place(&self, path: &str, rest: &[&str], catalog: &Catalog) -> Place {
        let [own, further @ ..] = rest else { return Place::Step(path.to_owned(), None) };
        if let ([index, rest @ ..], true) = (further, branches(&self.kind).contains(own))
            && let Some(inner) = index.parse::<usize>().ok().and_then(|index| self.inner(own).get(index))
        {
            return inner.place(&format!("{path}/{own}/{index}"), rest, catalog);
        }
        let row = if *own == self.kind { row_of(&self.filter, further, catalog) } else { None };
        Place::Step(path.to_owned(), row)
    }

    fn view(
        &self,
        path: String,
        (of, catalog): (&Sources, &Catalog),
        wrong: &Wrong,
        depth: usize,
    ) -> StepForm {
        let at = |row: Option<Row>| {
            let found = wrong.iter().find(|(place, _)| *place == Place::Step(path.clone(), row));
            found.map(|(_, words)| words.clone())
        };
        let words = ("It holds", "it always does".to_owned());
        let kind = self.kind.as_str();
        let form = is_action(kind).then(|| self.action.view_with(of, None, &implied, &is_needed));
        let line = |name, label, help: &str, value: &str, required| Input {
            name,
            label,
            help: help.to_owned(),
            value: value.to_owned(),
            takes: Takes::Line(limits::WORDS_CHARS),
            required,
            wrong: None,
        };
        let inputs = match kind {
            "stop" => vec![line("text", "Why", "The run says so.", &self.text, true)],
            "decide" => vec![
                line("route", "Route", "Your product's name for where it is to go.", &self.text, true),
                line("label", "As people call it", "", &self.label, false),
            ],
            _ => form.as_ref().map(|form| form.inputs.clone()).unwrap_or_default(),
        };
        let waits = matches!(kind, "wait" | "wait_until");
        StepForm {
            wrong: at(None),
            id: self.id.clone(),
            kind: self.kind.clone(),
            inputs,
            span: waits.then(|| (self.count.clone(), self.unit.clone())),
            more: form.map(|form| form.more),
            filter: has_filter(kind).then(|| self.filter.view(catalog, words, &|row| at(Some(row)))),
            branches: branches(kind)
                .iter()
                .map(|branch| {
                    let inner = views(
                        self.inner(branch),
                        &format!("{path}/{branch}"),
                        (of, catalog),
                        wrong,
                        depth + 1,
                    );
                    (*branch, inner)
                })
                .collect(),
            may_nest: depth < limits::DEPTH,
            last: false,
            path,
        }
    }
}

/// Which row of a filter a fault is in, by its path below the filter.
pub(super) fn row_of(filter: &filter_form::Draft, rest: &[&str], catalog: &Catalog) -> Option<Row> {
    let path = rest.iter().fold("/filter".to_owned(), |path, part| format!("{path}/{part}"));
    let holds =
        |own: &str| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    filter.built(catalog).places.into_iter().find(|(own, _)| holds(own)).map(|(_, row)| row)
}

/// Steps of a definition.
pub(super) fn nodes(steps: &Value, catalog: &Catalog) -> Vec<Node> {
    steps.as_array().into_iter().flatten().map(|step| Node::of(step, catalog)).collect()
}

/// The steps that a list means.
pub(super) fn built(all: &[Node], path: &str, catalog: &Catalog, wrong: &mut Wrong) -> Value {
    let at = |index: usize| if path.is_empty() { index.to_string() } else { format!("{path}/{index}") };
    all.iter().enumerate().map(|(index, node)| node.built(&at(index), catalog, wrong)).collect()
}

/// Where among steps a fault is; `rest`: its path below the list.
pub(super) fn place(all: &[Node], rest: &[&str], catalog: &Catalog) -> Place {
    let [index, rest @ ..] = rest else { return Place::Whole };
    let node = index.parse::<usize>().ok().and_then(|index| all.get(index));
    node.map_or(Place::Whole, |node| node.place(index, rest, catalog))
}

pub(super) fn views(
    all: &[Node],
    path: &str,
    known: (&Sources, &Catalog),
    wrong: &Wrong,
    depth: usize,
) -> Vec<StepForm> {
    let at = |index: usize| if path.is_empty() { index.to_string() } else { format!("{path}/{index}") };
    let view = |(index, node): (usize, &Node)| {
        let form = node.view(at(index), known, wrong, depth);
        StepForm { last: index + 1 == all.len(), ..form }
    };
    all.iter().enumerate().map(view).collect()
}

/// How many there are, those in others included.
pub(super) fn count(all: &[Node]) -> usize {
    all.iter().map(|node| 1 + count(&node.then) + count(&node.otherwise)).sum()
}

/// Gives an id to each that has none: what it does, and a number where that is taken.
pub(super) fn name_all(all: &mut [Node]) {
    fn taken(all: &[Node], ids: &mut BTreeSet<String>) {
        for node in all {
            ids.insert(node.id.clone());
            taken(&node.then, ids);
            taken(&node.otherwise, ids);
        }
    }
    fn name(all: &mut [Node], ids: &mut BTreeSet<String>) {
        for node in all {
            if node.id.is_empty() {
                let numbered = |number: u32| match number {
                    1 => node.kind.clone(),
                    number => format!("{}-{number}", node.kind),
                };
                // Of so many names one is free.
                let free = (1..=ids.len() as u32 + 1).map(numbered).find(|id| !ids.contains(id));
                node.id = free.unwrap_or_default();
                ids.insert(node.id.clone());
            }
            name(&mut node.then, ids);
            name(&mut node.otherwise, ids);
        }
    }
    let mut ids = BTreeSet::new();
    taken(all, &mut ids);
    name(all, &mut ids);
}

/// The list of steps at a path: nothing is the outermost, or `1/then`.
pub(super) fn list<'a>(all: &'a mut Vec<Node>, path: &str) -> Option<&'a mut Vec<Node>> {
    if path.is_empty() {
        return Some(all);
    }
    let mut list = all;
    let mut parts = path.split('/');
    while let Some(index) = parts.next() {
        let branch = parts.next()?;
        let node = list.get_mut(index.parse::<usize>().ok()?)?;
        if !branches(&node.kind).contains(&branch) {
            return None;
        }
        list = node.inner_mut(branch);
    }
    Some(list)
}

/// What is meant where a step says nothing, in the words of a workflow; the others are those of automations.
fn implied(member: &str, of_signals: &'static str) -> &'static str {
    match of_signals {
        _ if member == "deal" => "{{deal.id}}",
        "{{account.domain}}" => "{{event.domain}}",
        "{{account.name}}" => "",
        "{{visitor.email}}" => "{{event.email}}",
        "{{signal.at}}" => "{{event.at}}",
        "{{contact.id}}" => "{{record.id}}",
        "the contact or the company of the signal" => "the record itself, or what belongs to it",
        other => other,
    }
}

/// What must be said of an action.
fn is_needed(action: &str, member: &str) -> bool {
    matches!(
        (action, member),
        ("create_task", "subject")
            | ("add_note", "body")
            | ("timeline_entry", "title")
            | ("claim_account", "owner")
            | ("add_to_list" | "remove_from_list", "list")
            | ("update_record", "type")
    )
}
