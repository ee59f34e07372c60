//! The form of an action: what can be chosen in it, and what a person sent as an action of the engine's.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    console::{
        act::{Input, MAX_ROWS, Row, Takes},
        fill::mappings::Catalog,
    },
    engine::portal::outbox::{
        actions::{Name, Refusal, Wanted},
        timeline::TITLE_CHARS,
    },
    values::{
        ids::{ObjectType, RecordId},
        json as own_json,
        time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
    },
};

/// Actions that begin at a record of a type; what HubSpot has no link for is not among them.
pub const fn of_type(kind: ObjectType) -> &'static [Name] {
    use Name::{
        AddNote, AddToList, ClaimAccount, CreateTask, LogCall, RemoveFromList, TimelineEntry, UpdateDeal,
        UpdateRecord,
    };
    match kind {
        ObjectType::Contacts => {
            &[AddNote, CreateTask, LogCall, TimelineEntry, UpdateRecord, AddToList, RemoveFromList]
        }
        ObjectType::Companies => &[
            ClaimAccount,
            AddNote,
            CreateTask,
            LogCall,
            TimelineEntry,
            UpdateRecord,
            AddToList,
            RemoveFromList,
        ],
        ObjectType::Deals => &[UpdateDeal, AddNote, CreateTask, LogCall, TimelineEntry],
        ObjectType::Tasks | ObjectType::Calls | ObjectType::Notes | ObjectType::Custom(_) => &[],
    }
}

/// What an account has to choose from, as its Portal tells it.
#[derive(Debug, Default)]
pub struct Sources {
    /// Owners: id, words, e-mail address.
    owners: Vec<(String, String, String)>,
    /// Lists whose members are set by hand: id, name.
    lists: Vec<(String, String)>,
    /// Stages of deals: `pipeline/stage`, words.
    stages: Vec<(String, String)>,
    /// Fields that can be written.
    pub catalog: Catalog,
    /// What the account's clock is ahead of UTC.
    pub utc_offset_ms: i64,
}

impl Sources {
    /// Owners who have not left, as `GET …/owners` tells them.
    pub fn take_owners(&mut self, told: &str) {
        #[derive(Deserialize)]
        struct Owner {
            id: String,
            #[serde(default)]
            email: Option<String>,
            #[serde(default)]
            first_name: Option<String>,
            #[serde(default)]
            last_name: Option<String>,
            #[serde(default)]
            archived: bool,
        }
        let line = |owner: Owner| {
            let parts: Vec<String> = [owner.first_name, owner.last_name].into_iter().flatten().collect();
            let (name, email) = (parts.join(" ").trim().to_owned(), owner.email.unwrap_or_default());
            let words = match (name.is_empty(), email.is_empty()) {
                (false, false) => format!("{name} ({email})"),
                (false, true) => name,
                (true, false) => email.clone(),
                (true, true) => format!("Owner {}", owner.id),
            };
            (owner.id, words, email.to_lowercase())
        };
        self.owners = results::<Owner>(told).into_iter().filter(|owner| !owner.archived).map(line).collect();
        self.owners.sort_by_cached_key(|(_, words, _)| words.to_lowercase());
    }

    /// Lists of the type that take members, as `GET …/lists` tells them.
    pub fn take_lists(&mut self, told: &str, kind: ObjectType) {
        #[derive(Deserialize)]
        struct List {
            id: String,
            name: String,
            #[serde(default)]
            object_type: Option<String>,
            processing_type: String,
        }
        let kind = kind.to_string();
        let fits =
            |list: &List| list.object_type.as_ref() == Some(&kind) && list.processing_type != "dynamic";
        self.lists =
            results::<List>(told).into_iter().filter(fits).map(|list| (list.id, list.name)).collect();
        self.lists.sort_by_cached_key(|(_, name)| name.to_lowercase());
    }

    /// Stages of deals, as `GET …/pipelines/deals` tells them.
    pub fn take_stages(&mut self, told: &str) {
        #[derive(Deserialize)]
        struct Stage {
            id: String,
            label: String,
        }
        #[derive(Deserialize)]
        struct Pipeline {
            id: String,
            label: String,
            stages: Vec<Stage>,
        }
        let all = results::<Pipeline>(told);
        let several = all.len() > 1;
        for pipeline in all {
            for stage in pipeline.stages {
                let words =
                    if several { format!("{}: {}", pipeline.label, stage.label) } else { stage.label };
                self.stages.push((format!("{}/{}", pipeline.id, stage.id), words));
            }
        }
    }

    /// Owners as they can be named in a line: by their address, or where that is not known by their id.
    pub fn owners(&self) -> Vec<(String, String)> {
        let name = |(id, words, email): &(String, String, String)| match email.as_str() {
            "" => (id.clone(), words.clone()),
            email => (email.to_owned(), words.clone()),
        };
        self.owners.iter().map(name).collect()
    }

    /// Lists that take members by hand.
    pub(super) fn lists(&self) -> &[(String, String)] {
        &self.lists
    }

    fn owner_words(&self) -> Vec<(String, String)> {
        self.owners.iter().map(|(id, words, _)| (id.clone(), words.clone())).collect()
    }

    /// The account's clock at a moment, as an input of day and time has it.
    fn local(&self, at: Timestamp) -> String {
        Timestamp(at.0 + self.utc_offset_ms).to_rfc3339()[..16].to_owned()
    }

    /// The moment that such an input names.
    fn moment(&self, text: &str) -> Option<Timestamp> {
        let whole = if text.len() == 16 { format!("{text}:00Z") } else { format!("{text}Z") };
        Timestamp::parse_rfc3339(&whole).map(|at| Timestamp(at.0 - self.utc_offset_ms))
    }

    fn clock(&self) -> String {
        let minutes = self.utc_offset_ms / MINUTE_MS;
        let sign = if minutes < 0 { '−' } else { '+' };
        format!("By the account's clock (UTC{sign}{:02}:{:02}).", minutes.abs() / 60, minutes.abs() % 60)
    }
}

fn results<T: serde::de::DeserializeOwned>(told: &str) -> Vec<T> {
    #[derive(Deserialize)]
    struct Told<T> {
        results: Vec<T>,
    }
    own_json::parse::<Told<T>>(told).map(|told| told.results).unwrap_or_default()
}

/// What is wrong: at an input or a row by its name, or in the whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    inputs: Vec<(String, String)>,
    /// By field.
    rows: Vec<(String, String)>,
    /// What belongs to neither.
    pub form: Vec<String>,
}

impl Wrong {
    fn at(name: &str, words: &str) -> Self {
        Self { inputs: vec![(name.to_owned(), words.to_owned())], ..Self::default() }
    }

    /// Something that belongs to no input.
    pub fn whole(words: &str) -> Self {
        Self { form: vec![words.to_owned()], ..Self::default() }
    }

    /// What the engine refuses, at the input it is about.
    pub fn of(refusal: &Refusal) -> Self {
        let words = refusal.words.replace('`', "");
        let mut parts = refusal.at.split('/').skip(1);
        match (parts.next(), parts.next()) {
            (Some("properties"), Some(field)) => {
                let field = field.replace("~1", "/").replace("~0", "~");
                Self { rows: vec![(field, words)], ..Self::default() }
            }
            (Some("pipeline"), _) => Self::at("stage", &words),
            (Some("company"), Some(_)) => Self::at("company_domain", &words),
            (Some(name), _) if INPUTS.contains(&name) => Self::at(name, &words),
            _ => Self { form: vec![words], ..Self::default() },
        }
    }
}

const INPUTS: [&str; 16] = [
    "domain",
    "name",
    "email",
    "owner",
    "list",
    "subject",
    "due",
    "type",
    "priority",
    "body",
    "at",
    "outcome",
    "recording_url",
    "stage",
    "title",
    "url",
];

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

    /// What is to be done, or what is wrong with the form.
    pub fn wanted(&self, of: &Sources) -> Result<Wanted, Wrong> {
        let fields = self.sent.unwrap_or_default();
        let mut body = Map::new();
        body.insert("action".to_owned(), self.name.as_str().into());
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        for input in self.inputs(of, &Wrong::default(), "", Timestamp(0)) {
            let text = sent(fields, input.name).trim();
            if text.is_empty() {
                if input.required {
                    return Err(Wrong::at(input.name, "This is needed."));
                }
                continue;
            }
            match input.name {
                "owner" => put("owner", json!({ "id": text })),
                "due" | "at" => {
                    let moment = of.moment(text);
                    let moment = moment.ok_or_else(|| Wrong::at(input.name, "This is no day and time."))?;
                    put(input.name, moment.to_rfc3339().into())
                }
                "duration" => {
                    let minutes: f64 =
                        text.parse().map_err(|_| Wrong::at("duration", "This is no number."))?;
                    put("duration_s", json!(minutes * 60.0))
                }
                "company_domain" => put("company", json!({ "domain": text })),
                "firstname" | "lastname" => None,
                "stage" => {
                    let (pipeline, stage) = text.split_once('/').unwrap_or(("", text));
                    put("pipeline", pipeline.into());
                    put("stage", stage.into())
                }
                name => put(name, text.into()),
            };
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
                    return Err(Wrong { rows: vec![(field.clone(), words)], ..Wrong::default() });
                };
                properties.insert(name.to_owned(), value.trim().into());
            }
            if properties.is_empty() && !body.contains_key("stage") {
                let form = vec!["Nothing is to be changed: choose a field and its new value.".to_owned()];
                return Err(Wrong { form, ..Wrong::default() });
            }
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
        serde_json::from_value(Value::Object(body)).map_err(|_| Wrong {
            form: vec!["This action cannot be asked for here.".to_owned()],
            ..Wrong::default()
        })
    }
}

fn sent<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

pub(super) const TASK_TYPES: [(&str, &str); 3] = [("TODO", "To-do"), ("CALL", "Call"), ("EMAIL", "E-mail")];
pub(super) const PRIORITIES: [(&str, &str); 3] = [("LOW", "Low"), ("MEDIUM", "Medium"), ("HIGH", "High")];
pub(super) const DIRECTIONS: [(&str, &str); 2] = [("OUTBOUND", "Outgoing"), ("INBOUND", "Incoming")];
pub(super) const OUTCOMES: [(&str, &str); 6] = [
    ("connected", "Connected"),
    ("left_live_message", "Left live message"),
    ("left_voicemail", "Left voicemail"),
    ("no_answer", "No answer"),
    ("busy", "Busy"),
    ("wrong_number", "Wrong number"),
];

pub(super) fn options(all: &[(&str, &str)]) -> Takes {
    Takes::OneOf(all.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let mut of = Sources { utc_offset_ms: -5 * HOUR_MS, ..Sources::default() };
        of.take_owners(
            r#"{"results":[{"id":"1","email":"Jane@acme.com","first_name":"Jane","last_name":"Roe","archived":false},
                {"id":"2","email":"gone@acme.com","archived":true}]}"#,
        );
        of.take_lists(
            r#"{"results":[{"id":"5","name":"By hand","object_type":"contacts","processing_type":"manual"},
                {"id":"6","name":"By itself","object_type":"contacts","processing_type":"dynamic"},
                {"id":"7","name":"Companies","object_type":"companies","processing_type":"manual"}]}"#,
            ObjectType::Contacts,
        );
        of.take_stages(r#"{"results":[{"id":"p","label":"Sales","stages":[{"id":"s","label":"Won"}]}]}"#);
        let fields = r#"{"results":[{"name":"plan","label":"Plan","nature":"text","unique":false,"options":[],"options_count":0}]}"#;
        of.catalog = Catalog::read(fields).unwrap();
        of
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const CONTACT: Option<(ObjectType, RecordId)> = Some((ObjectType::Contacts, RecordId(7)));

    #[test]
    fn what_a_person_sends_becomes_an_action_by_the_accounts_clock() {
        let sent = fields(&[
            ("subject", " Call back "),
            ("due", "2026-11-20T09:30"),
            ("owner", "1"),
            ("priority", ""),
        ]);
        let wanted = Draft::sent(Name::CreateTask, CONTACT, &sent).wanted(&sources()).unwrap();
        let body = serde_json::to_value(&wanted).unwrap();
        assert_eq!(body["due"], "2026-11-20T14:30:00.000Z");
        assert_eq!((&body["subject"], &body["owner"]["id"]), (&json!("Call back"), &json!("1")));
        assert_eq!(body["about"][0]["type"], "contacts");
    }

    #[test]
    fn rows_are_fields_by_what_they_are_called() {
        let sent = fields(&[("field", "Plan"), ("value", "Pro"), ("field", ""), ("value", "")]);
        let wanted = Draft::sent(Name::UpdateRecord, CONTACT, &sent).wanted(&sources()).unwrap();
        assert_eq!(serde_json::to_value(&wanted).unwrap()["properties"], json!({ "plan": "Pro" }));
        let sent = fields(&[("field", "Nonsense"), ("value", "Pro")]);
        let draft = Draft::sent(Name::UpdateRecord, CONTACT, &sent);
        let wrong = draft.wanted(&sources()).unwrap_err();
        let rows = draft.rows(&sources().catalog, &wrong).unwrap();
        assert!(rows[0].wrong.as_ref().is_some_and(|words| words.contains("Nonsense")));
        let empty = Draft::new(Name::UpdateRecord, CONTACT).wanted(&sources()).unwrap_err();
        assert_eq!(empty.form.len(), 1);
    }

    #[test]
    fn every_action_can_be_asked_for_by_its_form() {
        let of = sources();
        for name in Name::ALL {
            let kind = match name {
                Name::ClaimAccount => ObjectType::Companies,
                Name::UpdateDeal => ObjectType::Deals,
                _ => ObjectType::Contacts,
            };
            let about =
                (!matches!(name, Name::ImportCompany | Name::ImportContact)).then_some((kind, RecordId(7)));
            assert!(about.is_none() || of_type(kind).contains(&name), "{name:?} is on no page");
            let draft = Draft::new(name, about);
            let mut pairs: Vec<(String, String)> = draft
                .inputs(&of, &Wrong::default(), "jane@acme.com", Timestamp(1_795_000_000_000))
                .into_iter()
                .map(|input| {
                    let value = match (&input.takes, input.value.is_empty()) {
                        (_, false) => input.value,
                        (Takes::OneOf(all), true) => {
                            all.first().unwrap_or_else(|| panic!("{} has no choice", input.name)).0.clone()
                        }
                        (Takes::Number, true) => "2.5".to_owned(),
                        (Takes::Url, true) => "https://acme.com/1".to_owned(),
                        _ => "acme.com".to_owned(),
                    };
                    (input.name.to_owned(), value)
                })
                .collect();
            pairs.extend(fields(&[("field", "plan"), ("value", "x")]));
            let wanted = Draft::sent(name, about, &pairs).wanted(&of);
            assert_eq!(wanted.map(|wanted| wanted.name()), Ok(name));
        }
    }

    #[test]
    fn a_refusal_stands_where_it_belongs() {
        let refusal = |at: &str| Refusal { at: at.to_owned(), words: "No `x`.".to_owned(), of_account: true };
        assert_eq!(Wrong::of(&refusal("/pipeline")).inputs, [("stage".to_owned(), "No x.".to_owned())]);
        assert_eq!(Wrong::of(&refusal("/properties/a~1b")).rows[0].0, "a/b");
        assert_eq!(Wrong::of(&refusal("/about/0")).form, ["No x."]);
    }

    #[test]
    fn who_looks_at_it_claims_for_themselves() {
        let of = sources();
        let inputs = Draft::new(Name::ClaimAccount, None).inputs(
            &of,
            &Wrong::default(),
            "JANE@acme.com",
            Timestamp(0),
        );
        assert_eq!(inputs[0].value, "1");
        assert!(matches!(&inputs[0].takes, Takes::OneOf(all) if all.len() == 1), "who has left owns nothing");
    }
}
