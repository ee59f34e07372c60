//! A form of an action as it is filled in, and the action that it comes to.

use serde_json::{Map, Value, json};

use super::{DIRECTIONS, OUTCOMES, PRIORITIES, Sources, TASK_TYPES, Wrong, options};
use crate::{
    console::{
        act::{Input, MAX_ROWS, Row, Takes},
        fill::mappings::Catalog,
    },
    engine::portal::outbox::{
        actions::{Name, Wanted},
        timeline::TITLE_CHARS,
    },
    values::{
        ids::{ObjectType, RecordId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
};

/// A form as it is filled in.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Which action.
    pub name: Name,
    /// The record it is about.
    pub about: Option<(ObjectType, RecordId)>,
    sent: Option<&'a [(String, String)]>,
    rows: Vec<(String, String)>,
}

impl<'a> Draft<'a> {
    /// As it is at first.
    pub fn new(name: Name, about: Option<(ObjectType, RecordId)>) -> Self {
        Self { name, about, sent: None, rows: vec![Default::default()] }
    }

    /// As it was sent.
    pub fn sent(name: Name, about: Option<(ObjectType, RecordId)>, fields: &'a [(String, String)]) -> Self {
        let mut rows: Vec<(String, String)> = Vec::new();
        for (key, value) in fields {
            if key == "field" && rows.len() < MAX_ROWS {
                rows.push((value.trim().to_owned(), String::new()));
            } else if key == "value"
                && let Some(row) = rows.last_mut()
            {
                value.clone_into(&mut row.1);
            }
        }
        Self { name, about, sent: Some(fields), rows }
    }

    /// Does what a button of the rows says; the id of what a person goes on with.
    pub fn act(&mut self, button: &str) -> Option<String> {
        let (what, place) = button.split_once(' ').unwrap_or((button, ""));
        match (what, place.parse::<usize>()) {
            ("add", _) if self.rows.len() < MAX_ROWS => {
                self.rows.push(<(String, String)>::default());
                Some(format!("r{}-field", self.rows.len() - 1))
            }
            ("drop", Ok(place)) if place < self.rows.len() => {
                self.rows.remove(place);
                Some("add-row".to_owned())
            }
            _ => None,
        }
    }

    fn takes_rows(&self) -> bool {
        matches!(self.name, Name::UpdateRecord | Name::UpdateDeal)
    }

    /// The rows, if the action takes any.
    pub fn rows(&self, catalog: &Catalog, wrong: &Wrong) -> Option<Vec<Row>> {
        let row = |(field, value): &(String, String)| {
            let name = catalog.name_of(field).unwrap_or(field);
            let said = wrong.rows.iter().find(|(at, _)| at == name || at == field);
            Row {
                field: catalog.words(field).to_owned(),
                value: value.clone(),
                wrong: said.map(|(_, words)| words.clone()),
            }
        };
        self.takes_rows().then(|| self.rows.iter().map(row).collect())
    }

    /// The inputs with what is in them. `user`: the e-mail address of who looks at it, perhaps.
    pub fn inputs(&self, of: &Sources, wrong: &Wrong, user: &str, now: Timestamp) -> Vec<Input> {
        let line = |name, label, required, takes| Input {
            name,
            label,
            required,
            takes,
            help: String::new(),
            value: String::new(),
            wrong: None,
        };
        let owner = |required| line("owner", "Owner", required, Takes::OneOf(of.owner_words()));
        let mut inputs = match self.name {
            Name::ImportCompany => vec![
                line("domain", "Company domain", true, Takes::Line(300)),
                line("name", "Name", false, Takes::Line(300)),
                owner(false),
            ],
            Name::ImportContact => vec![
                line("email", "E-mail address", true, Takes::Email),
                line("firstname", "First name", false, Takes::Line(300)),
                line("lastname", "Last name", false, Takes::Line(300)),
                line("company_domain", "Domain of their company", false, Takes::Line(300)),
                owner(false),
            ],
            Name::ClaimAccount => vec![owner(true)],
            Name::AddToList | Name::RemoveFromList => {
                vec![line("list", "List", true, Takes::OneOf(of.lists.clone()))]
            }
            Name::CreateTask => vec![
                line("subject", "Subject", true, Takes::Line(500)),
                line("due", "Due", true, Takes::Moment),
                line("type", "Kind", false, options(&TASK_TYPES)),
                line("priority", "Priority", false, options(&PRIORITIES)),
                owner(false),
                line("body", "Notes", false, Takes::Text),
            ],
            Name::LogCall => vec![
                line("at", "When", true, Takes::Moment),
                line("outcome", "Outcome", false, options(&OUTCOMES)),
                line("duration", "Minutes", false, Takes::Number),
                line("direction", "Direction", false, options(&DIRECTIONS)),
                line("title", "Title", false, Takes::Line(300)),
                line("notes", "Notes", false, Takes::Text),
                line("recording_url", "Recording", false, Takes::Url),
                owner(false),
            ],
            Name::AddNote => vec![line("body", "Note", true, Takes::Text), owner(false)],
            Name::UpdateDeal => vec![line("stage", "Stage", false, Takes::OneOf(of.stages.clone()))],
            Name::UpdateRecord => Vec::new(),
            Name::TimelineEntry => vec![
                line("title", "Title", true, Takes::Line(TITLE_CHARS)),
                line("body", "Text", false, Takes::Text),
                line("url", "Link to more", false, Takes::Url),
            ],
        };
        for input in &mut inputs {
            input.help = Self::help(input, of);
            input.value = match self.sent {
                Some(fields) => sent(fields, input.name).to_owned(),
                None => match input.name {
                    "due" => of.local(Timestamp((now.0 + DAY_MS) / HOUR_MS * HOUR_MS)),
                    "at" => of.local(now),
                    "owner" if self.name == Name::ClaimAccount => {
                        let own = of.owners.iter().find(|(_, _, email)| *email == user.to_lowercase());
                        own.map(|(id, _, _)| id.clone()).unwrap_or_default()
                    }
                    _ => String::new(),
                },
            };
            let said = wrong.inputs.iter().find(|(at, _)| at == input.name);
            input.wrong = said.map(|(_, words)| words.clone());
        }
        inputs
    }

    fn help(input: &Input, of: &Sources) -> String {
        match (input.name, &input.takes) {
            ("domain", _) => "If the account has a company of this domain already, none is made.".to_owned(),
            ("email", _) => "If the account has a contact of this address already, none is made.".to_owned(),
            ("company_domain", _) => {
                "They are linked to the company of this domain; it is made if there is none.".to_owned()
            }
            ("due" | "at", _) => of.clock(),
            ("list", Takes::OneOf(lists)) if lists.is_empty() => {
                "There is no list that takes members by hand, or lists are not read by this connection."
                    .to_owned()
            }
            ("owner", Takes::OneOf(owners)) if owners.is_empty() => {
                "Owners are not read by this connection.".to_owned()
            }
            _ => String::new(),
        }
    }

    /// What is to be done, or all that is wrong with the form.
    pub fn wanted(&self, of: &Sources) -> Result<Wanted, Wrong> {
        let fields = self.sent.unwrap_or_default();
        let (mut body, mut wrong) = (Map::new(), Wrong::default());
        body.insert("action".to_owned(), self.name.as_str().into());
        let mut put = |name: &str, value: Value| {
            body.insert(name.to_owned(), value);
        };
        for input in self.inputs(of, &Wrong::default(), "", Timestamp(0)) {
            let text = sent(fields, input.name).trim();
            if text.is_empty() {
                if input.required {
                    wrong.add(input.name, "This is needed.");
                }
                continue;
            }
            match input.name {
                "owner" => put("owner", json!({ "id": text })),
                "due" | "at" => match of.moment(text) {
                    Some(moment) => put(input.name, moment.to_rfc3339().into()),
                    None => wrong.add(input.name, "This is no day and time."),
                },
                "duration" => match text.parse::<f64>() {
                    Ok(minutes) if minutes.is_finite() => put("duration_s", json!(minutes * 60.0)),
                    _ => wrong.add("duration", "This is no number."),
                },
                "company_domain" => put("company", json!({ "domain": text })),
                "firstname" | "lastname" => {}
                "stage" => {
                    let (pipeline, stage) = text.split_once('/').unwrap_or(("", text));
                    put("pipeline", pipeline.into());
                    put("stage", stage.into());
                }
                name => put(name, text.into()),
            }
        }
        let mut properties = Map::new();
        if self.name == Name::ImportContact {
            for name in ["firstname", "lastname"] {
                let text = sent(fields, name).trim();
                if !text.is_empty() {
                    properties.insert(name.to_owned(), text.into());
                }
            }
        }
        if self.takes_rows() {
            for (field, value) in &self.rows {
                if field.is_empty() && value.trim().is_empty() {
                    continue;
                }
                let Some(name) = of.catalog.name_of(field) else {
                    let words = format!(
                        "There is no field “{field}” that can be written. Choose one that is proposed, or refresh the fields."
                    );
                    wrong.rows.push((field.clone(), words));
                    continue;
                };
                properties.insert(name.to_owned(), value.trim().into());
            }
            if properties.is_empty() && wrong.rows.is_empty() && !body.contains_key("stage") {
                let words = "Nothing is to be changed: choose a field and its new value.";
                wrong.form.push(words.to_owned());
            }
        }
        if wrong != Wrong::default() {
            return Err(wrong);
        }
        if !properties.is_empty() {
            body.insert("properties".to_owned(), properties.into());
        }
        if let Some((kind, id)) = self.about {
            let (name, value) = match self.name {
                Name::ClaimAccount => ("company", json!(id)),
                Name::AddToList | Name::RemoveFromList | Name::UpdateRecord => ("record", json!(id)),
                Name::UpdateDeal => ("deal", json!(id)),
                Name::CreateTask | Name::LogCall | Name::AddNote => {
                    ("about", json!([{ "type": kind, "id": id }]))
                }
                Name::TimelineEntry => ("about", json!({ "type": kind, "id": id })),
                Name::ImportCompany | Name::ImportContact => ("", Value::Null),
            };
            if !name.is_empty() {
                body.insert(name.to_owned(), value);
            }
            if self.name == Name::UpdateRecord {
                body.insert("type".to_owned(), json!(kind));
            }
        }
        serde_json::from_value(Value::Object(body))
            .map_err(|_| Wrong::whole("This action cannot be asked for here."))
    }
}

fn sent<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}
